package datasets_test

import (
	"context"
	"fmt"
	"log"

	"capas/datasets"
	"capas/random"
)

// Batches of MNIST's training images in a shuffled, class-balanced order.
func Example() {
	split, err := datasets.Load(context.Background(), "mnist", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	batches, err := datasets.NewBatches(split.Train, 128, datasets.BatchOptions{Order: random.New(1), Balanced: true})
	if err != nil {
		log.Fatal(err)
	}
	batches.Epoch()
	count, examples := 0, 0
	for b, ok := batches.Next(); ok; b, ok = batches.Next() {
		if count == 0 || b.Len() < batches.Size() {
			fmt.Println("batch", count+1, "has images", b.X.Shape(), "and targets", b.T.Shape())
		}
		count++
		examples += b.Len()
	}
	fmt.Println(count, "batches,", examples, "examples")
	// Output:
	// batch 1 has images (128, 784) and targets (128, 10)
	// batch 391 has images (80, 784) and targets (80, 10)
	// 391 batches, 50000 examples
}
