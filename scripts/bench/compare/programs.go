package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"capas/experiments/lab"
)

// install says what to do where a program to compare with is missing.
const install = "apt-get install python3-torch libopenblas0-pthread python3-sklearn"

// program is something that runs workloads: a command that takes --seconds, --threads
// and a workload and prints its measurement as a JSON line.
type program struct {
	name    string
	command []string
	version string
	missing string // why it cannot run, if it cannot
	prefix  string // of the names of the workloads that it knows
	lacks   string // prefix of the names of those that it cannot do; "" for none
}

// measurement is a line of a program's output; see scripts/bench.
type measurement struct {
	Name     string  `json:"name"`
	MedianUS float64 `json:"median_us"`
	MinUS    float64 `json:"min_us"`
	GFLOP    float64 `json:"gflop"`
	Allocs   int     `json:"allocs"`
	Kernels  string  `json:"kernels"`
	Threads  int     `json:"threads"`
}

// measure runs one workload.
func (p program) measure(ctx context.Context, workload string, s settings) (measurement, error) {
	args := append(slices.Clone(p.command), "--seconds", strconv.FormatFloat(s.seconds, 'g', -1, 64), "--threads", strconv.Itoa(s.threads), workload)
	out, err := output(ctx, args)
	if err != nil {
		return measurement{}, err
	}
	var r measurement
	if err := json.Unmarshal(out, &r); err != nil || r.Name != workload || !(r.MedianUS > 0 && r.MinUS > 0) {
		return r, fmt.Errorf("%s: want one JSON line with the times of %s, got %q", strings.Join(args, " "), workload, out)
	}
	return r, nil
}

// knows tells whether the program is there and has the workload.
func (p program) knows(workload string) bool {
	return p.missing == "" && strings.HasPrefix(workload, p.prefix) && (p.lacks == "" || !strings.HasPrefix(workload, p.lacks))
}

// output is what a command writes to its standard output.
func output(ctx context.Context, args []string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
		}
		return nil, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// machine is where the comparison runs: the repository and the tools.
type machine struct {
	root   string // of the repository
	dir    string // for binaries and results
	python string
	load   float64 // of the machine in the minute before, as Linux tells it; elsewhere 0
}

// busy is a load at which the machine does something else.
const busy = 1.0

func newMachine(ctx context.Context, dir, python string) (*machine, error) {
	root, err := output(ctx, []string{"go", "list", "-m", "-f", "{{.Dir}}", "capas"})
	if err != nil {
		return nil, fmt.Errorf("run compare inside of the repository: %w", err)
	}
	m := &machine{root: strings.TrimSpace(string(root)), dir: dir, python: python}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Sscan(string(load), &m.load)
	}
	return m, nil
}

// build compiles one of the repository's commands.
func (m *machine) build(ctx context.Context, pkg string, tags ...string) (string, error) {
	binary := filepath.Join(m.dir, strings.Join(append([]string{filepath.Base(pkg)}, tags...), "-"))
	_, err := output(ctx, []string{"go", "build", "-C", m.root, "-tags", strings.Join(tags, ","), "-o", binary, "./" + pkg})
	return binary, err
}

// module returns a field of a module that the repository requires.
func (m *machine) module(ctx context.Context, field, path string) (string, error) {
	out, err := output(ctx, []string{"go", "list", "-C", m.root, "-m", "-f", "{{." + field + "}}", path})
	return strings.TrimSpace(string(out)), err
}

// programs returns all four, Capas first, and libtorch if it is wanted.
func (m *machine) programs(ctx context.Context, libtorch bool) ([]program, error) {
	bench, err := m.build(ctx, "scripts/bench")
	if err != nil {
		return nil, err
	}
	gorgonia, err := m.module(ctx, "Version", "gorgonia.org/gorgonia")
	if err != nil {
		return nil, err
	}
	all := []program{
		{name: "Capas", command: []string{bench, "-json"}, version: runtime.Version()},
		m.script(ctx, "PyTorch", "torch", "torch_step.py", ""),
		{name: "Gorgonia", command: []string{bench, "-json", "-machine", "stock"}, version: gorgonia, lacks: "lstm-"},
		m.script(ctx, "scikit-learn", "sklearn", "sklearn_rbm.py", "rbm-"),
	}
	if !libtorch {
		return all, nil
	}
	gotch, err := m.module(ctx, "Version", "github.com/sugarme/gotch")
	if err != nil {
		return nil, err
	}
	if bench, err = m.build(ctx, "scripts/bench", "libtorch"); err != nil {
		return nil, fmt.Errorf("-libtorch: want the environment that scripts/libtorch prints: %w", err)
	}
	return append(all, program{name: "libtorch", command: []string{bench, "-json", "-machine", "torch"}, version: "by gotch " + gotch}), nil
}

// script is a Python script of the repository, missing if Python has not its module.
func (m *machine) script(ctx context.Context, name, module, file, prefix string) program {
	p := program{name: name, command: []string{m.python, filepath.Join(m.root, "scripts", file)}, prefix: prefix}
	// Debian's packages use whatever BLAS is installed, and OpenBLAS is by far the fastest.
	ask := fmt.Sprintf("import %s, pathlib; m = pathlib.Path('/proc/self/maps'); print(%[1]s.__version__, 'OpenBLAS' if not m.exists() or 'openblas' in m.read_text() else 'SLOW BLAS: install libopenblas0-pthread')", module)
	out, err := output(ctx, []string{m.python, "-c", ask})
	if err != nil {
		p.missing = fmt.Sprintf("%s is not installed for %s: %s", name, m.python, install)
		return p
	}
	version, blas, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	p.version = version + " with " + blas
	return p
}

// describe prints what the table was measured with.
func (m *machine) describe(w io.Writer, s settings, t table) {
	m.describeMachine(w, s)
	for i, p := range t.programs {
		switch {
		case p.missing != "":
			fmt.Fprintln(w, p.missing)
		case i == 0:
			first := t.rounds[p.name][t.workloads[0]][0]
			fmt.Fprintf(w, "%s: %s, %s kernels, %d threads\n", p.name, p.version, first.Kernels, first.Threads)
		default:
			fmt.Fprintf(w, "%s: %s\n", p.name, p.version)
		}
	}
	what := "Median"
	if s.least {
		what = "Least"
	}
	fmt.Fprintf(w, "\n%s times of a step: the middle of %d rounds of %g s. Ratios: the middle, least and greatest of the rounds.\n\n", what, s.rounds, s.seconds)
}

func (m *machine) describeMachine(w io.Writer, s settings) {
	command := strings.Join(append([]string{"go run ./scripts/bench/compare"}, s.args...), " ")
	fmt.Fprintf(w, "%s\n%s, %d CPUs, %s/%s\n", command, lab.CPU(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if m.load >= busy {
		fmt.Fprintf(w, "Other programs were running (load %.1f): PyTorch and scikit-learn lose more to them than Capas does, least with -threads 1 -min.\n", m.load)
	}
}
