package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The IDX format (LeCun, "The MNIST database of handwritten digits"): a big-endian magic number 0x0000TTDD with the
// element type TT and the number of dimensions DD, DD big-endian uint32 sizes, then the elements, last index fastest.
const (
	idxUint8 = 0x08
	// maxElements bounds what a header may ask for: 2^28 pixels are 1 GiB as float32, five times MNIST.
	maxElements = 1 << 28
)

// readIDXFile reads an IDX array of unsigned bytes with ndim dimensions from a plain or gzip-compressed file.
// It returns the sizes of the dimensions and the elements.
func readIDXFile(path string, ndim int) (dims []int, data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %w", err)
	}
	dims, data, err = decodeIDX(f, info.Size(), ndim)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %s: %w", path, err)
	}
	return dims, data, nil
}

// deflateRatio bounds how many bytes one byte of gzip can stand for (zlib technical details: 1032:1).
const deflateRatio = 1032

// decodeIDX reads one IDX array of unsigned bytes with ndim dimensions and nothing after it. gzip is recognised by its
// first two bytes, which no IDX file has. src holds size bytes.
func decodeIDX(src io.Reader, size int64, ndim int) (dims []int, data []byte, err error) {
	buffered := bufio.NewReaderSize(src, 1<<16)
	var r io.Reader = buffered
	if head, _ := buffered.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip header: %w", noEOF(err))
		}
		r = z
	}
	dims, total, err := readHeader(r, ndim)
	if err != nil {
		return nil, nil, err
	}
	// No more than the file can really hold, so that a lying header costs no memory; and room for the last, empty read.
	var buf bytes.Buffer
	buf.Grow(int(min(int64(total), deflateRatio*size)) + bytes.MinRead)
	n, err := io.CopyN(&buf, r, int64(total))
	if err != nil {
		return nil, nil, fmt.Errorf("IDX data: wanted %d bytes, found %d: %w", total, n, noEOF(err))
	}
	// Reading on to the end also makes gzip check its CRC-32.
	switch extra, err := io.Copy(io.Discard, io.LimitReader(r, 1)); {
	case err != nil:
		return nil, nil, fmt.Errorf("after %d bytes of IDX data: %w", total, noEOF(err))
	case extra > 0:
		return nil, nil, fmt.Errorf("IDX data: wanted %d bytes, found more", total)
	}
	return dims, buf.Bytes(), nil
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
