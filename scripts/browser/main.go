// Command browser opens pages of files in a headless Chromium and fails if one is not as
// it should be: the reports of experiments, and the scorecard of experiments/all.
//
//	go run ./scripts/browser runs/all/index.html runs/*/report.html
//	go run ./scripts/browser -screenshots shots runs/losses/report.html
//
// A page is looked at in a window of a phone and in one of a laptop, with light and with
// dark colours, and as it is printed. It fails for
//
//   - warnings and errors in the console, and errors of scripts;
//   - requests that fail, and any for something that is not a file or part of the page;
//   - images that are broken or have no alternative text;
//   - a page wider than the window, or than the paper;
//   - parts that are folded or cut off on paper (on the screen all are unfolded to be looked at);
//   - links to files that are not there, or to places that the page does not have, and
//     an id that occurs twice;
//   - text of too little contrast with what is behind it, or of less than 12 pixels;
//   - a page that cannot be printed.
//
// Nothing is installed. The exit status is 0 if all is well and 1 otherwise, also if
// there is no browser.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"capas/internal/chromium"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("browser", flag.ContinueOnError)
	fs.SetOutput(stderr)
	program := fs.String("browser", "", "the browser's `program` (default: the first of chromium, google-chrome, … in PATH)")
	shots := fs.String("screenshots", "", "`directory` for pictures of the pages (default: none are made)")
	limit := fs.Duration("timeout", 5*time.Minute, "`duration` after which it fails")
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: browser [flags] page.html …")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || fs.NArg() == 0 {
		if err == nil {
			fs.Usage()
		}
		return 1
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), *limit, fmt.Errorf("not done in %v", *limit))
	defer cancel()
	wrong, err := checkAll(ctx, *program, *shots, fs.Args(), stdout)
	if err != nil {
		fmt.Fprintln(stderr, "browser:", err)
		return 1
	}
	if wrong > 0 {
		fmt.Fprintf(stderr, "browser: %d things are wrong\n", wrong)
		return 1
	}
	return 0
}

// checkAll checks pages and prints what is wrong with them; it returns how much that is.
func checkAll(ctx context.Context, program, shots string, pages []string, stdout io.Writer) (wrong int, err error) {
	path, err := chromium.Find(program)
	if err != nil {
		return 0, err
	}
	if shots != "" {
		if err := os.MkdirAll(shots, 0o777); err != nil {
			return 0, err
		}
	}
	b, err := chromium.Start(ctx, path)
	if err != nil {
		return 0, err
	}
	defer b.Stop()
	for _, page := range pages {
		found, err := check(ctx, b, page, shots)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", page, err)
		}
		for _, text := range found {
			fmt.Fprintf(stdout, "%s: %s\n", page, text)
		}
		if len(found) == 0 {
			fmt.Fprintf(stdout, "%s: ok\n", page)
		}
		wrong += len(found)
	}
	return wrong, nil
}
