package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"capas/autodiff"
	"capas/experiments/internal/cli"
	"capas/games"
	"capas/models"
	"capas/random"
	"capas/search"
	"capas/selfplay"
)

// wantsToPlay tells whether a command line asks for a game instead of a run.
func wantsToPlay(args []string) bool {
	for _, a := range args {
		if name := strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-"); name != a && (name == "play" || strings.HasPrefix(name, "play=")) {
			return true
		}
	}
	return false
}

// table is a game between a person and a player.
type table struct {
	game   *games.Game
	player *search.Searcher
	name   string // of the player
	stream *random.Stream
	first  bool // the person begins
	input  <-chan line
	out    io.Writer
}

// line is what a person typed; err is io.EOF at the end.
type line struct {
	text string
	err  error
}

// errLeft tells that a person has left.
var errLeft = errors.New("left")

// playMain is the program -play: a game against a trained network, with moves from in and
// boards on out. It returns the exit status.
func playMain(args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return play(ctx, args, in, out, errs)
}

func play(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	t, err := sit(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cli.Done
	case errors.As(err, &cli.UsageError{}):
		fmt.Fprintf(errs, "selfplay: %v (-play connect4 -h lists the flags)\n", err)
		return cli.Usage
	case err != nil:
		fmt.Fprintf(errs, "selfplay: %v\n", err)
		return cli.Failed
	}
	t.input = typed(in)
	switch err := t.play(ctx); {
	case err == nil:
		return cli.Done
	case errors.Is(err, errLeft):
		fmt.Fprintln(out, "\nGood-bye.")
		return cli.Done
	case ctx.Err() != nil:
		fmt.Fprintln(out, "\nGood-bye.")
		return cli.Interrupted
	default:
		fmt.Fprintf(errs, "selfplay: %v\n", err)
		return cli.Failed
	}
}

// rollouts as a model is pure Monte Carlo tree search.
const rollouts = "rollouts"

// sit reads the command line and the network.
func sit(args []string, out io.Writer) (*table, error) {
	set := cli.Flags("selfplay -play")
	name := set.String("play", "", "`game`: "+strings.Join(games.Names(), " or "))
	runs := set.String("out", "runs/selfplay", "`directory` of results with the trained network")
	seed := set.Uint64("seed", 1, "seed of the network there, and of random games")
	model := set.String("model", "", "`file` of another network; "+rollouts+" for pure Monte Carlo tree search, which needs none")
	simulations := set.Int("simulations", 0, "`number` of simulations a move (default: as in the lecture preset's matches)")
	second := set.Bool("second", false, "let the network begin")
	switch err := cli.Parse(set, args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(out, "Play a game against a trained network, in the terminal:")
		set.SetOutput(out)
		set.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, err
	case set.NArg() > 0:
		return nil, cli.Usagef("unexpected argument %.40q: all settings are flags", set.Arg(0))
	}
	g, err := games.ByName(*name)
	if err != nil {
		return nil, cli.UsageError{Err: err}
	}
	recipe := presets()["lecture"]
	r := recipe.of(g)
	if *simulations != 0 {
		r.Play.Simulations = *simulations
	}
	if err := r.Play.Check(); err != nil {
		return nil, cli.UsageError{Err: err}
	}
	t := &table{game: g, name: "The network", stream: random.New(*seed), first: !*second, out: out}
	if *model == rollouts {
		t.name = "The search"
		t.player, err = search.NewRollouts(g, r.Play.Simulations, r.Rollouts)
		return t, err
	}
	path := *model
	if path == "" {
		path = filepath.Join(*runs, "models", fmt.Sprintf("seed-%d-%s.safetensors", *seed, g.Name))
	}
	loaded, _, err := models.Load(path)
	if errors.Is(err, fs.ErrNotExist) && *model == "" {
		return nil, fmt.Errorf("no trained network in %s: make one with go run ./experiments/selfplay -games %s, or play against random games with -model %s", path, g.Name, rollouts)
	}
	if err != nil {
		return nil, err
	}
	net, ok := loaded.(*models.PolicyValue)
	if !ok {
		return nil, fmt.Errorf("%s: want a policy-value network, got a %T", path, loaded)
	}
	if t.player, err = selfplay.NewPlayer(g, net, r.Play, autodiff.Compiler{}); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// typed reads a person's lines ahead, so that waiting for one can be interrupted.
func typed(in io.Reader) <-chan line {
	c := make(chan line)
	go func() {
		s := bufio.NewScanner(in)
		for s.Scan() {
			c <- line{text: s.Text()}
		}
		err := s.Err()
		if err == nil {
			err = io.EOF
		}
		for {
			c <- line{err: err}
		}
	}()
	return c
}

// play plays the game to its end.
func (t *table) play(ctx context.Context) error {
	fmt.Fprintf(t.out, "%s: %d in a row win. You are %s; %s. Type the number of your move, or q to leave.\n",
		strings.ToUpper(t.game.Title[:1])+t.game.Title[1:], t.game.Line, t.sign(true), map[bool]string{true: "you begin", false: strings.ToLower(t.name[:1]) + t.name[1:] + " begins"}[t.first])
	var p games.Position
	for {
		fmt.Fprintf(t.out, "\n%s\n", t.game.Text(p))
		yours := p.First() == t.first
		if over, result := t.game.Over(p); over {
			fmt.Fprintln(t.out, t.verdict(result, yours))
			return nil
		}
		move, err := 0, error(nil)
		if yours {
			move, err = t.ask(ctx, p)
		} else {
			move, err = t.answer(ctx, p)
		}
		if err != nil {
			return err
		}
		p = t.game.Play(p, move)
	}
}

// sign is that of the person's stones, or of the player's.
func (t *table) sign(yours bool) string {
	if yours == t.first {
		return "X"
	}
	return "O"
}

func (t *table) verdict(result float64, yours bool) string {
	switch {
	case result == 0:
		return "A draw."
	case yours: // to move, in a game that is lost
		return t.name + " wins."
	}
	return "You win. Congratulations!"
}

// ask reads the person's move, until it is one.
func (t *table) ask(ctx context.Context, p games.Position) (int, error) {
	for {
		fmt.Fprintf(t.out, "Your move (%s): ", t.sign(true))
		var l line
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case l = <-t.input:
		}
		switch {
		case errors.Is(l.err, io.EOF):
			return 0, errLeft
		case l.err != nil:
			return 0, fmt.Errorf("reading your move: %w", l.err)
		}
		switch strings.ToLower(strings.TrimSpace(l.text)) {
		case "q", "quit", "exit":
			return 0, errLeft
		}
		move, err := t.game.ParseMove(p, l.text)
		if err == nil {
			return move, nil
		}
		fmt.Fprintf(t.out, "Sorry, %v.\n", err)
	}
}

// answer is the player's move, and what it thinks of it.
func (t *table) answer(ctx context.Context, p games.Position) (int, error) {
	results, err := t.player.Run(ctx, []games.Position{p}, []*random.Stream{t.stream})
	if err != nil {
		return 0, err
	}
	r := results[0]
	var visits []string
	total := 0
	for move, n := range r.Visits {
		if n > 0 {
			visits = append(visits, fmt.Sprintf("%s: %d", t.game.MoveText(move), n))
		}
		total += n
	}
	fmt.Fprintf(t.out, "%s moves to %s (of %d simulations, by their first move, %s; it values its position at %.2f, from -1, lost, to 1, won).\n", t.name, t.game.MoveText(r.Best()), total, strings.Join(visits, ", "), r.Value)
	return r.Best(), nil
}
