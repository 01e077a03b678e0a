//go:build !race

// The race detector drops objects from sync.Pools at random, and takes a minute for this.

package pretrain_test

import (
	"runtime"
	"testing"

	"capas/blocks"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// A long run: every stage takes longEpochs·longSteps steps.
const (
	longEpochs = 10
	longSteps  = 1000 // an epoch, so that there are few records
	longBatch  = 5
	longSave   = 400 // steps between two files
)

// longRun returns one stage of each kind: contrastive divergence on the data and on
// codes, with persistent chains, a denoising autoencoder, joint training, the top
// layer, fine-tuning with dropout; with momentum and Adam, gradient norms, validation.
func longRun(t testing.TB) []pretrain.Stage {
	data, validation := examples(t, longSteps*longBatch, "data"), examples(t, 50, "validation")
	s := random.New(7)
	order, sizes := s.Split("order"), []int{inputs, 8, 6}
	recipe := train.Recipe{Epochs: longEpochs, Batch: longBatch, NormEvery: 7, Optimizer: train.Optimizer{
		Kind: "momentum", Rate: train.Constant(0.01), Momentum: train.Constant(0.5)}}
	layer := func(int) train.Recipe { return recipe }
	named := func(name string, layers []pretrain.Layer) pretrain.Stage {
		stage := pretrain.Greedy(layers, data, order.Split(name))[0]
		stage.Name = name
		return stage
	}
	d := must(models.NewDBN("dbn", sizes, blocks.Gaussian(0.1), s.Split("dbn")))(t)
	stages := pretrain.Greedy(must(pretrain.DBNLayers(d, 1, 0, layer, s.Split("noise")))(t), data, order)
	joint, _, err := pretrain.Unrolled("unrolled", d, recipe, data, order)
	if err != nil {
		t.Fatal(err)
	}
	p := must(models.NewDBN("pcd", sizes[:2], blocks.Gaussian(0.1), s.Split("pcd")))(t)
	chains := must(pretrain.DBNLayers(p, 1, 10, layer, s.Split("chains")))(t)
	a := must(models.NewStackedAutoencoder("sdae", sizes[:2], true, blocks.Tanh(), blocks.Glorot(), s.Split("sdae")))(t)
	a.Corrupt(blocks.Masking(0.25), s.Split("corruption"))
	net := must(models.Classifier("net", d.Encoder(), 6, classes, blocks.Glorot(), s.Split("top")))(t)
	net.DropInput, net.DropHidden, net.Noise = 0.1, 0.2, s.Split("dropout")
	supervised := recipe
	supervised.Optimizer = train.Optimizer{Kind: "adam", Rate: train.Constant(0.001)}
	return append(stages, joint, named("persistent chains", chains), named("denoising autoencoder", pretrain.AutoencoderLayers(a, layer)),
		pretrain.TopLayer(net, net.Layers[2].Params(), supervised, data, validation, order),
		pretrain.FineTune(net, supervised, data, validation, order))
}

// seldom is a store that writes only some of what it is given in a stage.
type seldom struct {
	pretrain.Store
	given, written int
}

func (s *seldom) Save(state *pretrain.State) error {
	if s.given++; s.given%longSave != 0 && state.Current != nil {
		return nil
	}
	s.written++
	return s.Store.Save(state)
}

// memory is what is in use after a garbage collection.
type memory struct{ bytes, objects, goroutines int64 }

func measure() memory {
	runtime.GC()
	runtime.GC() // what pools held until the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{int64(m.HeapAlloc), int64(m.HeapObjects), int64(runtime.NumGoroutine())}
}

func (m memory) minus(n memory) memory {
	return memory{m.bytes - n.bytes, m.objects - n.objects, m.goroutines - n.goroutines}
}

// What memory may grow by in the 9 of 10 epochs that are compared: the records of 9
// epochs, 3 to 4 kB (each has 90 bytes in a slice that doubles, and up to 8 gradient
// norms, 2 means and 2 values of the validation of 24 bytes), and what is made once in a
// process, as it seems: some first stages grow by another 11 kB, no later one does. A word
// kept after every step would be 72 kB, the content of every file written 90 kB at least.
const (
	longBytes   = 32 << 10
	longObjects = 80
)

// growth runs stages and returns their histories and by how much the memory grew in
// each one, from its first epoch to its last.
func growth(t *testing.T, stages []pretrain.Stage, store pretrain.Store) ([]*train.History, map[string]memory) {
	t.Helper()
	first, grown := map[string]memory{}, map[string]memory{}
	h := run(t, pretrain.Pipeline{Stages: stages, Store: store, AfterEpoch: func(stage string, e train.Epoch, _ bool) error {
		switch e.Epoch {
		case 1:
			first[stage] = measure()
		case longEpochs:
			grown[stage] = measure().minus(first[stage])
		}
		return nil
	}})
	return h, grown
}

func (m memory) exceeds() bool {
	return m.bytes > longBytes || m.objects > longObjects || m.goroutines > 0
}

// In 10,000 steps of a stage memory does not grow but by the records of its epochs, and
// no goroutine stays, while a snapshot is made after every step and a file written now
// and then. Of a whole run stay its histories and what encoding/json has learned of
// types, 50 kB; a compiled training is 300 kB, the codes of a layer are 160 kB.
func TestMemoryIsConstant(t *testing.T) {
	const rest = 128 << 10
	stages := longRun(t)
	store := &seldom{Store: &pretrain.Files{Path: t.TempDir() + "/net"}}
	before := measure()
	histories, grown := growth(t, stages, store)
	left := measure().minus(before)
	for _, s := range stages {
		g := grown[s.Name]
		t.Logf("%-22s %d bytes, %d objects, %d goroutines", s.Name, g.bytes, g.objects, g.goroutines)
		if g.exceeds() {
			t.Errorf("%s: want at most %d bytes, %d objects and no goroutine more than after the first epoch, got %+v", s.Name, longBytes, longObjects, g)
		}
	}
	t.Logf("of all stages: %d bytes, %d objects, %d goroutines; %d snapshots, %d files", left.bytes, left.objects, left.goroutines, store.given, store.written)
	if left.bytes > rest || left.goroutines > 0 {
		t.Errorf("want at most %d bytes and no goroutine more after the run than before, got %+v", rest, left)
	}
	runtime.KeepAlive(histories)
	runtime.KeepAlive(stages)
}

// leaking is a store that keeps a few bytes of every state.
type leaking struct{ kept []*int }

func (l *leaking) Load() (*pretrain.State, error) { return nil, nil }
func (l *leaking) Last() string                   { return "" }
func (l *leaking) Save(*pretrain.State) error {
	l.kept = append(l.kept, new(int))
	return nil
}

// The bounds are tight: a number kept after every step is noticed.
func TestGrowthIsNoticed(t *testing.T) {
	store := &leaking{}
	_, grown := growth(t, longRun(t)[:1], store)
	if g := grown["layer 1"]; g.bytes <= longBytes || g.objects <= longObjects {
		t.Errorf("a store that keeps %d numbers: want a growth beyond %d bytes and %d objects, got %+v", len(store.kept), longBytes, longObjects, g)
	}
}
