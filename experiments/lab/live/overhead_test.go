package live

import (
	"context"
	"io"
	"net/http"
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

// BenchmarkStep is a step of CD-1 of 784×500 units on 100 examples as it is without a live view, with one that nobody watches, and
// with viewers, whose part of the work is in the same process. What viewers cost is a steady state: give it some
// seconds, as -benchtime 10s.
func BenchmarkStep(b *testing.B) {
	x := make([]float32, 1000*784)
	random.New(1).Uniform(x)
	data := must(datasets.NewSet("noise", tensor.New(tensor.WithShape(1000, 784), tensor.WithBacking(x)), make([]uint8, 1000), 1, 28, 28))(b)
	for _, c := range []struct {
		name    string
		view    bool
		viewers int
	}{{"without", false, 0}, {"unwatched", true, 0}, {"viewers=1", true, 1}, {"viewers=5", true, 5}, {"viewers=50", true, 50}} {
		b.Run(c.name, func(b *testing.B) {
			rbm := must(models.NewRBM("rbm", 784, 500, blocks.Gaussian(0.01), random.New(2)))(b)
			cd := &models.CD{Model: rbm, K: 1, Noise: random.New(3)}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			steps, total := 0, b.N
			trainer := train.Trainer{Model: cd, Data: data, Recipe: train.Recipe{Optimizer: train.SGD(0.01), Epochs: total/10 + 1, Batch: 100}}
			stage := &pretrain.Stage{Name: "layer 1"}
			var j *Job
			if c.view {
				s := New(Info{})
				v := must(Listen("localhost:0", s, Options{}))(b)
				defer v.Close()
				j = s.Job("job", 1)
				j.Pipeline(1, "rbm", []pretrain.Stage{*stage}, nil)
				for range c.viewers {
					r := must(http.NewRequestWithContext(ctx, "GET", v.Address()+"events", nil))(b)
					got := must((&http.Client{Transport: &http.Transport{}}).Do(r))(b)
					go io.Copy(io.Discard, got.Body)
				}
				trainer.AfterEpoch = func(e train.Epoch) error {
					s.Log(1, "rbm", "layer 1", e.Epoch, []byte(`{"train.reconstruction":20.5}`))
					return nil
				}
			}
			trainer.Between = func(ctx context.Context, at train.Moment) time.Duration {
				if steps == total {
					cancel()
				}
				steps++
				return j.Between(ctx, stage, at)
			}
			b.ResetTimer()
			trainer.Run(ctx)
			b.StopTimer()
		})
	}
}
