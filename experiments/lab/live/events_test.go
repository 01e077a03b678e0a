package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// viewer reads events.
type viewer struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Scanner
	id    string // of the last event that has one
}

// watch begins to read events, after the one of the given id.
func watch(t *testing.T, v *Server, id string) *viewer {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+v.listener.Addr().String()+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if id != "" {
		r.Header.Set("Last-Event-ID", id)
	}
	got, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %v", got.StatusCode, got.Header)
	}
	t.Cleanup(func() { got.Body.Close() })
	w := &viewer{t: t, body: got.Body, lines: bufio.NewScanner(got.Body)}
	w.lines.Buffer(nil, 64<<20)
	return w
}

// next is the next event; "" at the end.
func (w *viewer) next() (name, data string) {
	for w.lines.Scan() {
		field, value, _ := strings.Cut(w.lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "id":
			w.id = value
		case "":
			if name != "" {
				return name, data
			}
		}
	}
	return "", ""
}

// batch reads up to the event that ends what was sent at once, and returns the data by event.
func (w *viewer) batch() map[string][]string {
	w.t.Helper()
	all := map[string][]string{}
	for {
		name, data := w.next()
		if name == "" {
			w.t.Fatalf("the events end after %v", all)
		}
		if name == "seen" {
			return all
		}
		all[name] = append(all[name], data)
	}
}

// A viewer gets the whole state, then what changes; one that comes again what it has missed,
// and all of it from another server.
func TestEvents(t *testing.T) {
	s := New(Info{Title: "Title", Seeds: []uint64{1, 2}})
	s.Log(1, "dbn", "layer 1", 1, json.RawMessage(`{"train.loss":0.5}`))
	s.Metric("dbn.error", 2, 0.25)
	s.Metric("dbn.error", 7, 1) // of no seed of the run
	s.Figure("a.svg", "A", "A caption.", []byte("<svg></svg>"))
	v := serve(t, s, Options{})
	w := watch(t, v, "")
	first := w.batch()
	if first["hello"][0] != fmt.Sprintf(`{"instance":"%s","all":true}`, v.instance) {
		t.Errorf("hello %s", first["hello"])
	}
	if first["points"][0] != `[{"q":2,"seed":1,"run":"dbn","stage":"layer 1","epoch":1,"values":{"train.loss":0.5}}]` {
		t.Errorf("points %s", first["points"])
	}
	if len(first["metric"]) != 1 || first["metric"][0] != `{"name":"dbn.error","values":[null,0.25]}` {
		t.Errorf("metric %s", first["metric"])
	}
	if !strings.Contains(first["run"][0], `"title":"Title"`) || !strings.Contains(first["run"][0], `"status":"running"`) || len(first["figure"]) != 1 {
		t.Errorf("run %s, figure %s", first["run"], first["figure"])
	}
	if _, answer, body := ask(t, v, "GET", "/figure/a.svg?v=4"); body != "<svg></svg>" || answer.Get("Content-Type") != "image/svg+xml" || !strings.Contains(answer.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("figure %q, %v", body, answer)
	}
	for i := range 5 { // of one batch, or of several
		s.Progress(float64(i)/5, time.Second, -1, "working")
	}
	s.Log(1, "dbn", "layer 1", 2, json.RawMessage(`{}`))
	second := w.batch()
	for !strings.Contains(strings.Join(second["progress"], ""), "0.8") {
		second = w.batch()
	}
	if len(second["run"]) != 0 || len(second["metric"]) != 0 {
		t.Errorf("what has not changed was sent again: %v", second)
	}
	w.body.Close()
	s.Log(1, "dbn", "layer 1", 3, json.RawMessage(`{}`))
	again := watch(t, v, w.id).batch()
	if !strings.Contains(again["hello"][0], `"all":false`) || len(again["run"]) != 0 || len(again["points"]) != 1 || !strings.Contains(again["points"][0], `"epoch":3`) || strings.Contains(again["points"][0], `"epoch":2`) {
		t.Errorf("a viewer that comes again: %v", again)
	}
	for _, id := range []string{"0123abcd-3", "nonsense", v.instance + "-x", v.instance + "--1"} {
		if fresh := watch(t, v, id).batch(); !strings.Contains(fresh["hello"][0], `"all":true`) || len(fresh["run"]) != 1 {
			t.Errorf("a viewer with the event %s: %v", id, fresh)
		}
	}
}

// Many viewers see the same, and those beyond the limit are turned away.
func TestManyViewers(t *testing.T) {
	s := New(Info{})
	v := serve(t, s, Options{})
	var all []*viewer
	for range 50 {
		all = append(all, watch(t, v, ""))
	}
	s.SetStatus(Complete, "the end")
	for i, w := range all {
		for !strings.Contains(strings.Join(w.batch()["run"], ""), "the end") {
		}
		_ = i
	}
	s.viewers.Store(maxViewers)
	if status, _, _ := ask(t, v, "GET", "/events"); status != 503 {
		t.Errorf("a viewer too many: status %d", status)
	}
	s.viewers.Store(50)
	for _, w := range all {
		w.body.Close()
	}
	for deadline := time.Now().Add(20 * time.Second); s.viewers.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d viewers are left of those who went", s.viewers.Load())
		}
	}
}

// A viewer that reads nothing holds nobody up: the run tells on, others see it, and what waits
// for the slow one does not grow.
func TestSlowViewer(t *testing.T) {
	s := New(Info{Seeds: []uint64{1}})
	v := serve(t, s, Options{})
	slow, err := net.Dial("tcp", v.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprintf(slow, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for s.viewers.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	big := json.RawMessage(`{"x":"` + strings.Repeat("y", 1000) + `"}`)
	start := time.Now()
	for i := range 50_000 { // 50 MB
		s.Log(1, "dbn", "layer 1", i, big)
		s.Progress(float64(i)/50_000, 0, 0, "")
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("the run was held up: %v", took)
	}
	s.SetStatus(Complete, "the end")
	fast := watch(t, v, "")
	if got := fast.batch(); !strings.Contains(got["run"][0], "the end") {
		t.Errorf("another viewer: %s", got["run"])
	}
	if n := len(s.points); n > maxPoints || n < maxPoints/4 {
		t.Errorf("%d points are kept", n)
	}
}

// At the end viewers get the last state, and a goodbye; nobody waits long for a slow one.
func TestClose(t *testing.T) {
	s := New(Info{})
	v, err := Listen("localhost:0", s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := watch(t, v, "")
	w.batch()
	slow, err := net.Dial("tcp", v.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprintf(slow, "GET / HTTP/1.1\r\nHost: loc") // the rest never comes
	s.SetStatus(Failed, "no space left")
	start := time.Now()
	v.Close()
	if took := time.Since(start); took > farewell+10*time.Second {
		t.Errorf("closing took %v", took)
	}
	var names []string
	last := ""
	for name, data := w.next(); name != ""; name, data = w.next() {
		names = append(names, name)
		if name == "run" {
			last = data
		}
	}
	if !strings.Contains(last, "no space left") || names[len(names)-1] != "bye" {
		t.Errorf("last events %v, last state %s", names, last)
	}
	if _, err := net.DialTimeout("tcp", v.listener.Addr().String(), time.Second); err == nil {
		t.Error("the server still listens")
	}
}

// A pause holds those who ask between two steps, until it ends or their context does.
func TestPause(t *testing.T) {
	s := New(Info{})
	if s.Hold(context.Background()) != 0 || s.Pauses() != 0 {
		t.Error("held without a pause")
	}
	s.pause(true)
	held := make(chan time.Duration)
	go func() { held <- s.Hold(context.Background()) }()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { held <- s.Hold(ctx) }()
	select {
	case <-held:
		t.Fatal("the pause does not hold")
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-held
	select {
	case <-held:
		t.Fatal("the pause ended with another one's context")
	case <-time.After(50 * time.Millisecond):
	}
	s.pause(false)
	if d := <-held; d < 90*time.Millisecond || s.Pauses() < 90*time.Millisecond {
		t.Errorf("held for %v, pauses of %v", d, s.Pauses())
	}
	if s.Hold(context.Background()) != 0 {
		t.Error("held after the pause")
	}
	var none *State
	none.Hold(ctx)
	none.Log(1, "", "", 1, nil)
	none.Metric("", 1, 1)
	none.Progress(0, 0, 0, "")
	none.Job("", 1).Start()
	none.Job("", 1).Tell("", 1)
	none.Job("", 1).End(nil)
	none.Figure("", "", "", nil)
	none.Claims(nil, nil)
	none.SetStatus("", "")
}
