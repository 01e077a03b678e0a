package datasets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"capas/internal/regularfile"
)

// The IDX format (LeCun, "The MNIST database of handwritten digits"): a big-endian magic number 0x0000TTDD with the
// element type TT and the number of dimensions DD, DD big-endian uint32 sizes, then the elements, last index fastest.
const (
	idxUint8 = 0x08
	// maxElements bounds what a header may ask for: 2^28 pixels are 1 GiB as float32, five times MNIST.
	maxElements = 1 << 28
)

// readIDXFile reads an IDX array of unsigned bytes with ndim dimensions from a plain or gzip-compressed regular file.
// It returns the sizes of the dimensions and the elements.
func readIDXFile(path string, ndim int) (dims []int, data []byte, err error) {
	f, size, err := regularfile.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %w", err)
	}
	defer f.Close()
	dims, data, err = decodeIDX(f, size, ndim)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %s: %w", path, err)
	}
	return dims, data, nil
}

// decodeIDX reads one IDX array of unsigned bytes with ndim dimensions and nothing after it. gzip is recognised by its
// first two bytes, which no IDX file has. src holds size bytes.
//
// What a header claims is believed as far as the file can bear it out: a plain file has exactly the bytes that it speaks
// of, a compressed one is bounded as gunzip.go says. A file that lies is refused before it costs much memory or time.
func decodeIDX(src io.Reader, size int64, ndim int) (dims []int, data []byte, err error) {
	head := make([]byte, 2)
	n, err := io.ReadFull(src, head)
	if err != nil && noEOF(err) != io.ErrUnexpectedEOF {
		return nil, nil, err
	}
	src = io.MultiReader(bytes.NewReader(head[:n]), src)
	compressed := bytes.Equal(head, []byte{0x1f, 0x8b})
	r := src
	if compressed {
		if r, err = newUnzipped(src); err != nil {
			return nil, nil, err
		}
	}
	dims, total, err := readHeader(r, ndim)
	if err != nil {
		return nil, nil, err
	}
	if found := size - int64(4+4*ndim); !compressed && found < int64(total) {
		return nil, nil, fmt.Errorf("IDX data: wanted %d bytes, found %d: %w", total, found, io.ErrUnexpectedEOF)
	} else if !compressed && found > int64(total) {
		return nil, nil, fmt.Errorf("IDX data: wanted %d bytes, found more", total)
	}
	if limit := mostUnzipped(size); compressed && int64(total) > limit {
		return nil, nil, fmt.Errorf("IDX header: wanted at most %d bytes of data in %d bytes of gzip, found %d", limit, size, total)
	}
	if data, err = readElements(r, total, size); err != nil {
		return nil, nil, err
	}
	// Reading on to the end also makes gzip check its CRC-32.
	switch extra, err := io.Copy(io.Discard, io.LimitReader(r, 1)); {
	case err != nil:
		return nil, nil, fmt.Errorf("after %d bytes of IDX data: %w", total, noEOF(err))
	case extra > 0:
		return nil, nil, fmt.Errorf("IDX data: wanted %d bytes, found more", total)
	}
	return dims, data, nil
}

// readElements reads total bytes. MNIST's images are 4.7 times their compressed size, so that what it allocates at first
// is all it needs for files like those, and not much for a file of size bytes that breaks off.
func readElements(r io.Reader, total int, size int64) ([]byte, error) {
	data := make([]byte, min(int64(total), freeBytes+5*size))
	for n := 0; ; {
		m, err := io.ReadFull(r, data[n:])
		n += m
		if err != nil {
			return nil, fmt.Errorf("IDX data: wanted %d bytes, found %d: %w", total, n, noEOF(err))
		}
		if n == total {
			return data, nil
		}
		data = append(data, make([]byte, min(n, total-n))...)
	}
}

// readHeader reads and checks magic number and sizes; total is their product.
func readHeader(r io.Reader, ndim int) (dims []int, total int, err error) {
	header := make([]byte, 4+4*ndim)
	if n, err := io.ReadFull(r, header[:4]); err != nil {
		return nil, 0, fmt.Errorf("IDX header: wanted %d bytes, found %d: %w", len(header), n, noEOF(err))
	}
	want := uint32(idxUint8<<8 | ndim)
	if found := binary.BigEndian.Uint32(header); found != want {
		return nil, 0, fmt.Errorf("magic number: wanted %#08x (IDX of unsigned bytes, %d dimensions), found %#08x", want, ndim, found)
	}
	if n, err := io.ReadFull(r, header[4:]); err != nil {
		return nil, 0, fmt.Errorf("IDX header: wanted %d bytes, found %d: %w", len(header), 4+n, noEOF(err))
	}
	total = 1
	for i := range ndim {
		size := binary.BigEndian.Uint32(header[4+4*i:])
		if size == 0 || uint64(total)*uint64(size) > maxElements {
			return nil, 0, fmt.Errorf("IDX header: wanted sizes from 1 with a product of at most %d, found %d in dimension %d of %d",
				maxElements, size, i+1, ndim)
		}
		dims = append(dims, int(size))
		total *= int(size)
	}
	return dims, total, nil
}

// noEOF turns the end of a file where more was wanted into io.ErrUnexpectedEOF, whose text says so.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
