package lab

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ListFlag defines a flag of values between commas, which replace what is in to; parse
// reads one of them. Example: lab.ListFlag(fs, &r.Depths, "depth", "comma-separated
// `list` of numbers of hidden layers", strconv.Atoi).
func ListFlag[T any](fs *flag.FlagSet, to *[]T, name, usage string, parse func(string) (T, error)) {
	fs.Func(name, usage, func(s string) error {
		var out []T
		for part := range strings.SplitSeq(s, ",") {
			v, err := parse(part)
			if err != nil {
				return err
			}
			out = append(out, v)
		}
		*to = out
		return nil
	})
}

// ParseNumber reads a number, for ListFlag.
func ParseNumber(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("want a number, got %q", s)
	}
	return v, nil
}

// Listed writes values as people do: between commas.
func Listed[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}

// Unique returns an error that names a value which is given twice; what says what the
// values are, such as "depth".
func Unique[T comparable](what string, values []T) error {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return fmt.Errorf("%s %v is given twice", what, v)
		}
	}
	return nil
}

// Rising tells whether each value is larger than the one before it; NaN is not.
func Rising[T cmp.Ordered](values []T) bool {
	for i := 1; i < len(values); i++ {
		if !(values[i] > values[i-1]) {
			return false
		}
	}
	return true
}
