package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// allocated is what f takes from the memory in all, in bytes: more than it ever holds.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// held is how many bytes of memory are in use.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestReadMostSeeds reads a run of the most seeds that are allowed: 400 metrics of long
// numbers, and for each seed 40 stages in the log and the checkpoints of 20 networks.
func TestReadMostSeeds(t *testing.T) {
	doc := Document{Config: Config{Experiment: "toy", Preset: "smoke", Recipe: []byte(`{"depth":1}`)}, Metrics: map[string]Metric{}}
	var log strings.Builder
	dir := t.TempDir()
	checkpoint := filepath.Join(dir, checkpointsDir, "seed-0.safetensors")
	write(t, checkpoint, "")
	values := make([]float64, maxSeeds)
	for i := range values {
		values[i] = -1.2345678901234567e-100
		doc.Seeds = append(doc.Seeds, uint64(i)+1)
		for k := range 40 {
			fmt.Fprintf(&log, `{"seed":%d,"run":"network-%d","stage":"layer %d","epoch":1,"loss":0.5}`+"\n", i+1, k/2, k%2)
			file := filepath.Join(dir, checkpointsDir, fmt.Sprintf("seed-%d-network-%d.%d.safetensors", i+1, k/2, k%2))
			if os.Link(checkpoint, file) == nil { // much faster than a file of its own
				continue
			}
			if err := os.WriteFile(file, nil, 0o666); err != nil { // where there may not be so many links
				t.Fatal(err)
			}
		}
	}
	for i := range 400 {
		doc.Metrics[fmt.Sprintf("noisy-sines.leaky-relu.width1024.metric%d", i)] = newMetric(values)
	}
	for name, v := range map[string]any{configFile: doc.Config, resultFile: doc} {
		text, err := marshalIndent(v)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	if used := allocated(func() {
		s, err := Read(dir)
		if err != nil || len(s.Result.Metrics) != 400 || s.Stages != nil {
			t.Fatalf("without a log: got %+v, %v", s, err)
		}
	}); used > 100<<20 {
		t.Errorf("the documents took %d bytes, want at most %d", used, 100<<20)
	}
	write(t, filepath.Join(dir, metricsFile), log.String())
	s, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if stages, files := len(s.Stages), len(s.Checkpoints); stages != 40*maxSeeds || files != stages+1 {
		t.Errorf("got %d stages and %d checkpoints, want %d and one more", stages, files, 40*maxSeeds)
	}
}

// TestLongLog: a gigabyte is no reason to refuse a log, but one line of so much is.
func TestLongLog(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, configFile), `{"experiment":"toy","preset":"smoke","seeds":[1],"recipe":{}}`)
	log := filepath.Join(dir, metricsFile)
	write(t, log, `{"seed":1,"run":"a"}`+"\n")
	if err := os.Truncate(log, 1<<30); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "line 2: want at most 1048576 bytes") {
		t.Errorf("got %v, want an error in line 2", err)
	}
}

// TestLargeString: a document of nearly as many bytes as are read, all in a string of its
// recipe, which is copied more than once.
func TestLargeString(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, configFile), `{"experiment":"toy","preset":"smoke","seeds":[1],"recipe":{"notes":"`+strings.Repeat("x", maxDocument-100)+`"}}`)
	if used := allocated(func() {
		if _, err := Read(dir); err != nil {
			t.Fatal(err)
		}
	}); used > 100<<20 {
		t.Errorf("took %d bytes, want at most %d", used, 100<<20)
	}
}

// TestManyStages makes a sixteenth of the stages that there may be, with last lines such as
// those of experiments, and refuses one stage too many.
func TestManyStages(t *testing.T) {
	const part = 16
	c := newCollector()
	before := held()
	for i := range maxStages / part {
		values := make(Fields, 0, 4)
		for _, name := range []string{"width", "rate", "epochs", "error"} {
			values = append(values, Field{strings.Clone(name), 1})
		}
		l := Line{Seed: uint64(i), Run: strings.Clone("parity-10-depth-5"), Stage: strings.Clone("width 256 rate 0.003"), Values: values}
		if err := c.add(l, nil); err != nil {
			t.Fatalf("stage %d: %v", i, err)
		}
	}
	c.sorted()
	used := held() - before
	if used > 1<<30/part {
		t.Errorf("holds %d bytes, want at most %d", used, 1<<30/part)
	}
	t.Logf("holds %d bytes", used)
	c.stages = append(c.stages, make([]Stage, maxStages-len(c.stages))...)
	if err := c.add(Line{Seed: 1}, nil); err == nil || err.Error() != "want at most 1048576 stages, got more" {
		t.Errorf("one more stage: got %v", err)
	}
	if err := c.add(c.stages[0].Last, nil); err != nil || c.stages[0].Lines != 2 {
		t.Errorf("one more line of a stage: got %d, %v", c.stages[0].Lines, err)
	}
}

// TestLongLastLines: the stages' last lines are bounded together, and those that are
// replaced do not count.
func TestLongLastLines(t *testing.T) {
	values := make(Fields, maxValues)
	for i := range values {
		values[i].Name = "x.12345678"
	}
	c := newCollector()
	most := maxKept / (Line{Values: values}).size()
	for i := range 2 * most {
		if err := c.add(Line{Seed: 1, Values: values}, nil); err != nil {
			t.Fatalf("line %d of a stage: %v", i, err)
		}
	}
	for i := range most + 1 {
		err := c.add(Line{Seed: uint64(i) + 1, Values: values}, nil)
		if (err != nil) != (i == most) || err != nil && !strings.Contains(err.Error(), "want at most 268435456 bytes of last lines") {
			t.Fatalf("stage %d of %d: got %v", i, most, err)
		}
	}
}
