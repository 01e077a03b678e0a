package main

import "slices"

// function is an elementwise function dst[i] = f(in[0][i], in[1][i], …, scalars).
type function struct {
	name    string
	in      []string
	scalars []string
	body    func(b *block, x, s []value) value
}

// small says that the function returns whether all results are below 2 in magnitude, so that only others need be looked at for
// such as are not finite: the passes that make new parameters.
func (f function) small() bool {
	return slices.Contains([]string{"momentum", "sgd", "nesterov", "rmsprop", "adam"}, f.name)
}

var functions = []function{
	unary("exp", (*block).exp),
	unary("sigmoid", (*block).sigmoid),
	unary("tanh", (*block).tanh),
	unary("softplus", (*block).softplus),
	unary("log", (*block).log),
	unary("lecunTanh", func(b *block, x value) value {
		return b.mul(b.tanh(b.mul(x, konst("lecunS"))), konst("lecunA"))
	}),
	unary("relu", func(b *block, x value) value { // the addition makes +0 of −0
		return b.add(b.max(konst("zero"), x), konst("zero"))
	}),
	unary("softsign", func(b *block, x value) value {
		return b.div(x, b.add(b.and(x, konst("magnitude")), konst("one")))
	}),
	unary("square", func(b *block, x value) value { return b.mul(x, x) }),
	unary("abs", func(b *block, x value) value { return b.and(x, konst("magnitude")) }),
	unary("sign", func(b *block, x value) value {
		return b.sub(b.where(b.less(konst("zero"), x), konst("one")), b.where(b.less(x, konst("zero")), konst("one")))
	}),
	{"leakyReLU", []string{"x"}, []string{"alpha"}, func(b *block, x, s []value) value {
		return b.choose(b.less(konst("zero"), x[0]), b.mul(x[0], s[0]), x[0])
	}},
	{"addScalar", []string{"x"}, []string{"s"}, func(b *block, x, s []value) value { return b.add(x[0], s[0]) }},
	{"subFrom", []string{"x"}, []string{"s"}, func(b *block, x, s []value) value { return b.sub(s[0], x[0]) }},
	{"scale", []string{"x"}, []string{"a"}, func(b *block, x, s []value) value { return b.mul(x[0], s[0]) }},
	{"linear", []string{"x"}, []string{"a", "d"}, func(b *block, x, s []value) value {
		return b.add(b.mul(x[0], s[0]), s[1])
	}},

	binary("add", (*block).add),
	binary("sub", (*block).sub),
	binary("mul", (*block).mul),
	{"sigmoidGrad", []string{"y", "dy"}, nil, func(b *block, x, s []value) value {
		return b.mul(x[1], b.mul(x[0], b.sub(konst("one"), x[0])))
	}},
	{"tanhGrad", []string{"y", "dy"}, []string{"a", "b"}, func(b *block, x, s []value) value {
		return b.mul(x[1], b.sub(s[0], b.mul(s[1], b.mul(x[0], x[0]))))
	}},
	{"leakyReLUGrad", []string{"y", "dy"}, []string{"alpha"}, func(b *block, x, s []value) value {
		return b.choose(b.less(konst("zero"), x[0]), b.mul(x[1], s[0]), x[1])
	}},
	{"softsignGrad", []string{"y", "dy"}, nil, func(b *block, x, s []value) value {
		u := b.sub(konst("one"), b.and(x[0], konst("magnitude")))
		return b.mul(x[1], b.mul(u, u))
	}},

	{"addProduct", []string{"x", "y", "z"}, nil, func(b *block, x, s []value) value { return b.add(x[0], b.mul(x[1], x[2])) }},
	{"productSum", []string{"x", "y", "z", "w"}, nil, func(b *block, x, s []value) value {
		return b.add(b.mul(x[0], x[1]), b.mul(x[2], x[3]))
	}},
	{"mix", []string{"x", "y", "a"}, nil, func(b *block, x, s []value) value { return b.add(x[0], b.mul(x[2], b.sub(x[1], x[0]))) }},
	{"sigmoidGradProduct", []string{"y", "dy", "x"}, nil, func(b *block, x, s []value) value {
		return b.mul(b.mul(x[1], x[2]), b.mul(x[0], b.sub(konst("one"), x[0])))
	}},
	{"sigmoidGradMix", []string{"y", "dy", "x", "z"}, nil, func(b *block, x, s []value) value {
		return b.mul(b.mul(x[1], b.sub(x[2], x[3])), b.mul(x[0], b.sub(konst("one"), x[0])))
	}},
	{"tanhGradProduct", []string{"y", "dy", "x"}, nil, func(b *block, x, s []value) value {
		return b.mul(b.mul(x[1], x[2]), b.sub(konst("one"), b.mul(x[0], x[0])))
	}},
	{"tanhGradMix", []string{"y", "dy", "a"}, nil, func(b *block, x, s []value) value {
		return b.mul(b.mul(x[1], b.sub(konst("one"), x[2])), b.sub(konst("one"), b.mul(x[0], x[0])))
	}},
	{"addTanhGradProduct", []string{"c", "y", "dy", "x"}, nil, func(b *block, x, s []value) value {
		return b.add(x[0], b.mul(b.mul(x[2], x[3]), b.sub(konst("one"), b.mul(x[1], x[1]))))
	}},

	binary("momentum", (*block).add),
	{"sgd", []string{"w", "dw"}, []string{"rate", "l2"}, func(b *block, x, s []value) value {
		return b.sub(x[0], b.mul(s[0], b.decayed(x[1], s[1], x[0])))
	}},
	{"velocity", []string{"v", "w", "dw"}, []string{"rate", "mu", "l2"}, func(b *block, x, s []value) value {
		return b.sub(b.mul(s[1], x[0]), b.mul(s[0], b.decayed(x[2], s[2], x[1])))
	}},
	{"nesterov", []string{"w", "v", "dw"}, []string{"rate", "mu", "l2"}, func(b *block, x, s []value) value {
		return b.sub(b.add(x[0], b.mul(s[1], x[1])), b.mul(s[0], b.decayed(x[2], s[2], x[0])))
	}},
	{"average", []string{"a", "w", "dw"}, []string{"l2", "rho", "rest"}, func(b *block, x, s []value) value {
		return b.add(b.mul(s[1], x[0]), b.mul(s[2], b.decayed(x[2], s[0], x[1])))
	}},
	{"averageSquare", []string{"a", "w", "dw"}, []string{"l2", "rho", "rest"}, func(b *block, x, s []value) value {
		d := b.decayed(x[2], s[0], x[1])
		return b.add(b.mul(s[1], x[0]), b.mul(s[2], b.mul(d, d)))
	}},
	{"rmsprop", []string{"w", "s", "dw"}, []string{"rate", "l2", "epsilon"}, func(b *block, x, s []value) value {
		return b.sub(x[0], b.div(b.mul(s[0], b.decayed(x[2], s[1], x[0])), b.add(b.sqrt(x[1]), s[2])))
	}},
	{"adam", []string{"w", "m", "s"}, []string{"rate", "correction", "epsilon"}, func(b *block, x, s []value) value {
		return b.sub(x[0], b.div(b.mul(s[0], x[1]), b.add(b.mul(b.sqrt(x[2]), s[1]), s[2])))
	}},
}

// decayed is g + l2·w.
func (b *block) decayed(g, l2, w value) value { return b.add(g, b.mul(l2, w)) }

func unary(name string, f func(b *block, x value) value) function {
	return function{name, []string{"x"}, nil, func(b *block, x, _ []value) value { return f(b, x[0]) }}
}

func binary(name string, f func(b *block, x, y value) value) function {
	return function{name, []string{"x", "y"}, nil, func(b *block, x, _ []value) value { return f(b, x[0], x[1]) }}
}
