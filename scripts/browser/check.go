package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed page.js
var pageScript string

// A view is how a page is looked at.
type view struct {
	name   string
	width  int
	media  string // screen or print
	colors string // light or dark
}

// views: a phone, a laptop, and paper of the format A4 with margins of a centimetre.
// Print comes in dark colours too, since that is what those who prefer them ask for.
var views = []view{
	{"360-light", 360, "screen", "light"},
	{"360-dark", 360, "screen", "dark"},
	{"1280-light", 1280, "screen", "light"},
	{"1280-dark", 1280, "screen", "dark"},
	{"print", 718, "print", "dark"},
}

// tab is a page in the browser.
type tab struct {
	*browser
	session string
	wrong   []string
}

// check lists what is wrong with the page in the file, with the names of the views where
// that depends on them. Pictures go to the directory shots, unless that is "".
func (b *browser) check(ctx context.Context, file, shots string) ([]string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, err
	case info.IsDir(): // which the browser would list
		return nil, errors.New("want a page, got a directory")
	}
	t, closeTab, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer closeTab()
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	if err := t.navigate(ctx, address); err != nil {
		return nil, err
	}
	for _, v := range views {
		if err := t.look(ctx, v); err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		if shots == "" {
			continue
		}
		// Such as all-losses-report-360-dark.png.
		name := strings.TrimSuffix(filepath.ToSlash(filepath.Clean(file)), filepath.Ext(file))
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == ':' || r == '.' })
		name = strings.Join(parts[max(len(parts)-3, 0):], "-") + "-" + v.name + ".png"
		if err := t.screenshot(ctx, v, filepath.Join(shots, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
	}
	if err := t.print(ctx); err != nil {
		return nil, err
	}
	return t.wrong, nil
}

// open opens an empty page whose events are heard.
func (b *browser) open(ctx context.Context) (t *tab, closeTab func(), err error) {
	var target struct{ TargetID string }
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, nil, err
	}
	var attached struct{ SessionID string }
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, nil, err
	}
	t = &tab{browser: b, session: attached.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := t.do(ctx, domain+".enable", nil, nil); err != nil {
			return nil, nil, err
		}
	}
	return t, func() { b.call(ctx, "", "Target.closeTarget", target, nil) }, nil
}

// do gives a command to the page.
func (t *tab) do(ctx context.Context, method string, params, result any) error {
	return t.call(ctx, t.session, method, params, result)
}

// navigate loads an address and waits for it.
func (t *tab) navigate(ctx context.Context, address string) error {
	var loaded struct{ ErrorText string }
	if err := t.do(ctx, "Page.navigate", map[string]any{"url": address}, &loaded); err != nil {
		return err
	}
	if loaded.ErrorText != "" {
		return fmt.Errorf("open %s: %s", address, loaded.ErrorText)
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e, ok := <-t.events:
			if !ok {
				return t.err
			}
			t.hear(e)
			if e.SessionID == t.session && e.Method == "Page.loadEventFired" {
				return nil
			}
		}
	}
}

// look lays the page out in a view and asks it what is wrong there.
func (t *tab) look(ctx context.Context, v view) error {
	size := map[string]any{"width": v.width, "height": 800, "deviceScaleFactor": 1, "mobile": v.width < 500}
	if err := t.do(ctx, "Emulation.setDeviceMetricsOverride", size, nil); err != nil {
		return err
	}
	media := map[string]any{"media": v.media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": v.colors}}}
	if err := t.do(ctx, "Emulation.setEmulatedMedia", media, nil); err != nil {
		return err
	}
	var answer struct {
		Result struct {
			Value struct{ Wrong, Links []string }
		}
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	script := map[string]any{"expression": pageScript, "awaitPromise": true, "returnByValue": true}
	if err := t.do(ctx, "Runtime.evaluate", script, &answer); err != nil {
		return err
	}
	if d := answer.ExceptionDetails; d != nil {
		return fmt.Errorf("page.js: %s %s", d.Text, d.Exception.Description)
	}
	for _, text := range answer.Result.Value.Wrong {
		t.add(v.name + ": " + text)
	}
	for _, link := range answer.Result.Value.Links {
		t.link(link)
	}
	t.hearAll()
	return nil
}

// link reports a link to a file that is not there. Others are for their readers to follow.
func (t *tab) link(address string) {
	u, err := url.Parse(address)
	if err != nil {
		t.add(fmt.Sprintf("link %s: %v", address, err))
		return
	}
	if u.Scheme == "file" {
		if _, err := os.Stat(filepath.FromSlash(u.Path)); err != nil {
			t.add(fmt.Sprintf("link to %s: %v", u.Path, err))
		}
	}
}

// hearAll takes the events that have come. Those that the page caused before it answered
// a command come before the answer.
func (t *tab) hearAll() {
	for {
		select {
		case e, ok := <-t.events:
			if !ok {
				return
			}
			t.hear(e)
		default:
			return
		}
	}
}

// hear reports an event that should not be.
func (t *tab) hear(e event) {
	if e.SessionID != t.session {
		return
	}
	var p struct {
		Type             string
		Args             []struct{ Value, Description any }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Entry    struct{ Level, Text, URL string }
		Request  struct{ URL string }
		Response struct {
			URL    string
			Status int
		}
		ErrorText string
	}
	if err := json.Unmarshal(e.Params, &p); err != nil {
		t.add(fmt.Sprintf("%s: %v", e.Method, err))
		return
	}
	switch e.Method {
	case "Runtime.consoleAPICalled":
		if slices.Contains([]string{"warning", "error", "assert"}, p.Type) {
			t.add(fmt.Sprintf("console: %s: %v", p.Type, p.Args))
		}
	case "Runtime.exceptionThrown":
		t.add("script: " + p.ExceptionDetails.Text + " " + p.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "warning" || p.Entry.Level == "error" {
			t.add(fmt.Sprintf("console: %s: %s %.80s", p.Entry.Level, p.Entry.Text, p.Entry.URL))
		}
	case "Network.requestWillBeSent":
		if scheme, _, _ := strings.Cut(p.Request.URL, ":"); !slices.Contains([]string{"file", "data", "about", "blob"}, scheme) {
			t.add("request for " + p.Request.URL)
		}
	case "Network.loadingFailed":
		t.add("request failed: " + p.ErrorText)
	case "Network.responseReceived":
		if p.Response.Status >= 400 {
			t.add(fmt.Sprintf("request for %s: status %d", p.Response.URL, p.Response.Status))
		}
	}
}

// add reports something once.
func (t *tab) add(text string) {
	if !slices.Contains(t.wrong, text) {
		t.wrong = append(t.wrong, text)
	}
}

// screenshot writes a picture of the whole page.
func (t *tab) screenshot(ctx context.Context, v view, file string) error {
	var layout struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	if err := t.do(ctx, "Page.getLayoutMetrics", nil, &layout); err != nil {
		return err
	}
	clip := map[string]any{"x": 0, "y": 0, "width": v.width, "height": min(layout.CSSContentSize.Height, 16000), "scale": 1}
	var shot struct{ Data []byte }
	err := t.do(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true, "clip": clip}, &shot)
	if err != nil {
		return err
	}
	return os.WriteFile(file, shot.Data, 0o666)
}

// print reports a page of which no PDF can be made.
func (t *tab) print(ctx context.Context) error {
	var printed struct{ Data string }
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := t.do(ctx, "Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69}, &printed); err != nil {
		t.add("print: " + err.Error())
		return nil
	}
	pdf, err := base64.StdEncoding.DecodeString(printed.Data)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.add(fmt.Sprintf("print: want a PDF document, got %.20q %v", pdf, err))
	}
	return nil
}
