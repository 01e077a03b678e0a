package main

import (
	"flag"
	"fmt"
	"math"

	"capas/experiments/internal/cli"
	"capas/experiments/lab"
	"capas/internal/tensorfile"
	"capas/models"
)

func tensorsCommand() command {
	return command{
		name: "tensors", args: "FILE",
		short: "Lists a file's tensors: name, shape, smallest, mean, largest, norm",
		long: `
FILE is a file in the safetensors format, or a directory of results with -model or
-checkpoint. norm is the Euclidean one. Elements that are not finite are counted and left
out of the other numbers. A checksum that Capas wrote is verified.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			asJSON := fs.Bool("json", false, "print a JSON document")
			var from source
			from.bind(fs)
			return func(args []string, out *output) error {
				if len(args) != 1 {
					return cli.Usagef("want one FILE, got %d arguments", len(args))
				}
				path, err := from.path(args[0], out)
				if err != nil {
					return err
				}
				f, err := tensorfile.Read(path)
				if err != nil {
					return err
				}
				l := listing{File: path, Metadata: f.Metadata, Tensors: []described{}}
				if _, ok := f.Metadata["capas.model"]; ok {
					if model, _, err := models.Load(path); err != nil {
						out.warnf("%v", err)
					} else {
						l.Model = summary(model)
					}
				}
				for _, t := range f.Tensors {
					l.Tensors = append(l.Tensors, describe(t))
				}
				if *asJSON {
					return out.json(l)
				}
				l.print(out)
				return nil
			}
		},
	}
}

// listing is what tensors lists, and its JSON.
type listing struct {
	File     string            `json:"file"`
	Model    string            `json:"model,omitempty"` // its summary, if the file is one
	Metadata map[string]string `json:"metadata,omitempty"`
	Tensors  []described       `json:"tensors"`
}

// described is a tensor in numbers, which are null where no element is finite.
type described struct {
	Name      string     `json:"name"`
	Shape     []int      `json:"shape"`
	Min       lab.Number `json:"min"`
	Mean      lab.Number `json:"mean"`
	Max       lab.Number `json:"max"`
	Norm      lab.Number `json:"norm"`
	NotFinite int        `json:"not_finite"`
}

// describe computes in float64.
func describe(t tensorfile.Tensor) described {
	d := described{Name: t.Name, Shape: t.Shape}
	if t.Shape == nil {
		d.Shape = []int{}
	}
	lo, hi, sum, squares, n := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0
	for _, v := range t.Data {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			d.NotFinite++
			continue
		}
		lo, hi, sum, squares, n = min(lo, x), max(hi, x), sum+x, squares+x*x, n+1
	}
	if n == 0 {
		sum, squares = math.NaN(), math.NaN()
	}
	d.Min, d.Max, d.Mean, d.Norm = lab.Number(lo), lab.Number(hi), lab.Number(sum/float64(n)), lab.Number(math.Sqrt(squares))
	return d
}

// print is the text form.
func (l listing) print(out *output) {
	rows := [][]string{{"tensor", "shape", "min", "mean", "max", "norm", ""}}
	total := 0
	for _, t := range l.Tensors {
		size := 1
		for _, d := range t.Shape {
			size *= d
		}
		total += size
		row := []string{t.Name, shape(t.Shape)}
		for _, x := range []lab.Number{t.Min, t.Mean, t.Max, t.Norm} {
			text := fmt.Sprintf("%.4g", float64(x))
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				text = "–"
			}
			row = append(row, text)
		}
		last := ""
		if t.NotFinite > 0 {
			last = fmt.Sprintf("%d not finite", t.NotFinite)
		}
		rows = append(rows, append(row, last))
	}
	out.printf("%s: %s%s, %s\n%s", l.File, before(l.Model, "; "), count(len(l.Tensors), "tensor"), count(total, "number"), columns(rows, "  "))
	rows = nil
	for _, key := range sortedKeys(l.Metadata) {
		rows = append(rows, []string{key, clipped(l.Metadata[key], 200)})
	}
	out.table("Metadata", rows)
}
