package datasets

import "capas/random"

// classGroups deals the examples of a set class by class.
type classGroups struct {
	sorted  []int // all indices by class, ascending within a class
	members []int // sorted, with each class's stretch shuffled
	start   []int // class c is members[start[c]:start[c+1]]
	dealt   []int // how many of class c were taken
}

func newClassGroups(s *Set) *classGroups {
	counts := s.ClassCounts()
	g := &classGroups{
		sorted:  make([]int, s.Len()),
		members: make([]int, s.Len()),
		start:   make([]int, s.Classes+1),
		dealt:   make([]int, s.Classes),
	}
	for c, n := range counts {
		g.start[c+1] = g.start[c] + n
	}
	next := append([]int(nil), g.start...)
	for i, label := range s.Labels {
		g.sorted[next[label]] = i
		next[label]++
	}
	return g
}

// reset takes all examples back and shuffles within the classes, starting from the ascending order so that the result
// depends on the stream's state alone.
func (g *classGroups) reset(stream *random.Stream) {
	copy(g.members, g.sorted)
	clear(g.dealt)
	for c := range g.dealt {
		shuffle(g.members[g.start[c]:g.start[c+1]], stream)
	}
}

func (g *classGroups) size(c int) int   { return g.start[c+1] - g.start[c] }
func (g *classGroups) empty(c int) bool { return g.dealt[c] == g.size(c) }

// take returns the next example of class c, which must not be empty.
func (g *classGroups) take(c int) int {
	i := g.members[g.start[c]+g.dealt[c]]
	g.dealt[c]++
	return i
}

// balancer arranges a whole epoch so that each batch mirrors the class shares of the set.
//
// After a batch that ends at position e of N, class c with n_c examples should have been dealt its quota n_c·e/N. Each
// seat of the batch goes to the class with the largest deficit, quota minus dealt; equal deficits to the class with
// fewer seats in this batch, then to the earlier one in an order of classes drawn for each batch. Then
//
//   - a class is never dealt more than one above its quota, and every example is dealt exactly once;
//   - with equally many examples a class, counts within a batch differ by at most 1.
//
// The deficits are compared as integers, n_c·e − N·dealt_c: the result is exact.
type balancer struct {
	groups   *classGroups
	priority []int // classes in the order that breaks ties
	seats    []int // how many of class c are in the batch at hand
}

func newBalancer(s *Set) *balancer {
	return &balancer{groups: newClassGroups(s), priority: make([]int, s.Classes), seats: make([]int, s.Classes)}
}

// arrange fills order with an epoch of batches of the given size.
func (b *balancer) arrange(order []int, size int, stream *random.Stream) {
	b.groups.reset(stream)
	for c := range b.priority {
		b.priority[c] = c
	}
	for lo := 0; lo < len(order); lo += size {
		hi := min(lo+size, len(order))
		clear(b.seats)
		shuffle(b.priority, stream)
		for i := lo; i < hi; i++ {
			c := b.neediest(hi, len(order))
			b.seats[c]++
			order[i] = b.groups.take(c)
		}
	}
}

// neediest returns the class with the largest deficit against its quota at position end of n.
func (b *balancer) neediest(end, n int) int {
	best, bestDeficit := -1, int64(0)
	for _, c := range b.priority {
		deficit := int64(b.groups.size(c))*int64(end) - int64(n)*int64(b.groups.dealt[c])
		if best < 0 || deficit > bestDeficit || deficit == bestDeficit && b.seats[c] < b.seats[best] {
			best, bestDeficit = c, deficit
		}
	}
	return best
}

// shuffle permutes p by Fisher–Yates; a nil stream leaves it as it is.
func shuffle(p []int, stream *random.Stream) {
	if stream == nil {
		return
	}
	stream.Rand().Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
}
