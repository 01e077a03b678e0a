package blas

import (
	"sync"

	"capas/internal/kernels"
	"capas/internal/workers"
)

// Multiply computes p on at most the given number of processors, 0 meaning all, as far as its size is worth it
// ([kernels.Product.Units]). Their number does not change any bit of the result.
func Multiply(p *kernels.Product, processors int) {
	pool := workers.Shared()
	if size := pool.Size(); processors <= 0 || processors > size {
		processors = size
	}
	rows, cols := p.Units(processors)
	if rows >= p.M && cols >= p.N {
		p.Run()
		return
	}
	t := tasks.Get().(*task)
	*t = task{product: *p, rows: rows, cols: cols, across: (p.N + cols - 1) / cols}
	pool.Run((p.M+rows-1)/rows*t.across, processors, t)
	*t = task{}
	tasks.Put(t)
}

var tasks = sync.Pool{New: func() any { return new(task) }}

// task is a product in units of rows × cols, across of them side by side.
type task struct {
	product            kernels.Product
	rows, cols, across int
}

// Do computes one unit.
func (t *task) Do(_, unit int) {
	block := t.product.Block(unit/t.across*t.rows, t.rows, unit%t.across*t.cols, t.cols)
	block.Run()
}
