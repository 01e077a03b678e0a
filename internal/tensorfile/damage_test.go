package tensorfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// refused wants an error of what ReadChecked does with a file of these bytes.
func refused(t *testing.T, what string, data []byte) {
	t.Helper()
	if _, err := decode(bytes.NewReader(data), int64(len(data)), true); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: want an error of one line, got %v", what, err)
	}
}

// Each bit of each byte is flipped; each byte is removed, doubled and set to others; the
// file ends at each byte. Everything is noticed. Read, which takes files without
// checksum, may only accept what has become one: no flip of one bit does that.
func TestEveryDamageIsNoticed(t *testing.T) {
	f := &File{Tensors: []Tensor{{Name: "1.W", Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}, {Name: "1.b", Shape: []int{2}, Data: []float32{5, 6}}},
		Metadata: map[string]string{"note": "a\n"}}
	path := filepath.Join(t.TempDir(), "sound.safetensors")
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	same(t, "the sound file", f, must[*File](t)(ReadChecked(path)))
	data := must[[]byte](t)(os.ReadFile(path))
	for at := range data {
		for bit := range 8 {
			bad := slices.Clone(data)
			bad[at] ^= 1 << bit
			refused(t, fmt.Sprintf("byte %d, bit %d", at, bit), bad)
			if _, err := Decode(bad); err == nil {
				t.Errorf("byte %d, bit %d: decoded", at, bit)
			}
		}
		for _, b := range []byte{0, ' ', '"', '0', 'x', 0xff} {
			if bad := slices.Clone(data); bad[at] != b {
				bad[at] = b
				refused(t, fmt.Sprintf("byte %d set to %q", at, b), bad)
			}
		}
		refused(t, fmt.Sprintf("%d of %d bytes", at, len(data)), data[:at])
		refused(t, fmt.Sprintf("without byte %d", at), slices.Delete(slices.Clone(data), at, at+1))
		refused(t, fmt.Sprintf("byte %d twice", at), slices.Insert(slices.Clone(data), at, data[at]))
	}
	refused(t, "a byte too many", append(slices.Clone(data), 0))
}

// withHeader is a file of a header and zeros for numbers.
func withHeader(head string, numbers int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(data, head...), make([]byte, numbers)...)
}

// tensorHeader is the description of a tensor.
func tensorHeader(shape, offsets string) string {
	return fmt.Sprintf(`{"dtype":"F32","shape":%s,"data_offsets":%s}`, shape, offsets)
}

// hostile are files that claim what is not so.
func hostile() map[string][]byte {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	one := func(shape, offsets string) []byte { return withHeader(`{"a":`+tensorHeader(shape, offsets)+`}`, 8) }
	two := func(a, b string) []byte {
		return withHeader(`{"a":`+tensorHeader("[1]", a)+`,"b":`+tensorHeader("[1]", b)+`}`, 8)
	}
	deep := strings.Repeat("[", 4<<20)
	return map[string][]byte{
		"nothing":                     nil,
		"no header":                   make([]byte, 8),
		"a length alone":              {255, 255, 255, 255, 255, 255, 255, 255},
		"a negative length":           append([]byte{255, 255, 255, 255, 255, 255, 255, 255}, `{}`...),
		"a length of 2^63":            append([]byte{0, 0, 0, 0, 0, 0, 0, 128}, `{}`...),
		"a length of 100 MB":          append([]byte{0, 225, 245, 5, 0, 0, 0, 0}, `{}`...),
		"a header too long":           withHeader("{"+strings.Repeat(" ", maxHeader)+"}", 0),
		"no object":                   withHeader(`[]`, 0),
		"a number":                    withHeader(`1`, 0),
		"null":                        withHeader(`null`, 0),
		"two objects":                 withHeader(`{}{}`, 0),
		"an open object":              withHeader(`{`, 0),
		"a comma too many":            withHeader(`{"a":`+tensorHeader("[1]", "[0,4]")+`,}`, 4),
		"an open string":              withHeader(`{"a`, 0),
		"an escape at the end":        withHeader(`{"\`, 0),
		"a wrong escape":              withHeader(`{"\x":`+tensorHeader("[1]", "[0,4]")+`}`, 4),
		"a zero byte in a name":       withHeader("{\"\x00\":"+tensorHeader("[1]", "[0,4]")+`}`, 4),
		"no UTF-8":                    withHeader("{\"\xff\":"+tensorHeader("[1]", "[0,4]")+`}`, 4),
		"an empty name":               withHeader(`{"":`+tensorHeader("[1]", "[0,4]")+`}`, 4),
		"a name of 1 MB":              withHeader(`{"`+strings.Repeat("x", 1<<20)+`":`+tensorHeader("[1]", "[0,4]")+`}`, 4),
		"a name twice":                withHeader(`{"a":`+tensorHeader("[1]", "[0,4]")+`,"a":`+tensorHeader("[1]", "[4,8]")+`}`, 8),
		"a name twice by escapes":     withHeader(`{"a":`+tensorHeader("[1]", "[0,4]")+`,"\u0061":`+tensorHeader("[1]", "[4,8]")+`}`, 8),
		"a key twice":                 withHeader(`{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
		"a key missing":               withHeader(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4),
		"a key too many":              withHeader(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":{}}}`, 4),
		"a tensor of nothing":         withHeader(`{"a":null}`, 0),
		"an unknown type":             withHeader(`{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}`, 4),
		"integers":                    withHeader(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 8),
		"metadata null":               withHeader(`{"__metadata__":null}`, 0),
		"metadata of numbers":         withHeader(`{"__metadata__":{"a":1}}`, 0),
		"metadata of objects":         withHeader(`{"__metadata__":{"a":{}}}`, 0),
		"metadata twice":              withHeader(`{"__metadata__":{},"__metadata__":{}}`, 0),
		"a metadata key twice":        withHeader(`{"__metadata__":{"a":"","a":""}}`, 0),
		"a checksum alone":            withHeader(`{"__metadata__":{"capas.sha256":"`+strings.Repeat("0", 64)+`"}}`, 0),
		"a version alone":             withHeader(`{"__metadata__":{"capas":"1"}}`, 0),
		"another version":             withHeader(`{"__metadata__":{"capas":"2","capas.sha256":"`+strings.Repeat("0", 64)+`"}}`, 0),
		"a short checksum":            withHeader(`{"__metadata__":{"capas":"1","capas.sha256":"00"}}`, 0),
		"a wrong checksum":            withHeader(`{"__metadata__":{"capas":"1","capas.sha256":"`+strings.Repeat("0", 64)+`"}}`, 0),
		"1e9×1e9":                     one("[1000000000,1000000000]", "[0,4000000000000000000]"),
		"2^32×2^32 numbers":           one("[4294967296,4294967296]", "[0,0]"),
		"2^62×4 numbers":              one("[4611686018427387904,4]", "[0,0]"),
		"1e9×1e9×0":                   one("[1000000000,1000000000,0]", "[0,0]"),
		"0×1e9×1e9":                   one("[0,1000000000,1000000000]", "[0,0]"),
		"2^28 in 8 bytes":             one("[268435456]", "[0,1073741824]"),
		"17 dimensions":               one("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"),
		"a negative size":             one("[-2]", "[0,8]"),
		"a fractional size":           one("[2.0]", "[0,8]"),
		"a size with exponent":        one("[2e0]", "[0,8]"),
		"a size as text":              one(`["2"]`, "[0,8]"),
		"a leading zero":              one("[02]", "[0,8]"),
		"a size of 30 digits":         one("[100000000000000000000000000000]", "[0,8]"),
		"no shape":                    one("null", "[0,8]"),
		"an open shape":               one("[2", "[0,8]"),
		"a negative offset":           one("[2]", "[-8,0]"),
		"a fractional offset":         one("[2]", "[0,8.0]"),
		"a huge offset":               one("[2]", "[999999999999999999,999999999999999999]"),
		"offsets of 20 digits":        one("[2]", "[18446744073709551608,18446744073709551616]"),
		"one offset":                  one("[2]", "[8]"),
		"three offsets":               one("[2]", "[0,4,8]"),
		"offsets exchanged":           one("[2]", "[8,0]"),
		"too few bytes for it":        one("[2]", "[0,4]"),
		"too many bytes for it":       one("[1]", "[0,8]"),
		"a hole before":               one("[1]", "[4,8]"),
		"bytes after":                 one("[1]", "[0,4]"),
		"more than the file":          one("[3]", "[0,12]"),
		"overlap":                     two("[0,4]", "[2,6]"),
		"the same bytes":              two("[0,4]", "[0,4]"),
		"a hole between":              two("[0,4]", "[5,9]"),
		"deep arrays":                 withHeader(`{"a":`+deep, 0),
		"deep arrays in a shape":      withHeader(`{"a":{"shape":`+deep, 0),
		"deep objects":                withHeader(strings.Repeat(`{"a":`, 1<<20), 0),
		"deep metadata":               withHeader(`{"__metadata__":`+strings.Repeat(`{"a":`, 1<<20), 0),
		"half a million tensors":      withHeader("{"+many(`"%d":{},`, 1<<19)+"}", 0),
		"140,000 empty tensors":       withHeader("{"+many(`"%d":`+tensorHeader("[0]", "[0,0]")+`,`, 140_000)+"}", 0),
		"as many as may be in a hole": withHeader("{"+many(`"%d":`+tensorHeader("[0]", "[1,1]")+`,`, maxTensors)+"}", 0),
		"half a million texts":        withHeader(`{"__metadata__":{`+many(`"%d":"",`, 1<<19)+"}}", 0),
		"8 MB of escapes":             withHeader(`{"__metadata__":{"a":"`+strings.Repeat(`\u0061`, 1_300_000)+`","b":"\z"}}`, 1),
		"8 MB of escaped quotes":      withHeader(`{"__metadata__":{"a":"`+strings.Repeat(`\"`, 4_000_000), 0),
	}
}

// Nothing hostile gets through, and what is refused is so within 100 ms and 100 MB.
// Slow and instrumented machines may take ten times as long; the log has the longest.
func TestHostileFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hostile.safetensors")
	var slowest time.Duration
	var largest uint64
	for name, data := range hostile() {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		for what, f := range map[string]func() (*File, error){"Read": func() (*File, error) { return Read(path) },
			"ReadChecked": func() (*File, error) { return ReadChecked(path) }} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := f()
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			bytes := after.TotalAlloc - before.TotalAlloc
			slowest, largest = max(slowest, took), max(largest, bytes)
			if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000 {
				t.Errorf("%s: %s: want an error of one line that names the file, got %.1000v", name, what, err)
			}
			if bytes > 100e6 {
				t.Errorf("%s: %s: allocated %d bytes", name, what, bytes)
			}
			if took > 100*time.Millisecond {
				t.Logf("%s: %s: took %v", name, what, took)
			}
			if took > time.Second {
				t.Errorf("%s: %s: took %v", name, what, took)
			}
		}
	}
	t.Logf("at most %v and %d bytes", slowest, largest)
}

// A file that is larger than it says, without being so on the disk.
func TestSparseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse.safetensors")
	const size = 1 << 40
	data := withHeader(fmt.Sprintf(`{"a":%s}`, tensorHeader(fmt.Sprintf("[%d]", size/4), fmt.Sprintf("[0,%d]", size))), 0)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(data))+size); err != nil {
		t.Skipf("needs a file system with sparse files: %v", err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "elements") {
		t.Errorf("want an error about the elements, got %v", err)
	}
}

func TestNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "want a regular file", filepath.Join(dir, "none"): "none", os.DevNull: os.DevNull} {
		for _, f := range []func(string) (*File, error){Read, ReadChecked} {
			if _, err := f(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: want an error with %q and the path, got %v", path, want, err)
			}
		}
	}
}

// A number of float64 beyond float32 is no infinity.
func TestNumberTooLarge(t *testing.T) {
	data := withHeader(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}`, 8)
	binary.LittleEndian.PutUint64(data[len(data)-8:], 0x7fe0000000000000)
	if _, err := Decode(data); err == nil || !strings.Contains(err.Error(), `tensor "a": want numbers that float32 holds, got 8.98`) {
		t.Errorf("want an error about the number, got %v", err)
	}
}
