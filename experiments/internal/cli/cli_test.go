package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
)

// TestParse: flags anywhere, none behind "--", and errors of one line.
func TestParse(t *testing.T) {
	for _, test := range []struct {
		args, rest []string
		n          int
		err        string
	}{
		{[]string{"-n", "3", "a", "b"}, []string{"a", "b"}, 3, ""},
		{[]string{"a", "-n=4", "b"}, []string{"a", "b"}, 4, ""},
		{[]string{"a", "b", "--n", "5"}, []string{"a", "b"}, 5, ""},
		{[]string{"a", "--", "-n", "6"}, []string{"a", "-n", "6"}, 1, ""},
		{[]string{"a", "-x"}, nil, 1, "unknown flag -x"},
		{[]string{"a", "-f", "x"}, nil, 1, `invalid value "x" for flag -f: two lines`},
		{nil, nil, 1, ""},
	} {
		fs := Flags("test")
		n := fs.Int("n", 1, "")
		fs.Func("f", "", func(string) error { return errors.New("two\nlines") })
		rest, err := ParseAnywhere(fs, test.args)
		text := ""
		if err != nil {
			text = err.Error()
			if !errors.As(err, &UsageError{}) {
				t.Errorf("%q: %T", test.args, err)
			}
		}
		if !slices.Equal(rest, test.rest) || *n != test.n || text != test.err {
			t.Errorf("%q: got %q, %d, %q", test.args, rest, *n, text)
		}
	}
	if _, err := ParseAnywhere(Flags("test"), []string{"a", "-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

// TestEnd: what is said, and the status.
func TestEnd(t *testing.T) {
	stuck := errors.New("tasks are left")
	for _, test := range []struct {
		err   error
		again string
		code  int
		said  string
	}{
		{nil, "p go", Done, ""},
		{errors.New("a\nb"), "p go", Failed, "p: a; b\n"},
		{fmt.Errorf("file: %w", Usagef("want %d", 3)), "", Usage, "p: file: want 3 (-h explains)\n"},
		{context.Canceled, "p go", Interrupted, "p: interrupted; resume with: p go\n"},
		{context.Canceled, "", Interrupted, ""},
		{errors.Join(context.Canceled, errors.Join(stuck, context.Canceled)), "p go", Interrupted, "p: tasks are left\np: interrupted; resume with: p go\n"},
		{errors.Join(context.Canceled, context.Canceled), "", Interrupted, ""},
	} {
		var said bytes.Buffer
		if code := End(&said, "p", test.err, test.again); code != test.code || said.String() != test.said {
			t.Errorf("%v: status %d, %q; want %d, %q", test.err, code, &said, test.code, test.said)
		}
	}
}
