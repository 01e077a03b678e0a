package reinforce

import (
	"runtime"
	"testing"

	"capas/autodiff"
	"capas/random"
)

// A training takes the memory that it had at its beginning, and no more: 10,000 rounds of
// Q-learning, and 2,000 of REINFORCE.
func TestMemoryIsConstant(t *testing.T) {
	q := must(newQAgent(CartPole{}, network(t, "q", 4, 8, 2), qRecipe(), random.New(1), autodiff.Compiler{}))(t)
	p := must(newPolicyAgent(CartPole{}, &Policy{Net: network(t, "pi", 4, 8, 2), Baseline: network(t, "b", 4, 8, 1), Scale: 5}, policyRecipe(), random.New(2), autodiff.Compiler{}))(t)
	for name, c := range map[string]struct {
		agent  agent
		rounds int
	}{"q-learning": {q, 10_000}, "reinforce": {p, 2_000}} {
		c.agent.sums().reset()
		run := func(n int) {
			for range n {
				if err := c.agent.round(0); err != nil {
					t.Fatal(err)
				}
			}
		}
		run(200)
		before := heap()
		run(c.rounds)
		if grown := heap() - before; grown > 256<<10 {
			t.Errorf("%s: the heap grew by %d KiB in %d rounds", name, grown>>10, c.rounds)
		}
		runtime.KeepAlive(c.agent)
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
