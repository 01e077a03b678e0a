package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"

	"gorgonia.org/tensor"

	"capas/datasets"
	"capas/experiments/internal/cli"
	"capas/internal/regularfile"
	"capas/models"
)

func predictCommand() command {
	return command{
		name: "predict", args: "MODEL FILE…",
		short: "Classifies images with a saved network",
		long: `
MODEL is a model file of a classifier, or a directory of results with -model. FILE is a
PNG or JPEG image, or an IDX file of images like MNIST's, plain or gzip-compressed. With
-labels, an IDX file of labels, there are the error rate and the confusion matrix instead.

A classifier is an mlp or a convnet with outputs classes, or a label rbm or label dbn, whose
probabilities are the exact posterior of the label given the code of the image. That of a
dbm takes the machine's code of the image too: the machine is the model of the same name
without "-classifier", or that of -machine.

An image is turned grey (luma; transparent is white), inverted if its border is bright,
since the networks have learned bright on dark, and scaled by area means to the size of
the network's inputs, keeping its proportions, with background around it. An image that
is dark and of that size already is taken as it is. -digit is for photographs and
drawings: it crops to the ink, scales that to 20/28 of the size and moves its centre of
mass to the middle, as MNIST was made, and stretches the contrast. Orientation marks of
cameras are ignored.`,
		bind: func(fs *flag.FlagSet) func([]string, *output) error {
			p := &predict{}
			fs.BoolVar(&p.json, "json", false, "print a JSON document")
			fs.StringVar(&p.labels, "labels", "", "IDX `file` of labels for one IDX file of images")
			fs.StringVar(&p.fit.invert, "invert", "auto", "`auto|yes|no`: whether images are dark on bright")
			fs.BoolVar(&p.fit.digit, "digit", false, "crop, scale and centre as in MNIST")
			fs.StringVar(&p.size, "size", "", "`HEIGHTxWIDTH` of the network's inputs, if they are no square")
			fs.StringVar(&p.machine, "machine", "", "`name` of the run's model, or file if MODEL is one, that is the dbm of a classifier")
			fs.IntVar(&p.updates, "updates", 0, fmt.Sprintf("mean-field `updates` of the dbm's code (default: the recipe's of the run, or %d)", defaultUpdates))
			p.from.bindModel(fs)
			return p.run
		},
	}
}

// predict holds the flags of the command.
type predict struct {
	json         bool
	labels, size string
	machine      string
	updates      int
	fit          fitting
	from         source
}

// maxUpdates bounds the graph, which grows with each update.
const maxUpdates = 1000

// predictions is what predict finds, and its JSON.
type predictions struct {
	Model string `json:"model"`
	// Machine is the file of the dbm whose classifier the model is, and Updates how many
	// mean-field updates its code took.
	Machine     string       `json:"machine,omitempty"`
	Updates     int          `json:"updates,omitempty"`
	Predictions []prediction `json:"predictions,omitempty"`
	Evaluation  *evaluation  `json:"evaluation,omitempty"`
}

// prediction is the answer for one image.
type prediction struct {
	File string `json:"file"`
	// Index is the image's in an IDX file, from 0.
	Index         int       `json:"index"`
	Class         int       `json:"class"`
	Probabilities []float32 `json:"probabilities"`
}

// evaluation is how well labels were met. Confusion has the true classes in rows.
type evaluation struct {
	File      string  `json:"file"`
	Examples  int     `json:"examples"`
	Wrong     int     `json:"wrong"`
	Error     float64 `json:"error"`
	Confusion [][]int `json:"confusion"`
}

func (p *predict) run(args []string, out *output) error {
	switch {
	case len(args) < 2:
		return cli.Usagef("want MODEL and at least one FILE, got %d arguments", len(args))
	case p.labels != "" && len(args) != 2:
		return cli.Usagef("-labels: want one IDX file of images, got %d files", len(args)-1)
	case p.fit.invert != "auto" && p.fit.invert != "yes" && p.fit.invert != "no":
		return cli.Usagef("-invert %q: want auto, yes or no", p.fit.invert)
	case p.updates < 0 || p.updates > maxUpdates:
		return cli.Usagef("-updates %d: want 1 to %d", p.updates, maxUpdates)
	}
	model, path, err := loadModel(args[0], &p.from, out)
	if err != nil {
		return err
	}
	c, err := p.classifier(args[0], path, model, out)
	if err != nil {
		return err
	}
	if p.fit.height, p.fit.width, err = imageSize(p.size, c.inputs); err != nil {
		if _, ok := model.(*models.MLP); ok && p.size == "" {
			err = cli.Usagef("%w, or -machine for the classifier of a dbm", err)
		}
		return err
	}
	result := predictions{Model: path, Machine: c.machine, Updates: c.updates}
	for _, file := range args[1:] {
		x, err := p.examples(file)
		if err != nil {
			return err
		}
		y, err := c.run(x)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for i, v := range y.Float32s() {
			if math.IsNaN(float64(v)) {
				return fmt.Errorf("%s: image %d of %s: the network's outputs are not numbers", path, i/c.classes, file)
			}
		}
		if p.labels != "" {
			if result.Evaluation, err = evaluate(file, y, p.labels); err != nil {
				return err
			}
			break
		}
		k := c.classes
		for i := range x.Shape()[0] {
			row := y.Float32s()[i*k : (i+1)*k]
			result.Predictions = append(result.Predictions, prediction{file, i, largest(row), row})
		}
	}
	if p.json {
		return out.json(result)
	}
	result.print(out)
	return nil
}

// examples reads a file as inputs of the network, (n, inputs).
func (p *predict) examples(file string) (*tensor.Dense, error) {
	idx, err := isIDX(file)
	if err != nil {
		return nil, err
	}
	if !idx {
		pixels, err := p.fit.read(file)
		if err != nil {
			return nil, err
		}
		return tensor.New(tensor.WithShape(1, len(pixels)), tensor.WithBacking(pixels)), nil
	}
	x, height, width, err := datasets.ReadImages(file)
	if err != nil {
		return nil, err
	}
	if height != p.fit.height || width != p.fit.width {
		return nil, fmt.Errorf("%s: want images of %d×%d pixels, the network's inputs, got %d×%d", file, p.fit.height, p.fit.width, height, width)
	}
	return x, nil
}

// isIDX tells an IDX file, whose first two bytes are 0, and a gzip-compressed one from
// images.
func isIDX(file string) (bool, error) {
	f, _, err := regularfile.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 2)
	if _, err := io.ReadFull(f, head); err != nil {
		return false, nil // neither; the image decoder says so
	}
	return bytes.Equal(head, []byte{0, 0}) || bytes.Equal(head, []byte{0x1F, 0x8B}), nil
}

// largest is the index of the largest value, the first one of equals.
func largest(row []float32) int {
	best := 0
	for j, v := range row {
		if v > row[best] {
			best = j
		}
	}
	return best
}

// evaluate compares outputs (n,k) with the labels in a file.
func evaluate(file string, y *tensor.Dense, labels string) (*evaluation, error) {
	classes, err := datasets.ReadLabels(labels)
	if err != nil {
		return nil, err
	}
	n, k := y.Shape()[0], y.Shape()[1]
	if len(classes) != n {
		return nil, fmt.Errorf("%s: want %d labels, for the images of %s, got %d", labels, n, file, len(classes))
	}
	e := &evaluation{File: file, Examples: n, Confusion: make([][]int, k)}
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, k)
	}
	for i, class := range classes {
		if int(class) >= k {
			return nil, fmt.Errorf("%s: label %d: want a class below %d, got %d", labels, i, k, class)
		}
		guess := largest(y.Float32s()[i*k : (i+1)*k])
		e.Confusion[class][guess]++
		if guess != int(class) {
			e.Wrong++
		}
	}
	e.Error = float64(e.Wrong) / float64(n)
	return e, nil
}
