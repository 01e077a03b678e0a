package datasets

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whatever lies where a file is to be stored, nothing outside of the directory is written to.
func TestDownloadOverSymlink(t *testing.T) {
	c, content := published()
	server, _ := serve(t, content)
	for name, outside := range map[string][]byte{"to a file": []byte("mine"), "to nothing": nil} {
		root, cache := t.TempDir(), t.TempDir()
		target := filepath.Join(root, "outside")
		if outside != nil {
			if err := os.WriteFile(target, outside, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		link := filepath.Join(cache, "small", c.testImages.name)
		if err := os.Mkdir(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skipf("this system makes no symbolic links here: %v", err)
		}
		split, err := load(t.Context(), c, Options{CacheDir: cache, Download: true, BaseURLs: []string{server.URL + "/data"}})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkSmall(t, split)
		if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: a regular file was to replace the link, found %v, %v", name, info, err)
		}
		if got, err := os.ReadFile(target); string(got) != string(outside) || (err == nil) != (outside != nil) {
			t.Errorf("%s: outside is %q, %v; want %q", name, got, err, outside)
		}
		if list := filesBelow(t, root); len(list) != 0 && outside == nil {
			t.Errorf("%s: written outside: %q", name, list)
		}
	}
}

// A directory in the place of a file is an error, and stays.
func TestDownloadOverDirectory(t *testing.T) {
	c, content := published()
	server, _ := serve(t, content)
	cache := t.TempDir()
	kept := filepath.Join(cache, "small", c.testImages.name, "kept")
	if err := os.MkdirAll(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := load(t.Context(), c, Options{CacheDir: cache, Download: true, BaseURLs: []string{server.URL + "/data"}})
	if err == nil || !strings.Contains(err.Error(), filepath.Dir(kept)) {
		t.Errorf("error %v, want one that names %s", err, filepath.Dir(kept))
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestDownloadRefuses(t *testing.T) {
	for _, name := range []string{"../a.gz", "/etc/passwd", "sub/a.gz", "..", ".", ""} {
		if path, err := (file{name: name}).in("dir"); err == nil || !strings.Contains(err.Error(), "wanted a plain file name") {
			t.Errorf("file name %q: %q, error %v", name, path, err)
		}
	}
	for server, want := range map[string]string{
		"ftp://example.org/":          "wanted an http or https address",
		"file:///etc":                 "wanted an http or https address",
		"example.org":                 "wanted an http or https address",
		"http://":                     "wanted an http or https address",
		"http://:80/":                 "wanted an http or https address",
		"http:/etc/passwd":            "wanted an http or https address",
		"http:example.org":            "wanted an http or https address",
		"":                            "wanted an http or https address",
		"ftp://me:secret@example.org": `found "ftp://me:xxxxx@example.org"`,
		"http://example.org/\x7f":     "invalid control character",
		"http://example.org/\n":       "invalid control character",
		"http://exa mple.org/":        "invalid character",
		"http://example.org:port/":    "invalid port",
		"http://example.org/%zz":      "invalid URL escape",
	} {
		if _, err := fileURL(server, "a.gz"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: error %v, want one line with %q", server, err, want)
		}
	}
}

// Whatever an address has besides, the file asked for is the one below its path, and the file written is the one in the
// cache directory.
func TestDownloadHostileAddresses(t *testing.T) {
	c, content := published()
	server := start(t, func(w http.ResponseWriter, r *http.Request) { w.Write(content[filepath.Base(r.URL.Path)]) })
	for _, tail := range []string{"/../../../tmp/", "/%2e%2e/%2e%2e/", "/?file=../../x", "/#/../../x", "/a%00b", "/..%5c..%5c", "/%2Fetc%2F", "//x//"} {
		root := t.TempDir()
		cache := filepath.Join(root, "cache")
		if _, err := load(t.Context(), c, Options{CacheDir: cache, Download: true, BaseURLs: []string{server.URL + tail}}); err != nil {
			t.Errorf("%s: %v", tail, err)
		}
		for _, path := range filesBelow(t, root) {
			if filepath.Dir(path) != filepath.Join(cache, "small") {
				t.Errorf("%s: wrote %s", tail, path)
			}
		}
	}
}

// From https nothing leads to http, where anyone on the way can answer.
func TestDownloadRedirectFromTLS(t *testing.T) {
	c, content := published()
	plain, requests := serve(t, content)
	server := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/data/"+c.trainImages.name, http.StatusFound))
	t.Cleanup(server.Close)
	opts := Options{CacheDir: t.TempDir(), Download: true, BaseURLs: []string{server.URL}, Client: server.Client()}
	if _, err := load(t.Context(), c, opts); err == nil || !strings.Contains(err.Error(), "redirect: wanted scheme https, found http") {
		t.Errorf("error %v", err)
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests without TLS, want none", requests.Load())
	}
	if opts.Client.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

// trickle is a server that sends a byte now and then, without end.
func trickle(t *testing.T) *httptest.Server {
	return start(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte{0x1f}); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// A server that never finishes holds up neither its caller's deadline nor, past the time for a file, the next server.
func TestDownloadSlowServer(t *testing.T) {
	c, content := published()
	slow := trickle(t)
	c.trainImages.size = 1 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var err error
	_, took := cost(func() {
		_, err = load(ctx, c, Options{CacheDir: t.TempDir(), Download: true, BaseURLs: []string{slow.URL}})
	})
	if !errors.Is(err, context.DeadlineExceeded) || took > 20*time.Second {
		t.Errorf("error %v after %v, want context.DeadlineExceeded", err, took)
	}

	c, _ = published()
	good, _ := serve(t, content)
	silent := start(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	d := downloader{client: secured(nil), timeout: 500 * time.Millisecond}
	data, err := d.fetchAny(t.Context(), []string{silent.URL, good.URL + "/data"}, c.trainImages)
	if err != nil || string(data) != string(content[c.trainImages.name]) {
		t.Errorf("%d bytes from the next server, %v", len(data), err)
	}
}
