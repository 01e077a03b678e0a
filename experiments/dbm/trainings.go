package main

import (
	"fmt"
	"strings"
)

// beside puts what is published of the deep machine behind its row, and nothing behind those of
// others; nothing is published of other data.
func (r *reporter) beside(row []string, name, published string) []string {
	switch {
	case r.Data != "mnist":
		return row
	case name == methodDBM:
		return append(row, published)
	}
	return append(row, "")
}

// scales says of what size and data the numbers are.
func (r *reporter) scales() string {
	images := r.data.train.Len()
	if n := r.Recipe.Images; n > 0 {
		images = min(n, images)
	}
	here := fmt.Sprintf("here %d and %d units, %d training images", r.Recipe.Hidden[0], r.Recipe.Hidden[1], images)
	if r.Data != "mnist" {
		return here
	}
	return here + "; published, Salakhutdinov & Hinton 2009: 500 and 1000 units, 60000 images"
}

// trainings says what was done with each machine.
func (r *reporter) trainings() error {
	rec := r.Recipe
	layers := func(l ...int) string {
		var epochs []string
		for _, i := range l {
			epochs = append(epochs, fmt.Sprint(rec.GreedyEpochs[i]))
		}
		return fmt.Sprintf("CD-%d, %s epochs", rec.CD, strings.Join(epochs, " and "))
	}
	joint := fmt.Sprintf("%d persistent chains of %d Gibbs steps a batch, %d epochs", rec.Chains, rec.Steps, rec.Joint.Epochs)
	text := map[string][2]string{
		methodRandom: {"none", "two hidden layers"},
		methodRBM:    {layers(0) + "; then persistent CD, " + joint, "one hidden layer"},
		methodDBN:    {"one layer after the other: " + layers(0, 1), "two hidden layers"},
		greedy:       {"one layer after the other, inputs doubled: " + layers(0, 1), "two hidden layers, and q(h²|v) as an input"},
		methodDBM:    {"the same; then all layers, " + joint, "two hidden layers, and q(h²|v) as an input"},
	}
	r.Section("What is compared", "What was learned without labels, before all were fine-tuned with labels by one recipe. The belief network is as its layers were trained one after the other: nothing trains them together here, as the joint training does with those of the deep machine, and has as many epochs more.")
	var rows [][]string
	for _, name := range r.present(classifiers()) {
		rows = append(rows, []string{title(name), text[name][0], text[name][1]})
	}
	r.Table("Trainings", []string{"machine", "without labels", "classifier"}, rows)
	return nil
}
