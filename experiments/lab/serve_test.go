package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"capas/experiments/lab/live"

	"github.com/google/go-cmp/cmp"
)

// said is what a program under test has written on standard error.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// served is the toy experiment with a live view.
type served struct {
	t              *testing.T
	address, token string
	stderr         said
	stdout         bytes.Buffer
	cancel         func()
	code           chan int
}

// serveToy starts the toy experiment with -serve and waits for the address.
func serveToy(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{t: t, cancel: cancel, code: make(chan int, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.code <- runMain(ctx, toy(), append(args, "-serve", "localhost:0", "-progress", "none"), &s.stdout, &s.stderr)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	for over := false; ; {
		if found := regexp.MustCompile(`^toy: live view at (http://localhost:\d+/)#token=([0-9a-f]{32}) \(to watch only: (.*)\)\n`).FindStringSubmatch(s.stderr.String()); found != nil {
			if found[1] != found[3] {
				t.Errorf("addresses %q", found)
			}
			s.address, s.token = found[1], found[2]
			return s
		}
		if over {
			t.Fatalf("no address: %q", s.stderr.String())
		}
		select {
		case <-ended:
			over = true
		case <-time.After(time.Millisecond):
		}
	}
}

// post asks for something.
func post(t *testing.T, address, token, what string) {
	t.Helper()
	r, err := http.NewRequest("POST", address+what, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	if got.StatusCode != 200 {
		t.Errorf("%s: status %d", what, got.StatusCode)
	}
}

// seen is what a viewer was told, by event, in order.
type seen map[string][]string

// until watches until the run has the status, or the events end.
func (s *served) until(status string) seen {
	s.t.Helper()
	got, err := http.Get(s.address + "events")
	if err != nil {
		s.t.Fatal(err)
	}
	defer got.Body.Close()
	all, name, there := seen{}, "", false
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			all[name] = append(all[name], value)
			there = there || name == "run" && strings.Contains(value, `"status":"`+status+`"`)
		}
		if there && name == "seen" { // all that was sent with it is there
			return all
		}
	}
	if !there {
		s.t.Errorf("the run never was %s: %v, %s", status, all["run"], s.stderr.String())
	}
	return all
}

// end waits for the exit status.
func (s *served) end(want int) (stderr string) {
	s.t.Helper()
	select {
	case code := <-s.code:
		if code != want {
			s.t.Errorf("want status %d, got %d: %s", want, code, s.stderr.String())
		}
	case <-time.After(time.Minute):
		s.t.Fatalf("it does not end: %s", s.stderr.String())
	}
	_, rest, _ := strings.Cut(s.stderr.String(), "\n") // behind the address
	return rest
}

// points are the lines that a viewer was told, sorted.
func (s seen) points(t *testing.T) (all []string) {
	t.Helper()
	for _, event := range s["points"] {
		var list []struct {
			Seed       uint64
			Run, Stage string
			Epoch      int
			Values     json.RawMessage
		}
		if err := json.Unmarshal([]byte(event), &list); err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			all = append(all, fmt.Sprint(p.Seed, p.Run, p.Stage, p.Epoch, string(p.Values)))
		}
	}
	slices.Sort(all)
	return all
}

// files are those of a directory, without the lock.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, e := range must(os.ReadDir(dir))(t) {
		if !e.IsDir() && e.Name() != lockFile {
			all[e.Name()] = string(must(os.ReadFile(filepath.Join(dir, e.Name())))(t))
		}
	}
	return all
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A run is shown while it goes on and when it is complete; the same command shows it again and
// changes nothing.
func TestServe(t *testing.T) {
	plain, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	if code, _, stderr := call(t, "-out", plain, "-progress", "none"); code != 0 {
		t.Fatal(stderr)
	}
	s := serveToy(t, "-out", out, "-json")
	first := s.until(live.Complete)
	page := must(http.Get(s.address + "report.html"))(t)
	report := must(io.ReadAll(page.Body))(t)
	page.Body.Close()
	post(t, s.address, s.token, "stop")
	if rest := s.end(0); rest != "toy: the run is complete; the live view stays until Ctrl-C\n" {
		t.Errorf("standard error %q", rest)
	}
	left := files(t, out)
	if s.stdout.String() != left[resultFile] || string(report) != left[reportFile] {
		t.Error("standard output is not result.json, or the report is not the run's")
	}
	for name, want := range files(t, plain) {
		clean := func(text string) string {
			return regexp.MustCompile(`"seconds": [\d.]+|<td>[\d.]+m?s</td>|<pre[\s\S]*?</pre>`).ReplaceAllString(text, "")
		}
		if clean(want) != clean(left[name]) {
			t.Errorf("%s is another where the run was watched", name)
		}
	}
	if n := len(first.points(t)); n != 3*2*3 {
		t.Errorf("%d points", n)
	}
	if !strings.Contains(first["claims"][0], "Deep") || len(first["figure"]) != 2 || len(first["metric"]) == 0 {
		t.Errorf("claims %s, figures %s, metrics %s", first["claims"], first["figure"], first["metric"])
	}

	again := serveToy(t, "-out", out)
	second := again.until(live.Complete)
	if d := cmp.Diff(first.points(t), second.points(t)); d != "" {
		t.Errorf("lines of the log, first and again:\n%s", d)
	}
	if d := cmp.Diff(lastMetrics(first), lastMetrics(second)); d != "" {
		t.Errorf("metrics, first and again:\n%s", d)
	}
	if d := cmp.Diff(captions(t, first), captions(t, second)); d != "" {
		t.Errorf("titles and captions of figures, first and again:\n%s", d)
	}
	if d := cmp.Diff(first["claims"], second["claims"]); d != "" || len(second["figure"]) != 2 || len(second["job"]) != 0 {
		t.Errorf("claims:\n%s, figures %s, jobs %s", d, second["figure"], second["job"])
	}
	again.cancel() // Ctrl-C
	again.end(0)
	if !strings.HasPrefix(again.stdout.String(), "toy, preset lecture, seeds 1…3\n") {
		t.Errorf("standard output %q", again.stdout.String())
	}
	if d := cmp.Diff(left, files(t, out)); d != "" {
		t.Errorf("files before and after the run was shown again:\n%s", d)
	}
	third := serveToy(t, "-out", out, "-json", "-resume")
	third.until(live.Complete)
	third.cancel()
	third.end(0)
	if third.stdout.String() != left[resultFile] {
		t.Error("-json does not print the result of a run that is shown again")
	}
}

// captions are the figures as a viewer knew them.
func captions(t *testing.T, s seen) (all [][3]string) {
	t.Helper()
	for _, text := range s["figure"] {
		var f struct{ File, Title, Caption string }
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		all = append(all, [3]string{f.File, f.Title, f.Caption})
	}
	return all
}

// lastMetrics are the metrics as a viewer knew them in the end.
func lastMetrics(s seen) map[string]string {
	last := map[string]string{}
	for _, text := range s["metric"] {
		name, _, _ := strings.Cut(text, ",")
		last[name] = text
	}
	return last
}

// The page's button stops a run as Ctrl-C does; the viewer learns how a run ended.
func TestServeEnds(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o")
	s := serveToy(t, "-mode", "wait", "-out", out)
	done := make(chan seen)
	go func() { done <- s.until(live.Interrupted) }()
	for !strings.Contains(s.stderr.String(), "running\n") {
		time.Sleep(time.Millisecond)
	}
	busy := serveToy(t, "-mode", "wait", "-out", out)
	if rest := busy.end(1); !strings.Contains(rest, "in use by process") || strings.Count(rest, "\n") != 1 {
		t.Errorf("a second process: %q", rest)
	}
	time.Sleep(300 * time.Millisecond) // for the viewer to be there
	post(t, s.address, s.token, "stop")
	got := <-done
	if !slices.ContainsFunc(got["run"], func(text string) bool { return strings.Contains(text, "-resume -serve localhost:0") }) {
		t.Errorf("the viewer was told %s", got["run"])
	}
	rest := s.end(130)
	if !strings.Contains(rest, "toy: asked to stop by the page: stopping\n") || !strings.HasSuffix(rest, " -mode wait -out "+quote(out)+" -progress none -resume -serve localhost:0\n") {
		t.Errorf("standard error %q", rest)
	}

	out = t.TempDir()
	if code, _, stderr := call(t, "-out", out, "-progress", "none"); code != 0 {
		t.Fatal(stderr)
	}
	if err := os.Remove(filepath.Join(out, "curves.svg")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arg, says string }{{"-seeds=3", "curves.svg: "}, {"-seeds=2", "another configuration"}} {
		s := serveToy(t, "-out", out, c.arg)
		if rest := s.end(1); !strings.Contains(rest, c.says) || strings.Count(rest, "\n") != 1 {
			t.Errorf("%s: standard error %q", c.arg, rest)
		}
	}
}

// A port in use is an error of one line, before anything is written.
func TestServePortInUse(t *testing.T) {
	other := must(net.Listen("tcp", "localhost:0"))(t)
	defer other.Close()
	out := filepath.Join(t.TempDir(), "o")
	code, stdout, stderr := call(t, "-out", out, "-serve", other.Addr().String())
	if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "toy: -serve "+other.Addr().String()+": ") {
		t.Errorf("status %d, output %q, standard error %q", code, stdout, stderr)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("the directory of results was made: %v", err)
	}
}

// A view that others can reach is said to be one.
func TestServeElsewhere(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stderr bytes.Buffer
	args := []string{"-mode", "wait", "-serve", "0.0.0.0:0", "-out", filepath.Join(t.TempDir(), "o")}
	if code := runMain(ctx, toy(), args, io.Discard, &stderr); code != 130 || !strings.Contains(stderr.String(), "\ntoy: warning: -serve 0.0.0.0:0: ") {
		t.Errorf("status %d, standard error %q", code, stderr.String())
	}
}

// Work outside of trainings pauses too, and goes on when its context ends.
func TestTaskPauses(t *testing.T) {
	state := live.New(live.Info{})
	server := must(live.Listen("localhost:0", state, live.Options{}))(t)
	defer server.Close()
	_, token, _ := strings.Cut(server.Control(), "#token=")
	p := newProgress(io.Discard, progressNone)
	p.live = state
	post(t, server.Address(), token, "pause")
	ctx, cancel := context.WithCancel(context.Background())
	added := make(chan error)
	for _, ctx := range []context.Context{ctx, context.Background()} {
		go func() {
			added <- Parallel(ctx, p, 1, []Job{{Name: "job", Units: 2, Run: func(ctx context.Context, t *Task) error {
				t.Add(1)
				return ctx.Err()
			}}})
		}()
	}
	select {
	case err := <-added:
		t.Fatalf("the job went on: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	if err := <-added; err == nil {
		t.Error("a cancelled job: no error")
	}
	select {
	case err := <-added:
		t.Fatalf("the other job went on: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	post(t, server.Address(), token, "continue")
	if err := <-added; err != nil {
		t.Error(err)
	}
	if worked, all := p.elapsed(), time.Since(p.start); state.Pauses() < 150*time.Millisecond || worked > all-150*time.Millisecond {
		t.Errorf("worked for %v of %v, pauses of %v", worked, all, state.Pauses())
	}
}
