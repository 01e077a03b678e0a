package random

// Uniform fills dst with values uniform in [0,1): multiples of 2^−24, the upper 24 bits of a word each.
func (s *Stream) Uniform(dst []float32) { s.Reserve(len(dst)).Uniform(dst, 0) }

// Uniform64 fills dst with the values Uniform would draw.
func (s *Stream) Uniform64(dst []float64) { s.Reserve(len(dst)).Uniform64(dst, 0) }

// Bernoulli sets dst[i] to 1 with probability p[i], else to 0: to 1 if u < p[i] for the u that Uniform would draw. p ≤ 0
// and NaN never give 1, p ≥ 1 always does. dst and p may be the same slice; other lengths than equal ones panic.
func (s *Stream) Bernoulli(dst, p []float32) { s.Reserve(len(dst)).Bernoulli(dst, p, 0) }

// Bernoulli64 is Bernoulli in float64, with the same u.
func (s *Stream) Bernoulli64(dst, p []float64) { s.Reserve(len(dst)).Bernoulli64(dst, p, 0) }

// Mask sets dst[i] to value with probability keep, else to 0: the mask of dropout (value 1/keep) and of masking
// corruption (value 1).
func (s *Stream) Mask(dst []float32, keep, value float32) {
	s.Reserve(len(dst)).Mask(dst, keep, value, 0)
}

// Mask64 is Mask in float64, with the same u.
func (s *Stream) Mask64(dst []float64, keep, value float64) {
	s.Reserve(len(dst)).Mask64(dst, keep, value, 0)
}

// Normal fills dst with standard normal values by the method of Box and Muller, from pairs of words at positions 2j
// and 2j+1 of the stream: the cosine at even, the sine at odd positions. A call that starts or ends within a pair uses half of it,
// so that one long call still equals several short ones. The last bits depend on the kernel family, as those of every
// function of floats do; uniforms, Bernoulli draws and masks do not.
func (s *Stream) Normal(dst []float32) { s.Reserve(len(dst)).Normal(dst, 0) }

// Normal64 fills dst with the values Normal would draw.
func (s *Stream) Normal64(dst []float64) { s.Reserve(len(dst)).Normal64(dst, 0) }
