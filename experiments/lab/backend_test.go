package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/autodiff"
	"capas/autodiff/torch"
	"capas/experiments/internal/cli"
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

// The report and the result of a run under a referee show what it noted, as far as there is anything.
func TestEngineReport(t *testing.T) {
	r := &Results{}
	engine{}.report(r)
	if len(r.blocks) != 0 || (engine{}).check() != nil {
		t.Error("without a referee the report has a section about it")
	}
	e := engine{referee: autodiff.NewReferee(nil)}
	e.report(r)
	if len(r.blocks) != 1 || r.blocks[0].Paragraphs[0] != "No function ran." {
		t.Errorf("before any run: got %+v", r.blocks)
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
