package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"capas/blocks"
)

// description says what model the tensors of a file make. It is what such a file holds
// besides the tensors, as JSON, and all that gives these their names.
type description struct {
	Kind string `json:"kind"`
	// Output is that of an MLP or a deep autoencoder.
	Output *blocks.Output `json:"output,omitempty"`
	// Layers from the input up; of a deep autoencoder those of the encoder.
	Layers  []layer `json:"layers,omitempty"`
	Decoder []layer `json:"decoder,omitempty"`
	// Sequence is that of a recurrent model, which has it in place of layers.
	Sequence *sequenceShape `json:"sequence,omitempty"`
	// Heads of a policy-value network: the policy's and the value's.
	Heads []layer `json:"heads,omitempty"`
}

// layer is a dense layer, an autoencoder or an RBM.
type layer struct {
	Inputs     int               `json:"inputs"`
	Units      int               `json:"units"`
	Activation blocks.Activation `json:"activation"`
	// Output and Tied are an autoencoder's.
	Output *blocks.Output `json:"output,omitempty"`
	Tied   bool           `json:"tied,omitempty"` // a directed layer of a label DBN's too
	// Classes of the labels of a machine that has them.
	Classes int `json:"classes,omitempty"`
	// Visible and Hidden are an RBM's units, which has the log-variances of its visible
	// units as a fourth parameter if Variances is set.
	Visible   Units `json:"visible,omitzero"`
	Hidden    Units `json:"hidden,omitzero"`
	Variances bool  `json:"variances,omitempty"`
	// Conv is that of a convolutional layer, whose Inputs and Units are those of all channels.
	Conv *convDescription `json:"conv,omitempty"`
	// Up is that of a conv generator's layer.
	Up *upDescription `json:"up,omitempty"`
	// Interaction is a dense Hopfield network's.
	Interaction *Interaction `json:"interaction,omitempty"`
	// Params are the names of the parameters, in the order of the layer's Params.
	Params []string `json:"parameters"`
}

// Kinds of models in a description.
const (
	kindMLP                = "mlp"
	kindAutoencoder        = "autoencoder"
	kindStackedAutoencoder = "stacked autoencoder"
	kindDeepAutoencoder    = "deep autoencoder"
	kindRBM                = "rbm"
	kindDBN                = "dbn"
	kindDBM                = "dbm"
	kindLabelRBM           = "label rbm"
	kindLabelDBN           = "label dbn"
	kindConvNet            = "convnet"
	kindConvGenerator      = "conv generator"
	kindPolicyValue        = "policy-value network"
)

// A description may not ask for more.
const (
	maxDescription = 1 << 20 // bytes
	maxLayers      = 1000
)

// text is the description in JSON.
func (d *description) text() (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(d)
	return strings.TrimSpace(b.String()), err
}

// parseDescription reads and checks the description in a file.
func parseDescription(text string) (*description, error) {
	if len(text) > maxDescription {
		return nil, fmt.Errorf("metadata %q: want at most %d bytes, got %d", descriptionKey, maxDescription, len(text))
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields() // what a later version says may matter
	d := &description{}
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("metadata %q: %.200s", descriptionKey, err) // names what it found, however long
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("metadata %q: want one JSON object, got more", descriptionKey)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("metadata %q: %.200s", descriptionKey, err)
	}
	return d, nil
}
