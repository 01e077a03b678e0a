package datasets

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// Bounds of a gzip-compressed file. deflate packs 1032 bytes of zeros into one, so that a file of a megabyte could claim
// a gigabyte and keep a processor busy for a second; and it can pack nothing into any number of bytes.
const (
	// freeBytes and maxRatio: a file may unpack to freeBytes, or to maxRatio times its size if that is more. Images are far
	// below (MNIST's reach 4.8 times), and what compresses better is small: a million labels in ascending order are 1 MB.
	// The bound holds for every beginning of a file too.
	freeBytes = 16 << 20
	maxRatio  = 100
	// idleBytes is how much of a file may unpack to nothing: what is read ahead of the unpacking, and the headers of
	// members. No program packs data into more than twice their size.
	idleBytes = 256 << 10
)

// mostUnzipped is the number of bytes that a gzip file of the given size may unpack to.
func mostUnzipped(size int64) int64 { return max(freeBytes, maxRatio*size) }

// zipped is a gzip file as it is read, with the bounds above.
type zipped struct {
	src     io.Reader
	in, out int64 // bytes read so far, and what they have unpacked to
}

// Read reads from the file.
func (z *zipped) Read(p []byte) (int, error) {
	if z.in > idleBytes+2*z.out {
		return 0, fmt.Errorf("gzip: wanted at most twice the size of the content, found %d bytes that hold %d", z.in, z.out)
	}
	n, err := z.src.Read(p)
	z.in += int64(n)
	return n, err
}

// unzipped is the content of a gzip file.
type unzipped struct {
	file *zipped
	gzip *gzip.Reader
}

// newUnzipped begins to unpack src.
func newUnzipped(src io.Reader) (*unzipped, error) {
	u := &unzipped{file: &zipped{src: src}}
	var err error
	if u.gzip, err = gzip.NewReader(bufio.NewReaderSize(u.file, 1<<16)); err != nil {
		return nil, fmt.Errorf("gzip header: %w", noEOF(err))
	}
	return u, nil
}

// Read reads from the content.
func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.gzip.Read(p)
	u.file.out += int64(n)
	if limit := mostUnzipped(u.file.in); u.file.out > limit {
		return n, fmt.Errorf("gzip: wanted at most %d bytes in the first %d, found more", limit, u.file.in)
	}
	return n, err
}
