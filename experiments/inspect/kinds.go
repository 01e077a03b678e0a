package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"capas/blocks"
	"capas/experiments/lab"
	"capas/models"
)

// kind names a model's kind, with an article.
func kind(model any) string {
	switch m := model.(type) {
	case *models.MLP:
		return "an mlp with outputs " + m.Output.String()
	case *models.Autoencoder:
		return "an autoencoder"
	case *models.StackedAutoencoder:
		return "a stacked autoencoder"
	case *models.DeepAutoencoder:
		return "a deep autoencoder"
	case *models.RBM:
		return "an rbm"
	case *models.DBN:
		return "a dbn"
	case *models.DBM:
		return "a dbm"
	case *models.LabelRBM:
		return "a label rbm"
	case *models.LabelDBN:
		return "a label dbn"
	case *models.ConvNet:
		return "a convnet with outputs " + m.Output.String()
	case *models.ConvGenerator:
		return "a conv generator"
	case *models.Hopfield:
		return "a hopfield network"
	case *models.DenseHopfield:
		return "a dense hopfield network"
	case *models.BAM:
		return "a bam"
	case *models.Recurrent:
		return "a recurrent network with outputs " + m.Output.String()
	case *models.Jordan:
		return "a jordan network with outputs " + m.Output.String()
	case *models.PolicyValue:
		return "a policy-value network"
	}
	return "a model of an unknown kind"
}

// summary is a model in a line: its kind, the sizes of its layers from the input up, and
// what tells it from others of its kind, such as "label dbn 784-500-2000, 10 classes".
func summary(model any) string {
	name := strings.TrimPrefix(strings.TrimPrefix(kind(model), "an "), "a ")
	var weights []*blocks.Param
	var more []string
	switch m := model.(type) {
	case *models.MLP:
		name = "mlp"
		weights = matrices(m.Layers)
		if hidden := m.Layers[:len(m.Layers)-1]; len(hidden) > 0 {
			more = append(more, activations(hidden))
		}
		more = append(more, "outputs "+m.Output.String())
	case *models.ConvNet:
		name = fmt.Sprintf("convnet %d×%d×%d", m.Image[0], m.Image[1], m.Image[2])
		for _, l := range m.Convs {
			k := l.Conv.W.Value.Shape()
			name += fmt.Sprintf(", %d maps of %d×%d", k[0], k[2], k[3])
		}
		name, weights = name+",", matrices(m.Dense)
		if len(m.Convs) > 0 {
			more = append(more, m.Convs[0].Conv.F.String())
		}
		more = append(more, "outputs "+m.Output.String())
	case *models.ConvGenerator:
		out := m.Image()
		name = fmt.Sprintf("conv generator, codes of %d, %d maps of %d×%d, images %d×%d×%d", m.Inputs(), m.First[0], m.First[1], m.First[2], out[0], out[1], out[2])
		more = append(more, m.F.String(), "outputs "+m.Output.String())
	case *models.Autoencoder:
		weights, more = autoencoders([]*models.Autoencoder{m})
	case *models.StackedAutoencoder:
		weights, more = autoencoders(m.Layers)
	case *models.DeepAutoencoder:
		weights = append(matrices(m.Encoder), matrices(m.Decoder)...)
		last := len(m.Encoder) - 1
		if last > 0 {
			more = append(more, activations(m.Encoder[:last]))
		}
		more = append(more, fmt.Sprintf("%s code of %d", m.Encoder[last].F, m.Encoder[last].W.Value.Shape()[1]), "outputs "+m.Output.String())
	case *models.RBM:
		weights, more = machines([]*models.RBM{m})
	case *models.DBN:
		weights, more = machines(m.Layers)
	case *models.DBM:
		weights = m.W
	case *models.Hopfield:
		return fmt.Sprintf("%s, %d units", name, m.Units())
	case *models.DenseHopfield:
		return fmt.Sprintf("%s, %d units, %d patterns, %s", name, m.Units(), m.Patterns(), m.F)
	case *models.BAM:
		weights = []*blocks.Param{m.W}
	case *models.LabelRBM:
		weights, more = []*blocks.Param{m.W}, []string{fmt.Sprintf("%d classes", m.Classes())}
	case *models.LabelDBN:
		untied := false
		for _, l := range m.Layers {
			weights, untied = append(weights, l.W), untied || !l.Tied()
		}
		weights, more = append(weights, m.Top.W), []string{fmt.Sprintf("%d classes", m.Top.Classes())}
		if untied {
			more = append(more, "generative weights of their own")
		}
	case *models.Recurrent:
		return recurrent(m)
	case *models.Jordan:
		return fmt.Sprintf("jordan network %d-%d-%d, %s, %d steps, outputs %s", m.Inputs(), m.B.Value.Shape()[0], m.Outputs(), m.F, m.Steps, m.Output)
	case *models.PolicyValue:
		weights, more = matrices(m.Trunk), []string{activations(m.Trunk), fmt.Sprintf("%d moves", m.Moves())}
	}
	return strings.Join(append([]string{strings.TrimSpace(name + " " + sizes(weights))}, more...), ", ")
}

// recurrent is the summary of a recurrent network, such as "lstm 28-64-10, 28 steps, outputs classes".
func recurrent(m *models.Recurrent) string {
	text, both := fmt.Sprintf("%s %d", m.Layers[0].Forward.Cell, m.Inputs()), false
	for _, l := range m.Layers {
		text, both = fmt.Sprintf("%s-%d", text, l.Forward.Units()), l.Backward != nil
	}
	text = fmt.Sprintf("%s-%d, %d steps", text, m.Outputs(), m.Steps)
	if both {
		text += ", both directions"
	}
	switch {
	case m.Each && m.Last > 0:
		text += fmt.Sprintf(", outputs %s after the last %d", m.Output, m.Last)
	case m.Each:
		text += fmt.Sprintf(", outputs %s after each", m.Output)
	default:
		text += ", outputs " + m.Output.String()
	}
	return text
}

// sizes are the numbers of units of layers, such as 784-500-10, from the weights (n,k)
// between them.
func sizes(weights []*blocks.Param) string {
	var texts []string
	for i, W := range weights {
		if i == 0 {
			texts = append(texts, fmt.Sprint(W.Value.Shape()[0]))
		}
		texts = append(texts, fmt.Sprint(W.Value.Shape()[1]))
	}
	return strings.Join(texts, "-")
}

// matrices are the weights of layers.
func matrices(layers []*blocks.Dense) (out []*blocks.Param) {
	for _, l := range layers {
		out = append(out, l.W)
	}
	return out
}

// activations are those of layers, each one once.
func activations(layers []*blocks.Dense) string {
	var names []string
	for _, l := range layers {
		if name := l.F.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, " and ")
}

// autoencoders are the weights of autoencoders on each other, and what tells them from
// others.
func autoencoders(layers []*models.Autoencoder) (weights []*blocks.Param, more []string) {
	var encoders []*blocks.Dense
	untied := false
	for _, a := range layers {
		encoders, untied = append(encoders, a.Encoder()), untied || a.Wr != nil
	}
	more = []string{activations(encoders), "outputs " + layers[0].Output.String()}
	if untied {
		more = append(more, "decoder weights of their own")
	}
	return matrices(encoders), more
}

// machines are the weights of RBMs on each other, and where units are not Bernoulli.
func machines(layers []*models.RBM) (weights []*blocks.Param, more []string) {
	for l, r := range layers {
		where := ""
		if len(layers) > 1 {
			where = fmt.Sprintf(" in layer %d", l+1)
		}
		weights = append(weights, r.W)
		if r.VisibleUnits != models.BernoulliUnits() {
			text := r.VisibleUnits.String() + " visible units" + where
			if r.Z != nil {
				text += " with variances"
			}
			more = append(more, text)
		}
		if r.HiddenUnits != models.BernoulliUnits() {
			more = append(more, r.HiddenUnits.String()+" hidden units"+where)
		}
	}
	return weights, more
}

// savedModel is a model file of a run.
type savedModel struct {
	File string `json:"file"`
	// Model is its summary.
	Model   string `json:"model,omitempty"`
	Problem string `json:"problem,omitempty"` // why it cannot be read
}

// readModels reads model files of a run; one that has disappeared is left out.
func readModels(s *lab.Saved) []savedModel {
	list := []savedModel{}
	for _, file := range s.Models {
		m := savedModel{File: file}
		model, _, err := models.Load(s.Path(file))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			m.Problem = err.Error()
		default:
			m.Model = summary(model)
		}
		list = append(list, m)
	}
	return list
}
