// Package tensorfile reads and writes tensors in the safetensors format
// (github.com/huggingface/safetensors, "Format"), which PyTorch and other programs read:
// the length of a JSON header in 8 bytes, the header, the numbers. What it writes also
// holds a SHA-256 of the whole file, so that a damaged file is an error instead of other
// numbers.
//
// Files may come from anywhere. A file is checked before memory is allocated for what it
// claims to hold, and what the format leaves open is refused: names given twice, gaps
// and overlaps, bytes after the last tensor, numbers that are no natural numbers.
//
// A checked file has two entries in the header's metadata: "capas" is "1", the version
// of this layout, and "capas.sha256" the checksum in 64 lower-case hexadecimal digits,
// taken over the file with 64 digits 0 in its place. Both are left out of [File.Metadata].
package tensorfile

import (
	"bytes"
	"fmt"

	"capas/internal/atomicfile"
	"capas/internal/regularfile"
)

// Limits on what is read or written. The format allows headers of 100 MB; parsing one
// costs more time and memory than an error may. The largest headers here are those of
// checkpoints, whose metadata hold a run's history: some hundred bytes an epoch. 2^30
// elements are 4 GiB: a checkpoint holds a network up to seven times.
const (
	maxHeader   = 8 << 20 // bytes
	maxTensors  = 1 << 14
	maxEntries  = 1 << 12 // of the metadata
	maxName     = 1 << 10 // bytes
	maxDims     = 16
	maxElements = 1 << 30 // of all tensors together
)

// Entries of the metadata that make a checked file.
const (
	versionKey = "capas"
	version    = "1"
	sumKey     = "capas.sha256"
)

// Tensor is a named array of numbers, row-major; Shape is empty for a scalar.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// File is the content of a file: tensors of different names, and texts about them.
type File struct {
	// Tensors are sorted by name after Read and Decode; for Encode their order does not
	// matter.
	Tensors []Tensor
	// Metadata is nil if there is none. Keys "capas" and "capas.sha256" are taken.
	Metadata map[string]string
}

// Tensor returns the tensor of the given name, and whether there is one.
func (f *File) Tensor(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// Write writes a checked file, whole or not at all; see Encode for what it refuses. It
// takes no memory for the numbers, which must not change meanwhile: they are read twice,
// for the checksum, which stands before them, and to be written.
func Write(path string, f *File) error { return WriteIf(path, f, nil) }

// WriteIf is Write, and nothing is written if ready, unless it is nil, returns an error;
// see atomicfile.WriteIf.
func WriteIf(path string, f *File, ready func() error) error {
	e, err := newEncoding(f)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.WriteFunc(path, e.write, ready)
}

// Read reads a safetensors file of floating-point tensors, such as Write or PyTorch
// makes, and verifies the checksum of one that has either entry of a checked file. F16
// and BF16 are converted exactly; F64 is rounded to the nearest float32, and a number
// too large for it is an error, as is any other type of elements.
func Read(path string) (*File, error) { return read(path, false) }

// ReadChecked is Read, and a file without checksum is an error: any damage to a file of
// Write is noticed.
func ReadChecked(path string) (*File, error) { return read(path, true) }

func read(path string, checked bool) (*File, error) {
	r, size, err := regularfile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	defer r.Close()
	f, err := decode(r, size, checked)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return f, nil
}

// Decode is Read from memory.
func Decode(data []byte) (*File, error) {
	return decode(bytes.NewReader(data), int64(len(data)), false)
}
