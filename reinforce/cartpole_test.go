package reinforce

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"capas/random"
)

// Courses of the cart-pole are those that scripts/torch_reinforce.py computes from
// Lagrange's equations, solved as a linear system, to the rounding of float32.
func TestCartPoleCourses(t *testing.T) {
	var f struct {
		Courses []struct {
			Start    []float32
			Actions  []int
			States   [][]float64
			Terminal bool
		}
	}
	if err := json.Unmarshal(must(os.ReadFile("testdata/cartpole.json"))(t), &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Courses) < 3 {
		t.Fatalf("want several courses, got %d", len(f.Courses))
	}
	for c, course := range f.Courses {
		state, terminal := course.Start, false
		for i, action := range course.Actions {
			if terminal {
				t.Fatalf("course %d ends before step %d", c, i+1)
			}
			var reward float32
			reward, terminal = CartPole{}.Step(state, action, nil)
			if reward != 1 {
				t.Errorf("course %d, step %d: reward %g", c, i+1, reward)
			}
			for j, want := range course.States[i] {
				if d := math.Abs(float64(state[j]) - want); !(d <= 2e-6*math.Max(1, math.Abs(want))) {
					t.Fatalf("course %d, step %d: want %v, got %v", c, i+1, course.States[i], state)
				}
			}
		}
		if terminal != course.Terminal {
			t.Errorf("course %d: want terminal %t after %d steps, got %t", c, course.Terminal, len(course.Actions), terminal)
		}
	}
}

// A course that the documentation of OpenAI's Gym prints, with eight digits.
func TestCartPoleOfGym(t *testing.T) {
	states := [][]float64{
		{-0.061586, -0.75893141, 0.05793238, 1.15547541},
		{-0.07676463, -0.95475889, 0.08104189, 1.46574644},
		{-0.0958598, -1.15077434, 0.11035682, 1.78260485},
		{-0.11887529, -0.95705275, 0.14600892, 1.5261692},
		{-0.13801635, -0.7639636, 0.1765323, 1.28239155},
		{-0.15329562, -0.57147373, 0.20218013, 1.04977545},
	}
	for i, action := range []int{0, 0, 1, 1, 1} {
		var state []float32
		for _, v := range states[i] {
			state = append(state, float32(v))
		}
		_, terminal := CartPole{}.Step(state, action, nil)
		for j, want := range states[i+1] {
			if math.Abs(float64(state[j])-want) > 5e-7 {
				t.Errorf("step %d: want %v, got %v", i+1, states[i+1], state)
				break
			}
		}
		if done := math.Abs(states[i+1][2]) > 12*2*math.Pi/360; done != terminal {
			t.Errorf("step %d: terminal %t, want %t", i+1, terminal, done)
		}
	}
}

// The only work done on cart and pole is the force's: dE/dt = F·ẋ, with
// E = ½Mẋ² + m l ẋθ̇ cos θ + ½·4/3·m l²θ̇² + m g l cos θ.
func TestCartPoleEnergy(t *testing.T) {
	rng := random.New(3).Rand()
	for range 1000 {
		v, theta, omega, f := 4*rng.Float64()-2, 2*math.Pi*rng.Float64(), 6*rng.Float64()-3, 20*rng.Float64()-10
		a, alpha := accelerations(theta, omega, f)
		const ml = poleMass * halfPole
		sin, cos := math.Sincos(theta)
		power := (mass*v+ml*omega*cos)*a + (ml*v*cos+4.0/3*ml*halfPole*omega)*alpha - ml*v*omega*omega*sin - ml*gravity*omega*sin
		if math.Abs(power-f*v) > 1e-12 {
			t.Fatalf("θ %g, θ̇ %g, ẋ %g, F %g: energy grows by %g W, the force gives %g", theta, omega, v, f, power, f*v)
		}
	}
}

// A mirrored state under the opposite action goes on mirrored.
func TestCartPoleMirrored(t *testing.T) {
	s := random.New(4)
	state, mirrored := make([]float32, 4), make([]float32, 4)
	for range 100 {
		CartPole{}.Begin(state, s)
		for i, v := range state {
			if !(v >= -0.05 && v < 0.05) {
				t.Fatalf("begins at %v", state)
			}
			mirrored[i] = -v
		}
		for step := range 20 {
			action := step / 3 % 2
			CartPole{}.Step(state, action, nil)
			CartPole{}.Step(mirrored, 1-action, nil)
		}
		for i, v := range state {
			if mirrored[i] != -v {
				t.Fatalf("%v and mirrored %v", state, mirrored)
			}
		}
	}
}

// The pole falls at the limits, and only beyond them.
func TestCartPoleLimits(t *testing.T) {
	for _, c := range []struct {
		x, theta float32
		terminal bool
	}{{2.39, 0, false}, {2.41, 0, true}, {-2.41, 0, true}, {0, 0.209, false}, {0, 0.21, true}, {0, -0.21, true}} {
		if _, terminal := (CartPole{}).Step([]float32{c.x, 0, c.theta, 0}, 1, nil); terminal != c.terminal {
			t.Errorf("x %g, θ %g: terminal %t", c.x, c.theta, terminal)
		}
	}
}
