package reinforce

import (
	"math"

	"capas/random"
)

// CartPole is the pole on a cart of Barto, Sutton & Anderson 1983 ("Neuronlike adaptive
// elements that can solve difficult learning control problems"), without friction and with
// the constants that OpenAI's Gym has made usual: a cart of 1 kg on a track, to which a
// uniform pole of 0.1 kg and length 2l = 1 m is hinged. Action 0 pushes the cart to the left
// with F = −10 N, action 1 to the right with 10 N, for τ = 0.02 s:
//
//	θ̈ = (g sin θ − cos θ·(F + m l θ̇² sin θ)/M) / (l·(4/3 − m cos²θ/M))
//	ẍ = (F + m l θ̇² sin θ)/M − m l θ̈ cos θ/M
//
// with M the mass of both, m that of the pole, and θ the angle from the upright, to the
// right positive. A step is one of Euler's: x ← x + τẋ, ẋ ← ẋ + τẍ, and so for θ, with the
// values before it on the right-hand sides. State and observation are x (m), ẋ (m/s), θ
// (rad) and θ̇ (rad/s), each uniform in [−0.05, 0.05) at first. Every step has the reward 1,
// also the last one; the state is terminal where |x| > 2.4 m or |θ| > 12°.
//
// The state is rounded to float32 after each step.
type CartPole struct{}

var _ Environment = CartPole{}

// The constants, in SI units.
const (
	gravity  = 9.8
	poleMass = 0.1
	mass     = 1.1 // of cart and pole
	halfPole = 0.5
	force    = 10
	interval = 0.02
	maxX     = 2.4
	maxTheta = 12 * math.Pi / 180
)

// Shape is 4 numbers, 2 actions.
func (CartPole) Shape() Shape { return Shape{State: 4, Inputs: 4, Actions: 2} }

// Begin draws the four numbers.
func (CartPole) Begin(state []float32, s *random.Stream) {
	s.Uniform(state)
	for i, u := range state {
		state[i] = (u - 0.5) * 0.1
	}
}

// Step takes a step of Euler's.
func (CartPole) Step(state []float32, action int, _ *random.Stream) (reward float32, terminal bool) {
	x, v, theta, omega := float64(state[0]), float64(state[1]), float64(state[2]), float64(state[3])
	f := float64(force)
	if action == 0 {
		f = -force
	}
	a, alpha := accelerations(theta, omega, f)
	state[0] = float32(x + interval*v)
	state[1] = float32(v + interval*a)
	state[2] = float32(theta + interval*omega)
	state[3] = float32(omega + interval*alpha)
	return 1, math.Abs(float64(state[0])) > maxX || math.Abs(float64(state[2])) > maxTheta
}

// accelerations are ẍ and θ̈ under a force.
func accelerations(theta, omega, f float64) (a, alpha float64) {
	sin, cos := math.Sincos(theta)
	pushed := (f + poleMass*halfPole*omega*omega*sin) / mass
	alpha = (gravity*sin - cos*pushed) / (halfPole * (4.0/3 - poleMass*cos*cos/mass))
	return pushed - poleMass*halfPole*alpha*cos/mass, alpha
}

// Observe is the state.
func (CartPole) Observe(x, state []float32) { copy(x, state) }
