package tensorfile

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// scanner reads the JSON of headers: objects, arrays of natural numbers, strings. It
// knows where in the header a string stands, and never goes deeper than its caller.
type scanner struct {
	data []byte
	at   int
}

// text is a string as it stands in the header, without the quotes, from byte at on.
type text struct {
	raw []byte
	at  int
}

// String is the text without escapes.
func (t text) String() (s string, err error) {
	if bytes.IndexByte(t.raw, '\\') < 0 {
		return string(t.raw), nil
	}
	quoted := append(append([]byte{'"'}, t.raw...), '"')
	if err := json.Unmarshal(quoted, &s); err != nil {
		return "", fmt.Errorf("header, text at byte %d: %w", t.at, err)
	}
	return s, nil
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// skip passes over c if it comes next.
func (s *scanner) skip(c byte) bool {
	if s.at == len(s.data) || s.peek() != c || s.at == len(s.data) {
		return false
	}
	s.at++
	return true
}

// found is an error that says what stands where something else was wanted.
func (s *scanner) found(want string) error {
	if s.peek(); s.at == len(s.data) {
		return fmt.Errorf("header: want %s, got its end", want)
	}
	return fmt.Errorf("header, byte %d: want %s, got %.20q", s.at, want, s.data[s.at:min(s.at+20, len(s.data))])
}

// end refuses anything but white space.
func (s *scanner) end() error {
	if s.peek(); s.at < len(s.data) {
		return s.found("its end")
	}
	return nil
}

// object reads an object, and calls member where the value of a key begins.
func (s *scanner) object(member func(key string) error) error {
	if !s.skip('{') {
		return s.found("an object")
	}
	for first := true; !s.skip('}'); first = false {
		if !first && !s.skip(',') {
			return s.found("a comma or the end of an object")
		}
		t, err := s.str()
		if err != nil {
			return err
		}
		if len(t.raw) > maxName {
			return fmt.Errorf("header, byte %d: want a name of at most %d bytes, got %d", t.at, maxName, len(t.raw))
		}
		key, err := t.String()
		if err != nil {
			return err
		}
		if !s.skip(':') {
			return s.found("a colon")
		}
		if err := member(key); err != nil {
			return err
		}
	}
	return nil
}

// array reads an array of up to limit natural numbers.
func (s *scanner) array(limit int, element func(n int64)) error {
	if !s.skip('[') {
		return s.found("an array")
	}
	for i := 0; !s.skip(']'); i++ {
		if i > 0 && !s.skip(',') {
			return s.found("a comma or the end of an array")
		}
		if i == limit {
			return fmt.Errorf("header, byte %d: want an array of at most %d numbers, got more", s.at, limit)
		}
		n, err := s.natural()
		if err != nil {
			return err
		}
		element(n)
	}
	return nil
}

// natural reads a natural number of up to 18 digits; what follows it must be a comma
// or the end of an array.
func (s *scanner) natural() (n int64, err error) {
	const want = "a natural number below 10^18"
	s.peek()
	start := s.at
	for ; s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9'; s.at++ {
		if s.at-start == 18 || s.at > start && s.data[start] == '0' {
			s.at = start
			return 0, s.found(want)
		}
		n = 10*n + int64(s.data[s.at]-'0')
	}
	if c := s.peek(); s.at == start || c != ',' && c != ']' {
		s.at = start
		return 0, s.found(want)
	}
	return n, nil
}

// str reads a string, whose escapes are left to String.
func (s *scanner) str() (text, error) {
	if !s.skip('"') {
		return text{}, s.found("a string")
	}
	start := s.at
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return text{s.data[start : s.at-1], start}, nil
		case c < ' ':
			return text{}, s.found("no control character in a string")
		case c == '\\':
			s.at++
		}
		s.at++
	}
	s.at = len(s.data) // an escape may have passed it
	return text{}, s.found("the end of a string")
}
