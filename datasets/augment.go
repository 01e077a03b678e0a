package datasets

import (
	"fmt"
	"math"

	"capas/random"
)

// Augmentation is how the images of a training set are changed anew in every epoch (lecture 3.4): each is shifted, rotated
// about its centre and distorted elastically, in one resampling, bilinear, with 0 for what comes from outside; all its
// channels alike. Then its colour is changed. The zero value changes nothing.
type Augmentation struct {
	// Shift is the greatest shift, in pixels: along each axis a whole number, uniform in −Shift, …, Shift.
	Shift int `json:"shift,omitempty"`
	// Rotation is the greatest angle, in degrees: uniform in [−Rotation, Rotation].
	Rotation float64 `json:"rotation,omitempty"`
	// Elastic is α of Simard, Steinkraus & Platt, "Best practices for convolutional neural networks applied to visual
	// document analysis" (ICDAR 2003): every pixel is displaced along each axis by α times a field of uniform values in
	// [−1, 1), one for each pixel, smoothed by a Gaussian whose weights sum to 1. They give α = 34 for 29×29 digits. The
	// field is 0 outside the image.
	Elastic float64 `json:"elastic,omitempty"`
	// Smoothness is the Gaussian's σ, in pixels; 0 is 4, theirs. It is cut off at 3σ.
	Smoothness float64 `json:"smoothness,omitempty"`
	// Color is the greatest change of a channel (the lecture's random RGB values): to all pixels of a channel of the image
	// the same number is added, uniform in [−Color, Color), another one for each channel; what leaves [0, 1] is clipped. Of
	// images of grey levels it changes the brightness.
	Color float64 `json:"color,omitempty"`
}

// Bounds of what makes sense, and of what computes in bearable time.
const (
	maxShift      = 1 << 16
	maxElastic    = 1e6
	maxSmoothness = 1000
)

// Check reports an augmentation that makes no sense.
func (a Augmentation) Check() error {
	switch {
	case a.Shift < 0 || a.Shift > maxShift:
		return fmt.Errorf("augmentation: want a shift of 0 to %d pixels, got %d", maxShift, a.Shift)
	case !(a.Rotation >= 0 && a.Rotation <= 180):
		return fmt.Errorf("augmentation: want a rotation of 0 to 180 degrees, got %g", a.Rotation)
	case !(a.Elastic >= 0 && a.Elastic <= maxElastic):
		return fmt.Errorf("augmentation: want an elastic distortion of 0 to %g, got %g", float64(maxElastic), a.Elastic)
	case !(a.Smoothness >= 0 && a.Smoothness <= maxSmoothness):
		return fmt.Errorf("augmentation: want a smoothness of 0 to %d pixels, got %g", maxSmoothness, a.Smoothness)
	case !(a.Color >= 0 && a.Color <= 1):
		return fmt.Errorf("augmentation: want a change of colour of 0 to 1, got %g", a.Color)
	}
	return nil
}

// augmenter changes images. Not for concurrent use.
type augmenter struct {
	Augmentation
	channels, height, width int
	draw                    random.Draw // of the epoch: stride elements for each place
	stride                  int
	elastic                 *elastic  // nil without
	offsets                 []float32 // a channel's change of colour; nil without. Their draws are an example's last.
}

// moveWords are the words of a draw that are for shift and rotation; whole pairs, and one to spare.
const moveWords = 4

// newAugmenter prepares the augmentation of a set's images.
func newAugmenter(a Augmentation, set *Set, order *random.Stream) (*augmenter, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if set.Height == 0 {
		return nil, fmt.Errorf("augmentation: want images, got rows of %d features", set.Dim())
	}
	if order == nil {
		return nil, fmt.Errorf("augmentation: want a generator of orders, got none")
	}
	g := &augmenter{Augmentation: a, channels: set.Channels, height: set.Height, width: set.Width, stride: moveWords}
	if a.Elastic > 0 {
		if g.Smoothness == 0 {
			g.Smoothness = 4
		}
		g.elastic = newElastic(set.Height, set.Width, g.Smoothness)
		g.stride += 2 * set.Height * set.Width
	}
	if a.Color > 0 {
		g.offsets = make([]float32, set.Channels)
		g.stride += set.Channels
	}
	return g, nil
}

// epoch begins an epoch whose order is about to be drawn from the stream. All its changes come from a stream of its own,
// split off by the order stream's state: whatever batches are skipped or made ahead of time, the example at a place gets
// the same. The function returned is to be called once the order is drawn: where there was nothing to draw, for a single
// example, it moves the stream, so that the next epoch differs.
func (g *augmenter) epoch(order *random.Stream) func() {
	before, _ := order.MarshalText() // never fails
	g.draw = order.Split("augmentation of the epoch at " + string(before)).Reserve(0)
	return func() {
		if after, _ := order.MarshalText(); string(after) == string(before) {
			order.Uint64()
		}
	}
}

// apply writes the image, changed as the example at a place of the epoch is, to dst.
func (g *augmenter) apply(dst, image []float32, place int) {
	draw := g.draw.Skip(place * g.stride)
	g.move(dst, image, draw)
	if g.offsets != nil {
		g.color(dst, draw.Skip(g.stride-g.channels))
	}
}

// move shifts, rotates and distorts.
func (g *augmenter) move(dst, image []float32, draw random.Draw) {
	if g.Shift == 0 && g.Rotation == 0 && g.elastic == nil {
		copy(dst, image)
		return
	}
	var u [moveWords]float32
	draw.Uniform(u[:], 0)
	shift := func(u float32) float64 { return math.Floor(float64(u)*float64(2*g.Shift+1)) - float64(g.Shift) }
	angle := (2*float64(u[2]) - 1) * g.Rotation * math.Pi / 180
	m := newMotion(g.height, g.width, angle, shift(u[0]), shift(u[1]))
	var dx, dy []float32
	if g.elastic != nil {
		dx, dy = g.elastic.fields(draw.Skip(moveWords))
	}
	plane := g.height * g.width
	for lo := 0; lo < len(image); lo += plane {
		dst, image := dst[lo:lo+plane], image[lo:lo+plane]
		if g.elastic == nil {
			m.move(dst, image, g.height, g.width)
			continue
		}
		for y := range g.height {
			for x := range g.width {
				i := y*g.width + x
				sx, sy := m.source(float64(x), float64(y))
				dst[i] = bilinear(image, g.height, g.width, sx+g.Elastic*float64(dx[i]), sy+g.Elastic*float64(dy[i]))
			}
		}
	}
}

// color adds its offset to each channel.
func (g *augmenter) color(x []float32, draw random.Draw) {
	draw.Uniform(g.offsets, 0)
	plane := g.height * g.width
	for c, u := range g.offsets {
		offset := (2*u - 1) * float32(g.Color)
		for i := c * plane; i < (c+1)*plane; i++ {
			x[i] = min(max(x[i]+offset, 0), 1)
		}
	}
}
