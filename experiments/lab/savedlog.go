package lab

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
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
	c := newCollector()
	var err error
	s.Cut, err = s.eachLine(c.add)
	s.Stages = c.sorted()
	return err
}

// stageKey tells stages apart.
type stageKey struct {
	seed       uint64
	run, stage string
}

// collector makes stages of lines.
type collector struct {
	index   map[stageKey]int
	stages  []Stage // without digests
	digests [][sha256.Size]byte
	hash    hash.Hash
	kept    int // bytes of the last lines, as Line.size counts them
}

func newCollector() *collector { return &collector{index: map[stageKey]int{}, hash: sha256.New()} }

// add takes the next line and its content.
func (c *collector) add(l Line, content []byte) error {
	k := stageKey{l.Seed, l.Run, l.Stage}
	i, ok := c.index[k]
	if !ok {
		if i = len(c.stages); i == maxStages {
			return fmt.Errorf("want at most %d stages, got more", maxStages)
		}
		c.index[k] = i
		c.stages = append(c.stages, Stage{Seed: l.Seed, Run: l.Run, Name: l.Stage})
		c.digests = append(c.digests, [sha256.Size]byte{})
	}
	st, digest := &c.stages[i], &c.digests[i]
	l.Run, l.Stage = st.Run, st.Name // not one copy a line
	if c.kept += l.size() - st.Last.size(); c.kept > maxKept {
		return fmt.Errorf("want at most %d bytes of last lines of stages, got more", maxKept)
	}
	c.hash.Reset()
	if st.Lines > 0 {
		var hexadecimal [2 * sha256.Size]byte
		hex.Encode(hexadecimal[:], digest[:])
		c.hash.Write(hexadecimal[:])
	}
	c.hash.Write(content)
	c.hash.Sum(digest[:0])
	st.Lines++
	st.Last = l
	return nil
}

// sorted are the stages by seed and run, with their digests.
func (c *collector) sorted() []Stage {
	for i := range c.stages {
		c.stages[i].Digest = hex.EncodeToString(c.digests[i][:])
	}
	slices.SortStableFunc(c.stages, func(a, b Stage) int { return compareKeys(a.Seed, b.Seed, a.Run, b.Run) })
	return c.stages
}

// fieldSize is that of a Field without the text of its name, in bytes.
const fieldSize = 24

// size is about what a line takes in memory, besides what each takes.
func (l Line) size() int {
	n := len(l.Run) + len(l.Stage) + fieldSize*cap(l.Values)
	for _, f := range l.Values {
		n += len(f.Name)
	}
	return n
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
		return false, fmt.Errorf("want a file of at most %d bytes, got %d", int64(maxLog), size)
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
	f := flattener{
		line: Line{Seed: *head.Seed, Run: *head.Run, Stage: head.Stage, Epoch: head.Epoch},
		dec:  json.NewDecoder(bytes.NewReader(text)),
	}
	fmt.Fprintln(&f.content, f.line.Epoch)
	err = f.value("", true)
	return f.line, f.content.Bytes(), err
}

// flattener takes a valid JSON text, whose depth is bounded, apart.
type flattener struct {
	dec     *json.Decoder
	line    Line         // gets the numbers
	content bytes.Buffer // gets all that is no time
	names   int          // bytes of all names so far
}

// value reads the next value, whose name is path; says tells that it is not of a time.
func (f *flattener) value(path string, says bool) error {
	token, err := f.dec.Token()
	if err != nil {
		return err
	}
	if len(path) > maxPath {
		return fmt.Errorf("want names of at most %d bytes, got more", maxPath)
	}
	// Few bytes can make many long names: those of a list in an object of a long name.
	if f.names += len(path); f.names > maxPaths {
		return fmt.Errorf("want names of at most %d bytes together, got more", maxPaths)
	}
	says = says && !strings.HasSuffix(path, "seconds")
	if says {
		fmt.Fprintf(&f.content, "%q %#v\n", path, token)
	}
	switch token := token.(type) {
	case float64:
		f.line.Values = append(f.line.Values, Field{path, token})
	case nil:
		f.line.Values = append(f.line.Values, Field{path, math.NaN()})
	case json.Delim:
		for i := 0; f.dec.More(); i++ {
			name := strconv.Itoa(i)
			if token == '{' {
				key, err := f.dec.Token()
				if err != nil {
					return err
				}
				name, _ = key.(string)
			}
			if path != "" {
				name = path + "." + name
			} else if name == "seed" || name == "epoch" {
				if _, err := f.dec.Token(); err != nil { // read already
					return err
				}
				continue
			}
			if err := f.value(name, says); err != nil {
				return err
			}
		}
		_, err = f.dec.Token() // the closing bracket
	}
	return err
}
