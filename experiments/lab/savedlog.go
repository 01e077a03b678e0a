package lab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"capas/internal/regularfile"
)

// Stage is what metrics.jsonl says of one stage of one network.
type Stage struct {
	Seed  uint64 `json:"seed"`
	Run   string `json:"run"`   // the network, such as "dbn"
	Name  string `json:"stage"` // such as "layer 1"; "" where lines name no stage
	Lines int    `json:"lines"` // an epoch each
	// Digest is a SHA-256, in hex, of all that the lines say in their order, but for
	// times, the fields whose name ends in "seconds".
	Digest string `json:"digest"`
	Last   Line   `json:"last"`
}

// Line is a line of metrics.jsonl.
type Line struct {
	Seed   uint64 `json:"-"`
	Run    string `json:"-"`
	Stage  string `json:"-"`
	Epoch  int    `json:"epoch"`  // from 1; 0 where the line has none
	Values Fields `json:"values"` // the numbers, in the line's order
}

// Field is a named number. The name is the path to it, such as
// "validation.error" or "norms.0"; null is read as NaN.
type Field struct {
	Name  string
	Value float64
}

// Fields are named numbers in a fixed order. Their JSON is one object.
type Fields []Field

// Get returns the value of the given name.
func (f Fields) Get(name string) (float64, bool) {
	for _, x := range f {
		if x.Name == name {
			return x.Value, true
		}
	}
	return 0, false
}

// MarshalJSON implements json.Marshaler.
func (f Fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(x.Name)
		if err != nil {
			return nil, err
		}
		value, err := Number(x.Value).MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// readLog reads metrics.jsonl, if there is one, and keeps what it says last of
// each stage.
func (s *Saved) readLog() error {
	type key struct {
		seed       uint64
		run, stage string
	}
	index := map[key]int{}
	var err error
	s.Cut, err = s.eachLine(func(l Line, content []byte) error {
		k := key{l.Seed, l.Run, l.Stage}
		i, ok := index[k]
		if !ok {
			if i = len(s.Stages); i == maxStages {
				return fmt.Errorf("more than %d stages", maxStages)
			}
			index[k] = i
			s.Stages = append(s.Stages, Stage{Seed: l.Seed, Run: l.Run, Name: l.Stage})
		}
		st := &s.Stages[i]
		st.Lines++
		st.Digest = fmt.Sprintf("%x", sha256.Sum256(append([]byte(st.Digest), content...)))
		st.Last = l
		return nil
	})
	slices.SortStableFunc(s.Stages, func(a, b Stage) int { return compareKeys(a.Seed, b.Seed, a.Run, b.Run) })
	return err
}

// eachLine calls each with the lines of metrics.jsonl, if there is one, as scanLog does.
func (s *Saved) eachLine(each func(l Line, content []byte) error) (cut bool, err error) {
	f, size, err := regularfile.Open(filepath.Join(s.Dir, metricsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if size > maxLog {
		return false, fmt.Errorf("want a file of at most %d bytes, got %d", maxLog, size)
	}
	return scanLog(f, each)
}

// scanLog calls each with the lines of a log and their content as parseLine returns it.
// cut tells that the last one has no end and makes no sense as it is.
func scanLog(r io.Reader, each func(l Line, content []byte) error) (cut bool, err error) {
	in := bufio.NewReaderSize(io.LimitReader(r, maxLog), maxLine)
	for n := 1; ; n++ {
		text, err := in.ReadSlice('\n')
		last := errors.Is(err, io.EOF)
		if last && len(text) == 0 {
			return false, nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			err = fmt.Errorf("want at most %d bytes, got more", maxLine)
		}
		if err != nil && !last {
			return false, fmt.Errorf("line %d: %w", n, err)
		}
		l, content, err := parseLine(text)
		if err != nil && last {
			return true, nil
		}
		if err == nil {
			err = each(l, content)
		}
		if err != nil {
			return false, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// parseLine reads a line of metrics.jsonl, an object with seed and run. content is the
// same for lines that say the same, times aside.
func parseLine(text []byte) (l Line, content []byte, err error) {
	if err := bounded(text); err != nil {
		return Line{}, nil, err
	}
	var head struct {
		Seed  *uint64 `json:"seed"`
		Run   *string `json:"run"`
		Stage string  `json:"stage"`
		Epoch int     `json:"epoch"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return Line{}, nil, explain(text, err)
	}
	if head.Seed == nil || head.Run == nil {
		return Line{}, nil, errors.New("want an object with seed and run")
	}
	l = Line{Seed: *head.Seed, Run: *head.Run, Stage: head.Stage, Epoch: head.Epoch}
	var b bytes.Buffer
	fmt.Fprintln(&b, l.Epoch)
	err = l.flatten(json.NewDecoder(bytes.NewReader(text)), "", &b)
	return l, b.Bytes(), err
}

// flatten appends the numbers of the next value of a valid JSON text, whose depth is
// bounded, and writes all that is no time to content, unless that is nil.
func (l *Line) flatten(dec *json.Decoder, path string, content *bytes.Buffer) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if len(path) > maxPath {
		return fmt.Errorf("want names of at most %d bytes, got more", maxPath)
	}
	if strings.HasSuffix(path, "seconds") {
		content = nil
	}
	if content != nil {
		fmt.Fprintf(content, "%q %#v\n", path, token)
	}
	switch token := token.(type) {
	case float64:
		l.Values = append(l.Values, Field{path, token})
	case nil:
		l.Values = append(l.Values, Field{path, math.NaN()})
	case json.Delim:
		for i := 0; dec.More(); i++ {
			name := strconv.Itoa(i)
			if token == '{' {
				key, err := dec.Token()
				if err != nil {
					return err
				}
				name, _ = key.(string)
			}
			if path != "" {
				name = path + "." + name
			} else if name == "seed" || name == "epoch" {
				if _, err := dec.Token(); err != nil { // read already
					return err
				}
				continue
			}
			if err := l.flatten(dec, name, content); err != nil {
				return err
			}
		}
		_, err = dec.Token() // the closing bracket
	}
	return err
}
