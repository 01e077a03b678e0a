package tensorfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Encode returns the bytes of a checked file; equal Files give equal bytes. Tensors are
// F32 and stand in the order of their names. Refused are names that are empty, too long,
// given twice or "__metadata__", text that is not UTF-8, data that does not fill its
// shape, the metadata keys of a checked file, and what exceeds the limits of reading.
func Encode(f *File) ([]byte, error) {
	e, err := newEncoding(f)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, e.size))
	e.write(out) // no buffer gives an error
	return out.Bytes(), nil
}

// encoding is a file on its way to its bytes.
type encoding struct {
	start   []byte   // all that comes before the numbers
	tensors []Tensor // in the order of their numbers
	size    int      // of the file in bytes
}

// newEncoding checks a file and makes its start, with the checksum.
func newEncoding(f *File) (*encoding, error) {
	tensors := slices.SortedFunc(slices.Values(f.Tensors), func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	if len(tensors) > maxTensors {
		return nil, fmt.Errorf("want at most %d tensors, got %d", maxTensors, len(tensors))
	}
	head, sum, err := encodeMetadata(f.Metadata)
	if err != nil {
		return nil, err
	}
	at := 0
	for i, t := range tensors {
		if err := checkName(t.Name); err != nil {
			return nil, err
		}
		if i > 0 && t.Name == tensors[i-1].Name {
			return nil, fmt.Errorf("tensor %q: two tensors have this name", t.Name)
		}
		n, err := elements(t.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if n != len(t.Data) {
			return nil, fmt.Errorf("tensor %q: want %d elements for shape %v, got %d", t.Name, n, t.Shape, len(t.Data))
		}
		if at += 4 * n; at > 4*maxElements {
			return nil, fmt.Errorf("want at most %d elements in all, got more", maxElements)
		}
		shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ",")
		head = fmt.Appendf(head, `,%s:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, quote(t.Name), shape, at-4*n, at)
	}
	head = append(head, '}')
	for len(head)%8 != 0 { // the numbers begin aligned, as the format's own writer has it
		head = append(head, ' ')
	}
	if len(head) > maxHeader {
		return nil, fmt.Errorf("want names, shapes and metadata of at most %d bytes, got %d", maxHeader, len(head))
	}
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	e := &encoding{start: append(start, head...), tensors: tensors, size: 8 + len(head) + at}
	hash := sha256.New()
	e.write(hash) // no hash gives an error
	hex.Encode(e.start[8+sum:], hash.Sum(nil))
	return e, nil
}

// write writes the file, the numbers in pieces.
func (e *encoding) write(w io.Writer) error {
	if _, err := w.Write(e.start); err != nil {
		return err
	}
	buf := make([]byte, 1<<16)
	for _, t := range e.tensors {
		for rest := t.Data; len(rest) > 0; {
			n := min(len(rest), len(buf)/4)
			for i, v := range rest[:n] {
				binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
			}
			if _, err := w.Write(buf[:4*n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
	}
	return nil
}

// encodeMetadata returns the start of a header, up to the metadata, and the place in it
// of the checksum's 64 digits, which are 0.
func encodeMetadata(metadata map[string]string) (head []byte, sum int, err error) {
	if len(metadata) > maxEntries-2 {
		return nil, 0, fmt.Errorf("want at most %d entries of metadata, got %d", maxEntries-2, len(metadata))
	}
	head = fmt.Appendf(nil, `{"__metadata__":{%q:%q,%q:"`, versionKey, version, sumKey)
	sum = len(head)
	head = append(head, strings.Repeat("0", 2*sha256.Size)+`"`...)
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		switch {
		case k == versionKey || k == sumKey:
			return nil, 0, fmt.Errorf("metadata %q: the name is taken", k)
		case len(quote(k)) > maxName:
			return nil, 0, fmt.Errorf("metadata: want names of at most %d bytes, got %d", maxName, len(k))
		case !utf8.ValidString(k) || !utf8.ValidString(metadata[k]):
			return nil, 0, fmt.Errorf("metadata %q: want UTF-8", k)
		}
		head = fmt.Appendf(head, `,%s:%s`, quote(k), quote(metadata[k]))
	}
	return append(head, '}'), sum, nil
}

// quote is a string in JSON.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // shorter
	e.Encode(s)            // no string and no buffer gives an error
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// checkName refuses names that no tensor can have.
func checkName(name string) error {
	switch {
	case name == "" || name == metadataKey:
		return fmt.Errorf("tensor %q: no tensor can have this name", name)
	case len(quote(name)) > maxName:
		return fmt.Errorf("tensor %.40q…: want a name of at most %d bytes, got %d", name, maxName, len(name))
	case !utf8.ValidString(name):
		return fmt.Errorf("tensor %q: want a name in UTF-8", name)
	}
	return nil
}

// elements is the number of elements of a shape, checked against the limits. A 0 among
// the sizes does not excuse the others.
func elements(shape []int) (int, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("want at most %d dimensions, got %d", maxDims, len(shape))
	}
	n, empty := 1, false
	for _, d := range shape {
		if d < 0 || d > maxElements || n*max(d, 1) > maxElements {
			return 0, fmt.Errorf("want a shape of at most %d elements, got %v", maxElements, shape)
		}
		n *= max(d, 1)
		empty = empty || d == 0
	}
	if empty {
		return 0, nil
	}
	return n, nil
}
