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

// A generated set, of which fewer examples than published are enough here.
func ExampleGenerate() {
	split, err := datasets.Generate(context.Background(), "rectangles", random.New(1), datasets.GenerateOptions{Test: 1000})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range []*datasets.Set{split.Train, split.Validation, split.Test} {
		fmt.Println(s.Name, s.Len(), "images of", s.Height, "×", s.Width, "pixels in", s.Classes, "classes")
	}
	// Output:
	// rectangles/train 1000 images of 28 × 28 pixels in 2 classes
	// rectangles/validation 200 images of 28 × 28 pixels in 2 classes
	// rectangles/test 1000 images of 28 × 28 pixels in 2 classes
}
