package autodiff

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// text is the table of a profile.
func text(t *testing.T, p *Profile) string {
	t.Helper()
	var b strings.Builder
	n, err := p.WriteTo(&b)
	if err != nil || int(n) != b.Len() {
		t.Fatalf("wrote %d bytes of %d, error %v", n, b.Len(), err)
	}
	return b.String()
}

// Times, shares and rates of a profile whose numbers are round.
func TestProfileTable(t *testing.T) {
	p := NewProfile()
	for range 4 {
		p.record(rowName("step", "matmul (100, 500)"), 1500*time.Millisecond, 3e9, 1.5e9) // 2 GFLOP/s, 1 GB/s
	}
	p.record(rowName("step", "sigmoid (100, 500)"), 1500*time.Millisecond, 0, 7.5e9)
	p.record(rowName("evaluation", "matmul (500, 500)"), 2500*time.Microsecond, 5e8, 0)
	want := `function    operation           calls     time    share  GFLOP/s  GB/s
step        matmul (100, 500)       4   6.00 s   80.0 %      2.0   1.0
step        sigmoid (100, 500)      1   1.50 s   20.0 %        –   5.0
evaluation  matmul (500, 500)       1  2.50 ms    0.0 %    200.0     –
total                               6   7.50 s  100.0 %      1.7   1.8
`
	if got := text(t, p); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The longest operations have rows of their own, the rest is one row; nothing is lost.
func TestProfileLongest(t *testing.T) {
	p := NewProfile()
	for i := 1; i <= 50; i++ {
		p.record(rowName("f", fmt.Sprintf("op%02d", i)), time.Duration(i)*time.Second, 0, 0)
	}
	lines := strings.Split(strings.TrimSuffix(text(t, p), "\n"), "\n")
	if len(lines) != 1+profileTop+2 {
		t.Fatalf("%d lines", len(lines))
	}
	for i := range profileTop {
		if want := fmt.Sprintf("op%02d", 50-i); !strings.Contains(lines[1+i], want) {
			t.Errorf("row %d: want %s, got %s", i, want, lines[1+i])
		}
	}
	// 1 + … + 10 = 55 and 1 + … + 50 = 1275.
	for i, want := range []string{"10 others 10 55.00 s 4.3 % – –", "total 50 1275.00 s 100.0 % – –"} {
		if got := strings.Join(strings.Fields(lines[1+profileTop+i]), " "); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

// A function that takes hardly any time is shown by the longest of its operations.
func TestProfileShowsEveryFunction(t *testing.T) {
	p := NewProfile()
	for i := range profileTop + 5 {
		p.record(rowName("long", fmt.Sprint("op", i)), time.Second, 0, 0)
	}
	p.record(rowName("short", "a"), time.Microsecond, 0, 0)
	p.record(rowName("short", "b"), 2*time.Microsecond, 0, 0)
	table := text(t, p)
	if !strings.Contains(table, "\nshort     b ") || strings.Contains(table, "\nshort     a ") || !strings.Contains(table, "6 others") {
		t.Errorf("want the longest operation of short alone, and 5+1 others:\n%s", table)
	}
}

func TestProfileUnder(t *testing.T) {
	p := NewProfile()
	var f Function
	f.SetProfile(p.Under("dbn").Under("").Under("layer 1"), "step")
	f.profile.record(rowName(f.profileName, "add"), time.Second, 1e9, 0)
	f.SetProfile(p, "step\tx") // a tab in a name does not move the columns
	f.profile.record(rowName(f.profileName, "add"), time.Second, 1e9, 0)
	for _, want := range []string{"dbn layer 1 step  add ", "\nstep x            add "} {
		if got := text(t, p); !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	f.SetProfile(nil, "step")
	if f.profile != nil {
		t.Error("SetProfile(nil) left a profile")
	}
}

func TestProfileEmpty(t *testing.T) {
	var none *Profile
	if none.Under("x") != nil {
		t.Error("Under of nil: want nil")
	}
	for _, p := range []*Profile{none, NewProfile()} {
		if got := text(t, p); got != "Profile: no operation was recorded.\n" {
			t.Errorf("got %q", got)
		}
	}
	long := rowName("f", strings.Repeat("ä", 100)+" (100, 2000)")
	p := NewProfile()
	p.record(long, 0, 1, 1) // no time: no rate
	if got := text(t, p); !strings.Contains(got, "f         "+strings.Repeat("ä", profileWidth-13)+"… (100, 2000)      1  0.00 µs  100.0 %        –     –\n") {
		t.Errorf("got\n%s", got)
	}
}

// Functions that run side by side record into one profile, without allocating.
func TestProfileConcurrent(t *testing.T) {
	p := NewProfile()
	name := rowName("f", "op")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				p.record(name, time.Microsecond, 1e3, 0)
			}
		})
	}
	wg.Wait()
	if got := text(t, p); !strings.Contains(got, "4000  4.00 ms  100.0 %      1.0") {
		t.Errorf("got\n%s", got)
	}
	if n := testing.AllocsPerRun(100, func() { p.record(name, time.Microsecond, 1, 1) }); n != 0 {
		t.Errorf("a record allocates %g times", n)
	}
}
