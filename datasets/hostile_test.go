package datasets

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a hostile file may cost. The time is 20 times what is promised, for slow machines.
const (
	hostileBytes = 100 << 20
	hostileTime  = 20 * 100 * time.Millisecond
)

// cost runs f and returns what it allocated and how long it took.
func cost(f func()) (allocated uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// bomb is a gzip file, right in every bit, of the given bytes and then as many mebibytes of zeros: about a thousandth of it.
func bomb(t testing.TB, head []byte, mebibytes int) []byte {
	t.Helper()
	zeros := make([]byte, 1<<20)
	var buf bytes.Buffer
	z, err := flate.NewWriter(&buf, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	section := func(data []byte) []byte { // ends at a whole byte, and the next one refers to no more than zeros before it
		buf.Reset()
		z.Write(data)
		z.Flush()
		return slices.Clone(buf.Bytes())
	}
	first, second := section(slices.Concat(head, zeros)), section(zeros)
	out := slices.Concat(gzipHeader, first, bytes.Repeat(second, mebibytes-1))
	buf.Reset()
	z.Close()
	out = append(out, buf.Bytes()...)
	sum := crc32.ChecksumIEEE(head)
	for range mebibytes {
		sum = crc32.Update(sum, crc32.IEEETable, zeros)
	}
	out = binary.LittleEndian.AppendUint32(out, sum)
	return binary.LittleEndian.AppendUint32(out, uint32(len(head)+mebibytes<<20))
}

func TestHostileFiles(t *testing.T) {
	header := func(dims ...int) []byte { return encodeIDX(dims, nil) }
	member := compress(nil)
	unlike := make([]byte, 2<<20) // bytes that no method packs
	rand.NewChaCha8([32]byte{1}).Read(unlike)
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"1e9×1e9", header(1, 1e9, 1e9), "product of at most"},
		{"1e9×1e9 compressed", compress(header(1, 1e9, 1e9)), "product of at most"},
		{"2^28 claimed by 16 bytes", header(1<<28, 1, 1), "wanted 268435456 bytes, found 0"},
		{"2^28 claimed by compressed 16 bytes", compress(header(1<<28, 1, 1)), "wanted at most 16777216 bytes of data in"},
		{"2^28 claimed by 2 MB", append(header(1<<28, 1, 1), unlike...), "found 2097152"},
		{"2^24 claimed by compressed 16 bytes", compress(header(1<<24, 1, 1)), "wanted 16777216 bytes, found 0"},
		{"200 MB claimed by compressed 2 MB", compress(append(header(2e8, 1, 1), unlike...)), "wanted 200000000 bytes, found"},
		{"1 GiB of zeros, 256 MiB claimed", bomb(t, header(1<<28, 1, 1), 1024), "wanted at most"},
		{"3 GiB of zeros, 256 MiB claimed", bomb(t, header(1<<28, 1, 1), 3072), "gzip: wanted"},
		{"1 GiB of zeros, 6 bytes claimed", bomb(t, header(1, 2, 3), 1024), "wanted 6 bytes, found more"},
		{"1 GiB of zeros, no header", bomb(t, nil, 1024), "magic number"},
		{"200,000 empty members", bytes.Repeat(member, 200_000), "gzip: wanted"},
		{"data and 200,000 empty members", append(compress(encodeIDX([]int{1, 2, 3}, make([]byte, 6))), bytes.Repeat(member, 200_000)...), "gzip: wanted"},
		{"1,000,000 empty blocks", slices.Concat(gzipHeader, bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1_000_000)), "gzip: wanted"},
		{"200,000 members of a byte", bytes.Repeat(compress([]byte{0}), 200_000), "magic number"},
		{"header and 200,000 members of a byte", append(compress(header(200_000, 1, 1)), bytes.Repeat(compress([]byte{0}), 200_000)...), "gzip: wanted"},
		{"endless name", slices.Concat([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255}, bytes.Repeat([]byte{'a'}, 4<<20)), "gzip header"},
		{"no deflate after the header", slices.Concat(gzipHeader, []byte{7}, unlike), "flate: corrupt input"},
	} {
		path := filepath.Join(t.TempDir(), "train-images-idx3-ubyte")
		if err := os.WriteFile(path, test.content, 0o644); err != nil {
			t.Fatal(err)
		}
		var err error
		allocated, took := cost(func() { _, _, err = readIDXFile(path, 3) })
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with the file and %q", test.name, err, test.want)
		}
		if allocated > hostileBytes || took > hostileTime {
			t.Errorf("%s: %d MB and %v, want at most %d MB and %v", test.name, allocated>>20, took, hostileBytes>>20, hostileTime)
		}
		t.Logf("%-40s %8d bytes: %5.1f ms, %3d MiB: %v", test.name, len(test.content), float64(took.Microseconds())/1000, allocated>>20, err)
	}
}

// Every beginning of a file is an error, and one more byte at its end.
func TestTruncatedAtEveryByte(t *testing.T) {
	plain := encodeIDX([]int{5, 4, 3}, []byte(strings.Repeat("0123456789", 6)))
	for _, content := range [][]byte{plain, compress(plain)} {
		for n := range content {
			if _, data, err := decodeIDX(bytes.NewReader(content[:n]), int64(n), 3); err == nil || data != nil {
				t.Errorf("%d of %d bytes: %d elements, error %v", n, len(content), len(data), err)
			}
		}
		if _, _, err := decodeIDX(bytes.NewReader(append(slices.Clone(content), 0)), int64(len(content)+1), 3); err == nil {
			t.Errorf("%d bytes and one more: no error", len(content))
		}
	}
}

// What is within the bounds is read, however well it compresses, and in however many members.
func TestCompressible(t *testing.T) {
	labels := slices.Repeat([]byte{0, 1, 2}, 1_000_000)
	slices.Sort(labels)
	file := encodeIDX([]int{len(labels)}, labels)
	for name, content := range map[string][]byte{
		"sorted labels":   compress(file),
		"two members":     append(compress(file[:100]), compress(file[100:])...),
		"an empty member": append(compress(file), compress(nil)...),
		"two halves":      append(compress(file[:len(file)/2]), compress(file[len(file)/2:])...),
	} {
		if _, data, err := decodeIDX(bytes.NewReader(content), int64(len(content)), 1); err != nil || !bytes.Equal(data, labels) {
			t.Errorf("%s: %d labels in %d bytes: %v", name, len(labels), len(content), err)
		}
	}
	// Blank images: at 1000:1 no more than freeBytes of them.
	blank := bomb(t, encodeIDX([]int{16, 1023, 1024}, make([]byte, 16*1023*1024-1<<20)), 1)
	if dims, _, err := decodeIDX(bytes.NewReader(blank), int64(len(blank)), 3); err != nil {
		t.Errorf("%d bytes of blank images: %v, %v", len(blank), dims, err)
	}
}

// A directory in the place of a file.
func TestDirectoryForFile(t *testing.T) {
	dir := small().write(t, plainNames())
	path := filepath.Join(dir, "t10k-images-idx3-ubyte")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), "mnist", Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), path+": want a regular file, got a directory") {
		t.Errorf("error %v, want one that names %s and what it is", err, path)
	}
}
