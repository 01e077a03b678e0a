package blocks_test

import (
	"fmt"
	"math"
	"testing"

	"capas/blocks"
	"capas/internal/gradcheck"

	G "gorgonia.org/gorgonia"
)

// The formulas of the activations, by package math.
var formulas = map[string]func(z float64) float64{
	"linear":           func(z float64) float64 { return z },
	"sigmoid":          func(z float64) float64 { return 1 / (1 + math.Exp(-z)) },
	"tanh":             math.Tanh,
	"lecun-tanh":       func(z float64) float64 { return 1.7159 * math.Tanh(2*z/3) },
	"relu":             func(z float64) float64 { return math.Max(0, z) },
	"leaky-relu(0.01)": func(z float64) float64 { return math.Max(0.01*z, z) },
	"softplus":         func(z float64) float64 { return math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) },
	"softsign":         func(z float64) float64 { return z / (1 + math.Abs(z)) },
}

// Every activation over ±1e4, where a sigmoid, a tanh or an exponential saturates,
// against float64.
func TestActivationValues(t *testing.T) {
	z := []float64{0, -1e4, 1e4, -100, 100, -50, 50}
	for v := -25.0; v <= 25; v += 0.37 {
		z = append(z, v)
	}
	for _, name := range blocks.Activations() {
		if name == "softmax" {
			continue
		}
		a, err := blocks.ParseActivation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, dt := range dtypes {
			leaf := of(G.NewGraph(), dt, "z", 1, len(z), z...)
			y, err := a.Apply(leaf)
			if err != nil {
				t.Fatal(err)
			}
			// float32 rounds z first, which shifts it by at most 2⁻²⁴|z|.
			in := gradcheck.Numbers(t, leaf.Value())
			for i, got := range gradcheck.Compiled(t, G.Nodes{y})[0] {
				want := formulas[name](in[i])
				if !(math.Abs(got-want) <= 1e-6*math.Max(math.Abs(want), 1e-3)) {
					t.Errorf("%s %v of %g: got %g, want %g", name, dt, in[i], got, want)
				}
			}
		}
	}
}

func TestLeCunTanhScale(t *testing.T) {
	y, err := blocks.LeCunTanh().Apply(of(G.NewGraph(), dtypes[1], "z", 1, 2, 1, -1))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1, -1} { // f(±1) = ±1, to the constants' four digits
		if got := gradcheck.Compiled(t, G.Nodes{y})[0][i]; math.Abs(got-want) > 1e-4 {
			t.Errorf("f(%g) = %g", want, got)
		}
	}
}

// Without overflow, in both dtypes.
func TestLogSumExp(t *testing.T) {
	for _, dt := range dtypes {
		y, err := blocks.LogSumExp(of(G.NewGraph(), dt, "z", 3, 3, 0, 0, 0, 1e4, 1e4, -1e4, -1e3, -1e3, -1e3))
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range gradcheck.Compiled(t, G.Nodes{y})[0] {
			if want := []float64{math.Log(3), 1e4 + math.Ln2, -1e3 + math.Log(3)}[i]; !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
				t.Errorf("%v, row %d: want %g, got %g", dt, i, want, got)
			}
		}
	}
}

func TestSoftmaxValues(t *testing.T) {
	for _, dt := range dtypes {
		z := of(G.NewGraph(), dt, "z", 5, 3,
			1, 2, 3,
			1e4, -1e4, 0,
			-1e4, -1e4, -1e4,
			1e4, 1e4, -1e4,
			math.Log(0.57), math.Log(0.20), math.Log(0.23))
		e1, e2 := math.Exp(-1), math.Exp(-2)
		s := 1 + e1 + e2
		want := []float64{
			e2 / s, e1 / s, 1 / s,
			1, 0, 0,
			1. / 3, 1. / 3, 1. / 3,
			0.5, 0.5, 0,
			0.57, 0.20, 0.23,
		}
		y, err := blocks.Softmax().Apply(z)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range gradcheck.Compiled(t, G.Nodes{y})[0] {
			if !(math.Abs(got-want[i]) <= 1e-6) {
				t.Errorf("%v: element %d: got %g, want %g", dt, i, got, want[i])
			}
		}
	}
}

// Recipes hold choices as text: every one reads back what it writes, by itself and
// within a JSON document, and refuses other texts.
func TestActivationText(t *testing.T) {
	for _, a := range []blocks.Activation{{}, blocks.Linear(), blocks.Sigmoid(), blocks.Tanh(), blocks.LeCunTanh(), blocks.ReLU(),
		blocks.LeakyReLU(0.01), blocks.LeakyReLU(0), blocks.LeakyReLU(1.0 / 3), blocks.Softplus(), blocks.Softsign(), blocks.Softmax()} {
		roundTrip(t, a, blocks.ParseActivation)
	}
	for text, want := range map[string]blocks.Activation{" Sigmoid ": blocks.Sigmoid(), "leaky-relu": blocks.LeakyReLU(0.01), "leaky-relu( 0.2 )": blocks.LeakyReLU(0.2)} {
		if got, err := blocks.ParseActivation(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, name := range blocks.Activations() {
		if a, err := blocks.ParseActivation(name); err != nil || fmt.Sprint(a) != name {
			t.Errorf("listed name %q: got %v, %v", name, a, err)
		}
	}
	refused(t, blocks.ParseActivation, "", "sigmoide", "sigmoid(1)", "linear()", "leaky-relu(-1)", "leaky-relu(x)", "leaky-relu(NaN)", "leaky-relu(+Inf)", "leaky-relu(0.1", "leaky-relu)")
}
