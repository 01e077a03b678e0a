package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capas/games"
	"capas/models"
	"capas/random"
)

// trained is a directory of results with networks of both games, which have their first weights.
func trained(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	recipe := presets()["smoke"]
	for _, g := range games.All() {
		net, err := recipe.of(g).network(g, random.New(1))
		if err == nil {
			err = os.MkdirAll(filepath.Join(out, "models"), 0o777)
		}
		if err == nil {
			err = models.Save(filepath.Join(out, "models", "seed-1-"+g.Name+".safetensors"), net, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// at plays with the given lines typed and returns status, standard output and error.
func at(in io.Reader, args ...string) (int, string, string) {
	var out, errs bytes.Buffer
	status := play(context.Background(), args, in, &out, &errs)
	return status, out.String(), errs.String()
}

// A person who types every column again and again, legal or not, comes to the end of a game,
// is told politely what was wrong, and sees boards that are by the rules.
func TestPlayToTheEnd(t *testing.T) {
	out := trained(t)
	for _, g := range games.All() {
		for _, flags := range [][]string{nil, {"-second"}, {"-model", "rollouts"}} {
			var typed strings.Builder
			typed.WriteString("hello\n99\n\n")
			for range 12 {
				for move := range g.Moves() {
					fmt.Fprintln(&typed, g.MoveText(move))
				}
			}
			status, said, errs := at(strings.NewReader(typed.String()), append([]string{"-play", g.Name, "-out", out, "-simulations", "10"}, flags...)...)
			if status != 0 || errs != "" {
				t.Fatalf("%s %v: status %d, %s", g.Name, flags, status, errs)
			}
			for _, want := range []string{`Sorry, "hello" is no number; please type`, "Sorry, there is no", "moves to", "of 10 simulations"} {
				if !strings.Contains(said, want) {
					t.Errorf("%s %v: want %q in\n%s", g.Name, flags, want, said)
				}
			}
			end := strings.TrimSpace(said[strings.LastIndex(strings.TrimSpace(said), "\n"):])
			if end != "A draw." && !strings.HasSuffix(end, " wins.") && !strings.HasPrefix(end, "You win.") {
				t.Errorf("%s %v: the last line is %q", g.Name, flags, end)
			}
			if g.Gravity && strings.Contains(said, "\x1b") {
				t.Errorf("%s: there are control codes in a pipe", g.Name)
			}
			// Every board has a stone more than the one before; who begins is X.
			stones := -1
			for _, board := range boardsOf(g, said) {
				x, o := strings.Count(board, "X"), strings.Count(board, "O")
				if x+o != stones+1 || x-o != (x+o)%2 {
					t.Errorf("%s %v: %d X and %d O after %d stones", g.Name, flags, x, o, stones)
				}
				stones = x + o
			}
			if stones < 2*g.Line-2 {
				t.Errorf("%s %v: only %d stones", g.Name, flags, stones)
			}
		}
	}
}

// boardsOf are the boards in what the program said, rows of single signs.
func boardsOf(g *games.Game, said string) (out []string) {
	var rows []string
	for line := range strings.Lines(said) {
		if len(strings.Fields(line)) != g.Width || strings.Trim(line, ".XO123456789 \n") != "" {
			rows = nil
			continue
		}
		if rows = append(rows, line); len(rows) == g.Height {
			out = append(out, strings.Join(rows, ""))
		}
	}
	return out
}

// The player wins where the person lets it: in tic-tac-toe the search of random games finds
// the third in a row.
func TestPlayerWins(t *testing.T) {
	status, said, _ := at(strings.NewReader("1\n2\n4\n6\n8\n3\n7\n9\n5\n"), "-play", "tictactoe", "-model", "rollouts", "-second", "-simulations", "2000")
	if status != 0 || !strings.Contains(said, "The search wins.") {
		t.Errorf("status %d:\n%s", status, said)
	}
}

// The end of the input and q end the game cleanly, in the middle of it.
func TestLeave(t *testing.T) {
	out := trained(t)
	for _, typed := range []string{"", "4\n", "4\nq\n4\n", "QUIT"} {
		status, said, errs := at(strings.NewReader(typed), "-play", "connect4", "-out", out)
		if status != 0 || errs != "" || !strings.HasSuffix(said, "\nGood-bye.\n") {
			t.Errorf("%q: status %d, %s, ends %q", typed, status, errs, said[max(0, len(said)-40):])
		}
	}
}

// An interruption ends it too, while it waits for a move.
func TestInterruptedPlay(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in, typing := io.Pipe() // nobody types
	defer typing.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	var out, errs bytes.Buffer
	if status := play(ctx, []string{"-play", "connect4", "-out", trained(t)}, in, &out, &errs); status != 130 || !strings.HasSuffix(out.String(), "\nGood-bye.\n") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

// broken is an input that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line is dead") }

func TestPlayErrors(t *testing.T) {
	out := trained(t)
	empty := t.TempDir()
	other := filepath.Join(out, "models", "seed-1-tictactoe.safetensors")
	for _, c := range []struct {
		says   string
		status int
		args   []string
	}{
		{`game "chess" is unknown, want tictactoe or connect4`, 2, []string{"-play", "chess"}},
		{"flag needs an argument", 2, []string{"-play"}},
		{"unknown flag -preset", 2, []string{"-play", "connect4", "-preset", "smoke"}},
		{`unexpected argument "4"`, 2, []string{"-play", "connect4", "4"}},
		{"simulations, got -1", 2, []string{"-play", "connect4", "-simulations", "-1"}},
		{"make one with go run ./experiments/selfplay -games connect4", 1, []string{"-play", "connect4", "-out", empty}},
		{"nowhere.safetensors", 1, []string{"-play", "connect4", "-model", filepath.Join(empty, "nowhere.safetensors")}},
		{"want a network of Connect Four, 84 inputs and 7 moves, got 18 and 9", 1, []string{"-play", "connect4", "-model", other}},
	} {
		status, said, errs := at(strings.NewReader("4\n"), c.args...)
		if status != c.status || !strings.Contains(errs, c.says) || strings.Count(errs, "\n") != 1 || said != "" {
			t.Errorf("%v: want status %d and %q, got %d, %q and %q", c.args, c.status, c.says, status, errs, said)
		}
	}
	if status, _, errs := at(broken{}, "-play", "connect4", "-out", out); status != 1 || !strings.Contains(errs, "reading your move: the line is dead") {
		t.Errorf("an input that fails: %d, %q", status, errs)
	}
	if status, said, errs := at(strings.NewReader(""), "-play", "connect4", "-h"); status != 0 || !strings.Contains(said, "-second") || errs != "" {
		t.Errorf("help: %d, %q, %q", status, said, errs)
	}
	for _, args := range [][]string{{"-play", "connect4"}, {"--play=connect4"}, {"-out", "x", "-play", "tictactoe"}} {
		if !wantsToPlay(args) {
			t.Errorf("%v asks for a game", args)
		}
	}
	for _, args := range [][]string{nil, {"-preset", "smoke"}, {"play"}, {"-player"}} {
		if wantsToPlay(args) {
			t.Errorf("%v asks for a run", args)
		}
	}
}
