package main

import (
	"fmt"
	"strconv"

	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/pretrain"
	"capas/random"
	"capas/train"
)

// Names of the networks that learn from all images.
const (
	lenet      = "lenet"   // the Deep Learning Tutorials'
	lenet5     = "lenet-5" // LeCun et al. 1998, as it is built today
	perceptron = "mlp"     // one hidden layer, as many parameters as lenet
)

func netNames() []string { return []string{lenet, lenet5, perceptron} }

// title of a network for people.
func title(name string) string {
	return map[string]string{lenet: "LeNet", lenet5: "LeNet-5", perceptron: "MLP"}[name]
}

// Names of the first weights of networks that learn from few labels.
const (
	fromRandom    = "random"
	fromPlain     = "autoencoder"
	fromDenoising = "denoising"
)

func firsts() []string { return []string{fromRandom, fromPlain, fromDenoising} }

// firstTitle says for people what the first weights are.
func firstTitle(first string) string {
	return map[string]string{fromRandom: "random", fromPlain: "autoencoders", fromDenoising: "denoising autoencoders"}[first]
}

// network is a classifier with parameters.
type network interface {
	pretrain.Classifier
	Params() []*blocks.Param
}

// imageOf is the shape of a set's images, (channels, height, width).
func imageOf(data *datasets.Set) [3]int {
	channels := max(1, data.Channels)
	return [3]int{channels, data.Height, data.Width}
}

// layers of lenet in the recipe's sizes.
func (r Recipe) layers(classes int) ([]models.ConvSpec, []int) {
	convs, dense := models.TutorialLeNet(classes)
	for i := range convs {
		convs[i].Maps = r.Maps[i]
	}
	dense[0] = r.Units
	return convs, dense
}

// newLeNet is lenet. As in the tutorials, its outputs start from 0.
func newLeNet(r Recipe, data *datasets.Set, s *random.Stream) (*models.ConvNet, error) {
	convs, dense := r.layers(data.Classes)
	return models.NewConvNet(lenet, imageOf(data), convs, dense, r.Activation, blocks.Glorot(), blocks.Gaussian(0), s)
}

// newNetwork is the network of the given name with its first weights.
func newNetwork(r Recipe, name string, seed uint64, data *datasets.Set) (network, error) {
	s := random.New(seed).Split("network " + name)
	switch name {
	case lenet:
		return newLeNet(r, data, s)
	case lenet5:
		convs, dense := models.LeNet5(data.Classes)
		return models.NewConvNet(name, imageOf(data), convs, dense, r.Activation, blocks.Glorot(), blocks.Gaussian(0), s)
	}
	units, err := r.perceptronUnits(data)
	if err != nil {
		return nil, err
	}
	return models.NewMLP(name, []int{data.Dim(), units, data.Classes}, r.Activation, blocks.Glorot(), blocks.Gaussian(0), s)
}

// perceptronUnits is the number of hidden units with which an MLP has as many parameters as
// lenet.
func (r Recipe) perceptronUnits(data *datasets.Set) (int, error) {
	n, err := newLeNet(r, data, random.New(0))
	if err != nil {
		return 0, err
	}
	return max(1, (count(n)-data.Classes)/(data.Dim()+1+data.Classes)), nil
}

// count is the number of parameters.
func count(n network) (total int) {
	for _, p := range n.Params() {
		total += p.Value.Shape().TotalSize()
	}
	return total
}

// trainOf is the training of a network on all images.
func (r Recipe) trainOf(name string) train.Recipe {
	if name == perceptron {
		return r.PerceptronTrain
	}
	return r.Train
}

// work is the number of multiply-adds of one example on its way up.
func work(n network) (total int64) {
	if c, ok := n.(*models.ConvNet); ok {
		image := c.Image
		for _, l := range c.Convs {
			k := l.Conv.W.Value.Shape()
			oh, ow, err := l.Conv.Conv.Out(image[1], image[2], k[2], k[3])
			if err != nil {
				continue
			}
			total += int64(oh*ow) * int64(k.TotalSize())
			if l.Pool.Window[0] > 0 {
				oh, ow, _ = l.Pool.Out(oh, ow)
			}
			image = [3]int{k[0], oh, ow}
		}
	}
	for _, p := range n.Params() {
		if p.Value.Dims() == 2 {
			total += int64(p.Value.Shape().TotalSize())
		}
	}
	return total
}

// stack are the convolutional layers of a lenet, each with the autoencoder around it.
type stack struct {
	net   *models.ConvNet
	autos []*models.ConvAutoencoder
}

// newStack returns the layers with the weights from which pretraining starts: those of the
// network that learns from random ones.
func newStack(r Recipe, first string, seed uint64, data *datasets.Set) (*stack, error) {
	net, err := newFew(r, seed, data, nil)
	if err != nil {
		return nil, err
	}
	st, image := &stack{net: net}, imageOf(data)
	for i, l := range net.Convs {
		output := blocks.Binary() // intensities
		if i > 0 {
			output = blocks.Numeric() // codes
		}
		a, err := models.NewConvAutoencoder(fmt.Sprintf("%s.%d", first, i+1), image, l, output)
		if err != nil {
			return nil, err
		}
		if first == fromDenoising {
			a.Corruption, a.Noise = r.Few.Corruption, random.New(seed).Split(fmt.Sprintf("corruption %d", i+1))
		}
		st.autos = append(st.autos, a)
		if image, err = l.Out(image); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// stages pretrain the layers, one after the other, on images without labels.
func (st *stack) stages(r Recipe, images *datasets.Set, seed uint64) []pretrain.Stage {
	var layers []pretrain.Layer
	for _, a := range st.autos {
		layers = append(layers, pretrain.Layer{Model: a, Code: a, Recipe: r.Few.Pretrain})
	}
	return pretrain.Greedy(layers, images, random.New(seed).Split("pretraining order"))
}

// newFew is a lenet that learns from few labels. Those of a seed share the weights of the
// dense layers; their convolutional layers are copies of a pretrained stack's, or those that
// its pretraining started from if it is nil.
func newFew(r Recipe, seed uint64, data *datasets.Set, from *stack) (*models.ConvNet, error) {
	net, err := newLeNet(r, data, random.New(seed).Split("few labels"))
	if err != nil || from == nil {
		return net, err
	}
	for i, l := range net.Convs {
		for j, p := range l.Params() {
			copy(p.Value.Float32s(), from.net.Convs[i].Params()[j].Value.Float32s())
		}
	}
	return net, nil
}

// spec names a network that learns from few labels.
type spec struct {
	first string
	rate  float64
	seed  uint64
}

// String is its name within its seed.
func (s spec) String() string {
	return fmt.Sprintf("few-%s-rate-%s", s.first, strconv.FormatFloat(s.rate, 'g', -1, 64))
}
