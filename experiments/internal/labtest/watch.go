package labtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// live is the line on standard error that says where a run can be watched.
var live = regexp.MustCompile(`: live view at (http://[^ ]*/)#token=([0-9a-f]+) `)

// Watched runs a command whose arguments have -serve localhost:0 to its end while a viewer watches,
// who pauses it before its first step and once more if it lasts, and ends it when the run is
// complete. It returns standard output and how often the viewer was sent each event. Anything
// but the view's own lines on standard error fails the test.
func Watched(t *testing.T, cmd *exec.Cmd) (stdout string, events map[string]int) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	stderr := bufio.NewScanner(pipe)
	if !stderr.Scan() {
		t.Fatalf("no line on standard error: %v, %v", stderr.Err(), cmd.Wait())
	}
	found := live.FindStringSubmatch(stderr.Text())
	if found == nil {
		t.Fatalf("want the address of the live view, got %q", stderr.Text())
	}
	rest := make(chan string, 1)
	go func() {
		var lines []string
		for stderr.Scan() {
			lines = append(lines, stderr.Text())
		}
		rest <- strings.Join(lines, "\n")
	}()
	v := &watcher{t: t, address: found[1], token: found[2]}
	v.post("pause")
	events = v.follow()
	said := <-rest
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if !regexp.MustCompile(`^[^\n]*: the run is complete; the live view stays until Ctrl-C$`).MatchString(said) {
		t.Errorf("standard error: %s", said)
	}
	return out.String(), events
}

// watcher watches a run.
type watcher struct {
	t              *testing.T
	address, token string
}

// post asks for something, and returns the status.
func (v *watcher) post(what string) int {
	v.t.Helper()
	r, err := http.NewRequest("POST", v.address+what, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	defer got.Body.Close()
	io.Copy(io.Discard, got.Body)
	if got.StatusCode != 200 && got.StatusCode != 409 {
		v.t.Fatalf("%s: status %d", what, got.StatusCode)
	}
	return got.StatusCode
}

// follow reads events until the run is complete, and ends it.
func (v *watcher) follow() map[string]int {
	v.t.Helper()
	got, err := http.Get(v.address + "events")
	if err != nil {
		v.t.Fatal(err)
	}
	defer got.Body.Close()
	seen, name, complete := map[string]int{}, "", false
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case field == "event":
			name = value
			seen[name]++
			// A short run may be complete, and end, before its first points are read.
			if name == "hello" || name == "points" && seen[name] == 1 && !complete && v.post("pause") == 200 {
				time.Sleep(50 * time.Millisecond)
				v.post("continue")
			}
		case field == "data" && name == "run" && strings.Contains(value, `"status":"complete"`):
			complete = true
			v.post("stop")
		case field == "data" && name == "run" && strings.Contains(value, `"status":"failed"`):
			v.t.Error(value)
		}
	}
	if err := lines.Err(); err != nil {
		v.t.Error(fmt.Errorf("events: %w", err))
	}
	if seen["bye"] != 1 {
		v.t.Errorf("events end without a goodbye: %v", seen)
	}
	return seen
}
