package lab

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/autodiff/torch"
	"capas/experiments/internal/cli"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Flags of the backend that make no sense, or that this program or machine cannot serve, are errors of
// usage in one line, before anything is written.
func TestBackendFlags(t *testing.T) {
	cases := []struct{ says, args string }{
		{`-backend "cuda": want capas, torch or check`, "-backend cuda"},
		{"-device cpu: Capas's kernels run on the processor, want -backend torch or check", "-device cpu"},
	}
	if _, err := torch.Open("cpu"); err != nil {
		how := "was built without libtorch: scripts/libtorch sets it up"
		cases = append(cases, struct{ says, args string }{how, "-backend torch"}, struct{ says, args string }{how, "-backend check -device cuda:0"})
	} else {
		cases = append(cases, struct{ says, args string }{`device "tpu": want cpu, or cuda:0`, "-backend torch -device tpu"})
	}
	for _, c := range cases {
		out := filepath.Join(t.TempDir(), "out")
		var stdout, stderr bytes.Buffer
		status := Main(toy(), append(strings.Fields(c.args), "-out", out), &stdout, &stderr)
		if status != cli.Usage || !strings.Contains(stderr.String(), c.says) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: status %d, %q, want %d and one line with %q", c.args, status, stderr.String(), cli.Usage, c.says)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: the directory of results was made", c.args)
		}
	}
}

// wrongly is a backend whose results are twice what they should be.
type wrongly struct{ program *autodiff.Program }

func (wrongly) String() string { return "wrong on cpu" }

func (wrongly) Build(p *autodiff.Program) (autodiff.Machine, error) { return wrongly{p}, nil }

func (m wrongly) Run(values []G.Value) error {
	for _, s := range m.program.Outputs {
		x, err := ops.Elements[float32](values[m.program.Values[s].In[0]])
		if err != nil {
			return err
		}
		y, err := ops.Elements[float32](values[s])
		for i, v := range x {
			y[i] = 2 * v * v
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (wrongly) Close() error { return nil }

// The report and the result of a run under a referee show what it noted, as far as there is anything.
func TestEngineReport(t *testing.T) {
	r := &Results{}
	engine{}.report(r, false)
	if len(r.blocks) != 0 || (engine{}).check() != nil || (engine{}).String() != "" {
		t.Error("without a referee the report has a section about it")
	}
	referee := autodiff.NewReferee(wrongly{})
	e := engine{backend: referee, referee: referee, name: "wrong on cpu"}
	e.report(r, true)
	if want := "Nothing ran on wrong on cpu since the run was resumed."; len(r.blocks) != 1 || r.blocks[0].Paragraphs[0] != want {
		t.Errorf("before any run: got %+v, want %q", r.blocks, want)
	}
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float32, G.WithName("x"), G.WithShape(2))
	y, err := ops.Square(x)
	if err != nil {
		t.Fatal(err)
	}
	f, err := autodiff.Compiler{Backend: referee}.Under("net").Compile("square", G.Nodes{x}, G.Nodes{y}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, 2}))); err != nil {
		t.Fatal(err)
	}
	r = &Results{}
	e.report(r, false)
	text := strings.Join(r.blocks[0].Paragraphs, "\n")
	for _, want := range []string{"Each run of 1 functions, such", "on wrong on cpu, from", "1 of 1 nodes differ", `"output: square (2)" in "net square": 5.0e-01.`} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if row := fmt.Sprint(r.blocks[1].Table.Rows); row != "[[net square output: square (2) 5.0e-01 8.0e+00 1 of 1]]" {
		t.Errorf("got the table %s", row)
	}
	all := e.check()
	if len(all) != 1 || all[0] != (Apart{"net square", "output: square (2)", 0.5, 8, 1, 1}) {
		t.Errorf("got %+v", all)
	}
	rows := fmt.Sprint(runRows(&Document{Config: Config{Seeds: []uint64{1}}, Environment: Environment{Engine: e.String()}}))
	if want := "[engine Capas's kernels, checked by wrong on cpu]"; !strings.Contains(rows, want) {
		t.Errorf("the report lacks %s: %s", want, rows)
	}
}

// The backend is part of a configuration where it changes numbers.
func TestBackendInConfig(t *testing.T) {
	set := &settings[toyRecipe]{Settings: Settings{Backend: backendCheck, Device: "cpu"}}
	if conf, err := newConfig("toy", set); err != nil || conf.Backend != "" || conf.Device != "" {
		t.Errorf("check: got %+v, %v", conf, err)
	}
	set.Backend, set.Device = backendTorch, "cuda:1"
	if conf, err := newConfig("toy", set); err != nil || conf.Backend != backendTorch || conf.Device != "cuda:1" {
		t.Errorf("torch: got %+v, %v", conf, err)
	}
}
