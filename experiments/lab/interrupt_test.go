package lab

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestInterruptedByContext(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o p")
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	var stdout, stderr bytes.Buffer
	code := runMain(ctx, toy(), []string{"-json", "-mode", "wait", "-resume", "-out", out}, &stdout, &stderr)
	want := "interrupted; resume with: "
	command := " -mode wait -out '" + out + "' -resume\n" // without -json, with one -resume
	if code != 130 || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) || !strings.HasSuffix(stderr.String(), command) {
		t.Errorf("got status %d, output %q, standard error %q", code, &stdout, &stderr)
	}
	if files := readTree(t, out); len(files) != 4 { // .lock, .unfinished, config.json and metrics.jsonl
		t.Errorf("got %v", files)
	}
}
