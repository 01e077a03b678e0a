package models_test

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/blocks"
	"capas/models"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// torchRecurrent is what scripts/torch_values.py wrote: networks of two classes on three sequences
// of 5, 2 and 4 steps of 3 numbers, filled up with numbers of no meaning.
type torchRecurrent struct {
	X, Mask  [][]float64
	Labels   [][]int
	Networks []struct {
		Name          string
		Layers        int
		Bidirectional bool
		Each          bool
		Loss          float64
		Params        [][]float64
		Gradients     [][]float64
	}
}

func readTorchRecurrent(t *testing.T) torchRecurrent {
	t.Helper()
	var f torchRecurrent
	if err := json.Unmarshal(must[[]byte](t)(os.ReadFile("testdata/torch_recurrent.json")), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// Loss and gradients equal PyTorch's of packed sequences, for networks of several layers and of
// both directions, whatever fills up the shorter sequences.
func TestRecurrentEqualsPyTorch(t *testing.T) {
	f := readTorchRecurrent(t)
	for _, filling := range []float64{1, -7} {
		for _, n := range f.Networks {
			cell := must[blocks.Cell](t)(blocks.ParseCell(strings.Fields(n.Name)[0]))
			r := must[*models.Recurrent](t)(models.NewRecurrent("net", models.RecurrentOptions{
				Cell: cell, Inputs: 3, Units: 4, Outputs: 2, Layers: n.Layers, Bidirectional: n.Bidirectional, Steps: 5, Each: n.Each, Masked: true,
			}, blocks.Uniform(), stream("init")))
			widen(1, r.Params()...)
			for i, p := range r.Params() {
				if copy(p.Value.Float64s(), n.Params[i]) != len(n.Params[i]) || len(n.Params[i]) != p.Value.Shape().TotalSize() {
					t.Fatalf("%s: %s: want %d numbers, got %d", n.Name, p.Name, p.Value.Shape().TotalSize(), len(n.Params[i]))
				}
			}
			var x, hot [][]float64
			for i, row := range f.X {
				row = slices.Clone(row)
				for j := range row {
					if f.Mask[i][j/3] == 0 {
						row[j] *= filling
					}
				}
				x = append(x, append(row, f.Mask[i]...))
				var h []float64
				for _, label := range f.Labels[i] {
					h = append(h, float64(1-label), float64(label))
				}
				if !n.Each {
					h = h[:2]
				}
				hot = append(hot, h)
			}
			o := must[*models.Objective](t)(r.Objective(3))
			leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), r.Params()))
			grads := must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...))
			got := compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, x), matrix(tensor.Float64, hot)}, append(G.Nodes{o.Cost}, grads...)...)
			near(t, n.Name+": loss", []float64{n.Loss}, got[0], 1e-12)
			for i, want := range n.Gradients {
				near(t, n.Name+": gradient of "+r.Params()[i].Name, want, got[i+1], 1e-12)
			}
		}
	}
}

// options of a small network.
func small(cell blocks.Cell) models.RecurrentOptions {
	return models.RecurrentOptions{Cell: cell, Inputs: 2, Units: 3, Outputs: 2, Steps: 4}
}

func allCells(t *testing.T) (out []blocks.Cell) {
	for _, name := range blocks.Cells() {
		out = append(out, must[blocks.Cell](t)(blocks.ParseCell(name)))
	}
	return out
}

// The gradient of the cost, for every loss with and without a mask, is that of central differences.
func TestRecurrentGradients(t *testing.T) {
	for _, output := range []blocks.Output{blocks.Classes(), blocks.Binary(), blocks.Numeric()} {
		for _, masked := range []bool{false, true} {
			o := small(blocks.GRU())
			o.Each, o.Masked, o.Bidirectional = true, masked, true
			r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
			r.Output = output
			j := must[*models.Jordan](t)(models.NewJordan("jordan", 2, 3, 2, 4, "tanh", blocks.Uniform(), stream("init")))
			j.Output, j.Masked = output, masked
			checkObjective(t, r.Params(), r.Objective, r.Width(), 8, masked)
			checkObjective(t, j.Params(), j.Objective, j.Width(), 8, masked)
		}
	}
}

func checkObjective(t *testing.T, params []*blocks.Param, objective func(m int) (*models.Objective, error), width, targets int, masked bool) {
	t.Helper()
	widen(0.5, params...)
	o := must[*models.Objective](t)(objective(2))
	x := uniform(stream("x"), 2, width)
	if masked {
		copy(x[0][width-4:], []float64{1, 0, 1, 0})
		copy(x[1][width-4:], []float64{1, 1, 1, 1})
	}
	tt := uniform(stream("t"), 2, targets)
	for _, row := range tt {
		for j := 0; j < len(row); j += 2 {
			row[j+1] = 1 - row[j]
		}
	}
	run := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, nil))
	cost := func() float64 {
		if err := run.Run(matrix(tensor.Float64, x), matrix(tensor.Float64, tt)); err != nil {
			t.Fatal(err)
		}
		return must[float64](t)(run.Scalar(0))
	}
	leaves := must[G.Nodes](t)(blocks.Nodes(o.Cost.Graph(), params))
	grads := compute(t, o.Inputs, []G.Value{matrix(tensor.Float64, x), matrix(tensor.Float64, tt)}, must[G.Nodes](t)(autodiff.Grad(o.Cost, leaves...))...)
	for i, p := range params {
		for j := range p.Value.Float64s() {
			at := &p.Value.Float64s()[j]
			old := *at
			*at = old + 1e-5
			up := cost()
			*at = old - 1e-5
			down := cost()
			*at = old
			if want := (up - down) / 2e-5; math.Abs(want-grads[i][j]) > 1e-8 {
				t.Errorf("gradient of %s[%d]: want %g, got %g", p.Name, j, want, grads[i][j])
			}
		}
	}
}

// The backward layer is the forward one on the reversed sequence, reversed.
func TestReversedSequence(t *testing.T) {
	for _, cell := range allCells(t) {
		o := small(cell)
		o.Bidirectional = true
		r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
		widen(0.5, r.Params()...)
		for i, p := range r.Layers[0].Forward.Params() {
			copy(r.Layers[0].Backward.Params()[i].Value.Float64s(), p.Value.Float64s())
		}
		x := uniform(stream("x"), 3, 8)
		var reversed [][]float64
		for _, row := range x {
			var back []float64
			for s := 3; s >= 0; s-- {
				back = append(back, row[2*s:2*s+2]...)
			}
			reversed = append(reversed, back)
		}
		states := func(x [][]float64) [][]float64 {
			in := blocks.NewInput(G.NewGraph(), tensor.Float64, "x", 3, 8)
			all := must[[]models.States](t)(r.Hidden(in, false))
			return compute(t, G.Nodes{in}, []G.Value{matrix(tensor.Float64, x)}, all[0].Forward, all[0].Backward)
		}
		got, mirrored := states(x), states(reversed)
		for i := range 3 {
			for s := range 4 {
				near(t, cell.String(), got[0][(4*i+s)*3:][:3], mirrored[1][(4*i+3-s)*3:][:3], 0)
				near(t, cell.String(), got[1][(4*i+s)*3:][:3], mirrored[0][(4*i+3-s)*3:][:3], 0)
			}
		}
	}
}

// Sequences in parts with states carried on have the states of the whole ones; a walk by single
// steps too; and a sequence that begins anew forgets.
func TestCarriedStates(t *testing.T) {
	for _, cell := range allCells(t) {
		o := small(cell)
		o.Each, o.Layers, o.Steps = true, 2, 6
		r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
		redraw(0.5, stream("params"), r.Params()...)
		x := uniform(stream("x"), 3, 12)
		whole := outputs(t, r, matrix(tensor.Float32, x))["output"].Float32s()

		walk := must[*models.Walk](t)(r.Walk(3))
		for range 2 {
			walk.Begin()
			for s := range 6 {
				var in []float32
				for i := range 3 {
					in = append(in, float32(x[i][2*s]), float32(x[i][2*s+1]))
				}
				got := must[[]float32](t)(walk.Next(in))
				for i := range 3 {
					for k := range 2 {
						if d := math.Abs(float64(got[2*i+k] - whole[(6*i+s)*2+k])); d > 1e-6 {
							t.Errorf("%s: walk, step %d: want %g, got %g", cell, s, whole[(6*i+s)*2+k], got[2*i+k])
						}
					}
				}
			}
		}

		// In two parts of three steps: the losses of the parts average to that of the whole.
		loss := func(steps int, parts [][][]float64) (sum float64) {
			r.Steps = steps
			o := must[*models.Objective](t)(r.Objective(3))
			f := must[*autodiff.Function](t)(autodiff.Compile(o.Inputs, G.Nodes{o.Cost}, o.Updates))
			for _, p := range parts {
				hot := repeat([][]float64{slices.Repeat([]float64{1, 0}, steps)}, 3)
				if err := f.Run(matrix(tensor.Float32, p), matrix(tensor.Float32, hot)); err != nil {
					t.Fatal(err)
				}
				sum += must[float64](t)(f.Scalar(0)) / float64(len(parts))
			}
			return sum
		}
		want := loss(6, [][][]float64{x})
		if err := r.Carry(3); err != nil {
			t.Fatal(err)
		}
		part := func(from int, going float64) (rows [][]float64) {
			for _, row := range x {
				rows = append(rows, append(slices.Clone(row[from:from+6]), going))
			}
			return rows
		}
		for range 2 { // the second time begins anew where the first one ended
			near(t, cell.String()+": carried", []float64{want}, []float64{loss(3, [][][]float64{part(0, 0), part(6, 1)})}, 1e-6)
		}
		if got := loss(3, [][][]float64{part(0, 0), part(6, 0)}); math.Abs(got-want) < 1e-6 {
			t.Errorf("%s: states that are not carried on give the same loss", cell)
		}
	}
}

// A walk gives the outputs of every step, also of a network that is trained by those of the last ones.
func TestWalkOfLastOutputs(t *testing.T) {
	o := small(blocks.GRU())
	o.Each, o.Last = true, 2
	r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
	x := uniform(stream("x"), 1, 8)
	want := outputs(t, r, matrix(tensor.Float32, x))["output"].Float32s()
	walk := must[*models.Walk](t)(r.Walk(1))
	for s := range 4 {
		got := must[[]float32](t)(walk.Next([]float32{float32(x[0][2*s]), float32(x[0][2*s+1])}))
		for k, v := range got {
			if s >= 2 && math.Abs(float64(v-want[2*(s-2)+k])) > 1e-6 {
				t.Errorf("step %d, output %d: want %g, got %g", s, k, want[2*(s-2)+k], v)
			}
		}
	}
}

func TestForgetBias(t *testing.T) {
	o := small(blocks.LSTM())
	o.Forget = 1
	r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
	if got := r.Layers[0].Forward.B.Value.Float32s(); !slices.Equal(got, []float32{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("want ones in PyTorch's second part, the forget gates, got %v", got)
	}
}

// Whatever the number of processors, the same bytes: sequences are divided among them, and each is
// computed for itself.
func TestRecurrentSameBytes(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, cell := range allCells(t) {
		var first [][]float64
		for _, processors := range []int{1, 3, 8} {
			runtime.GOMAXPROCS(processors)
			o := models.RecurrentOptions{Cell: cell, Inputs: 5, Units: 40, Outputs: 3, Steps: 12, Bidirectional: true, Each: true}
			r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
			objective := must[*models.Objective](t)(r.Objective(130))
			leaves := must[G.Nodes](t)(blocks.Nodes(objective.Cost.Graph(), r.Params()))
			grads := must[G.Nodes](t)(autodiff.Grad(objective.Cost, leaves...))
			x, hot := matrix(tensor.Float32, uniform(stream("x"), 130, 60)), matrix(tensor.Float32, repeat([][]float64{slices.Repeat([]float64{0, 1, 0}, 12)}, 130))
			got := compute(t, objective.Inputs, []G.Value{x, hot}, append(G.Nodes{objective.Cost}, grads...)...)
			if first == nil {
				first = got
				continue
			}
			for i := range got {
				if !slices.Equal(got[i], first[i]) {
					t.Errorf("%s: result %d on %d processors differs from that on one", cell, i, processors)
				}
			}
		}
	}
}
