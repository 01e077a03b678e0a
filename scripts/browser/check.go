package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"capas/internal/chromium"
)

// check lists what is wrong with the page in the file, with the names of the views where
// that depends on them. Pictures go to the directory shots, unless that is "".
func check(ctx context.Context, b *chromium.Browser, file, shots string) ([]string, error) {
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
	t, closeTab, err := b.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer closeTab()
	address := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	if err := t.Navigate(ctx, address); err != nil {
		return nil, err
	}
	for _, v := range chromium.Views() {
		links, err := t.Look(ctx, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		for _, address := range links {
			link(t, address)
		}
		if shots == "" {
			continue
		}
		// Such as all-losses-report-360-dark.png.
		name := strings.TrimSuffix(filepath.ToSlash(filepath.Clean(file)), filepath.Ext(file))
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == ':' || r == '.' })
		name = strings.Join(parts[max(len(parts)-3, 0):], "-") + "-" + v.Name + ".png"
		if err := t.Screenshot(ctx, v, filepath.Join(shots, name)); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	if err := printed(ctx, t); err != nil {
		return nil, err
	}
	return t.Wrong, nil
}

// link reports a link to a file that is not there. Others are for their readers to follow.
func link(t *chromium.Tab, address string) {
	u, err := url.Parse(address)
	if err != nil {
		t.Add(fmt.Sprintf("link %s: %v", address, err))
		return
	}
	if u.Scheme == "file" {
		if _, err := os.Stat(filepath.FromSlash(u.Path)); err != nil {
			t.Add(fmt.Sprintf("link to %s: %v", u.Path, err))
		}
	}
}

// printed reports a page of which no PDF can be made.
func printed(ctx context.Context, t *chromium.Tab) error {
	var paper struct{ Data string }
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := t.Do(ctx, "Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69}, &paper); err != nil {
		t.Add("print: " + err.Error())
		return nil
	}
	pdf, err := base64.StdEncoding.DecodeString(paper.Data)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Add(fmt.Sprintf("print: want a PDF document, got %.20q %v", pdf, err))
	}
	return nil
}
