package live

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// guard says which requests are answered.
type guard struct {
	names    []string // of hosts that requests may be addressed to, in lower case
	loopback bool     // the server listens on no other interface
	token    string
}

// newGuard guards a server that was told to listen on a host and does so at an address.
func newGuard(host string, at net.Addr) *guard {
	g := &guard{token: secret(), names: []string{"localhost"}}
	if a, ok := at.(*net.TCPAddr); ok {
		g.loopback = a.IP.IsLoopback()
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" {
		g.names = append(g.names, strings.ToLower(host))
	}
	if name, err := os.Hostname(); err == nil && !g.loopback {
		g.names = append(g.names, strings.ToLower(name))
	}
	return g
}

// secret is a word that nobody can guess.
func secret() string {
	var bytes [16]byte
	rand.Read(bytes[:]) // never fails
	return hex.EncodeToString(bytes[:])
}

// host tells whether a request's Host header names this machine. A page of another site whose name
// leads here (DNS rebinding) sends its own name; an address is no name that could. Ports
// are not compared, since the server may be reached through a tunnel.
func (g *guard) host(header string) bool {
	name := header
	if host, _, err := net.SplitHostPort(header); err == nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	if ip, err := netip.ParseAddr(name); err == nil {
		return !g.loopback || ip.IsLoopback()
	}
	return slices.Contains(g.names, strings.TrimSuffix(name, "."))
}

// same tells whether a request comes from the server's own page, from no page at all, or is somebody's
// who follows a link to the page.
func same(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && !strings.EqualFold(origin, "http://"+r.Host) {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// allowed tells whether a request has the token.
func (g *guard) allowed(r *http.Request) bool {
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) == 1
}

// policy lets the page load what is this server's, and its small pictures.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// reportPolicy is that of the report and of figures, which are whole in themselves and have no
// scripts.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// wrap checks requests before next sees them, and sets the headers of all answers.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if g.loopback { // browsers take it from no other address without encryption, and complain
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		h.Set("Cache-Control", "no-store")
		switch {
		case !g.host(r.Host):
			http.Error(w, "the request is addressed to another host: want the address that the program printed", http.StatusForbidden)
		case !same(r):
			http.Error(w, "the request comes from another site", http.StatusForbidden)
		case r.Method == http.MethodPost && !g.allowed(r):
			http.Error(w, "want the token that the program printed when it started", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, 1024) // nobody reads one
			next.ServeHTTP(w, r)
		}
	})
}
