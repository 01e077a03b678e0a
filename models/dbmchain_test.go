package models_test

import (
	"fmt"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The sampler's means against the exact marginals, by many chains, far from their start.
func TestDBMSampleMeans(t *testing.T) {
	const m, steps = 20_000, 60
	for _, sizes := range tenUnits() {
		d := must[*models.DBM](t)(models.NewDBM("dbm", sizes, blocks.Gaussian(0.1), stream("init")))
		for _, p := range d.Params() {
			redraw(0.9, stream(p.Name), p)
		}
		exact, _ := deepReference(d).marginals(nil)
		start := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, sizes[0]))
		got := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		meansAgree(t, "visible unit", exact[0], means(split(elements(got), sizes[0])), m)
		again := must[*tensor.Dense](t)(d.Sample(start, steps, stream("sample")))
		near(t, "samples of an equal stream", elements(got), elements(again), 0)

		// All layers, by the graph.
		x := blocks.NewInput(G.NewGraph(), tensor.Float32, "v", m, sizes[0])
		h := make(G.Nodes, len(sizes))
		values := []G.Value{start}
		in := G.Nodes{x}
		h[0] = x
		for l := 2; l < len(sizes); l += 2 {
			h[l] = blocks.NewInput(x.Graph(), tensor.Float32, string(rune('a'+l)), m, sizes[l])
			in = append(in, h[l])
			values = append(values, tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(m, sizes[l])))
		}
		var noise []*random.Stream
		for l := range sizes {
			noise = append(noise, stream(fmt.Sprint("gibbs", l)))
		}
		states, _, err := d.Gibbs(h, steps, noise)
		if err != nil {
			t.Fatal(err)
		}
		for l, values := range compute(t, in, values, states...) {
			meansAgree(t, "unit", exact[l], means(split(values, sizes[l])), m)
		}
	}
}

// A sampler follows the chain in plain Go.
func TestDBMSamplerFollowsTheChain(t *testing.T) {
	d := newDBM(t, 0.8, 4, 3, 2)
	plain, start := deepReference(d), uniform(stream("start"), 3, 4)
	got := must[*models.DBMSampler](t)(d.Sampler(matrix(tensor.Float64, start), stream("sample")))
	root := random.New(stream("sample").Uint64())
	var noise []*random.Stream
	for l := range 3 {
		noise = append(noise, root.Split(fmt.Sprint("layer ", l)))
	}
	v := join(start)
	noise[0].Bernoulli64(v, v)
	h := [][][]float64{split(v, 4), nil, nil}
	var rows []float64
	for _, row := range h[0] {
		rows = append(rows, plain.meanField(row, 0)[2]...)
	}
	noise[2].Bernoulli64(rows, rows)
	h[2] = split(rows, 2)
	for range 3 {
		h[1] = plain.draw(h, 1, noise[1])
		p := plain.probabilities(h, 0)
		h[0], h[2] = plain.draw(h, 0, noise[0]), plain.draw(h, 2, noise[2])
		near(t, "probabilities", p, elements(must[*tensor.Dense](t)(got.Run(1))), 1e-13)
	}
}
