package datasets

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// encodeIDX is the format's definition, for the tests: magic number, big-endian sizes, elements.
func encodeIDX(dims []int, data []byte) []byte {
	out := []byte{0, 0, 0x08, byte(len(dims))}
	for _, n := range dims {
		out = binary.BigEndian.AppendUint32(out, uint32(n))
	}
	return append(out, data...)
}

func compress(data []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Write(data)
	z.Close()
	return buf.Bytes()
}

func TestReadIDX(t *testing.T) {
	// Two images of 2×3 pixels, written out byte by byte.
	plain := []byte("\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x03" + "\x00\x01\x02\x03\x04\x05\xfa\xfb\xfc\xfd\xfe\xff")
	for name, content := range map[string][]byte{"plain": plain, "gzip": compress(plain)} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		dims, data, err := readIDXFile(path, 3)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(dims, []int{2, 2, 3}) || !bytes.Equal(data, plain[16:]) {
			t.Errorf("%s: sizes %v, data %v", name, dims, data)
		}
	}
}

func TestReadIDXErrors(t *testing.T) {
	good := encodeIDX([]int{2, 2, 3}, make([]byte, 12))
	zipped := compress(good)
	badSum := slices.Clone(zipped)
	badSum[len(badSum)-8] ^= 1 // the CRC-32 is the first half of the last eight bytes
	badBody := slices.Clone(zipped)
	badBody[12] ^= 0xff
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", nil, "IDX header: wanted 16 bytes, found 0: unexpected EOF"},
		{"header cut in the magic number", good[:3], "IDX header: wanted 16 bytes, found 3"},
		{"header cut in the sizes", good[:13], "IDX header: wanted 16 bytes, found 13"},
		{"labels for images", encodeIDX([]int{2}, []byte{1, 2}), "magic number: wanted 0x00000803 (IDX of unsigned bytes, 3 dimensions), found 0x00000801"},
		{"float elements", append([]byte{0, 0, 0x0d, 3}, good[4:]...), "found 0x00000d03"},
		{"little-endian magic number", append([]byte{3, 8, 0, 0}, good[4:]...), "found 0x03080000"},
		{"text", []byte("<html>404 not found</html>"), "magic number: wanted"},
		{"data cut", good[:20], "IDX data: wanted 12 bytes, found 4: unexpected EOF"},
		{"data after the end", append(slices.Clone(good), 0), "IDX data: wanted 12 bytes, found more"},
		{"no images", encodeIDX([]int{0, 2, 3}, nil), "found 0 in dimension 1 of 3"},
		{"no columns", encodeIDX([]int{2, 2, 0}, nil), "found 0 in dimension 3 of 3"},
		{"too large", encodeIDX([]int{1 << 20, 1 << 20, 1}, nil), "found 1048576 in dimension 2 of 3"},
		{"product beyond 64 bits", encodeIDX([]int{1<<32 - 1, 1<<32 - 1, 1<<32 - 1}, nil), "found 4294967295 in dimension 1 of 3"},
		{"large and empty", encodeIDX([]int{1 << 28, 1, 1}, nil), "IDX data: wanted 268435456 bytes, found 0"},
		{"gzip header cut", zipped[:5], "gzip header: unexpected EOF"},
		{"gzip cut", zipped[:len(zipped)-12], "unexpected EOF"},
		{"gzip without its sum", zipped[:len(zipped)-8], "after 12 bytes of IDX data: unexpected EOF"},
		{"gzip with a wrong sum", badSum, "gzip: invalid checksum"},
		{"gzip with a wrong body", badBody, ""},
		{"gzip with rubbish after it", append(slices.Clone(zipped), "rubbish at the end"...), "gzip: invalid header"},
	} {
		path := filepath.Join(t.TempDir(), "train-images-idx3-ubyte")
		if err := os.WriteFile(path, test.content, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, err := readIDXFile(path, 3)
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		if text := err.Error(); !strings.Contains(text, path) || !strings.Contains(text, test.want) || strings.Contains(text, "\n") {
			t.Errorf("%s: error %q, want one line with the file and %q", test.name, text, test.want)
		}
	}
}

// What decodes must be, byte for byte, what the format says of the result; gzip must change nothing.
func FuzzIDX(f *testing.F) {
	f.Add(encodeIDX([]int{2, 2, 3}, make([]byte, 12)))
	f.Add(encodeIDX([]int{1, 1, 1}, []byte{255}))
	f.Add(encodeIDX([]int{1 << 28, 1, 1}, []byte{1}))
	f.Add(encodeIDX([]int{3}, []byte{1, 2, 3}))
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf) // one for all: making it takes longer than the rest
	f.Fuzz(func(t *testing.T, content []byte) {
		dims, data, err := decodeIDX(bytes.NewReader(content), int64(len(content)), 3)
		if err == nil && !bytes.HasPrefix(content, []byte{0x1f, 0x8b}) && !bytes.Equal(encodeIDX(dims, data), content) {
			t.Errorf("%x decoded to sizes %v, data %x", content, dims, data)
		}
		buf.Reset()
		z.Reset(&buf)
		z.Write(content)
		z.Close()
		zipped := buf.Bytes()
		zdims, zdata, zerr := decodeIDX(bytes.NewReader(zipped), int64(len(zipped)), 3)
		if plain := !bytes.HasPrefix(content, []byte{0x1f, 0x8b}); plain && (err == nil) != (zerr == nil) {
			t.Errorf("plain: %v; compressed: %v", err, zerr)
		}
		if err == nil && zerr == nil && (!slices.Equal(dims, zdims) || !bytes.Equal(data, zdata)) {
			t.Errorf("sizes %v plain, %v compressed", dims, zdims)
		}
	})
}

// Whatever follows the two bytes that announce gzip: an error, or what compress/gzip alone unpacks it to, which is byte for
// byte what the format says of the result.
func FuzzGzip(f *testing.F) {
	good := encodeIDX([]int{4, 2, 3}, []byte("abcdefghijklmnopqrstuvwx"))
	zipped := compress(good)
	f.Add(zipped[2:])
	f.Add(zipped[2 : len(zipped)/2])
	f.Add(append(slices.Clone(zipped[2:]), zipped...))
	f.Add(append(slices.Clone(zipped[2:]), compress(nil)...))
	f.Add(compress(encodeIDX([]int{1 << 28, 1, 1}, nil))[2:])
	f.Fuzz(func(t *testing.T, content []byte) {
		file := append([]byte{0x1f, 0x8b}, content...)
		dims, data, err := decodeIDX(bytes.NewReader(file), int64(len(file)), 3)
		if err != nil {
			return
		}
		z, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, encodeIDX(dims, data)) {
			t.Errorf("%x: sizes %v and data %x, want %x, %v", file, dims, data, plain, err)
		}
	})
}
