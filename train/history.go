package train

import (
	"encoding/json"
	"fmt"
	"math"
)

// History is what a training did.
type History struct {
	Epochs []Epoch `json:"epochs"`
	// Best is the epoch, counted from 1, whose parameters were kept, the last one with
	// Trainer.KeepLast; 0 without validation.
	Best int `json:"best,omitempty"`
	// Stopped tells that patience ended the training before its last epoch.
	Stopped bool `json:"stopped,omitempty"`
	// Streams are the states, after the last step, of the streams from which the model's
	// steps draw: a later training of the same parameters may share them.
	Streams []string `json:"streams,omitempty"`
}

// historyDocument is the JSON of a history. Checkpoints hold one a stage, so the names
// of the values are written once and not in every epoch: 20 bytes a value.
type historyDocument struct {
	Train      []string `json:"train,omitempty"`
	Validation []string `json:"validation,omitempty"`
	GradNorms  []string `json:"grad_norms,omitempty"`
	// Epochs are the values of each epoch, first those of Train, then Validation, then
	// GradNorms, if they were measured in it: Recipe.NormEvery may be more steps than an
	// epoch has.
	Epochs  [][]number `json:"epochs"`
	Best    int        `json:"best,omitempty"`
	Stopped bool       `json:"stopped,omitempty"`
	Streams []string   `json:"streams,omitempty"`
}

// number is a float64 whose JSON is null where it is NaN or infinite; null is read as NaN. A value
// that is only logged may be either.
type number float64

// MarshalJSON implements json.Marshaler.
func (x number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*x = number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(x))
}

// MarshalJSON writes the names of the values once, for all epochs, which must have the
// same; only gradient norms may be missing in some. Finite numbers are written so that
// reading gives them back to the bit; others are read as NaN.
func (h History) MarshalJSON() ([]byte, error) {
	doc := historyDocument{Epochs: [][]number{}, Best: h.Best, Stopped: h.Stopped, Streams: h.Streams}
	for i, e := range h.Epochs {
		if e.Epoch != i+1 {
			return nil, fmt.Errorf("history: want epoch %d, got %d", i+1, e.Epoch)
		}
		if i == 0 {
			doc.Train, doc.Validation = e.Train.names(), e.Validation.names()
		}
		if doc.GradNorms == nil {
			doc.GradNorms = e.GradNorms.names()
		}
		norms := doc.GradNorms
		if len(e.GradNorms) == 0 {
			norms = nil
		}
		row := []number{}
		for _, part := range []struct {
			names  []string
			values Values
		}{{doc.Train, e.Train}, {doc.Validation, e.Validation}, {norms, e.GradNorms}} {
			if len(part.values) != len(part.names) {
				return nil, fmt.Errorf("history: epoch %d: want the values %q, got %d", e.Epoch, part.names, len(part.values))
			}
			for j, v := range part.values {
				if v.Name != part.names[j] {
					return nil, fmt.Errorf("history: epoch %d: want the value %q, got %q", e.Epoch, part.names[j], v.Name)
				}
				row = append(row, number(v.Value))
			}
		}
		doc.Epochs = append(doc.Epochs, row)
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *History) UnmarshalJSON(data []byte) error {
	var doc historyDocument
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	if doc.Best < 0 || doc.Best > len(doc.Epochs) {
		return fmt.Errorf("history: want the best of %d epochs, got %d", len(doc.Epochs), doc.Best)
	}
	out := History{Best: doc.Best, Stopped: doc.Stopped, Streams: doc.Streams}
	least := len(doc.Train) + len(doc.Validation)
	for i, row := range doc.Epochs {
		norms := doc.GradNorms
		if len(row) == least {
			norms = nil
		}
		if want := least + len(norms); len(row) != want {
			return fmt.Errorf("history: epoch %d: want %d values, got %d", i+1, want, len(row))
		}
		take := func(names []string) (v Values) {
			for j, name := range names {
				v = append(v, Value{name, float64(row[j])})
			}
			row = row[len(names):]
			return v
		}
		out.Epochs = append(out.Epochs, Epoch{Epoch: i + 1, Train: take(doc.Train), Validation: take(doc.Validation), GradNorms: take(norms)})
	}
	*h = out
	return nil
}

func (v Values) names() []string {
	var out []string
	for _, x := range v {
		out = append(out, x.Name)
	}
	return out
}
