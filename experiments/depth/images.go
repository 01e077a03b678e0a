package main

import (
	"context"
	"fmt"
	"math"

	"capas/autodiff"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// generated are the names of the generated sets; their published sizes of the training
// sets are 1000 and 6000.
func generated() []string { return []string{"rectangles", "convex"} }

// generatedValidation is how many validation images the generated sets have. Published
// were 200 and 2000; with 200, an error of 5 % has a standard error of 1.5 points, too
// much to choose rates by.
const generatedValidation = 2000

// loadSets loads -data and makes the generated sets, the same for all seeds, as the
// published ones are.
func loadSets(ctx context.Context, r *lab.Run[Recipe]) (map[string]*datasets.Split, error) {
	sets := map[string]*datasets.Split{}
	var err error
	if sets[r.Data], err = datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir, Download: r.Download}); err != nil {
		return nil, err
	}
	for _, name := range generated() {
		s, err := datasets.Generate(ctx, name, random.New(0).Split("depth"), datasets.GenerateOptions{Validation: generatedValidation, Test: r.Recipe.Tests})
		if err != nil {
			return nil, err
		}
		if n := r.Recipe.Images; n > 0 && n < s.Train.Len() {
			if s.Train, err = s.Train.Take(n); err != nil {
				return nil, err
			}
		}
		sets[name] = s
	}
	return sets, nil
}

// setNames are the names of all sets, in the order of the report.
func setNames(data string) []string { return append([]string{data}, generated()...) }

// parameters of a network with hidden layers of equal width.
func parameters(inputs, depth, width, outputs int) int {
	return (inputs+1)*width + (depth-1)*(width+1)*width + (width+1)*outputs
}

// widthFor is the width at which a network's number of parameters is nearest to the
// wanted one.
func widthFor(wanted, inputs, depth, outputs int) int {
	w := 1
	for parameters(inputs, depth, w+1, outputs) <= wanted {
		w++
	}
	if over := parameters(inputs, depth, w+1, outputs) - wanted; over < wanted-parameters(inputs, depth, w, outputs) {
		w++
	}
	return w
}

// spec says which network is trained on images.
type spec struct {
	set   string
	depth int // hidden layers; 0, with linear, is softmax regression
	// linear tells that the hidden layers have no activation.
	linear bool
	rate   float64
	seed   uint64
}

// name heads the network's lines in the log.
func (s spec) name() string { return fmt.Sprintf("%s-rate-%g", s.key(), s.rate) }

// key is the name without the rate, and that of the network's metrics.
func (s spec) key() string {
	kind := "relu"
	if s.linear {
		kind = "linear"
	}
	return fmt.Sprintf("%s-%s-depth-%d", s.set, kind, s.depth)
}

// at is the network of another rate or seed.
func (s spec) at(rate float64, seed uint64) spec {
	s.rate, s.seed = rate, seed
	return s
}

// comparison are the networks that are compared, without rates and seeds: those of equal
// numbers of parameters on every set, and on -data the same shapes without activations.
func comparison(r Recipe, data string) []spec {
	var all []spec
	for _, set := range setNames(data) {
		for _, d := range r.Depths {
			all = append(all, spec{set: set, depth: d})
		}
	}
	return append(all, linearNets(r, data)...)
}

// linearNets are those without activations.
func linearNets(r Recipe, data string) []spec {
	var all []spec
	for _, d := range append([]int{0}, r.Depths...) {
		all = append(all, spec{set: data, depth: d, linear: true})
	}
	return all
}

// network returns a network with its first weights, the same at all rates. ReLU layers
// have He's; linear ones LeCun's, under which the variance stays the same from layer to
// layer, as it does under He's where half of the units are 0.
func (s spec) network(wanted int, data *datasets.Set) (*models.MLP, error) {
	sizes := []int{data.Dim()}
	for range s.depth {
		sizes = append(sizes, widthFor(wanted, data.Dim(), s.depth, data.Classes))
	}
	f, init := blocks.ReLU(), blocks.He()
	if s.linear {
		f, init = blocks.Linear(), blocks.LeCun()
	}
	return models.NewMLP("depth", append(sizes, data.Classes), f, init, blocks.Xavier(), random.New(s.seed).Split("weights"))
}

// trained is what became of a network.
type trained struct {
	net     *models.MLP
	outcome *trial.Outcome
}

// best is the smallest validation error; +Inf of a training that diverged.
func (t *trained) best() float64 { return t.outcome.Best("error") }

// imageJob trains a network on images.
type imageJob struct {
	run *lab.Run[Recipe]
	spec
	train, validation *datasets.Set
	first             *datasets.Set // training images of -data, by which epochs are counted
	// overfit asks for the training that goes on to the end, without validation.
	overfit bool
}

// overfitting is the stage, and the end of the name, of the training that goes on to the
// end.
const overfitting = "overfitting"

// epochs are so many that the training has as many steps as that on -data.
func (j *imageJob) epochs() int {
	n := j.run.Recipe.Train.Epochs
	if j.overfit {
		n = j.run.Recipe.OverfitEpochs
	}
	return max(1, int(math.Round(float64(n)*float64(j.first.Len())/float64(j.train.Len()))))
}

// job is the training; its result goes to out.
func (j *imageJob) job(out **trained) (lab.Job, error) {
	net, err := j.network(j.run.Recipe.Parameters, j.train)
	if err != nil {
		return lab.Job{}, err
	}
	recipe := j.run.Recipe.Train
	recipe.Epochs, recipe.Optimizer.Rate.Start = j.epochs(), j.rate
	order := random.New(j.seed).Split("order")
	t := trial.Trial{Seed: j.seed, Name: j.name(), Data: []*datasets.Set{j.train, j.validation}}
	stage := "training"
	work := 2 * int64(j.run.Recipe.Parameters) * int64(3*j.train.Len()+j.validation.Len())
	if j.overfit {
		stage, t.Name = overfitting, t.Name+"-"+overfitting
		t.Stages = []pretrain.Stage{pretrain.Joint(stage, net, recipe, j.train, order)}
	} else {
		t.Stages = []pretrain.Stage{pretrain.Supervised("error", net, recipe, j.train, j.validation, order)}
	}
	t.Epochs, t.Work = map[string]int{stage: recipe.Epochs}, map[string]int64{stage: work}
	return lab.Job{
		Name: fmt.Sprintf("seed %d %s", j.seed, t.Name), Units: t.Units(),
		Run: func(ctx context.Context, task *lab.Task) error {
			o, err := trial.Run(ctx, j.run, task, t)
			*out = &trained{net, o}
			return err
		},
	}, nil
}

// errorOf is a network's error on a set.
func errorOf(ctx context.Context, c autodiff.Compiler, net *models.MLP, set *datasets.Set) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	v, err := train.NewEvaluatorWith(c, net).Run(set)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", set.Name, err)
	}
	return trial.Value(v, "error"), nil
}
