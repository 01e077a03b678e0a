package models

import (
	"fmt"

	"capas/blocks"
	"capas/random"

	"gorgonia.org/tensor"
)

// Classifier returns the network that is fine-tuned with labels (Salakhutdinov & Hinton
// 2009): hidden layers of the machine's sizes, under an output layer of the given number of
// classes with weights drawn by top. Its inputs are v and, where there is a second hidden
// layer, behind it the [DBM.Code] q(h²|v); the weights from the two to the first hidden layer
// begin as W¹ and the transposed W², so that its first pass up is one of mean field. The
// layers above begin with the machine's weights. All are copies, which [DBM.CopyTo] makes
// anew after further training of the machine.
func (d *DBM) Classifier(name string, classes int, top blocks.Initializer, s *random.Stream) (*MLP, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	like := &RBM{W: d.W[0]}
	n := d.Visible()
	if d.Hidden() > 1 {
		n += d.Units(2)
	}
	var hidden []*blocks.Dense
	for l := 1; l <= d.Hidden(); l++ {
		k := d.Units(l)
		hidden = append(hidden, &blocks.Dense{
			W: &blocks.Param{Name: fmt.Sprintf("%s.%d.W", name, l), Value: like.zeros(n, k)},
			B: &blocks.Param{Name: fmt.Sprintf("%s.%d.b", name, l), Value: like.zeros(k)},
			F: blocks.Sigmoid(),
		})
		n = k
	}
	net, err := Classifier(name, hidden, n, classes, top, s)
	if err != nil {
		return nil, err
	}
	return net, d.CopyTo(net)
}

// CopyTo sets the hidden layers of the network that Classifier made of the machine to the
// machine's current weights and biases.
func (d *DBM) CopyTo(net *MLP) error {
	if len(net.Layers) != d.Hidden()+1 {
		return fmt.Errorf("classifier of a dbm: want %d layers, got %d", d.Hidden()+1, len(net.Layers))
	}
	n := d.Visible()
	if d.Hidden() > 1 {
		n += d.Units(2)
	}
	for l, layer := range net.Layers[:d.Hidden()] {
		k := d.Units(l + 1)
		if want := (tensor.Shape{n, k}); !layer.W.Value.Shape().Eq(want) {
			return fmt.Errorf("classifier of a dbm, layer %d: want weights of shape %v, got %v", l+1, want, layer.W.Value.Shape())
		}
		copyMatrix(layer.W, 0, k, d.W[l], k, false)
		if l == 0 && d.Hidden() > 1 {
			copyMatrix(layer.W, d.Visible()*k, k, d.W[1], d.Units(2), true)
		}
		copyMatrix(layer.B, 0, 0, d.B[l+1], k, false)
		n = k
	}
	return nil
}
