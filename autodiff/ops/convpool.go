package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// pooledConv is the geometry of a convolution whose maps are pooled by their largest pixels.
//
// At given places of these pixels the pooled maps are linear in the images and in the kernels.
// The trilinear form of such a convolution is that of Conv with the pooled maps put back to
// their places, and its three sides are each other's derivatives too. The places are the
// second half of what winners computes, the values the first: one pass over the images, in which no
// map is ever stored as a whole.
type pooledConv struct {
	convolution
	pool   convolution // on the maps
	window Pool
}

// ConvMaxPool2D is MaxPool2D(Conv2D(x, W)) + b, in one pass: kernels W (f,c,kh,kw) and images
// x (m,c,h,w) give (m,f,ph,pw), to whose map j element j of the vector b (f) is added; without
// if b is nil. The maps of the convolution are not kept, and its derivatives read the pooled
// ones only.
func ConvMaxPool2D(x, W, b *G.Node, o Conv, pool Pool) (*G.Node, error) {
	const name = "conv2d with max pooling"
	g := pooledConv{convolution: convolution{Conv: o}, window: pool}
	var err error
	if g.convolution, err = convOf(name, x, W, o); err != nil {
		return nil, err
	}
	g.pool = convolution{Conv: pool.conv(), m: g.m, c: g.f, h: g.oh, w: g.ow, f: g.f, kh: pool.Window[0], kw: pool.Window[1]}
	if g.pool.oh, g.pool.ow, err = pool.Out(g.oh, g.ow); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if g.oh*g.ow >= 1<<24 {
		return nil, fmt.Errorf("%s: want maps of fewer than 2²⁴ pixels, got %d×%d", name, g.oh, g.ow)
	}
	winners, err := Apply(Def{
		Name: g.name("winners"), Shape: tensor.Shape{g.m, 2, g.f, g.pool.oh * g.pool.ow},
		Ranged: &Ranged{Grain: 2 * g.pooled(), Flop: g.flop(), F32: winners(g, g.fast()), F64: winners(g, g.direct())},
	}, x, W)
	if err != nil {
		return nil, err
	}
	operands, wrt := G.Nodes{winners, x, W}, []bool{false, true, true}
	if b != nil {
		if n, err := length(name, b); err != nil || n != g.f {
			return nil, fmt.Errorf("%s: want a bias for each of %d kernels, got shape %v", name, g.f, b.Shape())
		}
		operands, wrt = append(operands, b), append(wrt, true)
	}
	return Apply(Def{
		Name: g.name(name), Shape: g.pool.maps(), Wrt: wrt,
		Ranged: &Ranged{Grain: g.pooled(), F32: winning[float32](g), F64: winning[float64](g)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			d := G.Nodes{nil, c.Do(g.images(dy, x[2], x[0])), c.Do(g.kernels(x[1], dy, x[0]))}
			if len(x) > 3 {
				d = append(d, c.Do(ChannelSum(dy)))
			}
			return d, c.Err()
		},
	}, operands...)
}

func (g pooledConv) name(what string) string {
	return fmt.Sprintf("%s [%v]", g.convolution.name(what), g.window)
}

// pooled is the number of elements of an example's pooled maps.
func (g pooledConv) pooled() int { return g.f * g.pool.oh * g.pool.ow }

// picked are the maps of images x and kernels W at the places of winners.
func (g pooledConv) picked(x, W, winners *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("conv2d at places"), Shape: g.pool.maps(), Wrt: []bool{true, true, false},
		Ranged: &Ranged{Grain: g.pooled(), Flop: g.flop(), F32: picked(g, g.fast()), F64: picked(g, g.direct())},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(g.images(dy, x[1], x[2])), c.Do(g.kernels(x[0], dy, x[2])), nil}, c.Err()
		},
	}, x, W, winners)
}

// images are those that kernels W make of pooled maps y, put back to the places of winners.
func (g pooledConv) images(y, W, winners *G.Node) (*G.Node, error) {
	return Apply(Def{
		Name: g.name("transposed conv2d at places"), Shape: g.image(), Wrt: []bool{true, true, false},
		Ranged: &Ranged{Grain: g.c * g.h * g.w, Flop: g.flop(), F32: imagesOf(g, g.fast()), F64: imagesOf(g, g.direct())},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{c.Do(g.picked(dy, x[1], x[2])), c.Do(g.kernels(dy, x[0], x[2])), nil}, c.Err()
		},
	}, y, W, winners)
}

// kernels are the sums over the examples of images x times pooled maps y at the places of
// winners.
func (g pooledConv) kernels(x, y, winners *G.Node) (*G.Node, error) {
	u := g.unfold()
	size, fold := u.elements*g.f, u.fold
	if step := g.sparseStep(); step > 0 {
		size, fold = step*g.f, u.foldRows(step)
	}
	parts, err := Apply(Def{
		Name: g.name("partial weights at places"), Shape: tensor.Shape{u.chunks(), size},
		Ranged: &Ranged{Grain: size, Flop: g.flop(), F32: kernelsOf(g, g.fast(), u.chunks(), size), F64: kernelsOf(g, g.direct(), u.chunks(), size)},
	}, x, y, winners)
	if err != nil {
		return nil, err
	}
	return Apply(Def{
		Name: g.name("weights at places"), Shape: g.kernel(), Wrt: []bool{false, true, true, false},
		Ranged: &Ranged{Grain: u.elements, F32: fold, F64: foldConv[float64](g.convolution, size)},
		Diff: func(x G.Nodes, y, dy *G.Node) (G.Nodes, error) {
			var c Chain
			return G.Nodes{nil, c.Do(g.images(x[2], dy, x[3])), c.Do(g.picked(x[1], dy, x[3])), nil}, c.Err()
		},
	}, parts, x, y, winners)
}
