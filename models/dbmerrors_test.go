package models_test

import (
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestDBMErrors(t *testing.T) {
	s, init := stream("init"), blocks.LeCun()
	_, err := models.NewDBM("dbm", []int{3}, init, s)
	refused(t, "no hidden layer", err, "dbm", "[3]")
	_, err = models.NewDBM("dbm", []int{3, 2, 0}, init, s)
	refused(t, "an empty layer", err, "layer 2", "dbm.2.W")
	d := must[*models.DBM](t)(models.NewDBM("dbm", []int{4, 3, 2}, init, s))
	_, err = models.NewDBMTraining(d, -1, 1, 1, s)
	refused(t, "fewer than no updates", err, "updates", "-1")
	_, err = models.NewDBMTraining(d, 1, 0, 1, s)
	refused(t, "no Gibbs step", err, "one Gibbs step", "0")
	_, err = models.NewDBMTraining(d, 1, 1, 0, s)
	refused(t, "no chains", err, "one chain", "0")
	_, err = models.NewDBMTraining(d, 1, 1, 1, nil)
	refused(t, "no stream", err, "stream")
	training := must[*models.DBMTraining](t)(models.NewDBMTraining(d, 1, 1, 2, s))
	_, err = training.Objective(0)
	refused(t, "no examples", err, "at least one example")
	training.Draws = nil
	_, err = training.Objective(1)
	refused(t, "no draws", err, "dbm training", "stream")
	training.Chains = nil
	_, err = training.Objective(1)
	refused(t, "no chains", err, "chains of 3 layers, got 0")
	_, err = (&models.DBMTraining{Model: &models.DBM{}, Steps: 1, Draws: s}).Objective(1)
	refused(t, "no machine", err, "dbm: want weights")

	x := blocks.NewInput(G.NewGraph(), tensor.Float32, "x", 2, 3)
	v := blocks.NewInput(x.Graph(), tensor.Float32, "v", 2, 4)
	_, err = d.MeanField(x, 1)
	refused(t, "other visible units", err, "mean field", "4 visible units")
	_, err = d.MeanFieldInputs(x, 1)
	refused(t, "inputs from other visible units", err, "mean field", "4 visible units")
	_, err = d.MeanField(nil, 1)
	refused(t, "no visible units", err, "mean field")
	_, err = d.Bound(v, -1)
	refused(t, "bound", err, "updates", "-1")
	_, err = d.Given(nil)
	refused(t, "given nothing", err, "4 of them")
	_, err = d.Given(matrix(tensor.Float64, coins(stream("v"), 1, 4)))
	refused(t, "given float64", err, "float32")
	_, err = must[*models.DBM](t)(models.NewDBM("dbm", []int{4, 3}, init, s)).Given(matrix(tensor.Float32, coins(stream("v"), 1, 4)))
	refused(t, "given, with one hidden layer", err, "two hidden layers", "got 1")
	_, err = d.Energy(G.Nodes{v, x})
	refused(t, "two layers of three", err, "energy", "3 layers, got 2")
	_, err = d.Energy(G.Nodes{v, x, x})
	refused(t, "another layer", err, "energy", "layer 2", "2 units")
	noise := []*random.Stream{s, s, s}
	_, _, err = d.Gibbs(G.Nodes{v, nil, nil}, 1, noise)
	refused(t, "no states", err, "gibbs", "layer 2")
	_, _, err = d.Gibbs(G.Nodes{v, nil, blocks.NewInput(x.Graph(), tensor.Float32, "h", 2, 2)}, 1, noise[1:])
	refused(t, "two streams", err, "gibbs", "a stream for each of 3 layers, got 2")
	_, _, err = d.Gibbs(nil, 0, noise)
	refused(t, "no steps", err, "gibbs", "one step")

	_, err = d.Sample(matrix(tensor.Float32, coins(stream("v"), 2, 3)), 1, s)
	refused(t, "a start of other units", err, "sampler", "4 visible units")
	_, err = d.Sample(matrix(tensor.Float32, coins(stream("v"), 2, 4)), 1, nil)
	refused(t, "no stream", err, "sampler", "stream")
	_, err = d.Sample(matrix(tensor.Float32, coins(stream("v"), 2, 4)), 0, s)
	refused(t, "no steps", err, "sample", "one step")

	_, err = d.Stack(1, nil)
	refused(t, "no stream", err, "dbm stack", "stream")
	layer := &models.DBMLayer{Model: newRBM(t, 3, 2, 1), Up: 1, Down: 1, K: 1, Noise: s}
	_, err = layer.Objective(0)
	refused(t, "no examples", err, "dbm layer", "at least one example")
	layer.Noise = nil
	_, err = layer.Objective(1)
	refused(t, "no stream", err, "dbm layer", "stream")
	layer.Noise, layer.Up = s, 0
	_, err = layer.Objective(1)
	refused(t, "no input", err, "factors above 0")
	layer.Up, layer.K = 1, 0
	_, err = layer.Objective(1)
	refused(t, "no steps", err, "k = 0")

	net := must[*models.MLP](t)(models.NewMLP("net", []int{4, 3, 2, 5}, blocks.Sigmoid(), init, init, s))
	refused(t, "a network of other inputs", d.CopyTo(net), "layer 1", "(6, 3)", "(4, 3)")
	net.Layers = net.Layers[1:]
	refused(t, "a network of other layers", d.CopyTo(net), "3 layers, got 2")
	_, err = d.Classifier("net", 3, blocks.Initializer{}, s)
	refused(t, "an unknown initialiser", err, "initialiser")
}
