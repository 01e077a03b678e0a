package train

import (
	"fmt"
	"math"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/models"

	"gorgonia.org/tensor"
)

// means accumulates the weighted means of outputs.
type means struct {
	monitors []models.Monitor
	sums     []float64
	weights  float64
}

// add takes up what the monitors show, the scalar outputs of f from the first on, after
// a change of scale. weight is the number of examples that they are of.
func (m *means) add(f *autodiff.Function, first int, monitors []models.Monitor, weight float64, scale func(float64) float64) error {
	if m.monitors == nil {
		m.monitors, m.sums = monitors, make([]float64, len(monitors))
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
		m.sums[i] += v
	}
	m.weights += weight
	return nil
}

func identity(v float64) float64 { return v }

// finite reports a quantity that is NaN or infinite.
func finite(name string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%s is %v: the training diverged, try a smaller learning rate", name, v)
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
		out = append(out, Value{mon.Name, m.sums[i] / m.weights})
	}
	return out
}
