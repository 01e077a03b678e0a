package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/models"

	"gorgonia.org/tensor"
)

// means accumulates the weighted means of outputs.
type means struct {
	monitors []models.Monitor
	sumOf    []float64
	weights  float64
}

// Sums are what the means over an unfinished epoch have come to.
type Sums struct {
	// Values are the weighted sums of the monitors, in their order.
	Values []float64 `json:"values"`
	// Weight is the sum of the weights: examples, or steps.
	Weight float64 `json:"weight"`
}

func (m *means) sums() Sums {
	if m.weights == 0 {
		return Sums{}
	}
	return Sums{slices.Clone(m.sumOf), m.weights}
}

// restore begins with the sums of monitors instead of at 0.
func (m *means) restore(s Sums, monitors []models.Monitor) error {
	if s.Weight == 0 && len(s.Values) == 0 {
		return nil
	}
	if len(s.Values) != len(monitors) || !(s.Weight > 0) {
		return fmt.Errorf("sums of the epoch so far: want those of %d values, got %d of weight %g", len(monitors), len(s.Values), s.Weight)
	}
	*m = means{monitors, slices.Clone(s.Values), s.Weight}
	return nil
}

// add takes up what the monitors show, the scalar outputs of f from the first on, after
// a change of scale. weight is the number of examples that they are of.
func (m *means) add(f *autodiff.Function, first int, monitors []models.Monitor, weight float64, scale func(float64) float64) error {
	if m.monitors == nil {
		m.monitors, m.sumOf = monitors, make([]float64, len(monitors))
	}
	for i, mon := range monitors {
		v, err := f.Scalar(first + i)
		if err != nil {
			return err
		}
		if err := finite(mon.Name, v); err != nil {
			return err
		}
		if v = scale(v); !mon.Sum {
			v *= weight
		}
		m.sumOf[i] += v
	}
	m.weights += weight
	return nil
}

func identity(v float64) float64 { return v }

// ErrDiverged is what the error of a training wraps that ended since a monitored value,
// a parameter or the score became NaN or infinite.
var ErrDiverged = errors.New("the training diverged, try a smaller learning rate")

// finite reports a quantity that is NaN or infinite.
func finite(name string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%s is %v: %w", name, v, ErrDiverged)
	}
	return nil
}

// finiteTensor reports the first element that is NaN or infinite.
func finiteTensor(name string, d *tensor.Dense) error {
	if d.Dtype() == tensor.Float32 {
		return finiteElements(name, d.Float32s())
	}
	return finiteElements(name, d.Float64s())
}

func finiteElements[T ops.Float](name string, x []T) error {
	for i, v := range x {
		if v-v != 0 { // NaN for NaN and ±Inf
			return finite(fmt.Sprintf("%s[%d]", name, i), float64(v))
		}
	}
	return nil
}

func (m *means) values() Values {
	var out Values
	for i, mon := range m.monitors {
		out = append(out, Value{mon.Name, m.sumOf[i] / m.weights})
	}
	return out
}
