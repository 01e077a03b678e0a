package reinforce

import (
	"fmt"

	"capas/random"
)

// Catch is a game seen as pixels (Mnih et al. 2014 play it in "Recurrent models of visual
// attention"): on a screen of Rows×Columns pixels a ball of one pixel falls from a column of
// the top row, drawn uniformly, by one row a step. The paddle, one pixel in the bottom row,
// begins in the middle; action 0 moves it to the left, 1 leaves it, 2 moves it to the right,
// as far as the screen goes. The episode ends when the ball is in the bottom row, after
// Rows−1 steps: with the reward 1 if the paddle is there, −1 if it is not. All other rewards
// are 0.
//
// The state is the ball's row and column and the paddle's column; the observation is the
// screen, row by row, with 1 for ball and paddle and 0 for the background.
type Catch struct{ Rows, Columns int }

var _ Environment = Catch{}

// Check reports a screen of which not every ball can be caught.
func (c Catch) Check() error {
	const most = 100
	if c.Rows < 2 || c.Columns < 2 || c.Rows > most || c.Columns > most || c.Rows-1 < c.Columns/2 {
		return fmt.Errorf("catch: want 2 to %d rows and columns, and at most %d columns, from whose middle the paddle can catch every ball, got %d and %d", most, 2*max(c.Rows, 1)-1, c.Rows, c.Columns)
	}
	return nil
}

// Shape is 3 numbers that are seen as Rows·Columns pixels, and 3 actions.
func (c Catch) Shape() Shape { return Shape{State: 3, Inputs: c.Rows * c.Columns, Actions: 3} }

// Begin draws the ball's column.
func (c Catch) Begin(state []float32, s *random.Stream) {
	state[0], state[1], state[2] = 0, float32(s.Rand().IntN(c.Columns)), float32(c.Columns/2)
}

// Step moves paddle and ball.
func (c Catch) Step(state []float32, action int, _ *random.Stream) (reward float32, terminal bool) {
	state[2] = min(max(state[2]+float32(action-1), 0), float32(c.Columns-1))
	state[0]++
	if int(state[0]) < c.Rows-1 {
		return 0, false
	}
	if state[1] == state[2] {
		return 1, true
	}
	return -1, true
}

// Observe draws the screen.
func (c Catch) Observe(x, state []float32) {
	clear(x)
	x[int(state[0])*c.Columns+int(state[1])] = 1
	x[(c.Rows-1)*c.Columns+int(state[2])] = 1
}
