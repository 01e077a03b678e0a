package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"capas/autodiff"
	"capas/blocks"
	"capas/random"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Snapshot is where a training stands between two steps: everything that its further
// course depends on, besides the recipe, the data and the code. A training that goes
// on from it (Trainer.From) gives the same bytes as one that was never interrupted.
type Snapshot struct {
	Position
	// Tensors are all that the steps change, under the names of their leaves: the
	// parameters, what the optimiser keeps of them ("dbn.1.W.velocity"), persistent
	// chains ("dbn.1.W.chains"), and, where there is a validation, the parameters with
	// the best score so far ("best/dbn.1.W"). In a snapshot that is handed to
	// Trainer.Save they are the training's own: they hold until Save returns.
	Tensors []*blocks.Param
}

// Position is the part of a snapshot that is no tensor. Its JSON gives back every
// number to the bit.
type Position struct {
	// Epoch is the number of epochs that are complete, with their validation.
	Epoch int `json:"epoch"`
	// Batch is the number of batches of the next epoch that have been trained on.
	Batch int `json:"batch"`
	// Steps is the number of steps since the training began.
	Steps int `json:"steps"`
	// Order is the state of Trainer.Order with which the epoch of Batch began.
	Order string `json:"order,omitempty"`
	// Streams are the states of the streams from which the model's steps draw.
	Streams []string `json:"streams,omitempty"`
	// Train and GradNorms are the sums of the epoch of Batch.
	Train     Sums `json:"train,omitzero"`
	GradNorms Sums `json:"grad_norms,omitzero"`
	// Score is the best score so far; nil before the first.
	Score *float64 `json:"score,omitempty"`
	// Limit is the number of steps that patience allows, if there is a patience.
	Limit float64 `json:"limit,omitempty"`
	// History is that of the complete epochs.
	History History `json:"history"`
}

// String is the position in words, such as "epoch 3, batch 17" or "epoch 3 complete".
func (p Position) String() string {
	if p.Batch > 0 {
		return fmt.Sprintf("epoch %d, batch %d", p.Epoch+1, p.Batch)
	}
	if p.Epoch > 0 {
		return fmt.Sprintf("epoch %d complete", p.Epoch)
	}
	return "its beginning"
}

// bestPrefix heads the names of the parameters with the best score.
const bestPrefix = "best/"

// state is what the steps of all batch sizes change.
type state struct {
	tensors []*blocks.Param
	streams []*random.Stream
}

// stateOf collects the state of compiled steps; with an error, as much as can be kept.
func stateOf(steppers []*Stepper) (s state, err error) {
	values := map[string]G.Value{}
	var all []*autodiff.Function
	for _, st := range steppers {
		all = append(all, st.functions()...)
	}
	for _, f := range all {
		fs := f.State()
		for _, n := range fs.Updated {
			d, ok := n.Value().(*tensor.Dense)
			if !ok {
				err = fmt.Errorf("%s, which the steps change, is a %T: want a tensor", n.Name(), n.Value())
				continue
			}
			switch known, twice := values[n.Name()]; {
			case !twice:
				values[n.Name()] = d
				s.tensors = append(s.tensors, &blocks.Param{Name: n.Name(), Value: d})
			case known != n.Value():
				err = fmt.Errorf("the steps change two tensors called %s", n.Name())
			}
		}
		for _, r := range fs.Streams {
			if slices.Contains(s.streams, r) {
				continue
			}
			if slices.ContainsFunc(s.streams, func(other *random.Stream) bool { return key(stateText(other)) == key(stateText(r)) }) {
				err = fmt.Errorf("the steps draw from two streams with the key of %s: want one, made before the graphs", stateText(r))
			}
			s.streams = append(s.streams, r)
		}
	}
	return s, err
}

// snapshot is where the loop stands. Its tensors are the loop's own.
func (l *loop) snapshot() *Snapshot {
	p := Position{
		Epoch: len(l.history.Epochs), Batch: l.batch, Steps: l.steps, Order: l.order,
		Train: l.train.sums(), GradNorms: l.norms.sums(), History: l.history,
	}
	p.Streams = StreamStates(l.changes.streams)
	s := &Snapshot{Position: p, Tensors: slices.Clone(l.changes.tensors)}
	if l.stop.patience != nil {
		s.Limit = l.stop.limit
	}
	for i, best := range l.keep.best {
		s.Score = &l.keep.score
		s.Tensors = append(s.Tensors, &blocks.Param{Name: bestPrefix + l.params[i].Name, Value: best})
	}
	return s
}

// restore puts the loop where the snapshot was taken. The model's tensors are not
// changed unless all of it fits.
func (l *loop) restore(s *Snapshot) error {
	if s.Steps == 0 && s.Epoch == 0 && len(s.Tensors) == 0 { // the beginning of a later stage
		return setStreams(l.changes.streams, s.Streams, false)
	}
	if err := l.checkPosition(s); err != nil {
		return err
	}
	keep := l.keep
	if s.Score != nil {
		keep.offer(*s.Score) // makes the tensors
	}
	want := slices.Clone(l.changes.tensors)
	for i, best := range keep.best {
		want = append(want, &blocks.Param{Name: bestPrefix + l.params[i].Name, Value: best})
	}
	if err := blocks.Match(want, s.Tensors); err != nil {
		return err
	}
	if err := l.train.restore(s.Train, l.full.monitors); err != nil {
		return err
	}
	if err := l.norms.restore(s.GradNorms, l.full.norms); err != nil {
		return err
	}
	if err := SetStreams(l.changes.streams, s.Streams); err != nil {
		return err
	}
	if l.trainer.Order != nil {
		if err := setStream(l.trainer.Order, s.Order); err != nil {
			return fmt.Errorf("order of the examples: %w", err)
		}
	}
	if err := blocks.Assign(want, s.Tensors); err != nil {
		return err
	}
	l.keep, l.history, l.steps, l.state.Steps, l.skip = keep, s.History, s.Steps, s.Steps, s.Batch
	l.history.Epochs = slices.Clone(s.History.Epochs)
	if s.Score != nil {
		l.stop.best = *s.Score
	}
	if l.stop.patience != nil {
		l.stop.limit = s.Limit
	}
	return nil
}

// checkPosition reports numbers that no training with this recipe and data comes to.
func (l *loop) checkPosition(s *Snapshot) error {
	perEpoch := l.batches.PerEpoch()
	if s.Epoch < 0 || s.Epoch > l.trainer.Recipe.Epochs || s.Batch < 0 || s.Batch > perEpoch || len(s.History.Epochs) != s.Epoch ||
		s.Steps != s.Epoch*perEpoch+s.Batch {
		return fmt.Errorf("position: want one in %d epochs of %d batches, got epoch %d of a history of %d, batch %d, step %d",
			l.trainer.Recipe.Epochs, perEpoch, s.Epoch, len(s.History.Epochs), s.Batch, s.Steps)
	}
	if (s.Score != nil) != (l.trainer.Validate != nil && s.Epoch > 0) {
		return fmt.Errorf("position: want a best score exactly where there is a validation, after the first epoch")
	}
	if l.stop.patience != nil && !(s.Limit > 0 && !math.IsInf(s.Limit, 0)) {
		return fmt.Errorf("position: want the steps that patience allows, got %g", s.Limit)
	}
	return nil
}

// stateText is the state of a stream, empty for none.
func stateText(s *random.Stream) string {
	if s == nil {
		return ""
	}
	text, _ := s.MarshalText() // never fails
	return string(text)
}

// StreamStates are the states of streams as Position.Streams has them, for trainings of one's own.
func StreamStates(streams []*random.Stream) []string {
	var out []string
	for _, s := range streams {
		out = append(out, stateText(s))
	}
	return out
}

// setStream sets a stream to a state of its own.
func setStream(s *random.Stream, text string) error {
	if key(text) != key(stateText(s)) {
		return fmt.Errorf("want a state of the stream %s, got %.64q", key(stateText(s)), text)
	}
	return s.UnmarshalText([]byte(text))
}

// key is the part of a stream's state that names the stream.
func key(text string) string {
	i := strings.LastIndexByte(text, ':')
	return text[:max(i, 0)]
}

// SetStreams sets streams to the states that StreamStates gave of them, in whatever order. An
// error says that there is none of a stream, or one of another.
func SetStreams(streams []*random.Stream, texts []string) error {
	return setStreams(streams, texts, true)
}

// setStreams sets streams to their states in texts, found by their keys; exactly, if
// every one must have a state there and every state must be of one.
func setStreams(streams []*random.Stream, texts []string, exactly bool) error {
	states := map[string]string{}
	for _, t := range texts {
		states[key(t)] = t
	}
	if exactly && (len(texts) != len(streams) || len(states) != len(texts)) {
		return fmt.Errorf("want the states of %d streams, got %d of %d", len(streams), len(texts), len(states))
	}
	for _, s := range streams {
		text, ok := states[key(stateText(s))]
		if !ok && !exactly {
			continue
		}
		if err := setStream(s, text); err != nil {
			return err
		}
	}
	return nil
}
