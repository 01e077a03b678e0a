package games

// Planes is the number of planes of a position as a network sees it.
const Planes = 2

// Inputs is the number of values that Encode writes.
func (g *Game) Inputs() int { return Planes * g.Cells() }

// Encode writes a position as a network sees it, two planes of Height·Width cells from the
// top left on, row by row: 1 where the player to move has a stone, and 1 where the opponent
// has. dst has Inputs elements. The rules are the same for both players, and so no input
// says who began.
func (g *Game) Encode(dst []float32, p Position) {
	own, other := dst[:len(g.cells)], dst[len(g.cells):g.Inputs()]
	for i, bit := range g.cells {
		own[i], other[i] = 0, 0
		if p.Own&bit != 0 {
			own[i] = 1
		}
		if p.Other&bit != 0 {
			other[i] = 1
		}
	}
}

// Symmetry is a way to turn or mirror the board under which the rules stay the same.
type Symmetry struct {
	// Moves[i] is the move that move i becomes.
	Moves []int
	cells []int // the cell that cell i becomes
}

// Symmetries are those of a game, that which changes nothing first: the eight of a square
// without gravity; with gravity left and right can be exchanged alone.
func (g *Game) Symmetries() (all []Symmetry) {
	mirrors, turns := 2, 1
	if !g.Gravity && g.Height == g.Width {
		turns = 4
	}
	for turn := range turns {
		for mirror := range mirrors {
			s := Symmetry{}
			for i := range g.Cells() {
				row, column := i/g.Width, i%g.Width
				for range turn {
					row, column = column, g.Height-1-row
				}
				if mirror == 1 {
					column = g.Width - 1 - column
				}
				s.cells = append(s.cells, row*g.Width+column)
			}
			s.Moves = s.cells[:g.Moves()] // with gravity, the cells of the top row
			all = append(all, s)
		}
	}
	return all
}

// Turned is a position under a symmetry.
func (g *Game) Turned(p Position, s Symmetry) (out Position) {
	for i, bit := range g.cells {
		to := g.cells[s.cells[i]]
		if p.Own&bit != 0 {
			out.Own |= to
		}
		if p.Other&bit != 0 {
			out.Other |= to
		}
	}
	return out
}
