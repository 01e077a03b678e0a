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
	client := secured(opts.Client)
	for _, f := range c.files() {
		if f.verify(filepath.Join(dir, f.name)) == nil {
			continue
		}
		if err := fetchAny(ctx, client, servers, f, dir); err != nil {
			return err
		}
	}
	return nil
}

// fetchAny tries one server after the other; its error has every server's.
func fetchAny(ctx context.Context, client *http.Client, servers []string, f file, dir string) error {
	var failed failures
	for _, server := range servers {
		err := fetch(ctx, client, server, f, dir)
		if err == nil {
			return nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// fetch downloads f from a server into dir: into a temporary file there, which takes its final name only when size and
// SHA-256 are the published ones and is removed otherwise. The name is ours, whatever the server or a redirect says.
func fetch(ctx context.Context, client *http.Client, server string, f file, dir string) (err error) {
	address, err := fileURL(server, f.name)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("download %s: %w", address, err)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, err := get(ctx, client, address)
	if err != nil {
		return err
	}
	defer body.Close()

	temp, err := os.CreateTemp(dir, f.name+".*.part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(temp, sum), io.LimitReader(body, f.size+1))
	if err != nil {
		return fmt.Errorf("wanted %d bytes, found %d: %w", f.size, n, err)
	}
	if err := f.compare(n, sum.Sum(nil)); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), filepath.Join(dir, f.name))
}

// fileURL appends a file name to a server's base URL. A name that is more than the name of a file is refused: it could
// lead out of the directory the file is stored in.
func fileURL(server, name string) (string, error) {
	if filepath.Base(name) != name || !filepath.IsLocal(name) || name == "." {
		return "", fmt.Errorf("download: wanted a plain file name, found %q", name)
	}
	base, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return "", fmt.Errorf("download: wanted an http or https address, found %q", server)
	}
	return base.JoinPath(name).String(), nil
}

// get returns the body of a successful answer.
func get(ctx context.Context, client *http.Client, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// The file is compressed already; a server that also says so in Content-Encoding would have it unpacked on the way.
	request.Header.Set("Accept-Encoding", "identity")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("wanted status 200, found %s", answer.Status)
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
