package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"capas/datasets"
	"capas/experiments/lab"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// crowd measures the heap when n networks stand at the end of a stage at once.
type crowd struct {
	n  int
	mu sync.Mutex
	at map[string]*meeting
}

type meeting struct {
	here int
	heap int64
	all  chan struct{} // closed when all are there
}

// meet waits for the others at a stage. The last one to come measures.
func (c *crowd) meet(ctx context.Context, stage string) error {
	c.mu.Lock()
	m := c.at[stage]
	if m == nil {
		m = &meeting{all: make(chan struct{})}
		c.at[stage] = m
	}
	if m.here++; m.here == c.n {
		runtime.GC()
		runtime.GC() // what pools held until the first
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		m.heap = int64(s.HeapAlloc)
		close(m.all)
	}
	c.mu.Unlock()
	select {
	case <-m.all:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noise returns n examples of 784 numbers.
func noise(t *testing.T, name string, n int) *datasets.Set {
	t.Helper()
	x, labels := make([]float32, n*784), make([]uint8, n)
	random.New(1).Split(name).Uniform(x)
	for i := range labels {
		labels[i] = uint8(i % 10)
	}
	s, err := datasets.NewSet(name, tensor.New(tensor.WithShape(n, 784), tensor.WithBacking(x)), labels, 10, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sideBySide trains n networks at a time, as run does, each on what its own returns,
// and returns the heap by stage.
func sideBySide(t *testing.T, n int, own func() (*datasets.Split, error)) map[string]int64 {
	t.Helper()
	r := presets()["smoke"]
	r.Layers, r.JointEpochs, r.TopEpochs = []int{10, 10}, 1, 1
	r.DBN.Train.Epochs, r.SDAE.Train.Epochs, r.FineTune.Epochs = 1, 1, 1
	r.DBN.Train.Batch, r.SDAE.Train.Batch, r.FineTune.Batch = 50, 50, 50
	r.DropInput, r.DropHidden = 0.1, 0.2
	dir := t.TempDir()
	c := &crowd{n: n, at: map[string]*meeting{}}
	var jobs []lab.Job
	for i := range n {
		name := fmt.Sprintf("network %d", i+1)
		jobs = append(jobs, lab.Job{Name: name, Units: 1, Run: func(ctx context.Context, _ *lab.Task) error {
			data, err := own()
			if err != nil {
				return err
			}
			net, err := newNetwork(r, []string{initDBN, initSDAE}[i%2], uint64(i), data)
			if err != nil {
				return err
			}
			p := pretrain.Pipeline{
				Stages: net.stages, Store: &pretrain.Files{Path: filepath.Join(dir, name)}, SaveEvery: time.Hour,
				AfterEpoch: func(stage string, _ train.Epoch, _ bool) error { return c.meet(ctx, stage) },
			}
			_, err = p.Run(ctx)
			return err
		}})
	}
	if err := lab.Parallel(t.Context(), nil, n, jobs); err != nil {
		t.Fatal(err)
	}
	heaps := map[string]int64{}
	for stage, m := range c.at {
		heaps[stage] = m.heap
	}
	return heaps
}

// All networks of a run read one copy of the data set, in every kind of stage: a further
// one costs its parameters, buffers, the order of the examples (8 bytes each) and, while
// a layer is trained, the codes below (4 bytes a unit each), together far below the
// set, of 3 kB an example. That a copy would be seen is shown by networks with one of
// their own.
func TestDataAreHeldOnce(t *testing.T) {
	const examples = 10_000
	const size = examples * 784 * 4
	shared := &datasets.Split{Train: noise(t, "train", examples), Validation: noise(t, "validation", 1000)}
	one := sideBySide(t, 1, func() (*datasets.Split, error) { return shared, nil })
	if len(one) != 5 {
		t.Fatalf("want 5 stages, got %v", one)
	}
	for _, n := range []int{2, 8} {
		for stage, heap := range sideBySide(t, n, func() (*datasets.Split, error) { return shared, nil }) {
			more := (heap - one[stage]) / int64(n-1)
			t.Logf("%d networks, %-11s: %.2f MB a network more, the set %.2f MB", n, stage, float64(more)/1e6, float64(size)/1e6)
			if more > size/10 {
				t.Errorf("%d networks, %s: want less than a tenth of the set of %d bytes for each one more, got %d", n, stage, size, more)
			}
		}
	}
	copies := sideBySide(t, 2, func() (*datasets.Split, error) {
		own := *shared
		var err error
		own.Train, err = shared.Train.Sample(examples, random.New(1))
		return &own, err
	})
	for stage, heap := range copies {
		if more := heap - one[stage]; more < 2*size {
			t.Errorf("two networks with a copy each, %s: want at least %d bytes more than for one without, got %d", stage, 2*size, more)
		}
	}
	runtime.KeepAlive(shared)
}
