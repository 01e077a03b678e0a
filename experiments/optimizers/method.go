package main

import (
	"fmt"
	"strconv"

	"capas/train"
)

// method is a way to go downhill: how many examples a step is computed from, and how the
// step follows from the gradient.
type method struct {
	key, name string
	kind      string // of the optimiser
	size      size
	balanced  bool // batches with equal shares of the classes
}

// size is the size of a batch by what it stands for.
type size int

const (
	mini   size = iota // Recipe.Batch
	small              // Recipe.SmallBatch
	single             // 1
	whole              // the whole set
)

// The methods. On a surface there are no examples: batchGD is there what its gradient
// is, that of the whole.
func (r Recipe) batchGD() method {
	return method{key: "batch-gd", name: "batch gradient descent", kind: "sgd", size: whole}
}
func (r Recipe) minibatch() method {
	return method{key: "minibatch", name: fmt.Sprintf("mini-batches of %d", r.Batch), kind: "sgd", size: mini}
}
func (r Recipe) smallBatch() method {
	return method{key: "small-batch", name: fmt.Sprintf("mini-batches of %d", r.SmallBatch), kind: "sgd", size: small}
}
func (r Recipe) sgd() method {
	return method{key: "sgd", name: "SGD, one example", kind: "sgd", size: single}
}
func (r Recipe) momentum() method { return method{key: "momentum", name: "momentum", kind: "momentum"} }
func (r Recipe) nesterov() method { return method{key: "nesterov", name: "Nesterov", kind: "nesterov"} }
func (r Recipe) rmsprop() method  { return method{key: "rmsprop", name: "RMSProp", kind: "rmsprop"} }
func (r Recipe) adam() method     { return method{key: "adam", name: "Adam", kind: "adam"} }

// balancedOf is a method with balanced batches.
func balancedOf(m method) method {
	m.key, m.name, m.balanced = m.key+"-balanced", m.name+", balanced", true
	return m
}

// sizes are those that differ by how many examples a step is computed from, optimizers
// those that differ by what they make of the gradient of a mini-batch.
func (r Recipe) sizes() []method {
	return []method{r.batchGD(), r.minibatch(), r.smallBatch(), r.sgd()}
}
func (r Recipe) optimizers() []method {
	return []method{r.minibatch(), r.momentum(), r.nesterov(), r.rmsprop(), r.adam()}
}

// onSurfaces are the methods that move points.
func (r Recipe) onSurfaces() []method {
	return []method{r.batchGD(), r.momentum(), r.nesterov(), r.rmsprop(), r.adam()}
}

// coloured are the methods whose colours come first, methods all that train networks.
func (r Recipe) coloured() []method {
	return []method{r.batchGD(), r.momentum(), r.nesterov(), r.rmsprop(), r.adam(), r.minibatch(), r.sgd()}
}
func (r Recipe) methods() []method {
	return append(r.coloured(), r.smallBatch(), balancedOf(r.minibatch()), balancedOf(r.smallBatch()))
}

// rates are those that a method tries on networks.
func (r Recipe) rates(m method) []float64 {
	switch {
	case m.kind == "rmsprop" || m.kind == "adam":
		return r.AdaptiveRates
	case m.kind != "sgd":
		return r.MomentumRates
	case m.size == whole:
		return r.WholeRates
	case m.size == single:
		return r.SingleRates
	case m.size == small:
		return r.SmallRates
	}
	return r.Rates
}

// defaultRate is the rate of those who choose none; only optimizers are asked.
func (r Recipe) defaultRate(m method) float64 {
	if m.kind == "rmsprop" || m.kind == "adam" {
		return r.AdaptiveDefault
	}
	return r.Default
}

// optimizer is the method's at a rate.
func (m method) optimizer(r Recipe, rate float64) train.Optimizer {
	o := train.Optimizer{Kind: m.kind, Rate: train.Constant(rate)}
	switch m.kind {
	case "momentum", "nesterov":
		o.Momentum = train.Constant(r.Momentum)
	case "rmsprop":
		o.Rho, o.Epsilon = r.Rho, r.Epsilon
	case "adam":
		o.Beta1, o.Beta2, o.Epsilon = r.Beta1, r.Beta2, r.Epsilon
	}
	return o
}

// batch is the number of examples a step, of n.
func (m method) batch(r Recipe, n int) int {
	switch m.size {
	case whole:
		return n
	case single:
		return 1
	case small:
		return min(r.SmallBatch, n)
	}
	return min(r.Batch, n)
}

// training is the recipe of a network's training.
func (m method) training(r Recipe, rate float64) train.Recipe {
	t := train.Recipe{Optimizer: m.optimizer(r, rate), Epochs: r.Epochs, Balanced: m.balanced}
	if m.size != whole {
		t.Batch = m.batch(r, 1<<30)
	}
	return t
}

// spec says which network is trained.
type spec struct {
	method
	rate float64
	seed uint64
}

// run is the name of its lines in the log; with the seed, that of its files.
func (s spec) run() string {
	return s.key + "-rate-" + strconv.FormatFloat(s.rate, 'g', -1, 64)
}

// specs are the networks of a run: every method at all its rates, and the optimisers at
// their default rates.
func (r Recipe) specs(seeds []uint64) []spec {
	var all []spec
	has := map[spec]bool{}
	add := func(s spec) {
		if !has[s] {
			has[s] = true
			all = append(all, s)
		}
	}
	for _, seed := range seeds {
		for _, m := range r.methods() {
			for _, rate := range r.rates(m) {
				add(spec{m, rate, seed})
			}
		}
		for _, m := range r.optimizers() {
			add(spec{m, r.defaultRate(m), seed})
		}
	}
	return all
}
