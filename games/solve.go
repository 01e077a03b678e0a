package games

// Solver finds the values of positions under perfect play, by minimax over all that can
// follow, each position once. Tic-tac-toe it solves from the empty board; of Connect Four
// positions with few empty cells. Make one with [NewSolver]. Not for concurrent use.
type Solver struct {
	game  *Game
	known map[Position]int8
}

// NewSolver returns a solver of a game.
func NewSolver(g *Game) *Solver { return &Solver{game: g, known: map[Position]int8{}} }

// Value is the result for the player to move if nobody makes a mistake: 1 for a win, 0 for a
// draw, −1 for a loss.
func (s *Solver) Value(p Position) int {
	if over, result := s.game.Over(p); over {
		return int(result)
	}
	if v, ok := s.known[p]; ok {
		return int(v)
	}
	legal, best := s.game.Legal(p), -1
	for move := range s.game.Moves() {
		if legal>>move&1 != 0 && s.game.Wins(p, move) {
			best = 1
		}
	}
	for move := 0; move < s.game.Moves() && best < 1; move++ {
		if legal>>move&1 != 0 {
			best = max(best, -s.Value(s.game.Play(p, move)))
		}
	}
	s.known[p] = int8(best)
	return best
}

// Best are the moves that keep a position's value, in rising order; none when the game is
// over.
func (s *Solver) Best(p Position) (moves []int) {
	legal, value := s.game.Legal(p), s.Value(p)
	for move := range s.game.Moves() {
		if legal>>move&1 != 0 && -s.Value(s.game.Play(p, move)) == value {
			moves = append(moves, move)
		}
	}
	return moves
}
