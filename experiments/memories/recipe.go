package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"

	"capas/experiments/lab"
)

// Recipe is the experiment's.
type Recipe struct {
	// Flipped is the share of the units of a probe that are turned, of all memories.
	Flipped float64 `json:"flipped"`
	// Digits are numbers of stored digits, in rising order; Many are further, larger ones, for the
	// dense networks alone. Stored is the number in the pictures and in the energies.
	Digits []int `json:"digits"`
	Many   []int `json:"many"`
	Stored int   `json:"stored"`
	// Followed are the recalls, of each rule, whose energy is followed unit by unit.
	Followed int `json:"followed"`
	// Overloaded is the number of units, and of patterns, of the network that is updated at
	// once, from Starts random states.
	Overloaded int `json:"overloaded"`
	Starts     int `json:"starts"`
	// Units are numbers of units whose capacity is measured, at Loads: patterns a unit. Layers
	// and PairLoads are those of the BAM: units of each layer, pairs a unit of a layer.
	Units     []int     `json:"units"`
	Loads     []float64 `json:"loads"`
	Layers    []int     `json:"layers"`
	PairLoads []float64 `json:"pair_loads"`
	// Dims are numbers of units of the network with the exponential energy, RealDims of the one
	// with real units, WideDims of the others. Patterns are at most MostPatterns; Probes at least are recalled,
	// of several sets of patterns if one has fewer.
	Dims         []int `json:"dims"`
	RealDims     []int `json:"real_dims"`
	WideDims     []int `json:"wide_dims"`
	MostPatterns int   `json:"most_patterns"`
	Probes       int   `json:"probes"`
	// Code is the number of units of a label code, Pairs are numbers of stored pairs of digit
	// and code, in rising order.
	Code  int   `json:"code"`
	Pairs []int `json:"pairs"`
}

// presets are the recipes by name. Numbers of units of random patterns are powers of two:
// the weights and fields of Hebb's rule are exact then.
func presets() map[string]Recipe {
	lecture := Recipe{
		Flipped: 0.1,
		Digits:  []int{2, 5, 10, 20, 50, 100, 200, 400}, Many: []int{1000, 4000}, Stored: 50, Followed: 5,
		Overloaded: 64, Starts: 200,
		Units: []int{256, 1024, 4096}, Loads: []float64{0.06, 0.08, 0.1, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.2, 0.22, 0.25, 0.3, 0.35},
		Layers: []int{256, 1024, 4096}, PairLoads: []float64{0.1, 0.15, 0.18, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.27, 0.3, 0.35, 0.4, 0.5},
		Dims: []int{8, 12, 16, 20, 24, 28, 32, 36}, RealDims: []int{4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}, WideDims: []int{16, 24, 32, 48, 64, 96, 128, 192, 256},
		MostPatterns: 1 << 17, Probes: 100,
		Code: 256, Pairs: []int{2, 5, 10, 20, 50, 100},
	}
	smoke := lecture
	smoke.Digits, smoke.Many, smoke.Stored, smoke.Followed = []int{5, 30}, []int{100}, 10, 1
	smoke.Overloaded, smoke.Starts = 32, 20
	smoke.Units, smoke.Loads = []int{64, 128}, []float64{0.05, 0.1, 0.2, 0.4}
	smoke.Layers, smoke.PairLoads = []int{64}, []float64{0.1, 0.2, 0.4}
	smoke.Dims, smoke.RealDims, smoke.WideDims, smoke.MostPatterns, smoke.Probes = []int{8, 12, 16}, []int{6, 8, 10}, []int{16, 32, 64}, 1<<10, 20
	smoke.Code, smoke.Pairs = 32, []int{5, 10}
	paper := lecture
	paper.Many, paper.Units, paper.Layers = []int{1000, 4000, 16_000, 50_000}, []int{256, 512, 1024, 2048, 4096, 8192}, []int{256, 512, 1024, 2048, 4096, 8192}
	paper.Loads = nil
	for i := range 30 {
		paper.Loads = append(paper.Loads, float64(2+i)/100, (float64(2+i)+0.5)/100)
	}
	paper.Dims, paper.RealDims, paper.WideDims, paper.MostPatterns, paper.Probes = append(slices.Clone(lecture.Dims), 40, 44, 48), append(slices.Clone(lecture.RealDims), 26, 28, 30), append(slices.Clone(lecture.WideDims), 384, 512), 1<<20, 400
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	ints := func(to *[]int, name, usage string) {
		lab.ListFlag(fs, to, name, "comma-separated `list` of "+usage+", in rising order", strconv.Atoi)
	}
	numbers := func(to *[]float64, name, usage string) {
		lab.ListFlag(fs, to, name, "comma-separated `list` of "+usage+", in rising order", lab.ParseNumber)
	}
	fs.Float64Var(&r.Flipped, "flipped", r.Flipped, "`share` of a probe's units that are turned")
	ints(&r.Digits, "digits", "numbers of stored digits")
	ints(&r.Many, "many", "further numbers of digits, for the dense networks")
	fs.IntVar(&r.Stored, "stored", r.Stored, "`digits` that are stored for pictures and energies")
	fs.IntVar(&r.Followed, "followed", r.Followed, "`recalls` of each rule whose energy is followed unit by unit")
	fs.IntVar(&r.Overloaded, "overloaded", r.Overloaded, "`units`, and patterns, of the network that is updated at once")
	fs.IntVar(&r.Starts, "starts", r.Starts, "`states` from which it is")
	ints(&r.Units, "units", "numbers of units whose capacity is measured")
	numbers(&r.Loads, "loads", "loads, patterns a unit")
	ints(&r.Layers, "layers", "numbers of units of a BAM's layers")
	numbers(&r.PairLoads, "pair-loads", "loads of a BAM, pairs a unit of a layer")
	ints(&r.Dims, "dims", "numbers of units of the network with the exponential energy")
	ints(&r.RealDims, "real-dims", "numbers of units of the network with real units")
	ints(&r.WideDims, "wide-dims", "numbers of units of the networks they are compared with")
	fs.IntVar(&r.MostPatterns, "most-patterns", r.MostPatterns, "`patterns` that are stored at most")
	fs.IntVar(&r.Probes, "probes", r.Probes, "`patterns` that are recalled to measure the capacity of those networks")
	fs.IntVar(&r.Code, "code", r.Code, "`units` of a label code")
	ints(&r.Pairs, "pairs", "numbers of stored pairs of digit and code")
}

// Bounds of a recipe, so that a wrong figure is refused before it exhausts the memory.
const (
	maxUnits    = 8192
	maxDims     = 4096
	maxPatterns = 1 << 22
	maxDigits   = 50_000
	maxInverse  = 784 // digits stored by the rules for W, no more than pixels
	maxList     = 64
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if !(r.Flipped > 0 && r.Flipped < 0.5) {
		return fmt.Errorf("want a share of turned units in (0, 0.5), got %g", r.Flipped)
	}
	for _, l := range []struct {
		name     string
		values   []int
		min, max int
	}{
		{"digits", r.Digits, 2, maxInverse}, {"many", r.Many, 2, maxDigits}, {"units", r.Units, 16, maxUnits}, {"layers", r.Layers, 16, maxUnits},
		{"dims", r.Dims, 4, maxDims}, {"real_dims", r.RealDims, 4, maxDims}, {"wide_dims", r.WideDims, 4, maxDims}, {"pairs", r.Pairs, 2, maxInverse},
	} {
		if err := checkList(l.name, l.values, l.min, l.max); err != nil {
			return err
		}
	}
	for _, l := range []struct {
		name   string
		values []float64
		least  int
	}{{"loads", r.Loads, r.Units[0]}, {"pair_loads", r.PairLoads, r.Layers[0]}} {
		if err := checkList(l.name, l.values, 1/float64(l.least), 1); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		what            string
		value, min, max int
	}{
		{"stored digits", r.Stored, classes, maxInverse}, {"followed recalls", r.Followed, 1, 50}, {"units updated at once", r.Overloaded, 4, maxUnits}, {"starts", r.Starts, 1, 10_000},
		{"patterns at most", r.MostPatterns, 2, maxPatterns}, {"probes", r.Probes, 1, 10_000}, {"units of a code", r.Code, 8, maxUnits},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("want %d to %d %s, got %d", n.min, n.max, n.what, n.value)
		}
	}
	if r.Many[0] <= last(r.Digits) {
		return fmt.Errorf("want many, further numbers of digits, beyond %d, got %v", last(r.Digits), r.Many)
	}
	for _, of := range denseRules() {
		n := last(r.dims(of))
		if k := r.limit(of, n); int64(k)*int64(n) > 1<<28 {
			return fmt.Errorf("want at most 2^28 units of all patterns together, got %d patterns of %d", k, n)
		}
	}
	if int64(r.Starts)*int64(r.Overloaded) > 1<<24 {
		return fmt.Errorf("want at most 2^24 units of all starts together, got %d starts of %d", r.Starts, r.Overloaded)
	}
	return nil
}

// checkList reports a list that is too short or long, not in rising order or out of bounds.
func checkList[T int | float64](name string, values []T, least, most T) error {
	if len(values) < 1 || len(values) > maxList {
		return fmt.Errorf("want 1 to %d numbers of %s, got %d", maxList, name, len(values))
	}
	if !lab.Rising(values) || !(values[0] >= least) || !(values[len(values)-1] <= most) {
		return fmt.Errorf("want %s from %v to %v in rising order, got %v", name, least, most, values)
	}
	return nil
}

// last of a list.
func last[T any](values []T) T { return values[len(values)-1] }
