// Command gallery draws examples of the generated data sets, one PNG each with a row for each class, and of augmented
// digits, whose first column is the digit as it was.
//
//	go run ./scripts/gallery -out runs/gallery
//	go run ./scripts/gallery -sheet docs/generated.png    # all families on one picture, and nothing else
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/internal/atomicfile"
	"capas/random"
)

func main() {
	out := flag.String("out", "runs/gallery", "`directory` of the pictures")
	seed := flag.Uint64("seed", 1, "`seed` of the examples")
	columns := flag.Int("columns", 16, "`number` of examples of a class")
	one := flag.String("sheet", "", "`file` for one picture of all generated sets, instead of all others")
	flag.Parse()
	ctx, stream := context.Background(), random.New(*seed)
	var err error
	switch {
	case flag.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q: all settings are flags", flag.Arg(0))
	case *one != "":
		err = drawSheet(ctx, *one, stream)
	default:
		err = drawAll(ctx, *out, stream, *columns)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

// drawSheet draws the sheet of all families.
func drawSheet(ctx context.Context, file string, stream *random.Stream) error {
	png, err := sheet(ctx, stream)
	if err != nil {
		return err
	}
	return atomicfile.Write(file, png)
}

// drawAll draws the pictures of single families and of augmentation.
func drawAll(ctx context.Context, dir string, stream *random.Stream, columns int) error {
	if columns < 2 || columns > 100 {
		return fmt.Errorf("columns: want 2 to 100, got %d", columns)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var colored *datasets.Set
	for _, name := range datasets.GeneratedNames() {
		// Of the rarest class, one of 18, there are then enough, but for chance.
		split, err := datasets.Generate(ctx, name, stream, datasets.GenerateOptions{Train: 40 * columns, Validation: 1, Test: 1})
		if err != nil {
			return err
		}
		if split.Train.Channels == 3 {
			colored = split.Train
		}
		if err := save(filepath.Join(dir, name+".png"), split.Train, byClass(split.Train, columns), columns); err != nil {
			return err
		}
	}
	digits, err := datasets.Load(ctx, "mnist", datasets.Options{})
	if err != nil {
		return err
	}
	for name, a := range map[string]datasets.Augmentation{
		"shift":    {Shift: 3},
		"rotation": {Rotation: 15},
		"elastic":  {Elastic: 34},
		"color":    {Color: 0.5},
	} {
		images := digits.Train
		if name == "color" {
			images = colored
		}
		tiles, err := augmented(images, a, stream.Split(name), columns)
		if err != nil {
			return err
		}
		if err := save(filepath.Join(dir, "augmented-"+name+".png"), images, tiles, columns); err != nil {
			return err
		}
	}
	return nil
}

// byClass is the first examples of each class; places for which there are none stay empty.
func byClass(s *datasets.Set, columns int) [][]float32 {
	tiles, found := make([][]float32, s.Classes*columns), make([]int, s.Classes)
	x := s.X.Float32s()
	for i, class := range s.Labels {
		if found[class] < columns {
			tiles[int(class)*columns+found[class]] = x[i*s.Dim() : (i+1)*s.Dim()]
			found[class]++
		}
	}
	return tiles
}

// augmented is ten digits, each as it is and as some epochs show it.
func augmented(s *datasets.Set, a datasets.Augmentation, order *random.Stream, columns int) ([][]float32, error) {
	ten, err := s.Sample(10, nil)
	if err != nil {
		return nil, err
	}
	batches, err := datasets.NewBatches(ten, 10, datasets.BatchOptions{Order: order, Augment: &a})
	if err != nil {
		return nil, err
	}
	tiles, d := make([][]float32, 10*columns), ten.Dim()
	for i := range 10 {
		tiles[i*columns] = ten.X.Float32s()[i*d : (i+1)*d]
	}
	for column := 1; column < columns; column++ {
		batches.Epoch()
		b, _ := batches.Next()
		for i, from := range b.Index {
			tiles[from*columns+column] = slices.Clone(b.X.Float32s()[i*d : (i+1)*d])
		}
	}
	return tiles, nil
}

func save(path string, s *datasets.Set, tiles [][]float32, columns int) error {
	sheet := figure.Sheet{Tiles: tiles, Height: s.Height, Width: s.Width, Columns: columns, Scale: 2, Range: figure.UnitRange, Color: s.Channels == 3}
	png, err := sheet.PNG()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := atomicfile.Write(path, png); err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}
