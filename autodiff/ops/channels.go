package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ChannelSum is the sum over each channel of images x (m,c,h,w), a vector (c); over each
// column of a matrix.
func ChannelSum(x *G.Node) (*G.Node, error) {
	m, c, h, w, err := channels("channel sum", x)
	if err != nil {
		return nil, err
	}
	if x.Shape().Dims() == 2 {
		return ColSum(x)
	}
	var ch Chain
	sums := ch.Do(RowSum(ch.Do(Reshape(x, m*c, h*w))))
	return ch.Do(ColSum(ch.Do(Reshape(sums, m, c)))), ch.Err()
}

// RepeatChannels is the tensor of the given shape, (m,c,h,w) or (m,c), whose channel j is
// filled with element j of the vector b (c).
func RepeatChannels(b *G.Node, shape tensor.Shape) (*G.Node, error) {
	n, err := length("repeat channels", b)
	if err != nil {
		return nil, err
	}
	if d := shape.Dims(); d != 2 && d != 4 || shape[1] != n {
		return nil, fmt.Errorf("repeat channels: want shape (m,%d,h,w) or (m,%d) for a vector of %d, got %v", n, n, n, shape)
	}
	if err := positive("repeat channels", shape); err != nil {
		return nil, err
	}
	rows, err := RepeatRows(b, shape[0])
	if err != nil || shape.Dims() == 2 {
		return rows, err
	}
	var c Chain
	planes := c.Do(RepeatCols(c.Do(Reshape(rows, shape[0]*n)), shape[2]*shape[3]))
	return c.Do(Reshape(planes, shape...)), c.Err()
}

func channels(name string, x *G.Node) (m, c, h, w int, err error) {
	if x == nil {
		return 0, 0, 0, 0, fmt.Errorf("%s: the operand is missing", name)
	}
	switch s := x.Shape(); s.Dims() {
	case 2:
		return s[0], s[1], 1, 1, nil
	case 4:
		return s[0], s[1], s[2], s[3], nil
	default:
		return 0, 0, 0, 0, fmt.Errorf("%s: want shape (m,c,h,w) or (m,c), got %v", name, s)
	}
}
