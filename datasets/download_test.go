package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// published is small as a server has it: the files by name, and a collection with their sums.
func published() (collection, map[string][]byte) {
	d := small()
	content := map[string][]byte{}
	entry := func(name string, plain []byte) file {
		zipped := compress(plain)
		content[name] = zipped
		sum := sha256.Sum256(zipped)
		return file{name, hex.EncodeToString(sum[:]), int64(len(zipped))}
	}
	return collection{
		name:        "small",
		classes:     10,
		trainImages: entry("train-images-idx3-ubyte.gz", d.trainImages),
		trainLabels: entry("train-labels-idx1-ubyte.gz", d.trainLabels),
		testImages:  entry("t10k-images-idx3-ubyte.gz", d.testImages),
		testLabels:  entry("t10k-labels-idx1-ubyte.gz", d.testLabels),
	}, content
}

// serve answers with the content and counts the requests.
func serve(t *testing.T, content map[string][]byte) (server *httptest.Server, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	return start(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, ok := content[strings.TrimPrefix(r.URL.Path, "/data/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(body)
	}), requests
}

func start(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// files lists everything below root.
func filesBelow(t *testing.T, root string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDownload(t *testing.T) {
	c, content := published()
	server, requests := serve(t, content)
	root := t.TempDir()
	opts := Options{CacheDir: filepath.Join(root, "cache"), Download: true, BaseURLs: []string{server.URL + "/data/"}}
	split, err := load(t.Context(), c, opts)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, split)
	if got := filesBelow(t, root); len(got) != 4 {
		t.Errorf("files %q, want the four", got)
	}
	for name, want := range content {
		if got, err := os.ReadFile(filepath.Join(root, "cache", "small", name)); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the server has (%v)", name, err)
		}
	}

	// From now on the cache serves, with and without permission to download.
	for _, allowed := range []bool{true, false} {
		opts.Download = allowed
		if _, err := load(t.Context(), c, opts); err != nil {
			t.Errorf("from the cache: %v", err)
		}
	}
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}

	// A damaged file is an error without permission, and alone downloaded again with it.
	damaged := filepath.Join(root, "cache", "small", "t10k-labels-idx1-ubyte.gz")
	if err := os.WriteFile(damaged, content["t10k-labels-idx1-ubyte.gz"][1:], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t.Context(), c, opts); err == nil || !strings.Contains(err.Error(), damaged) {
		t.Errorf("damaged cache: error %v, want one that names %s", err, damaged)
	}
	opts.Download = true
	if _, err := load(t.Context(), c, opts); err != nil || requests.Load() != 5 {
		t.Errorf("damaged cache: %v, %d requests; want the fifth", err, requests.Load())
	}
}

func TestDownloadOnlyIfAllowed(t *testing.T) {
	c, content := published()
	server, requests := serve(t, content)
	root := t.TempDir()
	_, err := load(t.Context(), c, Options{CacheDir: root, BaseURLs: []string{server.URL + "/data"}})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), root) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line that names %s", err, root)
	}
	if requests.Load() != 0 || len(filesBelow(t, root)) != 0 {
		t.Errorf("%d requests, files %q; want none", requests.Load(), filesBelow(t, root))
	}
}

func TestDownloadNextServer(t *testing.T) {
	c, content := published()
	empty, _ := serve(t, nil)
	good, _ := serve(t, content)
	opts := Options{CacheDir: t.TempDir(), Download: true, BaseURLs: []string{empty.URL + "/data", good.URL + "/data"}}
	if _, err := load(t.Context(), c, opts); err != nil {
		t.Error(err)
	}
}

func TestDownloadErrors(t *testing.T) {
	c, content := published()
	good, _ := serve(t, content)
	body := content[c.trainImages.name]
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"not found", http.NotFound, "wanted status 200, found 404 Not Found"},
		{"server error", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, "found 500"},
		{"wrong sum", func(w http.ResponseWriter, r *http.Request) { w.Write(append([]byte{0}, body[1:]...)) }, "wanted SHA-256 " + c.trainImages.sha256 + ", found "},
		{"too short", func(w http.ResponseWriter, r *http.Request) { w.Write(body[:20]) }, "bytes, found 20"},
		{"too long", func(w http.ResponseWriter, r *http.Request) { w.Write(append(body[:len(body):len(body)], 0)) }, "bytes, found more"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<12)); err != nil {
					return
				}
			}
		}, "bytes, found more"},
		{"connection cut", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write(body[:30])
		}, "unexpected EOF"},
		{"to another scheme", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(good.URL, "http:", "https:", 1)+"/data/"+c.trainImages.name, http.StatusFound)
		}, "redirect: wanted scheme http, found https"},
		{"to a file", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}, "redirect: wanted scheme http, found file"},
		{"to ftp", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://127.0.0.1/"+c.trainImages.name, http.StatusMovedPermanently)
		}, "redirect: wanted scheme http, found ftp"},
		{"to another scheme at the second step", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/second" {
				http.Redirect(w, r, "/second", http.StatusTemporaryRedirect)
				return
			}
			http.Redirect(w, r, strings.Replace(good.URL, "http:", "https:", 1)+"/data/"+c.trainImages.name, http.StatusPermanentRedirect)
		}, "redirect: wanted scheme http, found https"},
		{"endless header", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for line := []byte("HTTP/1.1 200 OK\r\n"); err == nil; line = []byte("X: " + strings.Repeat("x", 1<<12) + "\r\n") {
				_, err = conn.Write(line)
			}
		}, "server response headers exceeded"},
		{"commands to the terminal", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			conn.Write([]byte("HTTP/1.1 404 \x1b[2J\r\nContent-Length: 0\r\n\r\n"))
		}, "found 404 Not Found"},
		{"round and round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "redirect: wanted at most 5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, test.handler)
			root := t.TempDir()
			opts := Options{CacheDir: filepath.Join(root, "cache"), Download: true, BaseURLs: []string{server.URL + "/data"}}
			var err error
			if allocated, _ := cost(func() { _, err = load(t.Context(), c, opts) }); allocated > hostileBytes {
				t.Errorf("%d MB, want at most %d", allocated>>20, hostileBytes>>20)
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"datasets: small: download " + server.URL + "/data/" + c.trainImages.name, test.want} {
				if !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b") {
					t.Errorf("error %q, want one line with %q", err, want)
				}
			}
			if left := filesBelow(t, root); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// A redirect within the scheme is followed; the file keeps the name we asked for.
func TestDownloadRedirect(t *testing.T) {
	c, content := published()
	good, _ := serve(t, content)
	server := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../../elsewhere"`)
		http.Redirect(w, r, good.URL+"/data/"+filepath.Base(r.URL.Path)+"?name=../../elsewhere", http.StatusFound)
	})
	root := t.TempDir()
	opts := Options{CacheDir: filepath.Join(root, "a", "b"), Download: true, BaseURLs: []string{server.URL}}
	if _, err := load(t.Context(), c, opts); err != nil {
		t.Fatal(err)
	}
	for _, path := range filesBelow(t, root) {
		if filepath.Dir(path) != filepath.Join(root, "a", "b", "small") {
			t.Errorf("%s is outside the cache", path)
		}
	}
}

// A server that calls the file gzip-encoded must not have it unpacked on the way.
func TestDownloadContentEncoding(t *testing.T) {
	c, content := published()
	server := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(content[strings.TrimPrefix(r.URL.Path, "/")])
	})
	opts := Options{CacheDir: t.TempDir(), Download: true, BaseURLs: []string{server.URL}}
	if _, err := load(t.Context(), c, opts); err != nil {
		t.Error(err)
	}
}

func TestDownloadCancelled(t *testing.T) {
	c, content := published()
	ctx, cancel := context.WithCancel(t.Context())
	other, requests := serve(t, content)
	server := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(content[c.trainImages.name][:10])
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	root := t.TempDir()
	_, err := load(ctx, c, Options{CacheDir: root, Download: true, BaseURLs: []string{server.URL, other.URL + "/data"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if left := filesBelow(t, root); len(left) != 0 || requests.Load() != 0 {
		t.Errorf("left behind %q, %d requests to the next server; want none", left, requests.Load())
	}
}

func TestDownloadIntoUnwritable(t *testing.T) {
	c, content := published()
	server, _ := serve(t, content)
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := load(t.Context(), c, Options{CacheDir: blocked, Download: true, BaseURLs: []string{server.URL + "/data"}})
	if err == nil || !strings.Contains(err.Error(), blocked) {
		t.Errorf("error %v, want one that names %s", err, blocked)
	}
	if got, err := os.ReadFile(blocked); err != nil || string(got) != "mine" {
		t.Errorf("the file in the way: %q, %v", got, err)
	}
}

// A module that is not there gives way to the cache; if that has nothing either, the error tells of both.
func TestCacheAfterModule(t *testing.T) {
	c, content := published()
	c.module, c.version = "example.org/none", "v1.0.0"
	server, _ := serve(t, content)
	root := t.TempDir()
	_, err := load(t.Context(), c, Options{CacheDir: root})
	if err == nil || !strings.Contains(err.Error(), "module example.org/none v1.0.0 not in the module cache") || !strings.Contains(err.Error(), filepath.Join(root, "small")) {
		t.Errorf("error %v, want one that names the module and %s", err, root)
	}
	split, err := load(t.Context(), c, Options{CacheDir: root, Download: true, BaseURLs: []string{server.URL + "/data"}})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, split)
}

func TestDefaultCacheDir(t *testing.T) {
	for _, key := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(key, t.TempDir())
	}
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if dir, err := cacheDir("mnist", ""); err != nil || dir != filepath.Join(user, "capas", "mnist") {
		t.Errorf("cache directory %q, %v; want capas/mnist in %s", dir, err, user)
	}
}
