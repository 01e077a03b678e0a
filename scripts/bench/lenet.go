package main

import (
	"capas/autodiff/ops"
	"capas/blocks"
	"capas/models"
	"capas/random"
)

// lenetKernel is the side of the kernels of a cnn, lenetPool that of the squares of which the
// largest pixel remains.
const lenetKernel, lenetPool = 5, 2

// lenet is a LeNet of the workload's sizes: the side of the images, two numbers of maps, hidden
// units, classes.
func (w workload) lenet(weights *random.Stream) (*models.ConvNet, error) {
	var convs []models.ConvSpec
	for _, maps := range w.sizes[1:3] {
		convs = append(convs, models.ConvSpec{Maps: maps, Kernel: [2]int{lenetKernel, lenetKernel}, Pool: ops.SquarePool(lenetPool)})
	}
	return models.NewConvNet("cnn", [3]int{1, w.sizes[0], w.sizes[0]}, convs, w.sizes[3:], w.activation, blocks.Uniform(), blocks.Uniform(), weights)
}

// lenetFlop is the number of floating-point operations of the step's products. The images need
// no gradient.
func (w workload) lenetFlop() float64 {
	const area = lenetKernel * lenetKernel
	side := w.sizes[0] - lenetKernel + 1
	first := float64(side*side*area) * float64(w.sizes[1])
	side = side/lenetPool - lenetKernel + 1
	second := float64(side*side*area) * float64(w.sizes[1]) * float64(w.sizes[2])
	side /= lenetPool
	dense := float64(side*side*w.sizes[2])*float64(w.sizes[3]) + float64(w.sizes[3])*float64(w.sizes[4])
	return 2 * float64(w.batch) * (2*first + 3*second + 3*dense)
}
