package lab

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/torch"
)

// Values of -backend.
const (
	backendCapas = "capas"
	backendTorch = "torch"
	backendCheck = "check"
)

// setBackend checks -backend and -device.
func (s *Settings) setBackend(backend, device string) error {
	switch backend {
	case backendCapas:
		if device != "" {
			return fmt.Errorf("-device %s: Capas's kernels run on the processor, want -backend torch or check", device)
		}
	case backendTorch, backendCheck:
		if device == "" {
			device = "cpu"
		}
	default:
		return fmt.Errorf("-backend %q: want %s, %s or %s", backend, backendCapas, backendTorch, backendCheck)
	}
	s.Backend, s.Device = backend, device
	return nil
}

// engine is what a run's functions run on.
type engine struct {
	backend autodiff.Backend  // nil for Capas's kernels
	referee *autodiff.Referee // of -backend check
	name    string            // of the engine beside Capas's kernels, such as "torch on cpu"
}

// String is what the report says of it; "" for Capas's kernels.
func (e engine) String() string {
	if e.referee != nil {
		return "Capas's kernels, checked by " + e.name
	}
	return e.name
}

// engine opens the backend. That it is missing is an error of usage.
func (s *Settings) engine() (engine, error) {
	if s.Backend == "" || s.Backend == backendCapas {
		return engine{}, nil
	}
	b, err := torch.Open(s.Device)
	if err != nil {
		return engine{}, fmt.Errorf("-backend %s: %w", s.Backend, err)
	}
	if s.Backend == backendTorch {
		return engine{backend: b, name: b.String()}, nil
	}
	r := autodiff.NewReferee(b)
	return engine{r, r, b.String()}, nil
}

// Apart says how far the two engines were apart at a node of a function; see
// autodiff.Difference.
type Apart struct {
	Function  string `json:"function"`
	Node      string `json:"node"`
	Relative  Number `json:"relative"` // null where only one of them gave a number
	Magnitude Number `json:"magnitude"`
	Run       int    `json:"run"`
	Runs      int    `json:"runs"`
}

// check is what goes into the result.
func (e engine) check() (all []Apart) {
	if e.referee == nil {
		return nil
	}
	for _, d := range e.referee.Differences() {
		all = append(all, Apart{d.Function, d.Node, Number(d.Relative), Number(d.Magnitude), d.Run, d.Runs})
	}
	return all
}

// rowsShown bounds the table of differences in the report; result.json has all.
const rowsShown = 20

// rounding is the relative difference up to which the report calls it rounding.
const rounding = 1e-5

// report adds the largest differences to the report. What a run that is resumed did before is not among
// them.
func (e engine) report(r *Results, resumed bool) {
	if e.referee == nil {
		return
	}
	since := ""
	if resumed {
		since = " since the run was resumed"
	}
	all := e.referee.Differences()
	if len(all) == 0 {
		r.Section("The two engines", fmt.Sprintf("Nothing ran on %s%s.", e.name, since))
		return
	}
	functions, apart := map[string]bool{}, 0
	for _, d := range all {
		functions[d.Function] = true
		if !(d.Relative <= rounding) {
			apart++
		}
	}
	r.Section("The two engines",
		fmt.Sprintf("Each run of %d functions%s, such as steps and evaluations, was made on Capas's kernels and on %s, from the same values and with the same random draws. The results are those of Capas's kernels, on which alone ran what only measures or draws.", len(functions), since, e.name),
		fmt.Sprintf("%d of %d nodes differ by more than 1e-5 of their largest element in some run. The largest difference is that of %q in %q: %s.", apart, len(all), all[0].Node, all[0].Function, relative(all[0].Relative)),
		"“output” is a loss, an error or what else a function gives, with the operation and the shape; “new W” is what a step leaves of W, and “for W” what that is made of, such as the gradient of W. Differences up to 1e-5 are rounding: sums are made in another order. A larger one is usually of a node whose elements are almost 0, which is all rounding, or of an element at a kink.")
	var rows [][]string
	for _, d := range all[:min(len(all), rowsShown)] {
		rows = append(rows, []string{d.Function, d.Node, relative(d.Relative), relative(d.Magnitude), fmt.Sprintf("%d of %d", d.Run, d.Runs)})
	}
	title := "The largest differences, relative to the largest element of the node"
	if len(all) > rowsShown {
		title += "; result.json has all"
	}
	r.Table(title, []string{"function", "node", "difference", "largest element", "run"}, rows)
}

func relative(x float64) string {
	if math.IsInf(x, 0) {
		return "∞"
	}
	return fmt.Sprintf("%.1e", x)
}
