package guide

import (
	"context"
	"fmt"
	"log"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/random"
	"capas/train"
)

func Example_firstRun() {
	ctx := context.Background()
	data, err := datasets.Load(ctx, "mnist", datasets.Options{})
	if err != nil {
		log.Fatal(err)
	}
	few, err := data.Train.Sample(1000, nil) // 100 of each class
	if err != nil {
		log.Fatal(err)
	}
	stream := random.New(1) // equal seeds give equal bytes
	net, err := models.NewMLP("net", []int{784, 100, 10}, blocks.ReLU(), blocks.He(), blocks.LeCun(), stream.Split("weights"))
	if err != nil {
		log.Fatal(err)
	}
	trainer := train.Trainer{
		Model:  net,
		Recipe: train.Recipe{Optimizer: train.SGD(0.1), Epochs: 10, Batch: 20},
		Data:   few,
		Order:  stream.Split("order"),
	}
	if _, err := trainer.Run(ctx); err != nil {
		log.Fatal(err)
	}
	test, err := data.Test.Take(1000)
	if err != nil {
		log.Fatal(err)
	}
	values, err := train.NewEvaluator(net).Run(test)
	if err != nil {
		log.Fatal(err)
	}
	wrong, _ := values.Get("error")
	fmt.Println("more than four fifths are right:", wrong < 0.2)
	// Output:
	// more than four fifths are right: true
}
