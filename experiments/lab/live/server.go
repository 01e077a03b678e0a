package live

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

//go:embed page
var assets embed.FS

// Options are what a server needs besides the state.
type Options struct {
	// Style is the style sheet that the page shares with the reports.
	Style string
	// Stop is called when somebody who may asks the run to stop.
	Stop func()
}

// Server shows a state to browsers.
type Server struct {
	state    *State
	options  Options
	guard    *guard
	host     string
	instance string // tells the events of this server from those of another one at its address
	http     http.Server
	listener net.Listener
	closing  chan struct{}
	done     sync.WaitGroup
}

// Limits on what clients may ask for.
const (
	maxViewers  = 200
	maxHeader   = 16 << 10
	slowest     = 10 * time.Second // for a client to send a request, or to take what it is sent
	longest     = 30 * time.Second // for other answers than events
	idle        = time.Minute
	sendEvery   = 500 * time.Millisecond // events to one viewer
	silence     = 15 * time.Second       // after which a viewer is told that the server is there
	farewell    = 2 * time.Second        // for viewers to be sent the last state
	retryMillis = 1000                   // after which browsers come again
)

// Split splits an address HOST:PORT, as for -serve. The host must be given: leaving it out
// would mean every interface of the machine.
func Split(address string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", errors.New("want HOST:PORT, such as localhost:8080")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || port == "" {
		return "", "", fmt.Errorf("want a port from 0 to 65535, got %q", port)
	} else if host == "" {
		return "", "", fmt.Errorf("want a host too: localhost:%d, or 0.0.0.0:%d for whoever can reach this machine", n, n)
	}
	return host, port, nil
}

// Listen begins to serve a state at an address HOST:PORT; port 0 takes any that is free.
func Listen(address string, s *State, o Options) (*Server, error) {
	host, _, err := Split(address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return nil, err
	}
	v := &Server{state: s, options: o, host: host, guard: newGuard(host, listener.Addr()), listener: listener, closing: make(chan struct{})}
	v.instance = secret()[:8]
	v.http = http.Server{
		Handler: v.guard.wrap(v.routes()), ErrorLog: log.New(io.Discard, "", 0), MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: slowest, ReadTimeout: slowest, WriteTimeout: longest, IdleTimeout: idle,
	}
	v.done.Go(func() { v.http.Serve(listener) })
	v.done.Go(v.clock)
	return v, nil
}

// Address is that of the page, for those who watch: on every interface, that of the first that others can reach.
func (v *Server) Address() string {
	_, port, _ := net.SplitHostPort(v.listener.Addr().String())
	host := v.host
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = reachable()
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// reachable is this machine's first address that others may reach, localhost if it has none.
func reachable() string {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "localhost"
}

// Control is the address of the page for those who may pause and stop the run. What is behind the #
// never leaves the browser in a request.
func (v *Server) Control() string { return v.Address() + "#token=" + v.guard.token }

// Loopback tells whether only this machine can reach the server.
func (v *Server) Loopback() bool { return v.guard.loopback }

// Close sends viewers the last state, waits for them a little, and ends the server.
func (v *Server) Close() {
	close(v.closing)
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if v.http.Shutdown(ctx) != nil {
		v.http.Close()
	}
	v.done.Wait()
}

// clock makes looks due while somebody watches.
func (v *Server) clock() {
	ticker := time.NewTicker(sendEvery)
	defer ticker.Stop()
	for {
		select {
		case <-v.closing:
			return
		case <-ticker.C:
			if v.state.viewers.Load() > 0 {
				v.state.due(sendEvery)
			}
		}
	}
}

func (v *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", v.asset("page.html"))
	for _, name := range []string{"page.css", "page.js", "charts.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, v.asset(name))
	}
	mux.HandleFunc("GET /report.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		io.WriteString(w, v.options.Style)
	})
	mux.HandleFunc("GET /events", v.events)
	mux.HandleFunc("GET /figure/{file}", v.figure)
	mux.HandleFunc("GET /report.html", v.report)
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) { done(w) })
	mux.HandleFunc("POST /pause", v.pause(true))
	mux.HandleFunc("POST /continue", v.pause(false))
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		done(w)
		v.options.Stop()
	})
	return mux
}

// done answers a request that asked for something to be done.
func done(w http.ResponseWriter) { io.WriteString(w, "done\n") }

// asset serves a file of the page.
func (v *Server) asset(name string) http.HandlerFunc {
	data, err := assets.ReadFile("page/" + name)
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType(name))
		w.Write(data)
	}
}

// contentType is that of a file of the page or of a figure. What the system thinks of extensions
// does not matter.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "image/png"
}

func (v *Server) figure(w http.ResponseWriter, r *http.Request) {
	file := r.PathValue("file")
	v.state.mu.Lock()
	data, ok := v.state.figures[file]
	v.state.mu.Unlock()
	if !ok {
		http.Error(w, "no such figure", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", contentType(file))
	w.Header().Set("Content-Security-Policy", reportPolicy)
	w.Write(data)
}

func (v *Server) report(w http.ResponseWriter, _ *http.Request) {
	v.state.mu.Lock()
	page := v.state.report
	v.state.mu.Unlock()
	if page == nil {
		http.Error(w, "there is no report yet", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", reportPolicy)
	w.Write(page)
}

// pause lets the run pause or go on.
func (v *Server) pause(on bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !v.state.pause(on) {
			http.Error(w, "the run is over, or about to be", http.StatusConflict)
			return
		}
		done(w)
	}
}
