package datasets

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"capas/internal/atomicfile"
)

// fetchTimeout bounds one file from one server, so that a stalled server gives way to the next: 26 MB in ten minutes
// is 44 kB/s.
const fetchTimeout = 10 * time.Minute

// download brings the files of c that dir lacks, or has damaged, into dir, each from the first server that gives it as
// published.
func download(ctx context.Context, c collection, dir string, opts Options) error {
	servers := opts.BaseURLs
	if len(servers) == 0 {
		servers = c.mirrors
	}
	if len(servers) == 0 {
		return errors.New("download: no server known")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	d := downloader{client: secured(opts.Client), timeout: fetchTimeout}
	for _, f := range c.files() {
		path, err := f.in(dir)
		if err != nil {
			return fmt.Errorf("download: %w", err)
		}
		if f.verify(path) == nil {
			continue
		}
		data, err := d.fetchAny(ctx, servers, f)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(path, data); err != nil {
			return fmt.Errorf("download: %w", err)
		}
	}
	return nil
}

// in is the path of f in dir. A name that is more than the name of a file is refused: it could lead out of the directory.
func (f file) in(dir string) (string, error) {
	if filepath.Base(f.name) != f.name || !filepath.IsLocal(f.name) || f.name == "." {
		return "", fmt.Errorf("wanted a plain file name, found %q", f.name)
	}
	return filepath.Join(dir, f.name), nil
}

// downloader fetches files, each from one server within timeout.
type downloader struct {
	client  *http.Client
	timeout time.Duration
}

// fetchAny tries one server after the other; its error has every server's.
func (d downloader) fetchAny(ctx context.Context, servers []string, f file) ([]byte, error) {
	var failed failures
	for _, server := range servers {
		data, err := d.fetch(ctx, server, f)
		if err == nil {
			return data, nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// fetch downloads f from a server into memory, 26 MB at most, and returns it if size and SHA-256 are the published ones:
// what is not verified never reaches a disk. One byte more than the published size is all that a server can make it read.
func (d downloader) fetch(ctx context.Context, server string, f file) (data []byte, err error) {
	address, err := fileURL(server, f.name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			data, err = nil, fmt.Errorf("download %s: %w", address.Redacted(), err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	body, err := d.get(ctx, address)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	data = make([]byte, f.size+1)
	n, err := io.ReadFull(body, data)
	if err != nil && n < int(f.size) {
		return nil, fmt.Errorf("wanted %d bytes, found %d: %w", f.size, n, noEOF(err))
	}
	sum := sha256.Sum256(data[:n])
	return data[:n], f.compare(int64(n), sum[:])
}

// fileURL appends a file name to a server's base URL.
func fileURL(server, name string) (*url.URL, error) {
	base, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" {
		return nil, fmt.Errorf("download: wanted an http or https address, found %q", base.Redacted())
	}
	return base.JoinPath(name), nil
}

// get returns the body of a successful answer.
func (d downloader) get(ctx context.Context, address *url.URL) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	// The file is compressed already; a server that also says so in Content-Encoding would have it unpacked on the way.
	request.Header.Set("Accept-Encoding", "identity")
	answer, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		// Not answer.Status: its words are the server's, and may be commands to a terminal.
		return nil, fmt.Errorf("wanted status 200, found %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return answer.Body, nil
}

// secured returns a copy of client that follows at most five redirects, and none to another scheme.
func secured(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	copied := *client
	copied.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if first := via[0].URL.Scheme; next.URL.Scheme != first {
			return fmt.Errorf("redirect: wanted scheme %s, found %s", first, next.URL.Scheme)
		}
		if len(via) > 5 {
			return errors.New("redirect: wanted at most 5 redirects, found more")
		}
		return nil
	}
	return &copied
}
