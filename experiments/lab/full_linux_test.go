package lab

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
)

// TestLogOnAFullDisk: a line that cannot be written cancels the run, with the cause.
func TestLogOnAFullDisk(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, err := newResults(t.TempDir(), []uint64{1}, false, func() error { return nil }, cancel)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	if r.log, err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	r.Log(1, "dbn", map[string]int{"epoch": 1})
	if !errors.Is(r.failure(), syscall.ENOSPC) || ctx.Err() == nil {
		t.Errorf("failure %v, context %v", r.failure(), ctx.Err())
	}
	r.Log(1, "dbn", map[string]int{"epoch": 2}) // the file is closed now
}
