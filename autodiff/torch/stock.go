//go:build libtorch && cgo

package torch

import (
	"fmt"

	lib "github.com/sugarme/gotch/libtch"
	G "gorgonia.org/gorgonia"
)

// stockName is a name for one of Gorgonia's own operations, whose types are not exported.
func stockName(op G.Op) string { return fmt.Sprintf("%T %v", op, op) }

// stock are Gorgonia's own arithmetic and functions of elements.
func stock() map[string]translator {
	all := map[string]translator{}
	one := func(f func(c *calls, x handle) handle) translator {
		return plain(func(c *calls, x []handle) handle { return f(c, x[0]) })
	}
	two := func(f func(c *calls, a, b handle) handle) translator {
		return plain(func(c *calls, x []handle) handle { return f(c, x[0], x[1]) })
	}
	for name, f := range map[string]func(out *handle, x handle){
		"exp": lib.AtgExp, "ln": lib.AtgLog, "log2": lib.AtgLog2, "log1p": lib.AtgLog1p, "expm1": lib.AtgExpm1, "sqrt": lib.AtgSqrt, "neg": lib.AtgNeg,
		"abs": lib.AtgAbs, "sign": lib.AtgSign, "sin": lib.AtgSin, "cos": lib.AtgCos, "tanh": lib.AtgTanh, "sigmoid": lib.AtgSigmoid, "inv": lib.AtgReciprocal, "invSqrt": lib.AtgRsqrt, "ceil": lib.AtgCeil, "floor": lib.AtgFloor,
	} {
		all["gorgonia.elemUnaryOp "+name] = one(func(c *calls, x handle) handle { return c.unary(f, x) })
	}
	all["gorgonia.elemUnaryOp square"] = one((*calls).square)
	all["gorgonia.elemUnaryOp cube"] = one(func(c *calls, x handle) handle { return c.mul(c.square(x), x) })
	all["gorgonia.elemUnaryOp softplus"] = one((*calls).softplus)
	for name, f := range map[string]func(c *calls, a, b handle) handle{
		"+": (*calls).add, "-": (*calls).sub, "⊙": (*calls).mul, "÷": (*calls).div,
		"^": func(c *calls, a, b handle) handle { return c.binary(lib.AtgPow, a, b) },
	} {
		all["gorgonia.elemBinOp "+name+" false"] = two(f)
	}
	return all
}
