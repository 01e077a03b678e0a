package datasets

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// hueOf is the hue of a colour in degrees by the textbook's cases: which channel is the greatest, and the difference of
// the other two over the range.
func hueOf(rgb [3]float64) float64 {
	r, g, b := rgb[0], rgb[1], rgb[2]
	span := max(r, g, b) - min(r, g, b)
	h := 60 * (4 + (r-g)/span)
	if r >= max(g, b) {
		h = 60 * (g - b) / span
	} else if g >= b {
		h = 60 * (2 + (b-r)/span)
	}
	return math.Mod(h+360, 360)
}

// The pixels without ink have the ground's colour, those of full intensity the ink's, and all others lie between in
// their proportion. Both colours have the saturation and brightness documented; hues are uniform where every colour is
// seen, and three in training.
func TestColorDigits(t *testing.T) {
	const n = 3000
	pixels, r := make([]byte, 6*3*n), newStream(1).Rand()
	for i := range pixels {
		if pixels[i] = byte(r.IntN(256)); i%6 < 2 {
			pixels[i] = byte(255 * (i % 6)) // in every image one pixel has no ink and one is full
		}
	}
	data := dataset{
		encodeIDX([]int{3*n - 600, 2, 3}, pixels[:6*(3*n-600)]), encodeIDX([]int{3*n - 600}, cyclic(3*n-600, 10)),
		encodeIDX([]int{600, 2, 3}, pixels[6*(3*n-600):]), encodeIDX([]int{600}, cyclic(600, 10)),
	}
	split := mustGenerate(t, "mnist-color", 3, GenerateOptions{Train: n, Validation: n, Test: n, MNIST: Options{Dir: data.write(t, plainNames())}})
	for part, s := range []*Set{split.Train, split.Validation, split.Test} {
		if s.Channels != 3 || s.Height != split.Train.Height || s.Dim() != 3*s.Height*s.Width {
			t.Fatalf("%s: %d channels of %d×%d pixels in %d values", s.Name, s.Channels, s.Height, s.Width, s.Dim())
		}
		plane, seen := s.Height*s.Width, [2]map[int]int{{}, {}}
		for i := range s.Len() {
			x := s.features[3*plane*i : 3*plane*(i+1)]
			// Of red + green + blue, the ground has ½ to 1 and the ink 2 to 2½.
			sum := func(p int) float64 { return float64(x[p]) + float64(x[p+plane]) + float64(x[p+2*plane]) }
			darkest, brightest := 0, 0
			for p := range plane {
				if sum(p) < sum(darkest) {
					darkest = p
				}
				if sum(p) > sum(brightest) {
					brightest = p
				}
			}
			for which, p := range []int{darkest, brightest} {
				rgb := [3]float64{float64(x[p]), float64(x[p+plane]), float64(x[p+2*plane])}
				least, most := 0.0, 0.5
				if which == 1 {
					least, most = 0.5, 1
				}
				within(t, "least channel", min(rgb[0], rgb[1], rgb[2]), least, 1e-6)
				within(t, "greatest channel", max(rgb[0], rgb[1], rgb[2]), most, 1e-6)
				seen[which][int(hueOf(rgb)+0.5)%360/10]++
			}
			for p := range plane {
				share := (sum(p) - sum(darkest)) / (sum(brightest) - sum(darkest))
				for c := 0; c < len(x); c += plane {
					within(t, "pixel", float64(x[c+p]), share*float64(x[c+brightest])+(1-share)*float64(x[c+darkest]), 1e-5)
				}
			}
		}
		for which, bins := range seen {
			counts := make([]int, 36)
			for bin, count := range bins {
				counts[bin] = count
			}
			if part == 0 {
				counts = []int{counts[0], counts[12], counts[24]}
				shares(t, "training hues", counts, 1./3, 1./3, 1./3)
				if len(bins) != 3 {
					t.Errorf("training, colour %d: hues in %d bins, want red, green and blue", which, len(bins))
				}
			} else if got, limit := chi2(counts); got > limit {
				t.Errorf("%s, colour %d: hues %v, χ² = %.0f, limit %.0f", s.Name, which, counts, got, limit)
			}
		}
	}
}

// planes are n images of three channels whose values tell image, channel and pixel.
func planes(t testing.TB, n, height, width int) *Set {
	t.Helper()
	x := make([]float32, 3*n*height*width)
	for i := range x {
		x[i] = 0.3 + 0.4*float32(i+1)/float32(len(x))
	}
	s, err := NewColorSet("planes", matrix(x, n, 3*height*width), cyclic(n, 2), 2, 3, height, width)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What makes sets of sets keeps the channels, and they are part of the sum.
func TestChannelsAreKept(t *testing.T) {
	s := planes(t, 6, 4, 5)
	view, err := s.View(1, 4)
	if err != nil || view.Channels != 3 {
		t.Errorf("view: %+v, %v", view, err)
	}
	sample, err := s.Sample(4, nil)
	if err != nil || sample.Channels != 3 || sample.Height != 4 || sample.Width != 5 {
		t.Errorf("sample: %+v, %v", sample, err)
	}
	code, err := s.WithX(matrix(make([]float32, 12), 6, 2))
	if err != nil || code.Channels != 0 {
		t.Errorf("codes: %+v, %v", code, err)
	}
	flat, err := NewSet("flat", s.X, s.Labels, 2, 12, 5)
	if err != nil || flat.Channels != 1 {
		t.Fatalf("grey levels: %+v, %v", flat, err)
	}
	tall, err := NewColorSet("tall", s.X, s.Labels, 2, 1, 12, 5)
	if err != nil || flat.Checksum() != tall.Checksum() {
		t.Errorf("grey images: checksums %x and %x, %v", flat.Checksum(), tall.Checksum(), err)
	}
	two, err := NewColorSet("two", s.X, s.Labels, 2, 6, 2, 5)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewColorSet("other", s.X, s.Labels, 2, 12, 1, 5)
	if err != nil || two.Checksum() == other.Checksum() || s.Checksum() == two.Checksum() {
		t.Errorf("sets of 3, 6 and 12 channels have equal sums; %v", err)
	}
	for _, test := range []struct {
		channels, height, width int
		want                    string
	}{
		{3, 4, 4, "wanted channels·height·width = 60, found 3·4·4"}, {0, 4, 5, "found 0·4·5"}, {-3, 4, 5, "found -3·4·5"},
		{7, 4, 5, "found 7·4·5"}, {3, 0, 0, "found 3·0·0"}, {1, 4, 5, "wanted height·width = 60, found 4·5"}, {60, math.MaxInt, 1, "found 60"},
	} {
		if _, err := NewColorSet("x", s.X, s.Labels, 2, test.channels, test.height, test.width); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v", test, err)
		}
	}
}

// All channels of an image move alike, to the bit as an image of its first channel alone.
func TestAugmentMovesAllChannels(t *testing.T) {
	const n, height, width = 4, 6, 7
	s := planes(t, n, height, width)
	for c := range 3 {
		x := make([]float32, n*height*width)
		for i := range n {
			copy(x[i*height*width:], s.features[(3*i+c)*height*width:(3*i+c+1)*height*width])
		}
		one, err := NewSet("one", matrix(x, n, height*width), s.Labels, 2, height, width)
		if err != nil {
			t.Fatal(err)
		}
		color := mustBatches(t, s, n, BatchOptions{Order: newStream(5), Augment: full()})
		grey := mustBatches(t, one, n, BatchOptions{Order: newStream(5), Augment: full()})
		color.Epoch()
		grey.Epoch()
		got, _ := color.Next()
		want, _ := grey.Next()
		for i := range n {
			a := values(got.X)[(3*i+c)*height*width : (3*i+c+1)*height*width]
			if !slices.Equal(a, values(want.X)[i*height*width:(i+1)*height*width]) {
				t.Errorf("channel %d of image %d moves differently", c, i)
			}
		}
	}
}

// An offset is the same for all pixels of a channel, uniform in ±Color, and independent of the other channels' and other
// images'; nothing leaves [0, 1].
func TestAugmentColor(t *testing.T) {
	const n, color, epochs = 40, 0.25, 100
	s := planes(t, n, 2, 2)
	b := mustBatches(t, s, n, BatchOptions{Order: newStream(7), Augment: &Augmentation{Color: color}})
	counts, products := make([]int, 20), 0.0
	for range epochs {
		b.Epoch()
		batch, _ := b.Next()
		for i, from := range batch.Index {
			var offsets [3]float64
			for c := range offsets {
				for p := range 4 {
					at := 4*c + p
					d := float64(values(batch.X)[12*i+at]) - float64(s.features[12*from+at])
					if p > 0 {
						within(t, "offsets of a channel", d, offsets[c], 1e-6)
					}
					offsets[c] = d
				}
				counts[min(int((offsets[c]+color)/(2*color)*20), 19)]++
			}
			products += offsets[0]*offsets[1] + offsets[1]*offsets[2]
		}
	}
	if got, limit := chi2(counts); got > limit {
		t.Errorf("offsets %v: χ² = %.0f, limit %.0f", counts, got, limit)
	}
	// The correlation of independent offsets over 2·n·epochs pairs is 0 with a standard deviation of 1/√8000 or little more.
	within(t, "correlation of channels", products/(2*n*epochs)/(color*color/3), 0, 4*1.3/math.Sqrt(2*n*epochs))

	b = mustBatches(t, s, n, BatchOptions{Order: newStream(7), Augment: &Augmentation{Color: 1}})
	b.Epoch()
	batch, _ := b.Next()
	clipped := 0
	for _, v := range values(batch.X) {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("a value of %g", v)
		}
		if v == 0 || v == 1 {
			clipped++
		}
	}
	if clipped == 0 {
		t.Error("with offsets up to 1 nothing is clipped")
	}
}
