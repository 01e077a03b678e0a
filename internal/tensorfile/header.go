package tensorfile

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// metadataKey is the header's one member that is no tensor.
const metadataKey = "__metadata__"

// header is what a file's header says.
type header struct {
	tensors  []entry
	metadata map[string]text
}

// entry is a tensor of a header. Its numbers are the bytes from begin to end after it.
type entry struct {
	name       string
	shape      []int
	dtype      dtype
	begin, end int64
}

// parseHeader reads a header, and with it every form that it may have: an object of
// tensors and one object of texts. Anything nested deeper is refused where it begins,
// so that a hostile header costs one pass at most.
func parseHeader(data []byte) (h header, err error) {
	if !utf8.Valid(data) {
		return h, fmt.Errorf("header: want UTF-8")
	}
	s := scanner{data: data}
	err = s.object(func(key string) error {
		switch {
		case key == metadataKey && h.metadata != nil:
			return fmt.Errorf("header: %s is there twice", metadataKey)
		case key == metadataKey:
			h.metadata, err = s.metadata()
			return err
		case len(h.tensors) == maxTensors:
			return fmt.Errorf("header: want at most %d tensors, got more", maxTensors)
		case key == "":
			return fmt.Errorf("header: a tensor has no name")
		}
		e, err := s.tensor()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		e.name = key
		h.tensors = append(h.tensors, e)
		return nil
	})
	if err == nil {
		err = s.end()
	}
	return h, err
}

// metadata reads the object of texts.
func (s *scanner) metadata() (map[string]text, error) {
	m := map[string]text{}
	return m, s.object(func(key string) error {
		value, err := s.str()
		if err != nil {
			return fmt.Errorf("metadata %q: %w", key, err)
		}
		if _, twice := m[key]; twice {
			return fmt.Errorf("metadata %q: is there twice", key)
		}
		if len(m) == maxEntries {
			return fmt.Errorf("metadata: want at most %d entries, got more", maxEntries)
		}
		m[key] = value
		return nil
	})
}

// tensor reads the object of dtype, shape and data_offsets.
func (s *scanner) tensor() (e entry, err error) {
	var seen []string
	err = s.object(func(key string) (err error) {
		if slices.Contains(seen, key) {
			return fmt.Errorf("%s is there twice", key)
		}
		seen = append(seen, key)
		switch key {
		case "dtype":
			var name text
			if name, err = s.str(); err == nil {
				e.dtype, err = parseDtype(string(name.raw))
			}
		case "shape":
			err = s.array(maxDims, func(n int64) {
				e.shape = append(e.shape, int(min(n, math.MaxInt32))) // more than any limit
			})
		case "data_offsets":
			var at []int64
			if err = s.array(2, func(n int64) { at = append(at, n) }); err == nil && len(at) != 2 {
				err = fmt.Errorf("want 2 data_offsets, got %d", len(at))
			}
			if err == nil {
				e.begin, e.end = at[0], at[1]
			}
		default:
			err = fmt.Errorf("want dtype, shape and data_offsets, got %.40q", key)
		}
		return err
	})
	if err == nil && len(seen) != 3 {
		err = fmt.Errorf("want dtype, shape and data_offsets, got %v", seen)
	}
	return e, err
}

// check holds the header against the size of the data that follow it: the tensors must
// fill them, one after the other. It leaves the tensors in the order of their data.
func (h *header) check(size int64) error {
	byName := func(a, b entry) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(h.tensors, byName)
	for i, e := range h.tensors {
		if i > 0 && e.name == h.tensors[i-1].name {
			return fmt.Errorf("tensor %q: is there twice", e.name)
		}
	}
	slices.SortStableFunc(h.tensors, func(a, b entry) int {
		switch {
		case a.begin < b.begin || a.begin == b.begin && a.end < b.end:
			return -1
		case a.begin == b.begin && a.end == b.end:
			return 0
		}
		return 1
	})
	var at int64
	total := 0
	for _, e := range h.tensors {
		n, err := elements(e.shape)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		if total += n; total > maxElements {
			return fmt.Errorf("want at most %d elements in all, got more", maxElements)
		}
		if e.begin != at {
			return fmt.Errorf("tensor %q: want data from byte %d on, where the tensor before it ends, got %d", e.name, at, e.begin)
		}
		if want := at + int64(n)*int64(e.dtype.size()); e.end != want {
			return fmt.Errorf("tensor %q: want data to byte %d for shape %v of %v, got %d", e.name, want, e.shape, e.dtype, e.end)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("want %d bytes of data, got %d", at, size)
	}
	return nil
}
