package workers

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counted records who does which unit.
type counted struct {
	t       *testing.T
	workers int
	done    []atomic.Int32
	busy    [maxWorkers]atomic.Bool
	work    func(worker, unit int)
}

func newCounted(t *testing.T, units, workers int) *counted {
	return &counted{t: t, workers: workers, done: make([]atomic.Int32, units)}
}

// Do checks that no two calls at a time have the same worker.
func (c *counted) Do(worker, unit int) {
	if worker < 0 || worker >= max(1, c.workers) {
		c.t.Errorf("worker %d of %d", worker, c.workers)
		return
	}
	if c.busy[worker].Swap(true) {
		c.t.Errorf("two calls at a time of worker %d", worker)
	}
	if c.work != nil {
		c.work(worker, unit)
	}
	c.done[unit].Add(1)
	c.busy[worker].Store(false)
}

func (c *counted) check() {
	c.t.Helper()
	for u := range c.done {
		if n := c.done[u].Load(); n != 1 {
			c.t.Fatalf("unit %d of %d was done %d times", u, len(c.done), n)
		}
	}
}

// processors sets GOMAXPROCS for a test.
func processors(t testing.TB, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

// Every unit is done once, whatever the numbers of units, workers and processors.
func TestEveryUnitOnce(t *testing.T) {
	p := new(Pool)
	for _, procs := range []int{1, 2, 8, 3} {
		processors(t, procs)
		for _, units := range []int{0, 1, 2, 3, 7, 64, 1000} {
			for _, workers := range []int{-1, 0, 1, 2, 5, 300} {
				for range 20 {
					c := newCounted(t, units, workers)
					p.Run(units, workers, c)
					c.check()
				}
			}
		}
		if crew := p.crew.Load(); procs == 1 && crew != nil {
			t.Error("one processor: want no workers")
		}
	}
	if n := len(*p.crew.Load()); n > 7 {
		t.Errorf("8 processors at most: want 7 workers besides the caller, got %d", n)
	}
}

// A worker that is done takes over units of one that is not: all other units are done
// while worker 0 sits in its first, which waits for them.
func TestStealing(t *testing.T) {
	processors(t, 2)
	const units = 40
	c := newCounted(t, units, 2)
	var others atomic.Int32
	release := make(chan struct{})
	c.work = func(worker, unit int) {
		if worker == 0 {
			<-release
			return
		}
		if others.Add(1) == units-1 {
			close(release)
		}
	}
	new(Pool).Run(units, 2, c)
	c.check()
}

// Several goroutines run tasks of one pool, and tasks within tasks.
func TestConcurrentAndNested(t *testing.T) {
	processors(t, 4)
	p := new(Pool)
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			for i := range 300 {
				p.Enter()
				outer := newCounted(t, 5, 3)
				outer.work = func(int, int) {
					inner := newCounted(t, i%17, 4)
					p.Run(i%17, 4, inner)
					inner.check()
				}
				p.Run(5, 3, outer)
				outer.check()
				p.Leave()
			}
		})
	}
	wait.Wait()
}

// Goroutines that compute share the processors: with as many as there are, each works
// alone.
func TestShares(t *testing.T) {
	p := new(Pool)
	for _, c := range []struct{ procs, computing, helpers int }{{2, 0, 1}, {2, 1, 1}, {2, 2, 0}, {8, 1, 7}, {8, 2, 3}, {8, 3, 1}, {8, 8, 0}, {64, 1, 63}, {64, 2, 31}, {64, 65, 0}} {
		processors(t, c.procs)
		for range c.computing {
			p.Enter()
		}
		if got := max(0, p.helpers()); got != c.helpers {
			t.Errorf("%d processors, %d goroutines that compute: want %d helpers each, got %d", c.procs, c.computing, c.helpers, got)
		}
		for range c.computing {
			p.Leave()
		}
	}
}

// A panic in a unit, the caller's or another's, reaches the caller, and the pool goes
// on.
func TestPanic(t *testing.T) {
	processors(t, 3)
	p := new(Pool)
	for bad := range 30 {
		func() {
			defer func() {
				if v := recover(); v != fmt.Sprint("unit ", bad) {
					t.Errorf("want the panic of unit %d, got %v", bad, v)
				}
			}()
			c := newCounted(t, 30, 3)
			c.work = func(worker, unit int) {
				if unit == bad {
					c.busy[worker].Store(false)
					panic(fmt.Sprint("unit ", unit))
				}
			}
			p.Run(30, 3, c)
		}()
		c := newCounted(t, 30, 3)
		p.Run(30, 3, c)
		c.check()
	}
}

// Tasks go on beside garbage collections, and other goroutines beside tasks.
func TestBesideOthers(t *testing.T) {
	processors(t, 2)
	p := new(Pool)
	stop := make(chan struct{})
	var ticks, collections int
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				collections++
			}
		}
	})
	wait.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				ticks++
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
		c := newCounted(t, 20, 2)
		c.work = func(int, int) { compute(500) }
		p.Run(20, 2, c)
		c.check()
	}
	close(stop)
	wait.Wait()
	if ticks < 5 || collections < 2 {
		t.Errorf("other goroutines starved: %d ticks and %d garbage collections in 0.2 s", ticks, collections)
	}
}

// Workers sleep when there is nothing to do, and wake up again.
func TestSleep(t *testing.T) {
	processors(t, 4)
	p := new(Pool)
	for range 3 {
		c := newCounted(t, 100, 4)
		p.Run(100, 4, c)
		c.check()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			awake := 0
			for _, w := range *p.crew.Load() {
				if w.status.Load() != asleep {
					awake++
				}
			}
			if awake == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d workers are still awake", awake)
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	processors(t, 2)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := new(Pool)
	b := &busy{out: make([]float64, 8*64), n: 100}
	p.Run(64, 2, b)
	var before, after runtime.MemStats // testing.AllocsPerRun sets GOMAXPROCS to 1
	runtime.ReadMemStats(&before)
	const runs = 200
	for range runs {
		p.Run(64, 2, b)
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > runs/10 { // the runtime has a few of its own
		t.Errorf("%d allocations in %d runs", n, runs)
	}
}

// busy computes for a while in each unit.
type busy struct {
	out []float64
	n   int
}

func (b *busy) Do(_, unit int) { b.out[8*unit] = compute(b.n) }

// compute takes about n·5 ns.
func compute(n int) float64 {
	x := 0.5
	for range n {
		x = math.Sqrt(x + 1)
	}
	return x
}

// BenchmarkRun is the time of a task of 10, 30, 100 and 500 µs of work in 8 units, for 1
// and for more workers.
func BenchmarkRun(b *testing.B) {
	for _, work := range []int{0, 10, 30, 100, 500} {
		for workers := 1; workers <= runtime.GOMAXPROCS(0); workers *= 2 {
			b.Run(fmt.Sprintf("%dµs/%d", work, workers), func(b *testing.B) {
				p := Shared()
				t := &busy{out: make([]float64, 8*8), n: work * 200 / 8}
				p.Enter()
				defer p.Leave()
				for b.Loop() {
					p.Run(8, workers, t)
				}
			})
		}
	}
}
