package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capas/internal/chromium"
)

// write writes a page and returns its file.
func write(t *testing.T, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page one.html")
	page := `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>x</title></head><body>` + body + `</body></html>`
	if err := os.WriteFile(file, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

const picture = `<img alt="a square" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/%3E">`

// TestBrowser: a page that is as it should be passes, and each fault of another is found.
func TestBrowser(t *testing.T) {
	if _, err := chromium.Find(""); err != nil {
		t.Skip(err)
	}
	good := write(t, `<h1 id="a">Fine</h1><p><a href="#a">here</a> <a href="https://example.org/">there</a></p>`+picture+
		`<div style="overflow-x: auto"><div style="width: 3000px">wide</div></div>
		<details><summary>more</summary><p>unfolded on paper</p></details>
		<style>@media print { div { overflow: visible !important; width: auto !important; } details::details-content { content-visibility: visible; } }</style>`)
	bad := write(t, `<p id="twice">x</p><p id="twice">y</p><a href="#no">z</a><a href="missing.html">z</a>
		<img src="missing.png" alt="gone">`+strings.Replace(picture, `alt="a square"`, "", 1)+`
		<details><summary>more</summary><p>folded</p><p style="color: #ddd">dim</p></details><pre style="overflow: auto; width: 90px">a line that is too long for it</pre>
		<div style="width: 900px">wide</div><p style="color: #ccc; background: #fff">pale</p><p style="font-size: 9px">small</p>
		<style>@media (prefers-color-scheme: dark) { #dark { color: #111; background: #000; } }</style><p id="dark">night</p>
		<link rel="stylesheet" href="http://127.0.0.1:9/x.css">
		<script>console.warn("careful"); throw new Error("thrown")</script>`)
	shots := filepath.Join(t.TempDir(), "shots")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-screenshots", shots, good}, &stdout, &stderr); code != 0 || !strings.HasSuffix(stdout.String(), ": ok\n") {
		t.Errorf("good page: status %d, output %q, standard error %q", code, &stdout, &stderr)
	}
	if files, err := filepath.Glob(filepath.Join(shots, "*page one-*.png")); err != nil || len(files) != len(chromium.Views()) {
		t.Errorf("screenshots: got %q, %v; want %d", files, err, len(chromium.Views()))
	}
	stdout.Reset()
	if code := run([]string{bad}, &stdout, &stderr); code != 1 {
		t.Errorf("bad page: status %d", code)
	}
	for _, want := range []string{
		"two elements have the id twice", "link #no leads nowhere", "missing.html: ", "image missing.png is broken", "has no alternative text",
		"360-light: the page is 9", "print: the page is 9", `wide"`, "360-light: text of contrast 1.4: <p> \"dim", "print: a folded part is not printed: <p> \"folded", "print: a part that scrolls is cut: <pre>", "text of contrast 1.6: <p> \"pale\"", "text of 9 pixels",
		"360-dark: text of contrast 1.1: <p#dark>", "request for http://127.0.0.1:9/x.css", "request failed: ", "console: warning", "Error: thrown",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("not found: %s", want)
		}
	}
	if strings.Contains(stdout.String(), "360-light: text of contrast 1.1") {
		t.Error("a fault of the dark colours in the light ones")
	}
	if t.Failed() {
		t.Log(stdout.String())
	}
}

func TestNoBrowser(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"-h"}, &stdout, &stderr); code != 0 || !strings.Contains(stderr.String(), "-screenshots") {
		t.Errorf("help: status %d, standard error %q", code, &stderr)
	}
	stderr.Reset()
	code := run([]string{"-browser", filepath.Join(t.TempDir(), "chromium"), write(t, "x")}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "no browser: want Chromium or Chrome in PATH") {
		t.Errorf("status %d, standard error %q", code, &stderr)
	}
	stderr.Reset()
	if _, err := chromium.Find(""); err == nil {
		if code := run([]string{filepath.Join(t.TempDir(), "no.html")}, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "no.html") {
			t.Errorf("no page: status %d, standard error %q", code, &stderr)
		}
		stderr.Reset()
		if code := run([]string{t.TempDir()}, &stdout, &stderr); code != 1 || !strings.Contains(stderr.String(), "want a page, got a directory") {
			t.Errorf("a directory: status %d, standard error %q", code, &stderr)
		}
	}
}
