package reinforce

import (
	"math"
	"slices"
	"testing"

	"capas/random"
)

// fill adds transitions 0, …, n−1, each of states and rewards of its own.
func fill(t *testing.T, r *Replay, n int) {
	for i := range n {
		r.Add([]float32{float32(i), 1}, i%3, float32(-i), []float32{float32(i + 1), 2}, i%5 == 0)
	}
}

// The memory has the latest transitions, whole.
func TestReplayHoldsTheLatest(t *testing.T) {
	for _, n := range []int{0, 1, 6, 7, 8, 20} {
		r := must(NewReplay(7, 2))(t)
		fill(t, r, n)
		var got []int
		for i := range r.Len() {
			tr := r.Transition(i)
			number := int(tr.From[0])
			got = append(got, number)
			if !slices.Equal(tr.From, []float32{float32(number), 1}) || !slices.Equal(tr.To, []float32{float32(number + 1), 2}) ||
				tr.Action != number%3 || tr.Reward != float32(-number) || tr.Terminal != (number%5 == 0) {
				t.Errorf("%d added: transition %d is %+v", n, number, tr)
			}
		}
		slices.Sort(got)
		var want []int
		for i := max(0, n-7); i < n; i++ {
			want = append(want, i)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d added: the memory has %v", n, got)
		}
		rows := make([]int, min(n, 4))
		r.Latest(rows)
		for i, row := range rows {
			if number := int(r.Transition(row).From[0]); number != n-len(rows)+i {
				t.Errorf("%d added: the latest are %v, number %d is %d", n, rows, i, number)
			}
		}
	}
}

// Draws are uniform: χ² with 99 degrees of freedom, 99 ± 5·√198, while the memory fills and
// when it is full; and pairs of consecutive draws are independent.
func TestReplayIsUniform(t *testing.T) {
	r := must(NewReplay(100, 2))(t)
	s := random.New(5)
	rows := make([]int, 2)
	for _, n := range []int{10, 90, 170} { // 10, then 100, then 100
		fill(t, r, n)
		k := r.Len()
		const draws = 100_000
		single, pairs := make([]float64, k), make([]float64, k*k)
		for range draws / 2 {
			r.Sample(rows, s)
			single[rows[0]]++
			single[rows[1]]++
			pairs[rows[0]*k+rows[1]]++
		}
		for what, counts := range map[string][]float64{"draws": single, "pairs": pairs} {
			var total, chi float64
			for _, c := range counts {
				total += c
			}
			mean := total / float64(len(counts))
			for _, c := range counts {
				chi += (c - mean) * (c - mean) / mean
			}
			df := float64(len(counts) - 1)
			if math.Abs(chi-df) > 5*math.Sqrt(2*df) {
				t.Errorf("%d of %d: χ² of %s is %g, want %g ± %g", k, 100, what, chi, df, math.Sqrt(2*df))
			}
		}
	}
}

func TestReplayErrors(t *testing.T) {
	for _, c := range [][2]int{{0, 3}, {3, 0}, {-1, 1}} {
		if _, err := NewReplay(c[0], c[1]); err == nil {
			t.Errorf("%v: want an error", c)
		}
	}
}
