package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

var nan = math.NaN()

// curves are two series of three seeds, one with a gap.
func curves() Lines {
	return Lines{
		Title: "Error <&>", XLabel: "epoch", YLabel: "error (fraction)",
		Series: []Series{
			{"dbn", []float64{0, 1, 2, 3}, [][]float64{{0.5, 0.3, 0.2, 0.1}, {0.5, 0.3, nan, 0.12}, {0.6, 0.4, 0.3, 0.2}}},
			{"normal", []float64{0, 1, 2, 3}, [][]float64{{0.9, 0.9, 0.9, 0.8}, {0.9, 0.9}}},
		},
	}
}

// parseSVG checks that svg is well-formed XML without a reference to the
// outside and without numbers that are none, and returns its texts.
func parseSVG(t *testing.T, svg []byte) []string {
	t.Helper()
	if m := regexp.MustCompile(`NaN|Inf|-9223372036854775808|8000000000000000|(href|src)=|url\(`).Find(svg); m != nil {
		t.Errorf("SVG holds %s", m)
	}
	var texts []string
	dec := xml.NewDecoder(bytes.NewReader(svg))
	name := ""
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return texts
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name = token.Name.Local
		case xml.EndElement:
			name = ""
		case xml.CharData:
			if name == "text" {
				texts = append(texts, string(token))
			}
		}
	}
}

// A marked series has a marker for each of its means, and one in the legend, but no line.
func TestMarked(t *testing.T) {
	marked := curves()
	marked.Marked = []string{"dbn"}
	svg, err := marked.SVG()
	if err != nil {
		t.Fatal(err)
	}
	parseSVG(t, svg)
	// A circle is two arcs. The mean of dbn exists at 0, 1 and 3.
	for part, want := range map[string]int{"stroke-width:1.8": 2, "A3,3 ": 2 * 3, "A3.5,3.5 ": 2} {
		if n := strings.Count(string(svg), part); n != want {
			t.Errorf("%q %d times, want %d", part, n, want)
		}
	}
}

func TestLines(t *testing.T) {
	svg, err := curves().SVG()
	if err != nil {
		t.Fatal(err)
	}
	texts := parseSVG(t, svg)
	for _, want := range []string{"Error <&>", "epoch", "error (fraction)", "dbn", "normal", "3"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q in %q", want, texts)
		}
	}
	// The mean of dbn exists at 0, 1 and 3: a line and a lone point; that of
	// normal at 0 and 1. Means are the lines of width 1.8 without a legend's.
	if n := strings.Count(string(svg), "stroke-width:1.8"); n != 2+2 {
		t.Errorf("%d lines of width 1.8, want 2 in the legend and 2 means", n)
	}
	again, err := curves().SVG()
	if err != nil || !bytes.Equal(svg, again) {
		t.Error("the same chart has other bytes")
	}
}

// TestAwkwardData: what experiments may produce is drawn, whatever the axes.
func TestAwkwardData(t *testing.T) {
	awkward := map[string][][]float64{
		"one value":   {{0.5}},
		"constant":    {{2, 2, 2}, {2, 2, 2}},
		"zeros":       {{0, 0, 1e-300}},
		"negative":    {{-3, -2, 5}, {-3, -1, 4}},
		"huge":        {{1e300, 1e-300, 1}},
		"gaps":        {{nan, 1, math.Inf(1)}, {nan, 2, 3}},
		"tiny spread": {{1, 1 + 1e-15, 1}},
	}
	for name, ys := range awkward {
		for _, log := range []bool{false, true} {
			for _, zero := range []bool{false, true} {
				l := Lines{XLabel: "x", YLabel: "y", LogX: log, LogY: log, FromZero: zero, EachSeed: true,
					Series: []Series{{"a", []float64{1, 10, 100}, ys}}}
				svg, err := l.SVG()
				if err != nil {
					t.Errorf("lines, %s, log %v: %v", name, log, err)
					continue
				}
				parseSVG(t, svg)
				d := Dots{YLabel: "y", LogY: log, Bars: zero && !log, Connect: true,
					Items: []Item{{"c 1", "a", ys[0]}, {"c 1", "b", nil}, {"c 2", "a", ys[len(ys)-1]}}}
				if svg, err = d.SVG(); err != nil {
					t.Errorf("dots, %s, log %v: %v", name, log, err)
					continue
				}
				parseSVG(t, svg)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	long := curves()
	long.Series[0].Y[0] = make([]float64, 5)
	unlabelled := curves()
	unlabelled.YLabel = ""
	svgs := map[string]func() ([]byte, error){
		"no value to draw in 0 series":  Lines{XLabel: "x", YLabel: "y"}.SVG,
		"no value to draw in 1 series":  Lines{XLabel: "x", YLabel: "y", Series: []Series{{"a", []float64{1}, [][]float64{{nan}}}}}.SVG,
		"no value to draw in 2":         Lines{XLabel: "x", YLabel: "y", LogY: true, Series: []Series{{"a", []float64{1}, [][]float64{{-1}}}, {}}}.SVG,
		"got 5 values for 4 positions":  long.SVG,
		"want labels on both axes":      unlabelled.SVG,
		"no value to draw in 0 items":   Dots{YLabel: "y"}.SVG,
		"no value to draw in 1 items":   Dots{YLabel: "y", Bars: true, Items: []Item{{"", "a", []float64{nan}}}}.SVG,
		"want a label on the y axis":    Dots{}.SVG,
		"no foot on a logarithmic axis": Dots{YLabel: "y", Bars: true, LogY: true}.SVG,
		"no tiles":                      Sheet{Height: 2, Width: 2}.PNG,
		"want a positive tile size":     Sheet{Width: 2, Tiles: [][]float32{{1}}}.PNG,
		"tile 1 has 3 values, want 2×2": Sheet{Height: 2, Width: 2, Tiles: [][]float32{nil, {1, 2, 3}}}.PNG,
		"pixels are too many":           Sheet{Height: 2, Width: 2, Scale: 1 << 20, Tiles: [][]float32{{1, 2, 3, 4}}}.PNG,
	}
	for want, draw := range svgs {
		if _, err := draw(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		} else if nothing := strings.HasPrefix(want, "no value"); errors.Is(err, ErrNothing) != nothing {
			t.Errorf("%v is ErrNothing: %t", err, !nothing)
		}
	}
}

// TestDots: names side by side in a category get a legend, one name a category
// needs none.
func TestDots(t *testing.T) {
	plain := Dots{YLabel: "test error", Items: []Item{{"", "normal", []float64{0.3, 0.2}}, {"", "dbn", []float64{0.1, 0.2}}}}
	svg, err := plain.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if texts := strings.Join(parseSVG(t, svg), "|"); strings.Count(texts, "dbn") != 1 {
		t.Errorf("texts %q: want dbn once, as a category", texts)
	}
	grouped := Dots{YLabel: "gradient norm", LogY: true, Connect: true}
	for layer := range 7 {
		for _, name := range []string{"normal", "dbn"} {
			grouped.Items = append(grouped.Items, Item{fmt.Sprintf("hidden layer %d", layer+1), name, []float64{math.Pow(10, -float64(layer)), 1}})
		}
	}
	if svg, err = grouped.SVG(); err != nil {
		t.Fatal(err)
	}
	texts := strings.Join(parseSVG(t, svg), "|")
	if strings.Count(texts, "dbn") != 1 || strings.Count(texts, "hidden|layer") != 7 {
		t.Errorf("texts %q: want a legend and broken category labels", texts)
	}
}

// TestSpread: on a linear axis mean ± sample sd, on a logarithmic one of the
// logarithms (values 1 and 100: geometric mean 10, sd of log10 √2).
func TestSpread(t *testing.T) {
	mean, lo, hi := spread([]float64{1, 3}, newScale(false))
	if mean != 2 || math.Abs(lo-(2-math.Sqrt2)) > 1e-15 || math.Abs(hi-(2+math.Sqrt2)) > 1e-15 {
		t.Errorf("linear: got %v, %v, %v", mean, lo, hi)
	}
	mean, lo, hi = spread([]float64{1, 100}, newScale(true))
	if math.Abs(mean-10) > 1e-12 || math.Abs(math.Log10(hi)-(1+math.Sqrt2)) > 1e-12 || math.Abs(math.Log10(lo)-(1-math.Sqrt2)) > 1e-12 {
		t.Errorf("logarithmic: got %v, %v, %v", mean, lo, hi)
	}
}

func TestTicks(t *testing.T) {
	tests := []struct {
		s    scale
		want string
	}{
		{scale{lo: 0, hi: 0.062}, "0 0.02 0.04 0.06"},
		{scale{lo: 0, hi: 1.2}, "0 0.2 0.4 0.6 0.8 1.0 1.2"},
		{scale{lo: -1, hi: 1}, "-1.0 -0.5 0 0.5 1.0"},
		{scale{lo: 1, hi: 5, integers: true}, "1 2 3 4 5"},
		{scale{lo: 0, hi: 10.1, integers: true}, "0 2 4 6 8 10"},
		{scale{lo: 0, hi: 200, integers: true}, "0 50 100 150 200"},
		{scale{lo: 0, hi: 12e6}, "0 2e6 4e6 6e6 8e6 1e7 1.2e7"},
		{scale{lo: 0.9, hi: 15, log: true}, "1 2 5 10"},
		{scale{lo: 1e-4, hi: 1, log: true}, "1e-4 0.001 0.01 0.1 1"},
		{scale{lo: 1e-36, hi: 10, log: true}, "1e-36 1e-30 1e-24 1e-18 1e-12 1e-6 1"},
	}
	for _, test := range tests {
		var labels []string
		for _, tick := range test.s.ticks() {
			if tick.label != "" {
				labels = append(labels, tick.label)
			}
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.s, got, test.want)
		}
	}
}

// TestColors: a name keeps its colour in every chart, whatever else it shows.
func TestColors(t *testing.T) {
	c := NewColors("normal", "dbn")
	vermillion := color.NRGBA{0xD5, 0x5E, 0x00, 0xFF} // Okabe and Ito (2008)
	if c.Of("dbn") != vermillion || c.with([]string{"new", "dbn"}).look("dbn").color != vermillion {
		t.Errorf("got %v", c.Of("dbn"))
	}
	if c.Of("new") == c.Of("normal") || c.with([]string{"new"}).look("new").color == c.Of("dbn") {
		t.Error("a new name takes another's colour")
	}
	alone := Dots{YLabel: "y", Items: []Item{{"", "dbn", []float64{1}}}, Colors: c}
	svg, err := alone.SVG()
	if err != nil || !strings.Contains(string(svg), "#D55E00") || strings.Contains(string(svg), "#0072B2") {
		t.Errorf("dbn alone is not vermillion (error %v)", err)
	}
	looks := map[string]bool{}
	for i := range 32 {
		names := make([]string, 32)
		for k := range names {
			names[k] = fmt.Sprint(k)
		}
		l := NewColors(names...).look(names[i])
		looks[fmt.Sprint(l.color, l.dashes)] = true
	}
	if len(looks) != 32 {
		t.Errorf("%d looks for 32 names", len(looks))
	}
}

func TestSheet(t *testing.T) {
	s := Sheet{Height: 1, Width: 2, Columns: 2, Scale: 3, Tiles: [][]float32{{-1, 3}, {0.5, float32(nan)}, {7, 7}}}
	at := func(s Sheet, tile, pixel int) color.NRGBA {
		t.Helper()
		data, err := s.PNG()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != 2*(6+2)+2 || b.Dy() != 2*(3+2)+2 {
			t.Fatalf("size %v", b)
		}
		// The middle of the pixel's 3×3 block.
		x, y := 2+tile%2*8+pixel*3+1, 2+tile/2*5+1
		return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	}
	grey := func(g uint8) color.NRGBA { return color.NRGBA{g, g, g, 0xFF} }
	white := grey(0xFF)
	unit, diverge, both := s, s, s
	unit.Range, diverge.Palette = UnitRange, Diverging
	both.Range, both.Palette = UnitRange, Diverging
	tests := []struct {
		s           Sheet
		tile, pixel int
		want        color.NRGBA
	}{
		{s, 0, 0, grey(0)}, {s, 0, 1, white}, // own range
		{s, 1, 1, missing}, {s, 2, 0, grey(128)}, // NaN; constant
		{s, 3, 0, white}, // no tile
		{unit, 0, 0, grey(0)}, {unit, 0, 1, white}, {unit, 1, 0, grey(128)},
		{diverge, 0, 1, palette[1]}, {diverge, 0, 0, color.NRGBA{0xAA, 0xD0, 0xE5, 0xFF}}, // −1 of ±3: a third of the way to 00 72 B2
		{both, 0, 0, palette[0]}, {both, 0, 1, palette[1]},
	}
	for i, test := range tests {
		if got := at(test.s, test.tile, test.pixel); got != test.want {
			t.Errorf("case %d, tile %d, pixel %d: got %v, want %v", i, test.tile, test.pixel, got, test.want)
		}
	}
	// Automatic columns and scale.
	many := Sheet{Height: 28, Width: 28, Tiles: make([][]float32, 100)}
	many.Tiles[0] = make([]float32, 784)
	data, err := many.PNG()
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width != 10*(28*2+2)+2 || config.Height != config.Width {
		t.Errorf("got %v, %v", config, err)
	}
}

// TestFit: a label keeps to the middle of its axis, then to the canvas, and shrinks last.
func TestFit(t *testing.T) {
	width := textWidth("0123456789", textSize)
	tests := []struct{ lo, hi, least, most, at, size vg.Length }{
		{100, 100 + width, 0, 100 + width, 100 + width/2, textSize},
		{100, 90 + width, 0, 90 + width, 90 + width/2, textSize}, // at the far end
		{10, width, 10, 2 * width, 10 + width/2, textSize},       // at the near end
		{10, width / 2, 0, width / 2, width / 4, textSize / 2},   // everywhere
	}
	for _, test := range tests {
		at, size := fit("0123456789", test.lo, test.hi, test.least, test.most)
		if math.Abs(float64(at-test.at)) > 1e-9 || math.Abs(float64(size-test.size)) > 1e-9 {
			t.Errorf("%+v: got %v, %v", test, at, size)
		}
	}
}

// TestCategorySize: a word longer than its category's room is set smaller, and only then.
func TestCategorySize(t *testing.T) {
	ch := chart{categories: []string{"one", "two three", "four"}}
	if size := ch.categorySize(); size != textSize {
		t.Errorf("got %v for words with room, want %v", size, textSize)
	}
	ch.categories = []string{"regularisation", "a", "b", "c", "d"}
	size := ch.categorySize()
	if width := textWidth("regularisation", size); size >= textSize || math.Abs(float64(width-ch.categoryWidth())) > 2 {
		t.Errorf("got size %v, with which the word is %v wide where there is room for %v", size, width, ch.categoryWidth())
	}
}

// TestNarrowLogAxis: two marks at least, so that a reader sees the scale.
func TestNarrowLogAxis(t *testing.T) {
	for _, ends := range [][2]float64{{7.5, 19}, {0.11, 0.19}, {210, 230}, {1e-7, 1.01e-7}, {1, 10}, {3, 7e5}} {
		s := &scale{log: true, lo: ends[0], hi: ends[1]}
		labels := map[string]bool{}
		for _, tick := range s.ticks() {
			if tick.value < s.lo*(1-1e-9) || tick.value > s.hi*(1+1e-9) {
				t.Errorf("%v: a mark at %v", ends, tick.value)
			}
			if tick.label != "" {
				labels[tick.label] = true
			}
		}
		if len(labels) < 2 {
			t.Errorf("%v: got labels %v, want two at least", ends, labels)
		}
	}
}

// TestSpreadInWords: captions speak of seeds where there are several, and of logarithms where the
// axis takes them.
func TestSpreadInWords(t *testing.T) {
	one, two := []Series{{Y: [][]float64{{1}}}}, []Series{{Y: [][]float64{{1}}}, {Y: [][]float64{{1}, {2}}}}
	for _, test := range []struct {
		got               string
		seeds, logarithms bool
	}{
		{Lines{Series: one, LogY: true}.Spread(), false, false},
		{Lines{Series: two, LogX: true}.Spread(), true, false},
		{Lines{Series: two, LogY: true}.Spread(), true, true},
		{Dots{Items: []Item{{Values: []float64{1}}}, LogY: true}.Spread(), false, false},
		{Dots{Items: []Item{{Values: []float64{1}}, {Values: []float64{1, 2}}}}.Spread(), true, false},
		{Dots{Items: []Item{{Values: []float64{1, 2}}}, LogY: true}.Spread(), true, true},
	} {
		if strings.Contains(test.got, "seed") != test.seeds || strings.Contains(test.got, "logarithms") != test.logarithms || (test.got != "") != test.seeds {
			t.Errorf("got %q, want one that speaks of seeds: %v, of logarithms: %v", test.got, test.seeds, test.logarithms)
		}
	}
}

// Intervals take the place of the standard deviation, also of a single value, and the axis
// reaches as far as they do.
func TestIntervals(t *testing.T) {
	d := Dots{YLabel: "error", Items: []Item{{"", "ours", []float64{3, 5}}, {"", "paper", []float64{2}}}}
	plain, err := d.SVG()
	if err != nil {
		t.Fatal(err)
	}
	d.Interval = func(i Item) (low, high float64) { return 1, 40 }
	intervals, err := d.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if a, b := strings.Join(parseSVG(t, plain), "|"), strings.Join(parseSVG(t, intervals), "|"); strings.Contains(a, "40") || !strings.Contains(b, "40") {
		t.Errorf("texts %q and %q: want the axis to reach 40 with the intervals alone", a, b)
	}
	if mean, lo, hi := d.spread(d.Items[0], newScale(false)); mean != 4 || lo != 1 || hi != 40 {
		t.Errorf("got %g, %g, %g", mean, lo, hi)
	}
	if mean, _, _ := d.spread(Item{}, newScale(false)); !math.IsNaN(mean) {
		t.Errorf("no value: mean %g", mean)
	}
}
