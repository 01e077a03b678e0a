package chromium

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

//go:embed page.js
var pageScript string

// View is how a page is looked at.
type View struct {
	Name   string
	Width  int    // of the window, in pixels
	Media  string // screen or print
	Colors string // light or dark
}

// Views are a phone, a laptop, and paper of the format A4 with margins of a centimetre.
// Print comes in dark colours too, since that is what those who prefer them ask for.
func Views() []View {
	return []View{
		{"360-light", 360, "screen", "light"},
		{"360-dark", 360, "screen", "dark"},
		{"1280-light", 1280, "screen", "light"},
		{"1280-dark", 1280, "screen", "dark"},
		{"print", 718, "print", "dark"},
	}
}

// Tab is a page in the browser.
type Tab struct {
	*Browser
	session  string
	requests map[string]string // addresses by the browser's names of the requests
	// Wrong is what was found, each thing once.
	Wrong []string
	// Allowed says which addresses the page may ask for; nil for files and parts of itself.
	Allowed func(address string) bool
}

// Open opens an empty page whose events are heard.
func (b *Browser) Open(ctx context.Context) (t *Tab, closeTab func(), err error) {
	var target struct{ TargetID string }
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, nil, err
	}
	var attached struct{ SessionID string }
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, nil, err
	}
	t = &Tab{Browser: b, session: attached.SessionID, requests: map[string]string{}}
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if err := t.Do(ctx, domain+".enable", nil, nil); err != nil {
			return nil, nil, err
		}
	}
	return t, func() { b.call(ctx, "", "Target.closeTarget", target, nil) }, nil
}

// Do gives a command to the page.
func (t *Tab) Do(ctx context.Context, method string, params, result any) error {
	return t.call(ctx, t.session, method, params, result)
}

// Navigate loads an address and waits for it.
func (t *Tab) Navigate(ctx context.Context, address string) error {
	var loaded struct{ ErrorText string }
	if err := t.Do(ctx, "Page.navigate", map[string]any{"url": address}, &loaded); err != nil {
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

// Look lays the page out in a view, notes what is wrong there, and returns the addresses that its
// links lead to.
func (t *Tab) Look(ctx context.Context, v View) (links []string, err error) {
	if err := t.Resize(ctx, v); err != nil {
		return nil, err
	}
	var found struct{ Wrong, Links []string }
	if err := t.Evaluate(ctx, pageScript, &found); err != nil {
		return nil, fmt.Errorf("page.js: %w", err)
	}
	for _, text := range found.Wrong {
		t.Add(v.Name + ": " + text)
	}
	t.Hear()
	return found.Links, nil
}

// Resize lays the page out in a view.
func (t *Tab) Resize(ctx context.Context, v View) error {
	size := map[string]any{"width": v.Width, "height": 800, "deviceScaleFactor": 1, "mobile": v.Width < 500}
	if err := t.Do(ctx, "Emulation.setDeviceMetricsOverride", size, nil); err != nil {
		return err
	}
	media := map[string]any{"media": v.Media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": v.Colors}}}
	return t.Do(ctx, "Emulation.setEmulatedMedia", media, nil)
}

// Evaluate runs a script in the page, waits for the promise that it may return, and decodes the value into
// result unless that is nil.
func (t *Tab) Evaluate(ctx context.Context, script string, result any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	if err := t.Do(ctx, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &answer); err != nil {
		return err
	}
	if d := answer.ExceptionDetails; d != nil {
		return fmt.Errorf("%s %s", d.Text, d.Exception.Description)
	}
	if result == nil || answer.Result.Value == nil {
		return nil
	}
	return json.Unmarshal(answer.Result.Value, result)
}

// Until waits until a script gives true.
func (t *Tab) Until(ctx context.Context, script string) error {
	for {
		var done bool
		if err := t.Evaluate(ctx, script, &done); err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", script, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
		t.Hear()
	}
}

// Press presses a key, such as Tab or Enter.
func (t *Tab) Press(ctx context.Context, key string) error {
	codes := map[string]int{"Tab": 9, "Enter": 13, " ": 32}
	text := map[string]string{"Enter": "\r", " ": " "}[key]
	for _, kind := range []string{"keyDown", "keyUp"} {
		stroke := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
		if kind == "keyDown" && text != "" {
			stroke["text"] = text
		}
		if err := t.Do(ctx, "Input.dispatchKeyEvent", stroke, nil); err != nil {
			return err
		}
	}
	return nil
}

// Hear takes the events that have come. Those that the page caused before it answered
// a command come before the answer.
func (t *Tab) Hear() {
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
func (t *Tab) hear(e event) {
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
		RequestID string
	}
	if err := json.Unmarshal(e.Params, &p); err != nil {
		t.Add(fmt.Sprintf("%s: %v", e.Method, err))
		return
	}
	switch e.Method {
	case "Runtime.consoleAPICalled":
		if slices.Contains([]string{"warning", "error", "assert"}, p.Type) {
			t.Add(fmt.Sprintf("console: %s: %v", p.Type, p.Args))
		}
	case "Runtime.exceptionThrown":
		t.Add("script: " + p.ExceptionDetails.Text + " " + p.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "warning" || p.Entry.Level == "error" {
			t.Add(fmt.Sprintf("console: %s: %s %.80s", p.Entry.Level, p.Entry.Text, p.Entry.URL))
		}
	case "Network.requestWillBeSent":
		t.requests[p.RequestID] = p.Request.URL
		scheme, _, _ := strings.Cut(p.Request.URL, ":")
		if !slices.Contains([]string{"file", "data", "about", "blob"}, scheme) && (t.Allowed == nil || !t.Allowed(p.Request.URL)) {
			t.Add("request for " + p.Request.URL)
		}
	case "Network.loadingFailed":
		t.Add(strings.TrimSpace("request failed: " + p.ErrorText + " " + t.requests[p.RequestID]))
	case "Network.responseReceived":
		if p.Response.Status >= 400 {
			t.Add(fmt.Sprintf("request for %s: status %d", p.Response.URL, p.Response.Status))
		}
	}
}

// Add reports something once.
func (t *Tab) Add(text string) {
	if !slices.Contains(t.Wrong, text) {
		t.Wrong = append(t.Wrong, text)
	}
}

// Screenshot writes a picture of the whole page.
func (t *Tab) Screenshot(ctx context.Context, v View, file string) error {
	var layout struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	if err := t.Do(ctx, "Page.getLayoutMetrics", nil, &layout); err != nil {
		return err
	}
	clip := map[string]any{"x": 0, "y": 0, "width": v.Width, "height": min(layout.CSSContentSize.Height, 16000), "scale": 1}
	var shot struct{ Data []byte }
	err := t.Do(ctx, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true, "clip": clip}, &shot)
	if err != nil {
		return err
	}
	return os.WriteFile(file, shot.Data, 0o666)
}
