//go:build !amd64

package kernels

// supported lists the families this machine can run, best first.
func supported() []family { return []family{portable} }

func (family) tileSize() (rows, cols int) { return portableRows, portableCols }
func (family) multiply(p *Product)        { p.portable() }

func (family) gather(p *Patches, matrix, image []float32, from, to int) {
	p.gatherPortable(matrix, image, from, to)
}
func (family) maxPairs(values, places, image []float32, rows, cols, step int) {
	maxPairsPortable(values, places, image, rows, cols, step)
}
func (family) combine(c *Combinations, dst []float32, step int) { c.portable(dst, step) }
func (family) gatherRuns(p *Runs, matrix, image []float32, step int) {
	p.gatherPortable(matrix, image, step)
}
func (family) scatterRuns(p *Runs, image, matrix []float32, step int) {
	p.scatterPortable(image, matrix, step)
}
func (family) scatter(p *Patches, image, matrix []float32, from, to int) {
	p.scatterPortable(image, matrix, from, to)
}

func (family) philoxFill(dst []uint32, key, first uint64) { philoxFillPortable(dst, key, first) }
func (family) uniform(dst []float32, key, first uint64)   { uniformPortable(dst, key, first) }
func (family) bernoulli(dst, p []float32, key, first uint64) {
	bernoulliPortable(dst, p, key, first)
}
func (family) mask(dst []float32, keep, value float32, key, first uint64) {
	maskPortable(dst, keep, value, key, first)
}
func (family) normalWords(dst []float32, words []uint32) { normalWordsPortable(dst, words) }

func (family) addToLanes(l *lanes, x []float32)              { addToLanesPortable(l, x) }
func (family) addSquaresToLanes(l *lanes, x []float32)       { addSquaresToLanesPortable(l, x) }
func (family) addEntropyToLanes(l *lanes, s, t, z []float32) { addEntropyToLanesPortable(l, s, t, z) }
func (family) colSum(dst, x []float32, rows, cols, ld int)   { colSumPortable(dst, x, rows, cols, ld) }
func (family) finite(x []float32) bool                       { return finitePortable(x) }
