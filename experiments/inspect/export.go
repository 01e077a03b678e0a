package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"capas/experiments/internal/cli"
	"capas/internal/atomicfile"
	"capas/internal/tensorfile"
)

func exportCommand() command {
	return command{
		name: "export", args: "FILE",
		short: "Writes tensors as NumPy arrays, CSV or JSON",
		long: `
With -tensor, one tensor goes to the file OUT, or to standard output without -o; otherwise
all go to the directory OUT, which is made if need be, a file each, named like the tensor
with a % code for characters that file names may not have. The format is that of OUT's
extension if -format does not say otherwise, and else npy.

npy is float32 as numpy.load reads it. csv has the last dimension in columns and the others
in rows, the last of them fastest; numbers are the shortest that give the same float32,
NaN, +Inf or -Inf. json is nested arrays, with null for what is not finite.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			e := &export{}
			fs.StringVar(&e.tensor, "tensor", "", "`name` of the tensor; all if absent")
			fs.StringVar(&e.format, "format", "", "`npy|csv|json`")
			fs.StringVar(&e.out, "o", "", "file or directory `OUT`")
			e.from.bind(fs)
			return e.run
		},
	}
}

// export holds the flags of the command.
type export struct {
	tensor, format, out string
	from                source
}

// formats are the formats and what writes them.
func formats() map[string]func(*bytes.Buffer, tensorfile.Tensor) error {
	return map[string]func(*bytes.Buffer, tensorfile.Tensor) error{"npy": writeNPY, "csv": writeCSV, "json": writeJSON}
}

func (e *export) run(args []string, out *output) error {
	if len(args) != 1 {
		return cli.Usagef("want one FILE, got %d arguments", len(args))
	}
	if e.format == "" {
		e.format = "npy"
		if ext := strings.TrimPrefix(filepath.Ext(e.out), "."); e.tensor != "" && formats()[ext] != nil {
			e.format = ext
		}
	}
	encode := formats()[e.format]
	if encode == nil {
		return cli.Usagef("-format %q: want npy, csv or json", e.format)
	}
	if e.tensor == "" && e.out == "" {
		return cli.Usagef("want -tensor NAME, or -o and a directory for all")
	}
	path, err := e.from.path(args[0], out)
	if err != nil {
		return err
	}
	f, err := tensorfile.Read(path)
	if err != nil {
		return err
	}
	if e.tensor == "" {
		return e.all(path, f, encode)
	}
	t, err := tensorNamed(path, f, e.tensor)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := encode(&b, t); err != nil {
		return fmt.Errorf("%s: tensor %s: %w", path, t.Name, err)
	}
	if e.out != "" {
		return atomicfile.Write(e.out, b.Bytes())
	}
	if stdout, ok := out.w.(*os.File); ok && e.format == "npy" && term.IsTerminal(int(stdout.Fd())) {
		return cli.Usagef("want -o OUT: npy is not for a terminal")
	}
	if _, err := out.w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// all writes every tensor to the directory.
func (e *export) all(path string, f *tensorfile.File, encode func(*bytes.Buffer, tensorfile.Tensor) error) error {
	if err := os.MkdirAll(e.out, 0o777); err != nil {
		return err
	}
	taken := map[string]string{} // by lower case, which some file systems do not tell from upper
	for _, t := range f.Tensors {
		name := fileName(t.Name) + "." + e.format
		if other, ok := taken[strings.ToLower(name)]; ok {
			return fmt.Errorf("%s: tensors %s and %s would be files of one name; export them one by one with -tensor", path, other, t.Name)
		}
		taken[strings.ToLower(name)] = t.Name
		var b bytes.Buffer
		if err := encode(&b, t); err != nil {
			return fmt.Errorf("%s: tensor %s: %w", path, t.Name, err)
		}
		if err := atomicfile.Write(filepath.Join(e.out, name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// fileName is a tensor's name as that of a file: letters, digits, "-", "_" and "." stay,
// but for a dot in front, and other bytes become %XX.
func fileName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// tensorNamed finds a tensor, or says which there are.
func tensorNamed(path string, f *tensorfile.File, name string) (tensorfile.Tensor, error) {
	if t, ok := f.Tensor(name); ok {
		return t, nil
	}
	var names []string
	for _, t := range f.Tensors {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return tensorfile.Tensor{}, cli.Usagef("%s has no tensor %q: it has %s", path, name, clipped(strings.Join(names, ", "), 500))
}
