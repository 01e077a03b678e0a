package train

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"capas/blocks"
	"capas/internal/atomicfile"

	"github.com/nlpodyssey/safetensors"
	"gorgonia.org/tensor"
)

// SaveParams writes parameters to a file in the safetensors format, under their names,
// in float32. The file appears whole or not at all: it is written beside its place,
// synced and renamed.
func SaveParams(path string, params []*blocks.Param, metadata map[string]string) (err error) {
	views := map[string]safetensors.TensorView{}
	for _, p := range params {
		if _, twice := views[p.Name]; twice {
			return fmt.Errorf("save %s: two parameters are called %s", path, p.Name)
		}
		if p.Value.Dtype() != tensor.Float32 {
			return fmt.Errorf("save %s: %s: want float32, got %v", path, p.Name, p.Value.Dtype())
		}
		var shape []uint64
		for _, d := range p.Value.Shape() {
			shape = append(shape, uint64(d))
		}
		data := make([]byte, 0, 4*p.Value.DataSize())
		for _, v := range p.Value.Float32s() {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		if views[p.Name], err = safetensors.NewTensorView(safetensors.F32, shape, data); err != nil {
			return fmt.Errorf("save %s: %s: %w", path, p.Name, err)
		}
	}
	data, err := safetensors.Serialize(views, metadata)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return atomicfile.Write(path, data)
}

// LoadParams reads parameters that SaveParams wrote into the tensors of params, which
// must be the same by name and shape, and returns the file's metadata. Nothing is
// changed unless all fit.
func LoadParams(path string, params []*blocks.Param) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	_, meta, err := safetensors.ReadMetadata(data)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	if file.Len() != len(params) {
		return nil, fmt.Errorf("load %s: want %d tensors, got %d", path, len(params), file.Len())
	}
	values := make([][]byte, len(params))
	for i, p := range params {
		v, ok := file.Tensor(p.Name)
		if !ok {
			return nil, fmt.Errorf("load %s: has no tensor %s", path, p.Name)
		}
		if v.DType() != safetensors.F32 || !sameShape(v.Shape(), p.Value.Shape()) || p.Value.Dtype() != tensor.Float32 {
			return nil, fmt.Errorf("load %s: %s: want %v of shape %v, got %v of shape %v", path, p.Name, p.Value.Dtype(), p.Value.Shape(), v.DType(), v.Shape())
		}
		values[i] = v.Data()
	}
	for i, p := range params {
		dst := p.Value.Float32s()
		for j := range dst {
			dst[j] = math.Float32frombits(binary.LittleEndian.Uint32(values[i][4*j:]))
		}
	}
	return meta.Metadata(), nil
}

func sameShape(a []uint64, b tensor.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != uint64(b[i]) {
			return false
		}
	}
	return true
}
