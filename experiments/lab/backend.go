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
		return engine{backend: b}, nil
	}
	r := autodiff.NewReferee(b)
	return engine{r, r}, nil
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

// report adds the largest differences to the report.
func (e engine) report(r *Results) {
	if e.referee == nil {
		return
	}
	all := e.referee.Differences()
	text := "No function ran."
	if len(all) > 0 {
		text = fmt.Sprintf("Every step and every evaluation ran twice, %v, from the same values and with the same random draws. The largest relative difference of %d nodes is %s, of %s in %q.",
			e.referee, len(all), relative(all[0].Relative), all[0].Node, all[0].Function)
	}
	r.Section("The two engines", text)
	if len(all) == 0 {
		return
	}
	var rows [][]string
	for _, d := range all[:min(len(all), rowsShown)] {
		rows = append(rows, []string{d.Function, d.Node, relative(d.Relative), relative(d.Magnitude), fmt.Sprintf("%d of %d", d.Run, d.Runs)})
	}
	r.Table("The largest differences, relative to the largest element of the node", []string{"function", "node", "difference", "largest element", "run"}, rows)
}

func relative(x float64) string {
	if math.IsInf(x, 0) {
		return "∞"
	}
	return fmt.Sprintf("%.1e", x)
}
