package guide

import (
	"context"
	"fmt"
	"log"

	"capas/datasets"
	"capas/random"

	"gorgonia.org/tensor"
)

func Example_arrays() {
	x := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))
	xor, err := datasets.NewSet("xor", x, []uint8{0, 1, 1, 0}, 2, 0, 0) // 2 classes, no images
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(xor.Len(), xor.Dim(), xor.ClassCounts())
	fmt.Println(xor.OneHot().Data())
	// Output:
	// 4 2 [2 2]
	// [1 0 0 1 0 1 1 0]
}

func Example_batches() {
	x := tensor.New(tensor.WithShape(6, 1), tensor.WithBacking([]float32{0, 1, 2, 3, 4, 5}))
	set, err := datasets.NewSet("six", x, []uint8{0, 0, 0, 1, 1, 1}, 2, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	batches, err := datasets.NewBatches(set, 2, datasets.BatchOptions{Order: random.New(1), Balanced: true})
	if err != nil {
		log.Fatal(err)
	}
	for range 2 { // epochs
		for batches.Epoch(); ; {
			b, ok := batches.Next()
			if !ok {
				break
			}
			if v := b.X.Float32s(); (v[0] < 3) == (v[1] < 3) {
				log.Fatal("want one of each class") // as Balanced asks for
			}
		}
	}
	fmt.Println(batches.PerEpoch(), "batches an epoch")
	// Output:
	// 3 batches an epoch
}

func Example_generated() {
	split, err := datasets.Generate(context.Background(), "rectangles", random.New(1), datasets.GenerateOptions{Train: 100, Validation: 20, Test: 20})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(split.Train.Len(), "images of", split.Train.Height, "×", split.Train.Width)
	fmt.Println(datasets.GeneratedNames())
	// Output:
	// 100 images of 28 × 28
	// [convex mnist-back-rand mnist-basic mnist-color mnist-rot rectangles shapeset-3x2]
}
