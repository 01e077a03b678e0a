package ops_test

import (
	"math"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/internal/gradcheck"
	"capas/random"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// run64 returns the gradient of the scalar that build makes by its first input.
func run64(t *testing.T, in []*tensor.Dense, build func(x G.Nodes) (*G.Node, error)) []float64 {
	t.Helper()
	g := G.NewGraph()
	x := make(G.Nodes, len(in))
	for i, v := range in {
		x[i] = gradcheck.Leaf(g, string(rune('a'+i)), v)
	}
	cost, err := build(x)
	if err != nil {
		t.Fatal(err)
	}
	d, err := autodiff.Grad(cost, x[0])
	if err != nil {
		t.Fatal(err)
	}
	return evaluate[float64](t, d[0])
}

// evaluate returns the elements of n.
func evaluate[T ops.Float](t *testing.T, n *G.Node) []T {
	t.Helper()
	f, err := autodiff.Compile(nil, G.Nodes{n}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.RunAll(); err != nil {
		t.Fatal(err)
	}
	e, err := ops.Elements[T](f.Output(0))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// In float32 to the last bits.
func TestExp(t *testing.T) {
	x := []float32{-20, -1, 0, 0.5, 3, 40}
	g := G.NewGraph()
	y, err := ops.Exp(G.NewVector(g, tensor.Float32, G.WithShape(len(x)), G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking(x)))))
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range evaluate[float32](t, y) {
		if want := math.Exp(float64(x[i])); !(math.Abs(float64(got)-want) <= 1e-6*want) {
			t.Errorf("exp(%g): want %g, got %g", x[i], want, got)
		}
	}
}

// Values by hand, in both dtypes.
func TestValues(t *testing.T) {
	type unary = func(a, b, v, s *G.Node) (*G.Node, error)
	for name, c := range map[string]struct {
		f    unary // of a = (1 2 3; −4 5 −6), b = (2 2 2; 1 0 −1), v = (10 20 30), s = 3
		want []float64
	}{
		"sqrt":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sqrt(G.Must(ops.Square(a))) }, []float64{1, 2, 3, 4, 5, 6}},
		"reciprocal":       {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Reciprocal(b) }, []float64{0.5, 0.5, 0.5, 1, math.Inf(1), -1}},
		"add":              {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Add(a, b) }, []float64{3, 4, 5, -3, 5, -7}},
		"add scalar":       {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Add(s, a) }, []float64{4, 5, 6, -1, 8, -3}},
		"sub":              {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sub(a, b) }, []float64{-1, 0, 1, -5, 5, -5}},
		"sub scalar":       {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sub(a, s) }, []float64{-2, -1, 0, -7, 2, -9}},
		"scalar sub":       {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sub(s, a) }, []float64{2, 1, 0, 7, -2, 9}},
		"mul":              {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Mul(a, b) }, []float64{2, 4, 6, -4, 0, 6}},
		"mul scalar":       {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Mul(a, s) }, []float64{3, 6, 9, -12, 15, -18}},
		"linear":           {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Linear(a, 2, -1) }, []float64{1, 3, 5, -9, 9, -13}},
		"square":           {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Square(a) }, []float64{1, 4, 9, 16, 25, 36}},
		"abs":              {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Abs(a) }, []float64{1, 2, 3, 4, 5, 6}},
		"sign":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sign(b) }, []float64{1, 1, 1, 1, 0, -1}},
		"sum":              {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Sum(a) }, []float64{1}},
		"mean":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Mean(b) }, []float64{1}},
		"sum of squares":   {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.SumSquares(a) }, []float64{91}},
		"fill":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Fill(s, shape{2}) }, []float64{3, 3}},
		"colsum":           {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.ColSum(a) }, []float64{-3, 7, -3}},
		"rowsum":           {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.RowSum(a) }, []float64{6, -5}},
		"repeat rows":      {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.RepeatRows(v, 2) }, []float64{10, 20, 30, 10, 20, 30}},
		"repeat cols":      {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.RepeatCols(v, 2) }, []float64{10, 10, 20, 20, 30, 30}},
		"reshape":          {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Reshape(a, 3, 2) }, []float64{1, 2, 3, -4, 5, -6}},
		"stop":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.StopGradient(v) }, []float64{10, 20, 30}},
		"a·bᵀ":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.MatMul(a, b, false, true) }, []float64{12, -2, -10, 2}},
		"aᵀ·b":             {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.MatMul(a, b, true, false) }, []float64{-2, 2, 6, 9, 4, -1, 0, 6, 12}},
		"affine":           {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Affine(a, c3(a), v, false) }, []float64{11, 22, 33, 6, 25, 24}},
		"affine, downward": {func(a, b, v, s *G.Node) (*G.Node, error) { return ops.Affine(a, c3(a), v, true) }, []float64{11, 22, 33, 6, 25, 24}},
		"scaled fill": {func(a, b, v, s *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(ops.Mul(c.Do(ops.Fill(s, shape{2, 3})), a)), c.Err()
		}, []float64{3, 6, 9, -12, 15, -18}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				g := G.NewGraph()
				a := leaf(g, dt, "a", []float64{1, 2, 3, -4, 5, -6}, 2, 3)
				b := leaf(g, dt, "b", []float64{2, 2, 2, 1, 0, -1}, 2, 3)
				v := leaf(g, dt, "v", []float64{10, 20, 30}, 3)
				n, err := c.f(a, b, v, leaf(g, dt, "s", []float64{3}))
				if err != nil {
					t.Fatal(err)
				}
				var got []float64
				if dt == tensor.Float32 {
					for _, v := range evaluate[float32](t, n) {
						got = append(got, float64(v))
					}
				} else {
					got = evaluate[float64](t, n)
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Errorf("%v: %s", dt, d)
				}
			}
		})
	}
}

// leaf adds a leaf with the given elements; no shape means a scalar.
func leaf(g *G.ExprGraph, dt tensor.Dtype, name string, v []float64, dims ...int) *G.Node {
	var value G.Value
	switch {
	case len(dims) == 0 && dt == tensor.Float32:
		value = G.NewF32(float32(v[0]))
	case len(dims) == 0:
		value = G.NewF64(v[0])
	case dt == tensor.Float64:
		value = tensor.New(tensor.WithShape(dims...), tensor.WithBacking(append([]float64{}, v...)))
	default:
		e := make([]float32, len(v))
		for i := range v {
			e[i] = float32(v[i])
		}
		value = tensor.New(tensor.WithShape(dims...), tensor.WithBacking(e))
	}
	if len(dims) == 0 {
		return G.NewScalar(g, dt, G.WithName(name), G.WithValue(value))
	}
	return G.NewTensor(g, dt, len(dims), G.WithShape(dims...), G.WithName(name), G.WithValue(value))
}

// c3 is the 3×3 identity.
func c3(like *G.Node) *G.Node {
	return leaf(like.Graph(), like.Dtype(), "identity", []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3)
}

// Sums of many float32 keep float64's precision: Σ 0.1 over 10⁶ elements, which a
// float32 accumulator misses by about 1 %.
func TestSumPrecision(t *testing.T) {
	const n = 1_000_000
	v := make([]float32, n)
	for i := range v {
		v[i] = 0.1
	}
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 1, G.WithShape(n), G.WithName("x"), G.WithValue(tensor.New(tensor.WithShape(n), tensor.WithBacking(v))))
	s, err := ops.Sum(x)
	if err != nil {
		t.Fatal(err)
	}
	want := n * float64(float32(0.1))
	if got := float64(evaluate[float32](t, s)[0]); math.Abs(got-want) > 1e-7*want {
		t.Errorf("sum of 10⁶ times 0.1: got %g, want %g", got, want)
	}
}

func TestScalar(t *testing.T) {
	for _, v := range []G.Value{G.NewF32(2.5), G.NewF64(2.5), tensor.New(tensor.FromScalar(2.5)), tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{2.5}))} {
		if got, err := ops.Scalar(v); err != nil || got != 2.5 {
			t.Errorf("scalar of %T: got %g, %v, want 2.5", v, got, err)
		}
	}
	for _, v := range []G.Value{nil, G.NewI(1), tensor.New(tensor.WithBacking([]float32{1, 2}))} {
		if got, err := ops.Scalar(v); err == nil {
			t.Errorf("scalar of %v: got %g, want an error", v, got)
		}
	}
}

// Elements shares memory, takes contiguous views and refuses others.
func TestElements(t *testing.T) {
	d := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	row, err := d.Slice(tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	e, err := ops.Elements[float32](row)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float32{3, 4, 5, 6}, e); d != "" {
		t.Error(d)
	}
	e[0] = 7
	if got := d.Float32s()[2]; got != 7 {
		t.Errorf("the elements do not share the tensor's memory: got %g", got)
	}
	col, err := d.Slice(nil, tensor.S(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := ops.Elements[float32](col); err == nil {
		t.Errorf("a column as contiguous elements: got %v, want an error", e)
	}
	if e, err := ops.Elements[float64](d); err == nil {
		t.Errorf("float32 as float64: got %v, want an error", e)
	}
	transposed := d.Clone().(*tensor.Dense)
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	if e, err := ops.Elements[float32](transposed); err == nil {
		t.Errorf("a transposed view as contiguous elements: got %v, want an error", e)
	}
}

// Random operations draw from the stream they are given, and anew at each run.
func TestRandomOps(t *testing.T) {
	const n = 40000
	g := G.NewGraph()
	p := G.NewTensor(g, tensor.Float32, 1, G.WithShape(n), G.WithName("p"), G.WithInit(G.ValuesOf(float32(0.3))))
	p64 := G.NewTensor(g, tensor.Float64, 1, G.WithShape(n), G.WithName("p64"), G.WithInit(G.ValuesOf(0.3)))
	type draw func(x *G.Node, s *random.Stream) (*G.Node, error)
	for name, c := range map[string]struct {
		f        draw
		mean, sd float64
	}{
		"bernoulli": {ops.Bernoulli, 0.3, math.Sqrt(0.3 * 0.7)},
		"mask":      {func(x *G.Node, s *random.Stream) (*G.Node, error) { return ops.Mask(x, 0.8, 2, s) }, 1.6, 2 * math.Sqrt(0.8*0.2)},
		"uniform":   {ops.Uniform, 0.5, math.Sqrt(1. / 12)},
		"normal":    {func(x *G.Node, s *random.Stream) (*G.Node, error) { return ops.Normal(x, 0.5, s) }, 0, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			draw, err := c.f(p, random.New(5))
			if err != nil {
				t.Fatal(err)
			}
			draw64, err := c.f(p64, random.New(5))
			if err != nil {
				t.Fatal(err)
			}
			f, err := autodiff.Compile(nil, G.Nodes{draw, draw64}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var first []float32
			for run := range 2 {
				if err := f.RunAll(); err != nil {
					t.Fatal(err)
				}
				e, err := ops.Elements[float32](f.Output(0))
				if err != nil {
					t.Fatal(err)
				}
				e64, err := ops.Elements[float64](f.Output(1))
				if err != nil {
					t.Fatal(err)
				}
				var sum, squares float64
				for i, v := range e {
					sum, squares = sum+float64(v), squares+float64(v)*float64(v)
					if math.Abs(float64(v)-e64[i]) > 1e-6 {
						t.Fatalf("element %d: float32 drew %g, float64 %g from the same stream", i, v, e64[i])
					}
				}
				mean := sum / n
				if sd := math.Sqrt(squares/n - mean*mean); math.Abs(sd-c.sd) > 0.02*c.sd {
					t.Errorf("run %d: standard deviation %g, want %g", run, sd, c.sd)
				}
				if math.Abs(mean-c.mean) > 4.5*c.sd/math.Sqrt(n) { // 4.5 standard errors: 1 in 10⁵
					t.Errorf("run %d: mean %g, want %g", run, mean, c.mean)
				}
				if run == 0 {
					first = append(first, e...)
				} else if cmp.Equal(first, e) {
					t.Error("the second run drew the numbers of the first")
				}
			}
		})
	}
}
