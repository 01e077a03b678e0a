//go:build !amd64

package kernels

// supported lists the families this machine can run, best first.
func supported() []family { return []family{portable} }

func (family) tileSize() (rows, cols int) { return portableRows, portableCols }
func (family) multiply(p *Product)        { p.portable() }

func (family) exp(dst, x []float32)      { expPortable(dst, x) }
func (family) sigmoid(dst, x []float32)  { sigmoidPortable(dst, x) }
func (family) tanh(dst, x []float32)     { tanhPortable(dst, x) }
func (family) softplus(dst, x []float32) { softplusPortable(dst, x) }
func (family) log(dst, x []float32)      { logPortable(dst, x) }

func (family) philoxFill(dst []uint32, key, first uint64) { philoxFillPortable(dst, key, first) }
func (family) uniform(dst []float32, words []uint32)      { uniformPortable(dst, words) }
func (family) bernoulli(dst, p []float32, words []uint32) { bernoulliPortable(dst, p, words) }
func (family) normal(dst []float32, words []uint32)       { normalPortable(dst, words) }
func (family) mask(dst []float32, keep, value float32, words []uint32) {
	maskPortable(dst, keep, value, words)
}
