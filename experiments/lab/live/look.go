package live

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"capas/blocks"
	"capas/datasets"
	"capas/experiments/lab/figure"
	"capas/pretrain"
	"capas/train"
)

// Looks at networks together may take lookShare of the time of the processors that train,
// and lookAllowance in advance; one network is looked at every lookEvery at most.
const (
	lookEvery     = time.Second
	lookShare     = 0.01
	lookAllowance = 250 * time.Millisecond
)

// shownFilters are the units whose weights are drawn, in rows of filterColumns.
const (
	shownFilters  = 40
	filterColumns = 10
)

// look is what is kept of the looks at one stage of a network.
type look struct {
	next          time.Time
	height, width int // of the images of an earlier stage
	probe         *train.Probe
	chains        *chains
	// Looks that were found to be impossible.
	noNorms, noSamples, none bool
}

// due makes looks due, after the time since it was last called, in which somebody watched.
func (s *State) due(since time.Duration) {
	procs := min(max(s.running.Load(), 1), int64(runtime.GOMAXPROCS(0)))
	if b := s.budget.Add(int64(float64(since)*lookShare) * procs); b > int64(lookAllowance) {
		s.budget.CompareAndSwap(b, int64(lookAllowance)) // otherwise a look has just taken some
	}
	s.tick.Add(1)
}

// observe looks at a network between two steps. What cannot be seen is no error: the run does not
// depend on it.
func (j *Job) observe(at train.Moment) {
	l := &j.look
	if l.none {
		return
	}
	defer func() {
		if recover() != nil {
			l.none = true // in this stage
		}
	}()
	where := position(j.stage, at)
	if !l.noNorms {
		if norms, err := l.gradients(at.Trainer); err != nil {
			l.noNorms = true
		} else {
			j.norms(fmt.Sprintf("%s: norms of the gradient on %d training examples", where, l.probe.Examples()), norms)
		}
	}
	data := at.Trainer.Data
	if data.Height > 0 {
		l.height, l.width = data.Height, data.Width
		if sheet, n, ok := filters(at.Trainer.Model.Params(), data); ok {
			if png, err := sheet.PNG(); err == nil {
				alt := fmt.Sprintf("The weights of %d units over the image", n)
				j.picture("filters", where+": each unit on its own scale, blue negative, orange positive", alt, png)
			}
		}
	}
	if !l.noSamples {
		if err := j.samples(where, at); err != nil {
			l.noSamples = true
		}
	}
}

// position is where a training stands, in words.
func position(s *pretrain.Stage, at train.Moment) string {
	if at.Epoch == at.Epochs {
		return fmt.Sprintf("%s, at the end", s.Name)
	}
	return fmt.Sprintf("%s, epoch %d of %d", s.Name, at.Epoch+1, at.Epochs)
}

// gradients measures the norms.
func (l *look) gradients(t *train.Trainer) (train.Values, error) {
	if l.probe == nil {
		var err error
		if l.probe, err = train.NewProbe(t); err != nil {
			return nil, err
		}
	}
	return l.probe.Norms()
}

// filters are the weights of the first parameter that reads whole images, or the kernels of
// the first that reads their planes; n is their number, ok whether there is one.
func filters(params []*blocks.Param, data *datasets.Set) (sheet figure.Sheet, n int, ok bool) {
	planes := data.Channels
	for _, p := range params {
		if p.Value == nil || strings.HasSuffix(p.Name, ".b") {
			continue
		}
		w, err := elements(p)
		if err != nil {
			continue
		}
		k := p.Value.Shape()
		s := figure.Sheet{Columns: filterColumns, Range: figure.OwnRange, Palette: figure.Diverging, Scale: 1}
		switch {
		case len(k) == 2 && k[0] == data.Dim() && k[1] > 1:
			s.Tiles, s.Height, s.Width = figure.Columns(w, k[1], shownFilters), data.Height, data.Width
		case len(k) == 4 && k[1] == planes && k[2]*k[3] > 1:
			s.Height, s.Width, s.Scale, s.Gap = k[2], k[3], 5, 7 // few pixels, which the rims would hide
			size := planes * k[2] * k[3]
			for f := range min(k[0], shownFilters) {
				s.Tiles = append(s.Tiles, append([]float32(nil), w[f*size:(f+1)*size]...))
			}
		default:
			continue
		}
		s.Columns = min(s.Columns, len(s.Tiles))
		if planes == 3 {
			s.Color = true
			for _, tile := range s.Tiles {
				stretch(tile)
			}
		}
		return s, len(s.Tiles), planes == 1 || planes == 3
	}
	return figure.Sheet{}, 0, false
}

// elements are a parameter's, of float32.
func elements(p *blocks.Param) ([]float32, error) {
	w, ok := p.Value.Data().([]float32)
	if !ok {
		return nil, fmt.Errorf("parameter %s: want float32, got %v", p.Name, p.Value.Dtype())
	}
	return w, nil
}

// stretch maps the values of a coloured tile to [0, 1], the same way in all planes.
func stretch(tile []float32) {
	lo, hi := tile[0], tile[0]
	for _, v := range tile {
		lo, hi = min(lo, v), max(hi, v)
	}
	for i, v := range tile {
		if hi > lo {
			tile[i] = (v - lo) / (hi - lo)
		}
	}
}
