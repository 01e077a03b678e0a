package blocks

import (
	"fmt"
	"slices"
	"strings"

	"capas/autodiff/ops"
	"capas/random"

	G "gorgonia.org/gorgonia"
)

// Dropout sets each element of x to 0 with probability drop and divides the others by
// 1−drop, so that the expected value stays x and evaluation needs no scaling
// (Srivastava et al. 2014, in the "inverted" form). The gradient passes through the
// elements that were kept, by the same factor. drop must be in [0,1); 0 is x itself.
// Build the evaluation graph without it.
func Dropout(x *G.Node, drop float64, s *random.Stream) (*G.Node, error) {
	if !(drop >= 0 && drop < 1) {
		return nil, fmt.Errorf("dropout: want a probability in [0,1), got %g", drop)
	}
	if drop == 0 && x != nil {
		return x, nil
	}
	var c ops.Chain
	return c.Do(ops.Mul(x, c.Do(ops.Mask(x, 1-drop, 1/(1-drop), s)))), c.Err()
}

// Corruption is the noise of a denoising autoencoder (Vincent et al. 2010, §3.3). The
// zero value is none. In recipes and flags it is its name, as String returns it.
type Corruption struct {
	kind  string
	level float64
}

// Masking sets a fraction of the inputs, chosen at random, to 0.
func Masking(fraction float64) Corruption { return Corruption{"masking", fraction} }

// GaussianNoise adds N(0, sd) to every input.
func GaussianNoise(sd float64) Corruption { return Corruption{"gaussian", sd} }

// SaltAndPepper sets a fraction of the inputs, chosen at random, to 0 or 1 with equal
// probability.
func SaltAndPepper(fraction float64) Corruption { return Corruption{"salt-and-pepper", fraction} }

// Corruptions lists examples of all corruptions.
func Corruptions() []string {
	return []string{"none", "masking(0.25)", "gaussian(0.5)", "salt-and-pepper(0.1)"}
}

// ParseCorruption returns the corruption of the given name, with its level in
// parentheses.
func ParseCorruption(s string) (Corruption, error) {
	name, hasArg, level, err := parseCall(s)
	if err != nil {
		return Corruption{}, fmt.Errorf("corruption %w", err)
	}
	if name == "none" && !hasArg {
		return Corruption{}, nil
	}
	if !hasArg || !slices.Contains([]string{"masking", "gaussian", "salt-and-pepper"}, name) {
		return Corruption{}, fmt.Errorf("corruption %q is unknown, want one of %s", s, strings.Join(Corruptions(), ", "))
	}
	c := Corruption{name, level}
	return c, c.check()
}

func (c Corruption) check() error {
	if !(c.level >= 0) || c.kind != "gaussian" && c.level > 1 {
		return fmt.Errorf("corruption %s: want a fraction in [0,1], or a standard deviation of at least 0", c)
	}
	return nil
}

// String is the name, such as "none" or "masking(0.25)".
func (c Corruption) String() string {
	if c.kind == "" {
		return "none"
	}
	return formatCall(c.kind, true, c.level)
}

// MarshalText is String.
func (c Corruption) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText is ParseCorruption.
func (c *Corruption) UnmarshalText(text []byte) (err error) {
	*c, err = ParseCorruption(string(text))
	return err
}

// Apply is the corrupted input, drawn anew at each run.
func (c Corruption) Apply(x *G.Node, s *random.Stream) (*G.Node, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var ch ops.Chain
	switch c.kind {
	case "":
		if x == nil {
			return nil, fmt.Errorf("corruption: the operand is missing")
		}
		return x, nil
	case "masking":
		return ch.Do(ops.Mul(x, ch.Do(ops.Mask(x, 1-c.level, 1, s)))), ch.Err()
	case "gaussian":
		return ch.Do(ops.Add(x, ch.Do(ops.Normal(x, c.level, s)))), ch.Err()
	case "salt-and-pepper": // keep·x + (1−keep)·coin
		keep := ch.Do(ops.Mask(x, 1-c.level, 1, s))
		coin := ch.Do(ops.Mask(x, 0.5, 1, s))
		kept := ch.Do(ops.Mul(x, keep))
		return ch.Do(ops.Add(kept, ch.Do(ops.Mul(coin, ch.Do(ops.Linear(keep, -1, 1)))))), ch.Err()
	}
	return nil, fmt.Errorf("corruption %q is unknown", c.kind)
}
