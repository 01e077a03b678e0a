package main

import (
	"fmt"
	"math"
	"strings"
)

// target is a function that networks are to approximate. Its variables are from [−1,1],
// the range of the data; it is defined outside as well.
type target struct {
	name, words string // words are its formula, for people
	of          func(x []float64) float64
	variables   int
	// curvature is a bound of |f″| on [−1,1]; 0 if there is none, or if it has two
	// variables.
	curvature float64
	// kinks on (−1,1), in rising order, of a function that is a polygon; nil of others.
	kinks []float64
}

// targets are all functions there are.
func targets() []target {
	return []target{
		{
			name: "sines", words: "sin πx + ½ sin 4πx", variables: 1,
			of: func(x []float64) float64 { return math.Sin(math.Pi*x[0]) + math.Sin(4*math.Pi*x[0])/2 },
			// f″ = −π² sin πx − 8π² sin 4πx
			curvature: 9 * math.Pi * math.Pi,
		},
		{
			name: "zigzag", words: "(2/π) arcsin sin(4πx + 1), with eight kinks", variables: 1,
			of:    func(x []float64) float64 { return math.Asin(math.Sin(4*math.Pi*x[0]+1)) * 2 / math.Pi },
			kinks: crests(),
		},
		{
			name: "step", words: "−1 below 0.3, 1 from there on", variables: 1,
			of: func(x []float64) float64 { return sign(x[0] >= 0.3) },
		},
		{
			name: "chirp", words: "sin 4π(x+1)², eight waves that grow shorter", variables: 1,
			of: func(x []float64) float64 { return math.Sin(4 * math.Pi * (x[0] + 1) * (x[0] + 1)) },
			// f″ = θ″ cos θ − θ′² sin θ with θ′ = 8π(x+1) and θ″ = 8π
			curvature: math.Hypot(8*math.Pi, 256*math.Pi*math.Pi),
		},
		{
			name: "bump", words: "exp(−8((x−0.2)² + (y+0.1)²))", variables: 2,
			of: func(x []float64) float64 {
				u, v := x[0]-0.2, x[1]+0.1
				return math.Exp(-8 * (u*u + v*v))
			},
		},
		{
			name: "saddle", words: "x·y", variables: 2,
			of: func(x []float64) float64 { return x[0] * x[1] },
		},
		{
			name: "ring", words: "1 where 0.4 ≤ √(x² + y²) < 0.8, 0 elsewhere", variables: 2,
			of: func(x []float64) float64 {
				if r := math.Hypot(x[0], x[1]); r >= 0.4 && r < 0.8 {
					return 1
				}
				return 0
			},
		},
		{
			name: "abs", words: "|x|", variables: 1,
			of:    func(x []float64) float64 { return math.Abs(x[0]) },
			kinks: []float64{0},
		},
		{
			name: "checkerboard", words: "1 and −1 on the sixteen squares of a board", variables: 2,
			of: func(x []float64) float64 {
				return sign(math.Mod(math.Floor(2*x[0])+math.Floor(2*x[1]), 2) == 0)
			},
		},
	}
}

// crests are the places where 4πx + 1 is an odd multiple of π/2.
func crests() (x []float64) {
	for k := -4; k < 4; k++ {
		x = append(x, (math.Pi/2+math.Pi*float64(k)-1)/(4*math.Pi))
	}
	return x
}

func sign(positive bool) float64 {
	if positive {
		return 1
	}
	return -1
}

// names of all functions.
func names() (out []string) {
	for _, f := range targets() {
		out = append(out, f.name)
	}
	return out
}

// find returns the function of a name.
func find(name string) (target, error) {
	for _, f := range targets() {
		if f.name == name {
			return f, nil
		}
	}
	return target{}, fmt.Errorf("function %q is unknown: want one of %s", name, strings.Join(names(), ", "))
}
