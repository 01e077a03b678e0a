package pretrain

import (
	"context"
	"fmt"
	"slices"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"

	G "gorgonia.org/gorgonia"
)

// Layer is one layer of a stack, to be trained without labels.
type Layer struct {
	// Model is trained on the codes of the layer below, the first on the data.
	Model train.Model
	// Code is what the layer passes on: the deterministic code of a clean input, also
	// where Model is trained on corrupted inputs or by samples.
	Code Code
	// Recipe of the layer's training.
	Recipe train.Recipe
	// Then are further trainings of the same layer, one after the other; see
	// Layer.RisingCD.
	Then []Phase
}

// Phase is a training that goes on where another one of the same parameters ended. The
// optimiser begins anew.
type Phase struct {
	// Name tells it from the layer's others: its stage is called "layer 1, Name".
	Name   string
	Model  train.Model
	Recipe train.Recipe
}

// RisingCD returns an RBM's layer with the number of Gibbs steps rising in training: after
// the layer's own, it is trained with each of ks in turn, by recipe, in stages called
// "layer 1, CD-3" and so on (Salakhutdinov & Murray 2008 let k rise from 1 to 25). Chains,
// offsets and the like go on from one to the next.
func (l Layer) RisingCD(ks []int, recipe func(k int) train.Recipe) (Layer, error) {
	cd, ok := l.Model.(*models.CD)
	if !ok {
		return Layer{}, fmt.Errorf("rising number of Gibbs steps: want a layer trained by contrastive divergence, got %T", l.Model)
	}
	l.Then = nil
	for _, k := range ks {
		if k < 1 {
			return Layer{}, fmt.Errorf("rising number of Gibbs steps: want at least one step, got %d", k)
		}
		l.Then = append(l.Then, Phase{Name: fmt.Sprintf("CD-%d", k), Model: cd.With(k), Recipe: recipe(k)})
	}
	return l, nil
}

// changed are a model's parameters and what else its steps change.
func changed(m train.Model) []*blocks.Param {
	ps := m.Params()
	if s, ok := m.(interface{ State() []*blocks.Param }); ok {
		ps = append(ps[:len(ps):len(ps)], s.State()...)
	}
	return ps
}

// params are what the stages of the layer leave: the parameters and, where a training goes
// on from another, what else the steps of any of them change.
func (l Layer) params() []*blocks.Param {
	if len(l.Then) == 0 {
		return l.Model.Params()
	}
	ps := changed(l.Model)
	for _, phase := range l.Then {
		for _, p := range changed(phase.Model) {
			if !slices.Contains(ps, p) {
				ps = append(ps, p)
			}
		}
	}
	return ps
}

// Code is a layer as a function of its inputs, such as a blocks.Dense.
type Code interface {
	Forward(v *G.Node) (*G.Node, error)
}

// DBNLayers returns the layers of a deep belief network, each trained by contrastive
// divergence with k Gibbs steps, which start at the data or, if chains is not 0, go on
// in so many persistent chains. recipe gives the recipe of layer l, counted from 0;
// noise is split into a stream for each layer.
func DBNLayers(d *models.DBN, k, chains int, recipe func(l int) train.Recipe, noise *random.Stream) ([]Layer, error) {
	var out []Layer
	for l, r := range d.Layers {
		s := split(noise, fmt.Sprint(l+1))
		cd := &models.CD{Model: r, K: k, Noise: s}
		if chains != 0 {
			var err error
			if cd, err = models.NewPersistentCD(r, k, chains, s); err != nil {
				return nil, fmt.Errorf("layer %d: %w", l+1, err)
			}
		}
		out = append(out, Layer{Model: cd, Code: r.Encoder(), Recipe: recipe(l)})
	}
	return out, nil
}

// split returns the stream named label of s; without s there is none.
func split(s *random.Stream, label string) *random.Stream {
	if s == nil {
		return nil
	}
	return s.Split(label)
}

// AutoencoderLayers returns the layers of a stack of autoencoders; recipe gives the
// recipe of layer l, counted from 0.
func AutoencoderLayers(st *models.StackedAutoencoder, recipe func(l int) train.Recipe) []Layer {
	var out []Layer
	for l, a := range st.Layers {
		out = append(out, Layer{Model: a, Code: a.Encoder(), Recipe: recipe(l)})
	}
	return out
}

// Greedy returns the stages "layer 1", "layer 2", …, each followed by those of
// Layer.Then: they train their layer on the clean codes of the data under the layers
// before it. order is split into a stream for
// each stage; nil keeps the order of the data.
func Greedy(layers []Layer, data *datasets.Set, order *random.Stream) []Stage {
	codes := &codes{data: data, layers: layers}
	var out []Stage
	var below []train.Model
	for l, layer := range layers {
		phases := append([]Phase{{Model: layer.Model, Recipe: layer.Recipe}}, layer.Then...)
		for i, p := range phases {
			name := fmt.Sprintf("layer %d", l+1)
			if i > 0 {
				name += ", " + p.Name
			}
			out = append(out, Stage{
				Name: name, Params: layer.params(), Stack: append(slices.Clone(below), p.Model),
				Train: func(ctx context.Context, hooks Hooks) (*train.History, error) {
					set, err := codes.under(l, hooks.Compiler)
					if err != nil {
						return nil, err
					}
					if l == len(layers)-1 && i == len(phases)-1 {
						codes.held = nil // not needed after this stage
					}
					t := hooks.Trainer(train.Trainer{Model: p.Model, Recipe: p.Recipe, Data: set, Order: split(order, name)})
					return t.Run(ctx)
				},
			})
		}
		below = append(below, layer.Model)
	}
	return out
}

// codes computes the data of each layer when it is asked for, from that of the layer
// below, and holds no more than one layer's.
type codes struct {
	data   *datasets.Set
	layers []Layer
	depth  int           // of current
	held   *datasets.Set // the data under layer depth; nil for none
}

// under returns the data for layer l, by functions that compiler makes.
func (c *codes) under(l int, compiler autodiff.Compiler) (*datasets.Set, error) {
	if c.held == nil || c.depth > l {
		c.held, c.depth = c.data, 0
	}
	for ; c.depth < l; c.depth++ {
		if c.layers[c.depth].Code == nil {
			return nil, fmt.Errorf("layer %d: want a code, on which layer %d is trained, got none", c.depth+1, c.depth+2)
		}
		code := train.Mapper{Forward: c.layers[c.depth].Code.Forward, Compiler: compiler}
		x, err := code.Run(c.held.X)
		if err != nil {
			return nil, fmt.Errorf("code of layer %d: %w", c.depth+1, err)
		}
		if c.held, err = c.data.WithX(x); err != nil {
			return nil, fmt.Errorf("code of layer %d: %w", c.depth+1, err)
		}
	}
	return c.held, nil
}

// Joint returns a stage that trains all of a model at once without labels. See
// Unrolled for a stack as a deep autoencoder.
func Joint(name string, m train.Model, recipe train.Recipe, data *datasets.Set, order *random.Stream) Stage {
	return joint(name, m, nil, recipe, data, nil, order)
}

// JointWatched is Joint of a model that is measured on another set after each epoch, which
// decides nothing: training ends with the last parameters. watched may be nil.
func JointWatched(name string, m Autoencoder, recipe train.Recipe, data, watched *datasets.Set, order *random.Stream) Stage {
	return joint(name, m, m, recipe, data, watched, order)
}

// Autoencoder is a model that is trained and measured without labels and has the monitor
// "loss".
type Autoencoder interface {
	train.Model
	train.Evaluable
}

func joint(name string, m train.Model, e train.Evaluable, recipe train.Recipe, data, watched *datasets.Set, order *random.Stream) Stage {
	return Stage{
		Name: name, Params: changed(m),
		Train: func(ctx context.Context, hooks Hooks) (*train.History, error) {
			t := hooks.Trainer(train.Trainer{Model: m, Recipe: recipe, Data: data, Order: split(order, name)})
			if watched != nil {
				evaluator := train.NewEvaluator(e)
				evaluator.Compiler = hooks.Compiler
				t.Score, t.KeepLast = "loss", true
				t.Validate = func() (train.Values, error) { return evaluator.Run(watched) }
			}
			return t.Run(ctx)
		},
	}
}

// Stack is a stack of layers that can be unrolled into a deep autoencoder.
type Stack interface {
	Unroll(name string) (*models.DeepAutoencoder, error)
}

var (
	_ Stack = (*models.DBN)(nil)
	_ Stack = (*models.StackedAutoencoder)(nil)
)

// Unrolled returns a stage that trains all layers of a pretrained stack together, as
// one deep autoencoder (Hinton & Salakhutdinov 2006), and the autoencoder. Decoder
// layers that are transposed copies of the stack's are copied again when the stage
// runs, after the stages that pretrain the stack.
func Unrolled(name string, stack Stack, recipe train.Recipe, data *datasets.Set, order *random.Stream) (Stage, *models.DeepAutoencoder, error) {
	return UnrolledWatched(name, stack, recipe, data, nil, order)
}

// UnrolledWatched is Unrolled with the autoencoder measured on another set after each
// epoch, as JointWatched does.
func UnrolledWatched(name string, stack Stack, recipe train.Recipe, data, watched *datasets.Set, order *random.Stream) (Stage, *models.DeepAutoencoder, error) {
	auto, err := stack.Unroll(name)
	if err != nil {
		return Stage{}, nil, err
	}
	stage := JointWatched(name, auto, recipe, data, watched, order)
	joint := stage.Train
	stage.Train = func(ctx context.Context, hooks Hooks) (*train.History, error) {
		now, err := stack.Unroll(name)
		if err != nil {
			return nil, err
		}
		for i, p := range now.Params() {
			copy(auto.Params()[i].Value.Float32s(), p.Value.Float32s())
		}
		return joint(ctx, hooks)
	}
	return stage, auto, nil
}

// Classifier is a network that can be trained and evaluated: one that tells classes or,
// with another loss, numbers.
type Classifier interface {
	train.Model
	train.Evaluable
}

// FineTune returns the stage "fine-tuning": supervised training of the whole network.
// It ends with the parameters that had the smallest error on the validation set; with
// those after the last epoch if validation is nil.
func FineTune(net Classifier, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	return supervised("fine-tuning", "error", net, net, recipe, data, validation, order)
}

// Supervised returns the stage "training" of a network from first weights: as FineTune,
// with the parameters that had the smallest validation value named score, such as "error"
// or, of a regression, "loss".
func Supervised(score string, net Classifier, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	return supervised("training", score, net, net, recipe, data, validation, order)
}

// TopLayer returns the stage "top layer": supervised training of the given parameters
// alone, such as those of the output layer over pretrained layers (Hinton &
// Salakhutdinov 2006 train it for 5 epochs before the rest).
func TopLayer(net Classifier, trained []*blocks.Param, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	return supervised("top layer", "error", train.Only{Model: net, Trained: trained}, net, recipe, data, validation, order)
}

func supervised(name, score string, m train.Model, net train.Evaluable, recipe train.Recipe, data, validation *datasets.Set, order *random.Stream) Stage {
	return Stage{
		Name: name, Params: m.Params(),
		Train: func(ctx context.Context, hooks Hooks) (*train.History, error) {
			t := train.Trainer{Model: m, Recipe: recipe, Data: data, Order: split(order, name), Score: score}
			if validation != nil {
				evaluator := train.NewEvaluator(net)
				evaluator.Compiler = hooks.Compiler
				t.Validate = func() (train.Values, error) { return evaluator.Run(validation) }
			}
			return hooks.Trainer(t).Run(ctx)
		},
	}
}
