//go:build unix

package live

import (
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"

	"gorgonia.org/tensor"
)

// spent is the processor time and the time that two kinds of steps took.
type spent struct {
	cpu, wall time.Duration
	steps     int
}

// processor is the processor time of this process.
func processor(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkWatched compares steps of CD-1 of 784×500 units on 100 examples without a live view and with five viewers,
// whose own work is in the same process. An operation is 200 steps of either kind, by turns, so that both see the same of what
// else the machine does: give it some, as -benchtime 20x.
func BenchmarkWatched(b *testing.B) {
	x := make([]float32, 1000*784)
	random.New(1).Uniform(x)
	data := must(datasets.NewSet("noise", tensor.New(tensor.WithShape(1000, 784), tensor.WithBacking(x)), make([]uint8, 1000), 1, 28, 28))(b)
	cd := &models.CD{Model: must(models.NewRBM("rbm", 784, 500, blocks.Gaussian(0.01), random.New(2)))(b), K: 1, Noise: random.New(3)}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := New(Info{})
	v := must(Listen("localhost:0", s, Options{}))(b)
	defer v.Close()
	stage := &pretrain.Stage{Name: "layer 1"}
	j := s.Job("job", 1)
	j.Pipeline(1, "rbm", []pretrain.Stage{*stage}, nil)
	var watched *Job // j, or nobody's
	leave := func() {}
	watch := func() {
		var viewers context.Context
		viewers, leave = context.WithCancel(ctx)
		for range 5 {
			r := must(http.NewRequestWithContext(viewers, "GET", v.Address()+"events", nil))(b)
			got := must((&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r))(b)
			go io.Copy(io.Discard, got.Body)
		}
	}
	var by [2]spent
	steps, kind := -10, 0 // some to warm up
	var cpu time.Duration
	var wall time.Time
	t := train.Trainer{Model: cd, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.01), Epochs: 1 << 30, Batch: 100}}
	t.Between = func(ctx context.Context, at train.Moment) time.Duration {
		if steps++; steps == 1 || steps > 1 && steps%200 == 1 {
			if steps > 1 {
				by[kind] = spent{by[kind].cpu + processor(b) - cpu, by[kind].wall + time.Since(wall), by[kind].steps + 200}
				kind = 1 - kind
			}
			if steps > 400*b.N {
				cancel()
			}
			if watched = nil; kind == 1 {
				watched = j
				watch()
			} else {
				leave()
			}
			time.Sleep(50 * time.Millisecond) // until viewers are there, or gone
			cpu, wall = processor(b), time.Now()
		}
		return watched.Between(ctx, stage, at)
	}
	t.Run(ctx)
	leave()
	each := func(x spent) (cpu, wall float64) {
		return float64(x.cpu.Microseconds()) / float64(x.steps), float64(x.wall.Microseconds()) / float64(x.steps)
	}
	cpu0, wall0 := each(by[0])
	cpu1, wall1 := each(by[1])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(cpu0, "cpu-µs/step")
	b.ReportMetric(cpu1, "cpu-µs/watched-step")
	b.ReportMetric(wall0, "µs/step")
	b.ReportMetric(wall1, "µs/watched-step")
}
