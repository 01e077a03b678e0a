package random_test

import (
	"fmt"

	"capas/random"
)

// One root a run, a named stream for each purpose; a state is kept as text.
func Example() {
	root := random.New(1)
	order, dropout := root.Split("order"), root.Split("dropout")

	perm := order.Rand().Perm(1000)
	mask := make([]float32, 8)
	dropout.Mask(mask, 0.5, 2)

	state, _ := dropout.MarshalText()
	var resumed random.Stream
	if err := resumed.UnmarshalText(state); err != nil {
		fmt.Println(err)
	}
	fmt.Println(len(perm), resumed.Uint64() == dropout.Uint64())
	// Output: 1000 true
}
