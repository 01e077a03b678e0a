package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/experiments/lab"
	"capas/games"
	"capas/models"
	"capas/random"
	"capas/search"
	"capas/selfplay"
	"capas/train"
)

// Recipe is the experiment's: the games, and how each is learned and measured.
type Recipe struct {
	// Games are the names of those that are learned.
	Games       []string   `json:"games"`
	TicTacToe   GameRecipe `json:"tictactoe"`
	ConnectFour GameRecipe `json:"connect4"`
}

// GameRecipe is how one game is learned.
type GameRecipe struct {
	// Convs are the convolutional layers of the network, Units the sizes of its dense ones;
	// all have the activation ReLU and He's first weights.
	Convs []models.ConvSpec `json:"convs,omitempty"`
	Units []int             `json:"units"`
	// SelfPlay is the training.
	SelfPlay selfplay.Recipe `json:"selfplay"`
	// Play is the search of the network in matches. Pure Monte Carlo tree search has as many
	// simulations, and Rollouts as its constant of exploration.
	Play     search.Options `json:"play"`
	Rollouts float64        `json:"rollouts"`
	// Watch is the number of games against each opponent after every iteration, Test that at
	// the end, half of them on either side.
	Watch int `json:"watch"`
	Test  int `json:"test"`
	// Handicaps are factors by which pure Monte Carlo tree search has more simulations, in
	// further matches at the end, in rising order.
	Handicaps []int `json:"handicaps"`
	// Equal are numbers of simulations, in rising order, at which both sides have as many in yet
	// other matches at the end.
	Equal []int `json:"equal"`
}

// presets are the recipes by name. The constants of exploration of both searches, the size of
// the buffer and the numbers of simulations of self-play were chosen by matches of other networks
// and with other streams than those that are reported. The 50 simulations of Connect Four's matches
// were not, and so they are not those at which pure Monte Carlo tree search has to be beaten.
func presets() map[string]Recipe {
	adam := train.Optimizer{Kind: "adam", Rate: train.Schedule{Start: 0.002, Linear: true}, L2: 0.0001}
	// AlphaZero's quarter of noise, and its α for so few moves.
	options := func(simulations int, exploration float64) search.Options {
		return search.Options{Simulations: simulations, Rule: search.PUCT, Exploration: exploration, Noise: search.Noise{Alpha: 1, Share: 0.25}}
	}
	play := func(simulations int, exploration float64) search.Options {
		return search.Options{Simulations: simulations, Rule: search.PUCT, Exploration: exploration}
	}
	three, four := options(50, 4), options(100, 2.5)
	lecture := Recipe{
		Games: games.Names(),
		TicTacToe: GameRecipe{
			Units:    []int{64, 64},
			SelfPlay: selfplay.Recipe{Iterations: 40, Games: 128, Search: three, Chance: 6, Buffer: 20_000, Steps: 40, Batch: 128, Optimizer: adam},
			Play:     play(100, 4), Rollouts: 1.4, Watch: 20, Test: 100, Handicaps: []int{1, 2, 4, 8}, Equal: []int{25, 50, 100, 200, 400},
		},
		ConnectFour: GameRecipe{
			Units:    []int{128, 128},
			SelfPlay: selfplay.Recipe{Iterations: 40, Games: 256, Search: four, Chance: 8, Buffer: 50_000, Steps: 100, Batch: 256, Optimizer: adam},
			Play:     play(50, 1.5), Rollouts: 1.4, Watch: 20, Test: 100, Handicaps: []int{1, 2, 4, 8}, Equal: []int{25, 50, 100, 200, 400},
		},
	}

	smoke := lecture
	for _, g := range []*GameRecipe{&smoke.TicTacToe, &smoke.ConnectFour} {
		g.Units, g.Watch, g.Test, g.Handicaps, g.Equal = []int{16}, 2, 4, []int{1, 2}, []int{4, 8}
		g.SelfPlay.Iterations, g.SelfPlay.Games, g.SelfPlay.Steps, g.SelfPlay.Batch, g.SelfPlay.Buffer = 2, 8, 4, 32, 500
		g.SelfPlay.Search.Simulations, g.Play.Simulations = 8, 8
	}

	// No published recipe is for games as small as these. This one has AlphaZero's shape: a
	// convolutional trunk, whose windows of 4×4 cells hold every line of four, more games, and
	// more simulations for each move.
	paper := lecture
	paper.ConnectFour.Convs = []models.ConvSpec{{Maps: 48, Kernel: [2]int{4, 4}, Conv: ops.Conv{}}}
	paper.ConnectFour.Units = []int{128}
	paper.ConnectFour.SelfPlay.Iterations, paper.ConnectFour.SelfPlay.Games, paper.ConnectFour.SelfPlay.Search.Simulations = 80, 400, 200
	paper.ConnectFour.SelfPlay.Buffer, paper.ConnectFour.SelfPlay.Steps = 100_000, 150
	return map[string]Recipe{"smoke": smoke, "lecture": lecture, "paper": paper}
}

// of is the recipe of a game.
func (r *Recipe) of(g *games.Game) *GameRecipe {
	if g.Gravity {
		return &r.ConnectFour
	}
	return &r.TicTacToe
}

// chosen are the games that are learned.
func (r *Recipe) chosen() (out []*games.Game) {
	for _, g := range games.All() {
		if slices.Contains(r.Games, g.Name) {
			out = append(out, g)
		}
	}
	return out
}

// flags binds the command line to the recipe.
func flags(fs *flag.FlagSet, r *Recipe) {
	lab.ListFlag(fs, &r.Games, "games", "comma-separated `list` of games: "+strings.Join(games.Names(), ", "), func(s string) (string, error) { return s, nil })
	for _, game := range games.All() {
		g, of, at := r.of(game), " of "+game.Title, game.Name+"-"
		lab.ListFlag(fs, &g.Units, at+"units", "comma-separated `list` of units of the dense layers"+of, strconv.Atoi)
		fs.IntVar(&g.SelfPlay.Iterations, at+"iterations", g.SelfPlay.Iterations, "`iterations` of self-play and training"+of)
		fs.IntVar(&g.SelfPlay.Games, at+"selfplay-games", g.SelfPlay.Games, "`games` of an iteration"+of)
		fs.IntVar(&g.SelfPlay.Search.Simulations, at+"selfplay-simulations", g.SelfPlay.Search.Simulations, "`simulations` a move in self-play"+of)
		fs.IntVar(&g.SelfPlay.Steps, at+"steps", g.SelfPlay.Steps, "training `steps` of an iteration"+of)
		fs.IntVar(&g.SelfPlay.Batch, at+"batch", g.SelfPlay.Batch, "`examples` a step"+of)
		fs.IntVar(&g.SelfPlay.Buffer, at+"buffer", g.SelfPlay.Buffer, "`examples` that are kept"+of)
		fs.Float64Var(&g.SelfPlay.Optimizer.Rate.Start, at+"lr", g.SelfPlay.Optimizer.Rate.Start, "learning `rate`"+of)
		fs.IntVar(&g.Play.Simulations, at+"simulations", g.Play.Simulations, "`simulations` a move in matches"+of+", also of pure Monte Carlo tree search")
		fs.IntVar(&g.Test, at+"test", g.Test, "`games` against each opponent at the end"+of)
	}
	fs.Func("play", "play a `game` ("+strings.Join(games.Names(), " or ")+") against a trained network, in the terminal; nothing is trained then.\nIts own flags are listed by -play connect4 -h", func(string) error {
		return errors.New("is for the program itself")
	})
}

// Bounds, so that a wrong figure is refused before it exhausts the memory or a day.
const (
	maxUnits    = 4096
	maxLayers   = 10
	maxMatch    = 10_000
	maxHandicap = 100
	maxEqual    = 10_000
)

// validate reports what is wrong with a recipe.
func validate(r *Recipe) error {
	if len(r.Games) == 0 {
		return fmt.Errorf("want at least one game of %s", strings.Join(games.Names(), ", "))
	}
	for _, name := range r.Games {
		if _, err := games.ByName(name); err != nil {
			return err
		}
	}
	if err := lab.Unique("game", r.Games); err != nil {
		return err
	}
	for _, g := range games.All() {
		if err := r.of(g).check(g); err != nil {
			return fmt.Errorf("%s: %w", g.Name, err)
		}
	}
	return nil
}

func (r *GameRecipe) check(g *games.Game) error {
	if len(r.Units) < 1 || len(r.Units) > maxLayers || slices.Min(r.Units) < 1 || slices.Max(r.Units) > maxUnits || len(r.Convs) > maxLayers {
		return fmt.Errorf("want 1 to %d layers of 1 to %d units, got %v and %d convolutional layers", maxLayers, maxUnits, r.Units, len(r.Convs))
	}
	for _, c := range r.Convs {
		if c.Maps > maxUnits {
			return fmt.Errorf("want convolutional layers of at most %d maps, got %d", maxUnits, c.Maps)
		}
	}
	if len(r.Convs) > 0 { // do they fit the board?
		if _, err := r.network(g, random.New(0)); err != nil {
			return err
		}
	}
	if err := r.SelfPlay.Check(); err != nil {
		return err
	}
	if err := r.Play.Check(); err != nil {
		return err
	}
	if r.Play.Rule != search.PUCT || r.Play.Noise != (search.Noise{}) {
		return fmt.Errorf("want matches by the rule %s without noise, got %.40q and %g", search.PUCT, r.Play.Rule, r.Play.Noise.Share)
	}
	if r.Watch < 2 || r.Watch > maxMatch || r.Watch%2 != 0 || r.Test < 2 || r.Test > maxMatch || r.Test%2 != 0 {
		return fmt.Errorf("want matches of 2 to %d games, half on either side, got watch %d and test %d", maxMatch, r.Watch, r.Test)
	}
	if len(r.Handicaps) < 1 || r.Handicaps[0] != 1 || slices.Max(r.Handicaps) > maxHandicap || len(r.Handicaps) > maxLayers || !lab.Rising(r.Handicaps) {
		return fmt.Errorf("want handicaps from 1 to %d in rising order, got %v", maxHandicap, r.Handicaps)
	}
	if len(r.Equal) < 2 || r.Equal[0] < 2 || slices.Max(r.Equal) > maxEqual || len(r.Equal) > maxLayers || !lab.Rising(r.Equal) {
		return fmt.Errorf("want two numbers of equal simulations at least, from 2 to %d in rising order, got %v", maxEqual, r.Equal)
	}
	o := search.Options{Simulations: r.Play.Simulations * slices.Max(r.Handicaps), Rule: search.UCB1, Exploration: r.Rollouts}
	return o.Check()
}

// trained is the number of simulations that the network is trained with.
func (r *GameRecipe) trained() int { return r.SelfPlay.Search.Simulations }

// equals are the numbers of simulations of the matches in which both sides have as many: Equal, and
// that of self-play, by which it is judged, in rising order.
func (r *GameRecipe) equals() []int {
	all := append(slices.Clone(r.Equal), r.trained())
	slices.Sort(all)
	return slices.Compact(all)
}

// network is one with its first weights.
func (r *GameRecipe) network(g *games.Game, s *random.Stream) (*models.PolicyValue, error) {
	return models.NewPolicyValue(g.Name, [3]int{games.Planes, g.Height, g.Width}, r.Convs, r.Units, g.Moves(), blocks.ReLU(), blocks.He(), s)
}
