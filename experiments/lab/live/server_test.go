package live

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// serve serves a state on a port of its own until the test ends.
func serve(t *testing.T, s *State, o Options) *Server {
	t.Helper()
	v, err := Listen("localhost:0", s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// ask sends a request with headers "Name: value" and returns the status and the answer.
func ask(t *testing.T, v *Server, method, path string, headers ...string) (status int, answer http.Header, body string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+v.listener.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, got.Header, string(text)
}

// Only requests to this machine, and of the page itself, are answered.
func TestRequests(t *testing.T) {
	v := serve(t, New(Info{}), Options{Style: "body { color: red }"})
	_, port, _ := net.SplitHostPort(v.listener.Addr().String())
	for _, c := range []struct {
		method, path string
		headers      string
		status       int
	}{
		{"GET", "/", "", 200},
		{"GET", "/", "Host: localhost:" + port, 200},
		{"GET", "/", "Host: LOCALHOST", 200},
		{"GET", "/", "Host: localhost.:80", 200},
		{"GET", "/", "Host: 127.0.0.1:9", 200}, // through a tunnel
		{"GET", "/", "Host: [::1]:" + port, 200},
		{"GET", "/", "Host: evil.example:" + port, 403},
		{"GET", "/", "Host: localhost.evil.example", 403},
		{"GET", "/", "Host: 192.168.1.7:" + port, 403},
		{"GET", "/", "Host: 0.0.0.0:" + port, 403},
		{"GET", "/page.js", "Host: evil.example", 403},
		{"GET", "/page.js", "Origin: http://evil.example", 403},
		{"GET", "/page.js", "Origin: null", 403},
		{"GET", "/page.js", "Sec-Fetch-Site: cross-site", 403},
		{"GET", "/page.js", "Sec-Fetch-Site: same-site", 403},
		{"GET", "/page.js", "Sec-Fetch-Site: same-origin", 200},
		{"GET", "/page.js", "Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document", 403},
		{"GET", "/", "Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document", 200},
		{"GET", "/", "Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe", 403},
		{"GET", "/", "Sec-Fetch-Site: cross-site", 403},
		{"POST", "/", "", 403},
		{"POST", "/", "Authorization: Bearer " + v.guard.token, 405},
		{"PUT", "/pause", "Authorization: Bearer " + v.guard.token, 405},
		{"GET", "/pause", "", 405},
		{"GET", "/stop", "Authorization: Bearer " + v.guard.token, 405},
		{"GET", "/../guard.go", "", 404},
		{"GET", "/page/page.js", "", 404},
		{"GET", "/figure/none.svg", "", 404},
		{"GET", "/report.html", "", 404},
		{"GET", "/report.css", "", 200},
		{"GET", "/page.css", "", 200},
		{"GET", "/charts.js", "", 200},
		{"GET", "/icon.svg", "", 200},
		{"HEAD", "/events", "", 200},
	} {
		var headers []string
		if c.headers != "" {
			headers = strings.Split(c.headers, "|")
		}
		status, answer, body := ask(t, v, c.method, c.path, headers...)
		if status != c.status {
			t.Errorf("%s %s, %s: want %d, got %d %s", c.method, c.path, c.headers, c.status, status, body)
		}
		if p := answer.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'; ") || strings.Contains(p, "unsafe") || answer.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: headers %v", c.method, c.path, answer)
		}
	}
	if _, answer, body := ask(t, v, "GET", "/report.css"); body != "body { color: red }" || answer.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style sheet %q, %v", body, answer)
	}
	if _, _, body := ask(t, v, "GET", "/"); strings.Contains(body, v.guard.token) || !strings.Contains(body, "<title>Live view</title>") {
		t.Errorf("page %q", body)
	}
}

// What changes the run takes the token, as a POST of the page itself.
func TestToken(t *testing.T) {
	stops := 0
	s := New(Info{})
	v := serve(t, s, Options{Stop: func() { stops++ }})
	other := serve(t, New(Info{}), Options{})
	if other.guard.token == v.guard.token || len(v.guard.token) != 32 {
		t.Fatalf("tokens %s and %s", v.guard.token, other.guard.token)
	}
	good := "Authorization: Bearer " + v.guard.token
	for _, path := range []string{"/token", "/pause", "/continue", "/stop"} {
		for _, bad := range []string{"", "Authorization: Bearer ", "Authorization: Bearer " + other.guard.token, "Authorization: Bearer " + v.guard.token[:31],
			"Authorization: " + v.guard.token, good + "|Origin: http://evil.example", good + "|Sec-Fetch-Site: cross-site", good + "|Host: evil.example",
			good + "|Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document"} {
			var headers []string
			if bad != "" {
				headers = strings.Split(bad, "|")
			}
			if status, _, body := ask(t, v, "POST", path, headers...); status != 403 || strings.Contains(body, v.guard.token) {
				t.Errorf("%s, %q: status %d %s", path, bad, status, body)
			}
		}
	}
	if s.paused.Load() || stops != 0 {
		t.Fatal("a request without the token was obeyed")
	}
	for _, path := range []string{"/token", "/pause", "/pause", "/continue", "/continue", "/stop"} {
		if status, _, body := ask(t, v, "POST", path, good, "Origin: http://"+v.listener.Addr().String()); status != 200 {
			t.Errorf("%s: status %d %s", path, status, body)
		}
		if s.paused.Load() != (path == "/pause") {
			t.Errorf("after %s: paused %t", path, s.paused.Load())
		}
	}
	if stops != 1 {
		t.Errorf("want one stop, got %d", stops)
	}
	s.SetStatus(Complete, "")
	if status, _, body := ask(t, v, "POST", "/pause", good); status != 409 || s.paused.Load() {
		t.Errorf("pause of a run that is over: status %d %s", status, body)
	}
}

func TestSplit(t *testing.T) {
	for address, want := range map[string]string{
		"localhost:8080": "", "[::1]:0": "", "0.0.0.0:80": "", "lab-pc:8080": "",
		":8080": "want a host too: localhost:8080", ":": "want a port from 0", "8080": "want HOST:PORT", "localhost": "want HOST:PORT",
		"localhost:": "want a port from 0", "localhost:http": "want a port", "localhost:70000": "want a port", "localhost:-1": "want a port", "::1:8080": "want HOST:PORT",
	} {
		_, _, err := Split(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: want %q, got %v", address, want, err)
		}
	}
}

// A server on all interfaces answers to the machine's addresses, but to no foreign name.
func TestElsewhere(t *testing.T) {
	v, err := Listen("0.0.0.0:0", New(Info{}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if v.Loopback() {
		t.Error("0.0.0.0 counts as the loopback interface")
	}
	// The address that is printed is one that others can open.
	if a := v.Address(); strings.Contains(a, "0.0.0.0") {
		t.Errorf("address %s", a)
	} else if got, err := http.Get(a); err != nil {
		t.Error(err)
	} else if got.Body.Close(); got.StatusCode != 200 || got.Header.Get("Cross-Origin-Opener-Policy") != "" {
		t.Errorf("%s: status %d, headers %v", a, got.StatusCode, got.Header)
	}
	for host, want := range map[string]bool{"192.168.1.7:80": true, "[fe80::1]:80": true, "localhost": true, "evil.example": false, "": false} {
		if got := v.guard.host(host); got != want {
			t.Errorf("host %q: want %t, got %t", host, want, got)
		}
	}
	if named := newGuard("Lab-PC.example", v.listener.Addr()); !named.host("lab-pc.example:80") {
		t.Error("the name that the server was given is refused")
	}
	if _, err := Listen(v.listener.Addr().String(), New(Info{}), Options{}); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a port in use: %v", err)
	}
}
