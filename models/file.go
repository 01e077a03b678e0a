package models

import (
	"fmt"
	"slices"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/internal/tensorfile"

	"gorgonia.org/tensor"
)

// descriptionKey is the entry of a file's metadata that holds the description.
const descriptionKey = "capas.model"

// Save writes a model to a file that PyTorch and other programs read: safetensors, with
// the names and the layout of torch.nn.Linear, whose weights are (units, inputs), W
// transposed. model is one of these, with float32 parameters:
//
//	*MLP                 0.weight, 0.bias, 2.weight, …: the state_dict of
//	                     nn.Sequential(Linear, activation, Linear, …)
//	*Autoencoder         encoder.weight, encoder.bias, decoder.bias and, if untied,
//	                     decoder.weight; a tied decoder has encoder.weight transposed
//	*StackedAutoencoder  layers.0.encoder.weight, …: an autoencoder a layer
//	*DeepAutoencoder     encoder.0.weight, …, decoder.0.weight, …: two nn.Sequential
//	*RBM                 weight (k,n), hidden_bias (k), visible_bias (n) and, with
//	                     variances, visible_log_variance (n)
//	*DBN                 layers.0.weight, …: an RBM a layer
//	*DBM                 as a DBN, but that only layers.0 has a visible_bias
//	*LabelRBM            as an RBM, and label_weight (k,classes), label_bias (classes)
//	*LabelDBN            layers.0.weight, …: a layer as an RBM, if it is untied with a
//	                     generative_weight (k,n), and last a LabelRBM
//	*ConvNet             0.weight (f,c,kh,kw), 0.bias, …: the state_dict of
//	                     nn.Sequential(Conv2d, BatchNorm2d, MaxPool2d, activation, …,
//	                     Flatten, Linear, activation, …, Linear), without what a layer has not;
//	                     of batch normalisation weight, bias, running_mean, running_var
//	*ConvGenerator       0.weight, 0.bias, …: the state_dict of nn.Sequential(Linear, Unflatten,
//	                     BatchNorm2d, activation, ConvTranspose2d, …), as a ConvNet
//	*Hopfield            weight (n,n), bias (n): the state_dict of nn.Linear(n, n)
//	*DenseHopfield       patterns (k,n)
//	*BAM                 as an RBM
//	*Recurrent           rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, …: torch.nn.RNN, LSTM
//	                     or GRU, and fc.weight, fc.bias
//	*Jordan              input.weight, input.bias, feedback.weight, output.weight, output.bias
//	*PolicyValue         trunk.1.weight, trunk.1.bias, …: the nn.Sequential of a ConvNet with an
//	                     activation behind each Linear; policy.weight, policy.bias, value.weight,
//	                     value.bias: those of two nn.Linear
//
// The metadata entry "capas.model" describes the model in JSON: its kind, sizes,
// activations, outputs, types of units, and the names of its parameters. What serves
// training alone is not kept: rates of dropout, corruption, streams. The other entries are
// those of note; the file has a checksum, and appears whole or not at all.
func Save(path string, model any, note map[string]string) error {
	return SaveIf(path, model, note, nil)
}

// SaveIf is Save, and nothing is written if ready, unless it is nil, returns an error,
// which SaveIf wraps. ready is called when the file's directory is open: if it finds
// there the directory that it expects, that one is written to.
func SaveIf(path string, model any, note map[string]string, ready func() error) error {
	f, err := encode(model, note)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	if err := tensorfile.WriteIf(path, f, ready); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	return nil
}

func encode(model any, note map[string]string) (*tensorfile.File, error) {
	d, params, err := describe(model)
	if err != nil {
		return nil, err
	}
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	f := &tensorfile.File{Metadata: map[string]string{descriptionKey: text}}
	for k, v := range note {
		if k == descriptionKey {
			return nil, fmt.Errorf("note %q: the name is taken", k)
		}
		f.Metadata[k] = v
	}
	for i, s := range d.slots() {
		e, err := s.elements(params[i])
		if err != nil {
			return nil, err
		}
		out := make([]float32, len(e))
		s.copy(out, e, s.shape)
		f.Tensors = append(f.Tensors, tensorfile.Tensor{Name: s.tensor, Shape: s.fileShape(), Data: out})
	}
	return f, nil
}

// Load rebuilds the model of a file of Save, with parameters of the same names, and
// returns it, a pointer to one of the types that Save writes, and the note.
func Load(path string) (model any, note map[string]string, err error) {
	f, err := tensorfile.Read(path)
	if err != nil {
		return nil, nil, fmt.Errorf("load: %w", err)
	}
	if model, err = decode(f); err != nil {
		return nil, nil, fmt.Errorf("load %s: %w", path, err)
	}
	delete(f.Metadata, descriptionKey)
	return model, f.Metadata, nil
}

func decode(f *tensorfile.File) (model any, err error) {
	text, ok := f.Metadata[descriptionKey]
	if !ok {
		return nil, fmt.Errorf("want the description of a model in the metadata, as %q, got none", descriptionKey)
	}
	d, err := parseDescription(text)
	if err != nil {
		return nil, err
	}
	tensors, err := d.find(f)
	if err != nil {
		return nil, err
	}
	var params []*blocks.Param
	for i, s := range d.slots() {
		e := make([]float32, len(tensors[i].Data))
		s.copy(e, tensors[i].Data, tensors[i].Shape)
		params = append(params, &blocks.Param{Name: s.param, Value: tensor.New(tensor.WithShape(s.shape...), tensor.WithBacking(e))})
	}
	return d.build(params), nil
}

// LoadInto sets the parameters of a model to the tensors of a file, which must be those
// that Save would write, by name and shape: one of Save, or one that another program
// made, such as PyTorch's from the state_dict of the same network. The file needs no
// metadata, and says nothing about the activations. Nothing is changed unless all
// fits.
func LoadInto(path string, model any) error {
	d, params, err := describe(model)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	f, err := tensorfile.Read(path)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	tensors, err := d.find(f)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	slots := d.slots()
	into := make([][]float32, len(slots))
	for i, s := range slots {
		if into[i], err = s.elements(params[i]); err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
	}
	for i, s := range slots {
		s.copy(into[i], tensors[i].Data, tensors[i].Shape)
	}
	return nil
}

// slot is the place of a parameter in a file.
type slot struct {
	tensor, param string // names in the file and in the model
	shape         []int  // of the parameter; a matrix stands transposed in the file
}

func (s slot) fileShape() []int {
	if len(s.shape) == 2 {
		return []int{s.shape[1], s.shape[0]}
	}
	return s.shape
}

// elements of the parameter, which must be of the slot's shape.
func (s slot) elements(p *blocks.Param) ([]float32, error) {
	if !slices.Equal(p.Value.Shape(), s.shape) {
		return nil, fmt.Errorf("parameter %s: want shape %v, got %v", p.Name, tensor.Shape(s.shape), p.Value.Shape())
	}
	e, err := ops.Elements[float32](p.Value)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
	}
	return e, nil
}

// copy copies elements between model and file, either way: a matrix src of the given
// shape becomes its transpose.
func (s slot) copy(dst, src []float32, shape []int) {
	if len(shape) != 2 {
		copy(dst, src)
		return
	}
	// In bands of the source's columns, whose rows of the destination stay in the cache.
	const band = 16
	rows, cols := shape[0], shape[1]
	for from := 0; from < cols; from += band {
		to := min(from+band, cols)
		for i := range rows {
			for j, v := range src[i*cols+from : i*cols+to] {
				dst[(from+j)*rows+i] = v
			}
		}
	}
}

// find returns the tensors of a file in the order of the slots, of which it has to have
// all and no other.
func (d *description) find(f *tensorfile.File) ([]tensorfile.Tensor, error) {
	byName := map[string]tensorfile.Tensor{}
	for _, t := range f.Tensors {
		byName[t.Name] = t
	}
	var out []tensorfile.Tensor
	for _, s := range d.slots() {
		t, ok := byName[s.tensor]
		if !ok {
			return nil, fmt.Errorf("want tensor %s of shape %v, got a file without it", s.tensor, s.fileShape())
		}
		if want := s.fileShape(); !slices.Equal(t.Shape, want) {
			return nil, fmt.Errorf("tensor %s: want shape %v, got %v", s.tensor, want, t.Shape)
		}
		delete(byName, s.tensor)
		out = append(out, t)
	}
	for _, t := range f.Tensors {
		if _, left := byName[t.Name]; left && !d.counts(t.Name) {
			return nil, fmt.Errorf("want %d tensors, got also %q of shape %v", len(out), t.Name, t.Shape)
		}
	}
	return out, nil
}
