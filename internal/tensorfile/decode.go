package tensorfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
)

// decode reads a file of the given size. Nothing is allocated for the numbers before
// the header has been held against the size.
func decode(r io.Reader, size int64, checked bool) (*File, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("want 8 bytes with the length of the header at least, got %d bytes", size)
	}
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("want a header of at most %d bytes, got %d", min(maxHeader, size-8), n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	h, err := parseHeader(data)
	if err != nil {
		return nil, err
	}
	if err := h.check(size - 8 - int64(n)); err != nil {
		return nil, err
	}
	want, err := h.takeSum(data, checked)
	if err != nil {
		return nil, err
	}
	var sum hash.Hash
	if want != "" {
		sum = sha256.New()
		sum.Write(length[:])
		sum.Write(data)
	}
	f := &File{}
	if f.Tensors, err = readTensors(r, h.tensors, sum); err != nil {
		return nil, err
	}
	if sum != nil {
		if got := hex.EncodeToString(sum.Sum(nil)); got != want {
			return nil, fmt.Errorf("the file is damaged: want the SHA-256 %q, got %s", want, got)
		}
	}
	for k, t := range h.metadata {
		if f.Metadata == nil {
			f.Metadata = map[string]string{}
		}
		if f.Metadata[k], err = t.String(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// takeSum removes the entries of a checked file from the header, sets the checksum's
// digits in data to 0 and returns what they were; "" for a file that is not checked.
func (h *header) takeSum(data []byte, checked bool) (string, error) {
	v, hasVersion := h.metadata[versionKey]
	sum, hasSum := h.metadata[sumKey]
	switch {
	case !hasVersion && !hasSum && !checked:
		return "", nil
	case !hasVersion || !hasSum:
		return "", fmt.Errorf("want a checksum: the metadata entries %q and %q, got version %t, checksum %t", versionKey, sumKey, hasVersion, hasSum)
	case string(v.raw) != version:
		return "", fmt.Errorf("metadata %q: want version %q, got %.40q", versionKey, version, v.raw)
	case len(sum.raw) != 2*sha256.Size:
		return "", fmt.Errorf("metadata %q: want %d hexadecimal digits, got %d", sumKey, 2*sha256.Size, len(sum.raw))
	}
	delete(h.metadata, versionKey)
	delete(h.metadata, sumKey)
	want := string(sum.raw)
	copy(data[sum.at:], bytes.Repeat([]byte{'0'}, 2*sha256.Size))
	return want, nil
}

// readTensors reads the numbers of the tensors, one after the other, and returns these
// in the order of their names. sum, if not nil, takes in the bytes.
func readTensors(r io.Reader, entries []entry, sum hash.Hash) ([]Tensor, error) {
	var out []Tensor
	buf := make([]byte, 1<<16) // a multiple of every element's size
	for _, e := range entries {
		n, err := elements(e.shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		t := Tensor{Name: e.name, Shape: e.shape, Data: make([]float32, n)}
		for rest := t.Data; len(rest) > 0; {
			m := min(len(rest), len(buf)/e.dtype.size())
			part := buf[:m*e.dtype.size()]
			if _, err := io.ReadFull(r, part); err != nil {
				return nil, fmt.Errorf("tensor %q: %w", e.name, err)
			}
			if sum != nil {
				sum.Write(part)
			}
			if err := e.dtype.convert(rest[:m], part); err != nil {
				return nil, fmt.Errorf("tensor %q: %w", e.name, err)
			}
			rest = rest[m:]
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
