package reinforce

import (
	"math"
	"strings"
	"testing"

	"capas/random"
)

// best is the value of the best play from a state, by dynamic programming over all actions,
// and uniform that of a random one.
func values(c Catch, state [3]float32) (best, uniform float64) {
	best = math.Inf(-1)
	for action := range 3 {
		next := state
		reward, terminal := c.Step(next[:], action, nil)
		b, u := float64(reward), float64(reward)
		if !terminal {
			b, u = values(c, next)
		}
		best, uniform = max(best, b), uniform+u/3
	}
	return best, uniform
}

// Every ball can be caught on a screen that Check lets pass, and not all on one that is too
// wide; a random play catches as many as a free random walk of the paddle says, as long as
// it cannot come to an edge.
func TestCatchValues(t *testing.T) {
	for _, c := range []Catch{{2, 2}, {3, 4}, {5, 5}, {6, 10}, {8, 3}} {
		for column := range c.Columns {
			if best, _ := values(c, [3]float32{0, float32(column), float32(c.Columns / 2)}); best != 1 {
				t.Errorf("%+v, ball in column %d: the best play brings %g", c, column, best)
			}
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
	wide := Catch{Rows: 4, Columns: 9}
	if best, _ := values(wide, [3]float32{0, 0, 4}); best != -1 || wide.Check() == nil {
		t.Errorf("a screen that is too wide: %g, %v", best, wide.Check())
	}
	// Of 3³ courses of three steps 1, 3, 6, 7, 6, 3, 1 end at −3, …, 3.
	c := Catch{Rows: 4, Columns: 9}
	for i, ways := range []float64{1, 3, 6, 7, 6, 3, 1} {
		_, uniform := values(c, [3]float32{0, float32(1 + i), 4})
		if want := 2*ways/27 - 1; math.Abs(uniform-want) > 1e-12 {
			t.Errorf("distance %d: a random play brings %g, want %g", i-3, uniform, want)
		}
	}
}

// The screen shows ball and paddle, and nothing else.
func TestCatchScreen(t *testing.T) {
	c, s := Catch{Rows: 4, Columns: 5}, random.New(1)
	state, x := make([]float32, 3), make([]float32, 20)
	seen := map[float32]int{}
	for range 1000 {
		c.Begin(state, s)
		seen[state[1]]++
		for row := range 4 {
			c.Observe(x, state)
			screen := ""
			for i, v := range x {
				if i%5 == 0 && i > 0 {
					screen += "/"
				}
				screen += map[float32]string{0: ".", 1: "#"}[v]
			}
			lines := strings.Split(screen, "/")
			if row < 3 && (strings.Index(lines[row], "#") != int(state[1]) || strings.Count(screen, "#") != 2) || lines[3][int(state[2])] != '#' {
				t.Fatalf("state %v: %s", state, screen)
			}
			if row < 3 {
				c.Step(state, 2*(row%2), nil)
			}
		}
	}
	for column := range 5 { // 200 ± 5 standard deviations
		if n := seen[float32(column)]; n < 137 || n > 263 {
			t.Errorf("column %d: %d balls of 1000", column, n)
		}
	}
	// At the edges the paddle stays.
	state = []float32{0, 0, 0}
	if c.Step(state, 0, nil); state[2] != 0 {
		t.Errorf("the paddle left at %g", state[2])
	}
	state = []float32{0, 0, 4}
	if c.Step(state, 2, nil); state[2] != 4 {
		t.Errorf("the paddle left at %g", state[2])
	}
}

func TestCatchCheck(t *testing.T) {
	for _, c := range []Catch{{1, 5}, {5, 1}, {0, 0}, {-3, 4}, {1000, 4}, {3, 6}, {100, 101}} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: want an error of one line, got %v", c, err)
		}
	}
}
