package main

import (
	"fmt"

	"capas/datasets"
	"capas/experiments/internal/trial"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// classifierJob is the training of the classifier that judges a seed's images. It reads the test set.
func (x *runner) classifierJob(seed uint64) ([]lab.Job, error) {
	d, set := x.Recipe.Digits, x.images[seed]
	net, err := d.newClassifier(seed, set)
	if err != nil {
		return nil, err
	}
	s := pretrain.FineTune(net, d.Classifier, set, x.data.Validation, random.New(seed).Split("classifier order"))
	c := x.classifiers[seed]
	return []lab.Job{x.job(trial.Trial{
		Seed: seed, Name: "classifier", Data: []*datasets.Set{set, x.data.Validation}, Stages: []pretrain.Stage{s},
		Epochs: map[string]int{s.Name: d.Classifier.Epochs}, Work: map[string]int64{s.Name: 6 * int64(d.ClassifierUnits*set.Dim()) * int64(set.Len())},
	}, func(o *trial.Outcome) error {
		if o.Diverged {
			return o.Err // there is nobody to judge then
		}
		c.MLP = net
		v, err := train.NewEvaluatorWith(x.Compiler.Under("test"), net).Run(x.data.Test)
		if err != nil {
			return err
		}
		c.test = trial.Value(v, "error")
		p, err := probabilities(net, x.data.Validation.X)
		if err != nil {
			return err
		}
		c.real = judge(p)
		return x.SaveModel(fmt.Sprintf("seed-%d-classifier", seed), net)
	})}, nil
}

// digitJobs are the trainings of all networks on images.
func (x *runner) digitJobs(seed uint64) (jobs []lab.Job, err error) {
	d, set := x.Recipe.Digits, x.images[seed]
	for _, n := range d.Networks {
		a, err := d.network(n, seed, set)
		if err != nil {
			return nil, err
		}
		recipe := d.Train
		recipe.Epochs = d.epochs(n)
		if err := record(a, steps(recipe, set), shown, random.New(seed)); err != nil {
			return nil, err
		}
		one := &drawn{game: game{name: n, seed: seed, GAN: a}}
		x.digits = append(x.digits, one)
		jobs = append(jobs, x.job(trial.Trial{
			Seed: seed, Name: n, Data: []*datasets.Set{set}, Stages: []pretrain.Stage{stage(a, recipe, set, random.New(seed).Split("order"))},
			Epochs: map[string]int{training: recipe.Epochs}, Work: map[string]int64{training: work(a, set)},
		}, func(o *trial.Outcome) error {
			one.outcome = o
			return x.save(n, one.game)
		}))
	}
	return jobs, nil
}

// measure lets the classifier judge what a GAN makes.
func (x *runner) measure(d *drawn) (err error) {
	classifier, root := x.classifiers[d.seed].MLP, random.New(d.seed)
	images, err := samples(d.GAN, x.Recipe.Digits.Samples, root.Split("samples"))
	if err != nil {
		return err
	}
	p, err := probabilities(classifier, images)
	if err != nil {
		return err
	}
	d.judgement = judge(p)
	if d.final, err = train.Map(d.Album.Codes.Value, d.Generate); err != nil {
		return err
	}
	d.between, err = interpolate(d.GAN, classifier, x.Recipe.Digits.Pairs, root.Split("pairs"))
	return err
}
