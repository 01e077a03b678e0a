//go:build libtorch && cgo

package torch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"capas/autodiff"
	"capas/autodiff/ops"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// operation is one to be translated.
type operation struct {
	own *ops.Op // nil for one of Gorgonia's
	// name is the operation's, up to its parameters; p are these, with 1 and 0 for true and false.
	name string
	p    []float64
	node *G.Node
	in   []tensor.Shape
	out  tensor.Shape
}

// kernel computes an operation from the operands that its translation reads.
type kernel func(c *calls, x []handle) handle

// translation is how an operation is computed.
type translation struct {
	kernel kernel
	// reads are the operands that it needs, by number; nil for all.
	reads []int
}

// translator makes the translation of the operations of a name.
type translator func(o *operation) (translation, error)

// plain is the translation by a kernel that reads all operands.
func plain(k kernel) translator {
	return func(*operation) (translation, error) { return translation{kernel: k}, nil }
}

// reading is the translation by a kernel that reads some of the operands.
func reading(k kernel, operands ...int) (translation, error) {
	return translation{k, operands}, nil
}

// translators are those of all operations that the package knows, by name.
func translators() map[string]translator {
	all := map[string]translator{}
	for _, some := range []map[string]translator{
		arithmetic(), reductions(), activations(), losses(), convolutions(), pooling(), pooledConvolutions(), recurrences(), updates(), others(), memories(), stock(),
	} {
		for name, t := range some {
			all[name] = t
		}
	}
	return all
}

// translate finds how a value is computed.
func translate(all map[string]translator, p *autodiff.Program, v autodiff.Value) (translation, error) {
	o := &operation{node: v.Node, out: v.Node.Shape()}
	for _, x := range v.In {
		o.in = append(o.in, p.Values[x].Node.Shape())
	}
	text := v.Op.String()
	if o.own, _ = v.Op.(*ops.Op); o.own == nil {
		o.name = stockName(v.Op)
	} else if o.own.Draw != nil {
		return drawn(o), nil
	} else {
		o.name, o.p = parse(text)
	}
	t, ok := all[o.name]
	if !ok {
		return translation{}, fmt.Errorf("no translation of the operation %q with a result of shape %v", text, o.out)
	}
	out, err := t(o)
	if err != nil {
		return translation{}, fmt.Errorf("translation of the operation %q: %w", text, err)
	}
	return out, nil
}

var parameter = regexp.MustCompile(`true|false|[-+]?[0-9.]+(e[-+]?[0-9]+)?`)

// parse takes an operation's name apart, such as "linear(0.5,1)": what is before the parameters, and
// these. An ops.Def has all of its parameters in its name.
func parse(text string) (name string, p []float64) {
	from := strings.IndexAny(text, "([")
	if rest, ok := strings.CutPrefix(text, divergenceName); ok {
		from = len(text) - len(rest)
	}
	if from < 0 {
		return text, nil
	}
	for _, s := range parameter.FindAllString(text[from:], -1) {
		switch s {
		case "true":
			p = append(p, 1)
		case "false":
			p = append(p, 0)
		default:
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				continue // a dot that ends a sentence
			}
			p = append(p, v)
		}
	}
	return strings.TrimSpace(text[:from]), p
}

// want reports an operation with another number of parameters than its translator knows.
func (o *operation) want(n int) error {
	if len(o.p) != n {
		return fmt.Errorf("want %d parameters, got %v", n, o.p)
	}
	return nil
}

func (o *operation) int(i int) int   { return int(o.p[i]) }
func (o *operation) bool(i int) bool { return o.p[i] != 0 }
