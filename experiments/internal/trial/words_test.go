package trial

import "testing"

func TestBatches(t *testing.T) {
	for n, want := range map[int]string{0: "one batch of all", 20: "batches of 20"} {
		if got := Batches(n); got != want {
			t.Errorf("%d: want %q, got %q", n, want, got)
		}
	}
}
