package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"capas/autodiff"
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/experiments/internal/cli"
	"capas/experiments/lab"
	"capas/internal/tensorfile"
	"capas/models"
	"capas/pretrain"
	"capas/train"
)

// classifier tells the classes of images.
type classifier struct {
	inputs, classes int // pixels of an image, and classes
	mapper          *train.Mapper
	// dbm is the machine whose code of the images is behind them in the network's inputs,
	// after so many mean-field updates; nil for networks that take images alone. machine is
	// its file.
	dbm     *models.DBM
	machine string
	updates int
}

// classifier makes one of the model in a file, which arg named.
func (p *predict) classifier(arg, path string, model any, out *output) (*classifier, error) {
	c := &classifier{}
	var forward func(x *G.Node) (*G.Node, error)
	switch m := model.(type) {
	case *models.LabelRBM:
		c.inputs, c.classes, forward = m.Visible(), m.Classes(), m.Posterior
	case *models.LabelDBN:
		c.inputs, c.classes = m.Visible(), m.Top.Classes()
		forward = func(x *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(m.Top.Posterior(c.Do(m.Code(x)))), c.Err()
		}
	case *models.ConvNet:
		if m.Output != blocks.Classes() {
			break
		}
		c.inputs, c.classes = m.Inputs(), m.Outputs()
		forward = func(x *G.Node) (*G.Node, error) {
			var c ops.Chain
			return c.Do(m.Output.Activation().Apply(c.Do(m.Logits(x)))), c.Err()
		}
	case *models.MLP:
		if m.Output != blocks.Classes() {
			break
		}
		c.inputs, c.classes = m.Inputs(), m.Outputs()
		forward = func(x *G.Node) (*G.Node, error) {
			layers, err := m.Forward(x)
			if err != nil {
				return nil, err
			}
			return m.Output.Activation().Apply(layers[len(layers)-1])
		}
		if err := p.beside(c, arg, path, m, out); err != nil {
			return nil, err
		}
	}
	if forward == nil {
		return nil, fmt.Errorf("%s: want a network that tells classes, got %s", path, kind(model))
	}
	if c.dbm == nil && (p.machine != "" || p.updates != 0) {
		return nil, cli.Usagef("-machine and -updates: of classifiers of a dbm of two hidden layers or more, got %s", summary(model))
	}
	c.mapper = &train.Mapper{Forward: forward}
	return c, nil
}

// beside finds the deep Boltzmann machine whose classifier the network is: -machine, or the
// one that experiments/dbm saved under the same name without "-classifier".
func (p *predict) beside(c *classifier, arg, path string, net *models.MLP, out *output) error {
	file := companion(path)
	if p.machine != "" {
		from := source{model: p.machine}
		if info, err := os.Stat(arg); err == nil && !info.IsDir() {
			arg, from.model = p.machine, ""
		}
		var err error
		if file, err = from.path(arg, out); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	model, _, err := models.Load(file)
	if err != nil {
		if p.machine != "" {
			return err
		}
		out.warnf("%v; taking the network without it", err)
		return nil
	}
	d, ok := model.(*models.DBM)
	if ok = ok && classifierOf(d, net.Inputs()); !ok {
		if p.machine != "" {
			return fmt.Errorf("%s: want the dbm of two hidden layers or more whose classifier has %d inputs, those of the image and of its code, got %s", file, net.Inputs(), summary(model))
		}
		return nil
	}
	c.dbm, c.machine, c.inputs = d, file, d.Visible()
	if c.updates = p.updates; c.updates == 0 {
		c.updates = updatesOf(path)
	}
	return nil
}

// classifierOf tells whether a network of so many inputs may be the machine's classifier, and
// takes its code besides the image.
func classifierOf(d *models.DBM, inputs int) bool {
	return d.Hidden() > 1 && inputs == d.Visible()+d.Units(2)
}

// companion is the file of the model of which that at path is the classifier by its name, ""
// if there is none.
func companion(path string) string {
	ext := filepath.Ext(path)
	base, ok := strings.CutSuffix(strings.TrimSuffix(path, ext), "-classifier")
	if !ok {
		return ""
	}
	if _, err := os.Stat(base + ext); err != nil {
		return ""
	}
	return base + ext
}

// defaultUpdates are those of Salakhutdinov & Hinton 2009.
const defaultUpdates = 10

// updatesOf is the number of mean-field updates in the recipe of the run that saved a
// model, or defaultUpdates.
func updatesOf(path string) int {
	whole, err := filepath.Abs(path)
	if err != nil {
		return defaultUpdates
	}
	dir, folder := filepath.Split(filepath.Dir(whole))
	var recipe struct{ Updates int }
	if folder == "models" {
		if s, err := lab.Read(dir); err == nil && json.Unmarshal(s.Config.Recipe, &recipe) == nil && recipe.Updates > 0 {
			return min(recipe.Updates, maxUpdates)
		}
	}
	return defaultUpdates
}

// run is the probabilities of the classes, (m,classes), of images x (m,inputs).
func (c *classifier) run(x *tensor.Dense) (*tensor.Dense, error) {
	if c.dbm != nil {
		m := x.Shape()[0]
		set, err := datasets.NewSet("images", x, make([]uint8, m), c.classes, 0, 0)
		if err != nil {
			return nil, err
		}
		if set, err = pretrain.DBMInputs(c.dbm, c.updates, set, autodiff.Compiler{}); err != nil {
			return nil, err
		}
		x = set.X
	}
	return c.mapper.Run(x)
}

// imageInputs is how many of the inputs of weights in a file are those of images: all, or of
// the first layer of the classifier of a deep Boltzmann machine those before its code.
func imageInputs(path, name string, file *tensorfile.File, inputs int) int {
	beside := companion(path)
	if _, model := file.Metadata["capas.model"]; !model || beside == "" || name != "0.weight" {
		return inputs
	}
	model, _, err := models.Load(beside)
	if d, ok := model.(*models.DBM); err == nil && ok && classifierOf(d, inputs) {
		return d.Visible()
	}
	return inputs
}
