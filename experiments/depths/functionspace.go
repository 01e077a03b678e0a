package main

import (
	"fmt"
	"math"

	"capas/experiments/lab/figure"
)

// maxPlaced is how many points t-SNE and the principal components place at most; of more,
// every second, third, … epoch is taken.
const maxPlaced = 600

// placed are points of trajectories in the plane: those of one network after the other.
type placed struct {
	inits   []string // of the networks
	lengths []int    // points of each
	rows    [][]float32
}

// placedPoints collects the points of all trajectories, the last ones in any case.
func (r *reporter) placedPoints() placed {
	var p placed
	epochs := r.Recipe.FineTune.Epochs
	networks := len(r.Recipe.Inits) * len(r.Seeds)
	every := max(1, int(math.Ceil(float64(networks*(epochs+1))/maxPlaced)))
	for _, init := range r.Recipe.Inits {
		for _, seed := range r.Seeds {
			o := r.of(r.at(init, r.Recipe.PointsDepth), seed)
			last := len(o.Last().Epochs) // less than epochs if it diverged or was stopped
			n := 0
			for e := range last + 1 {
				if e%every == 0 || e == last {
					p.rows = append(p.rows, o.path.row(e))
					n++
				}
			}
			p.inits, p.lengths = append(p.inits, init), append(p.lengths, n)
		}
	}
	return p
}

// paths are the points, given their places in the plane.
func (p placed) paths(x, y []float64) []figure.Path {
	var out []figure.Path
	at := 0
	for i, n := range p.lengths {
		out = append(out, figure.Path{Name: p.inits[i], X: x[at : at+n], Y: y[at : at+n]})
		at += n
	}
	return out
}

// functions reports the course of training in the space of functions.
func (r *reporter) functions() error {
	r.distances()
	r.Section("The course of training in the space of functions", fmt.Sprintf("The outputs of a network on all of the first %d test images, as one vector, say what function it is, "+
		"whatever its weights are. (Labels play no part, and nothing is chosen by them.) Every network of %s is a path from its first weights through all epochs, and all paths are "+
		"laid into one plane: by principal components, which keep large distances, and by t-SNE, which keeps neighbourhoods but not distances.",
		r.points.Len(), layers(r.Recipe.PointsDepth)))
	p := r.placedPoints()
	x, y, shares, err := principal(p.rows)
	if err != nil {
		return err
	}
	chart := figure.Paths{XLabel: fmt.Sprintf("first component (%.0f %% of the variance)", 100*shares[0]), YLabel: fmt.Sprintf("second (%.0f %%)", 100*shares[1]),
		Paths: p.paths(x, y), Colors: r.colors}
	svg, err := chart.SVG()
	if err != nil {
		return err
	}
	legend := "A line for each seed, a dot for each epoch that is shown, from the ring to the marker."
	r.Figure("functions_pca.svg", "Trajectories in function space, by principal components", legend, svg)
	if len(x) < 4 {
		return nil
	}
	if x, y, err = embed(squaredDistances(p.rows), x, y); err != nil {
		return err
	}
	chart = figure.Paths{XLabel: "first dimension of t-SNE", YLabel: "second", Paths: p.paths(x, y), Colors: r.colors}
	if svg, err = chart.SVG(); err != nil {
		return err
	}
	r.Figure("functions_tsne.svg", "Trajectories in function space, by t-SNE", legend+fmt.Sprintf(" Perplexity %.3g, begun at the principal components.", perplexity(len(x))), svg)
	return nil
}

// distances records, for the networks of the trajectories, the root mean square difference
// of outputs: spread_first and spread_last, the mean to the others of the same origin with
// the first weights and after the last epoch; nearest_own and nearest_other, to the nearest
// of the same origin and of another after the last epoch. One seed has no others.
func (r *reporter) distances() {
	if len(r.Seeds) < 2 {
		return
	}
	for _, init := range r.Recipe.Inits {
		c := r.at(init, r.Recipe.PointsDepth)
		for _, seed := range r.Seeds {
			var first, last float64
			for _, partner := range r.Seeds {
				if partner != seed {
					first += distance(r.place(init, seed, true), r.place(init, partner, true)) / float64(len(r.Seeds)-1)
					last += distance(r.place(init, seed, false), r.place(init, partner, false)) / float64(len(r.Seeds)-1)
				}
			}
			other := math.Inf(1)
			for _, to := range r.Recipe.Inits {
				if to != init {
					other = min(other, r.nearest(init, seed, to))
				}
			}
			r.Metric(c.metric("spread_first"), seed, first)
			r.Metric(c.metric("spread_last"), seed, last)
			r.Metric(c.metric("nearest_own"), seed, r.nearest(init, seed, init))
			r.Metric(c.metric("nearest_other"), seed, other)
		}
	}
}

// place is the function that a network is, with its first weights or after the last epoch.
func (r *reporter) place(init string, seed uint64, first bool) []float32 {
	o := r.of(r.at(init, r.Recipe.PointsDepth), seed)
	if first {
		return o.path.row(0)
	}
	return o.path.row(len(o.Last().Epochs))
}

// nearest is the distance, after the last epoch, from a network to the nearest other one of
// an origin.
func (r *reporter) nearest(init string, seed uint64, to string) float64 {
	least := math.Inf(1)
	for _, partner := range r.Seeds {
		if to != init || partner != seed {
			least = min(least, distance(r.place(init, seed, false), r.place(to, partner, false)))
		}
	}
	return least
}
