package guide

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab"
	"capas/experiments/lab/figure"
	"capas/models"
	"capas/random"
	"capas/train"
)

// recipe of an experiment that asks how many hidden units digits need.
type recipe struct {
	Units  int     `json:"units"`
	Epochs int     `json:"epochs"`
	Rate   float64 `json:"rate"`
}

func width() lab.Experiment[recipe] {
	return lab.Experiment[recipe]{
		Name: "width", Title: "Width", Question: "How many hidden units do digits need?", Section: "2.1",
		Presets: map[string]recipe{
			"smoke":   {Units: 10, Epochs: 1, Rate: 0.1},
			"lecture": {Units: 100, Epochs: 20, Rate: 0.1},
		},
		Seeds:    map[string]int{"lecture": 3},
		Datasets: []string{"mnist"},
		Flags: func(fs *flag.FlagSet, r *recipe) {
			fs.IntVar(&r.Units, "units", r.Units, "number of hidden `units`")
			fs.Float64Var(&r.Rate, "lr", r.Rate, "learning `rate`")
		},
		Validate: func(r *recipe) error {
			if r.Units < 1 {
				return fmt.Errorf("units: want at least 1, got %d", r.Units)
			}
			return nil
		},
		Run: measure,
	}
}

func measure(ctx context.Context, r *lab.Run[recipe]) error {
	data, err := datasets.Load(ctx, r.Data, datasets.Options{Dir: r.DataDir})
	if err != nil {
		return err
	}
	few, err := data.Train.Sample(1000, nil)
	if err != nil {
		return err
	}
	for _, seed := range r.Seeds {
		s := random.New(seed)
		net, err := models.NewMLP("net", []int{784, r.Recipe.Units, 10}, blocks.ReLU(), blocks.He(), blocks.LeCun(), s.Split("weights"))
		if err != nil {
			return err
		}
		t := train.Trainer{
			Model: net, Recipe: train.Recipe{Optimizer: train.SGD(r.Recipe.Rate), Epochs: r.Recipe.Epochs, Batch: 20},
			Data: few, Order: s.Split("order"),
		}
		if _, err := t.Run(ctx); err != nil {
			return err
		}
		v, err := train.NewEvaluator(net).Run(data.Validation)
		if err != nil {
			return err
		}
		e, _ := v.Get("error")
		r.Metric("validation_error", seed, e)
	}
	return nil
}

func Example_experiment() {
	dir, err := os.MkdirTemp("", "capas-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "width")
	status := lab.Main(width(), []string{"-preset", "smoke", "-units", "20", "-seeds", "2", "-out", out}, io.Discard, io.Discard)
	fmt.Println("status", status)

	data, err := os.ReadFile(filepath.Join(out, "result.json"))
	if err != nil {
		log.Fatal(err)
	}
	var result struct {
		Recipe  recipe
		Metrics map[string]struct{ Values []float64 }
	}
	if err := json.Unmarshal(data, &result); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Recipe.Units, "units,", len(result.Metrics["validation_error"].Values), "seeds")
	// Output:
	// status 0
	// 20 units, 2 seeds
}

func Example_figure() {
	svg, err := figure.Lines{
		XLabel: "epoch", YLabel: "error (%)", FromZero: true,
		Series: []figure.Series{{Name: "net", X: []float64{1, 2, 3}, Y: [][]float64{{20, 12, 9}, {22, 13, 10}}}}, // two seeds
	}.SVG()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(svg), "<svg"))
	// Output:
	// true
}
