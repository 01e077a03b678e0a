//go:build libtorch && cgo

package torch

import (
	"testing"

	"capas/autodiff/ops"
	"capas/blocks"
	"capas/datasets"
	"capas/models"
	"capas/train"
)

// example is a model with a batch of its examples.
type example struct {
	model train.Model
	batch datasets.Batch
}

// network makes a model of random sizes.
type network func(t *testing.T, s shapes) example

var small = blocks.Gaussian(0.3)

func autoencoder(tied bool, change func(a *models.Autoencoder)) network {
	return func(t *testing.T, s shapes) example {
		m, n, k := s.size(2, 9), s.size(3, 9), s.size(2, 9)
		a := must(models.NewAutoencoder("auto", n, k, tied, blocks.Sigmoid(), small, s.s))(t)
		a.Noise = s.s.Split("noise")
		change(a)
		return example{a, datasets.Batch{X: s.uniform(0, 1, m, n)}}
	}
}

func boltzmann(change func(t *testing.T, s shapes, r *models.RBM) train.Model) network {
	return func(t *testing.T, s shapes) example {
		m, n, k := s.size(4, 9), 3*s.size(1, 3), s.size(3, 9)
		r := must(models.NewRBM("rbm", n, k, small, s.s))(t)
		return example{change(t, s, r), datasets.Batch{X: s.mask(m, n)}}
	}
}

func convnet(specs []models.ConvSpec) network {
	return func(t *testing.T, s shapes) example {
		m, c, k := s.size(3, 6), s.size(1, 3), s.size(2, 5)
		net := must(models.NewConvNet("conv", [3]int{c, 11, 12}, specs, []int{s.size(3, 6), k}, blocks.Tanh(), small, small, s.s))(t)
		return example{net, datasets.Batch{X: s.uniform(0, 1, m, c*11*12), T: s.oneHot(m, k)}}
	}
}

func recurrent(o models.RecurrentOptions) network {
	return func(t *testing.T, s shapes) example {
		m := s.size(2, 6)
		o.Inputs, o.Units, o.Outputs, o.Steps = s.size(1, 4), s.size(2, 5), s.size(2, 4), s.size(2, 5)
		r := must(models.NewRecurrent("rnn", o, small, s.s))(t)
		x := s.normal(1, m, o.Steps*o.Inputs)
		outputs := o.Outputs
		if o.Each {
			outputs *= o.Steps
		}
		targets := s.oneHot(m*outputs/o.Outputs, o.Outputs)
		if err := targets.Reshape(m, outputs); err != nil {
			t.Fatal(err)
		}
		return example{r, datasets.Batch{X: x, T: targets}}
	}
}

// networks are all models that train.
func networks() map[string]network {
	mlp := func(o blocks.Output, drop float64) network {
		return func(t *testing.T, s shapes) example {
			m, n, k := s.size(2, 9), s.size(2, 9), s.size(2, 9)
			net := must(models.NewMLP("mlp", []int{n, s.size(2, 9), s.size(2, 9), k}, blocks.ReLU(), blocks.He(), blocks.Glorot(), s.s))(t)
			net.Output, net.DropInput, net.DropHidden, net.Noise = o, drop/2, drop, s.s.Split("noise")
			targets := s.oneHot(m, k)
			if o != blocks.Classes() {
				targets = s.uniform(0, 1, m, k)
			}
			return example{net, datasets.Batch{X: s.normal(1, m, n), T: targets}}
		}
	}
	gan := func(change func(a *models.GAN)) network {
		return func(t *testing.T, s shapes) example {
			m, n, k := s.size(3, 6), s.size(2, 6), s.size(2, 5)
			a := must(models.NewGAN("gan", []int{k, s.size(3, 6), n}, []int{n, s.size(3, 6)}, blocks.Binary(), small, s.s))(t)
			a.Noise = s.s.Split("noise")
			change(a)
			return example{a, datasets.Batch{X: s.uniform(0, 1, m, n)}}
		}
	}
	return map[string]network{
		"mlp classes": mlp(blocks.Classes(), 0), "mlp binary": mlp(blocks.Binary(), 0), "mlp numeric with dropout": mlp(blocks.Numeric(), 0.4),
		"autoencoder": autoencoder(true, func(*models.Autoencoder) {}),
		"untied":      autoencoder(false, func(a *models.Autoencoder) { a.Output = blocks.Numeric() }),
		"denoising":   autoencoder(true, func(a *models.Autoencoder) { a.Corruption = blocks.SaltAndPepper(0.3) }),
		"sparse":      autoencoder(true, func(a *models.Autoencoder) { a.Penalty = models.Penalty{KL: 0.3, Target: 0.1, L1: 0.1} }),
		"contractive": autoencoder(true, func(a *models.Autoencoder) {
			a.Penalty = models.Penalty{Contraction: 0.3, Change: 0.2, ChangeNoise: 0.3}
		}),
		"deep autoencoder": func(t *testing.T, s shapes) example {
			n := s.size(3, 9)
			st := must(models.NewStackedAutoencoder("deep", []int{n, s.size(3, 6), s.size(2, 4)}, true, blocks.Sigmoid(), small, s.s))(t)
			deep := must(st.Unroll("unrolled"))(t)
			return example{deep, datasets.Batch{X: s.uniform(0, 1, s.size(2, 9), n)}}
		},
		"cd-2": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			return &models.CD{Model: r, K: 2, Noise: s.s.Split("noise")}
		}),
		"sampled": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			cd := &models.CD{Model: r, K: 1, Sampled: true, Noise: s.s.Split("noise")}
			cd.Sparsity = must(models.NewSparsity(r, 0.1, 0.2, 0.9))(t)
			cd.Centring = must(models.NewCentring(r, 0.1))(t)
			return cd
		}),
		"persistent": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			return must(models.NewPersistentCD(r, 1, s.size(2, 5), s.s.Split("noise")))(t)
		}),
		"gaussian and rectified": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			r.VisibleUnits, r.HiddenUnits = models.GaussianUnits(), models.RectifiedUnits()
			return &models.CD{Model: r, K: 1, Noise: s.s.Split("noise")}
		}),
		"softmax units": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			r.VisibleUnits = models.SoftmaxUnits(3)
			return &models.CD{Model: r, K: 1, Sampled: true, Noise: s.s.Split("noise")}
		}),
		"tempering": boltzmann(func(t *testing.T, s shapes, r *models.RBM) train.Model {
			return must(models.NewTempering(r, 1, s.size(2, 4), models.Ladder(3, 0.5), nil, s.s.Split("noise")))(t)
		}),
		"label rbm": func(t *testing.T, s shapes) example {
			m, n, k := s.size(3, 9), s.size(3, 9), s.size(2, 4)
			r := must(models.NewLabelRBM("rbm", n, k, s.size(3, 6), small, s.s))(t)
			return example{&models.LabelCD{Model: r, K: 2, Sampled: true, Noise: s.s.Split("noise")}, datasets.Batch{X: s.mask(m, n), T: s.oneHot(m, k)}}
		},
		"discriminative": func(t *testing.T, s shapes) example {
			m, n, k := s.size(3, 9), s.size(3, 9), s.size(2, 4)
			r := must(models.NewLabelRBM("rbm", n, k, s.size(3, 6), small, s.s))(t)
			return example{models.Discriminative{LabelRBM: r}, datasets.Batch{X: s.mask(m, n), T: s.oneHot(m, k)}}
		},
		"up-down": func(t *testing.T, s shapes) example {
			m, n, k := s.size(3, 6), s.size(3, 6), s.size(2, 4)
			d, _, err := models.NewLabelDBN("dbn", []int{n, s.size(3, 5), s.size(3, 5)}, k, small, s.s)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Untie(); err != nil {
				t.Fatal(err)
			}
			return example{&models.UpDown{Model: d, K: 2, Noise: s.s.Split("noise")}, datasets.Batch{X: s.mask(m, n), T: s.oneHot(m, k)}}
		},
		"dbm": func(t *testing.T, s shapes) example {
			m, n := s.size(3, 6), s.size(3, 6)
			d := must(models.NewDBM("dbm", []int{n, s.size(3, 5), s.size(3, 5)}, small, s.s))(t)
			return example{must(models.NewDBMTraining(d, 3, 2, s.size(2, 4), s.s))(t), datasets.Batch{X: s.uniform(0, 1, m, n)}}
		},
		"convnet": convnet([]models.ConvSpec{
			{Maps: 3, Kernel: [2]int{3, 2}, Pool: ops.SquarePool(2)},
			{Maps: 2, Kernel: [2]int{2, 2}, Pool: ops.Pool{Window: [2]int{2, 2}}, Average: true},
		}),
		"convnet with normalisation": convnet([]models.ConvSpec{
			{Maps: 3, Kernel: [2]int{3, 3}, Conv: ops.Conv{Stride: [2]int{2, 2}, Pad: [2]int{1, 1}}, Norm: true},
			{Maps: 2, Kernel: [2]int{2, 2}, Norm: true, Pool: ops.SquarePool(2)},
		}),
		"rnn":           recurrent(models.RecurrentOptions{}),
		"lstm":          recurrent(models.RecurrentOptions{Cell: blocks.LSTM(), Each: true}),
		"gru both ways": recurrent(models.RecurrentOptions{Cell: blocks.GRU(), Layers: 2, Bidirectional: true}),
		"jordan": func(t *testing.T, s shapes) example {
			m, n, o, steps := s.size(2, 5), s.size(1, 4), s.size(1, 3), s.size(2, 5)
			j := must(models.NewJordan("jordan", n, s.size(2, 4), o, steps, "tanh", small, s.s))(t)
			return example{j, datasets.Batch{X: s.normal(1, m, steps*n), T: s.mask(m, steps*o)}}
		},
		"gan": gan(func(*models.GAN) {}),
		"gan with penalties": gan(func(a *models.GAN) {
			a.Penalty = models.GradientPenalty{R1: 0.3, Lipschitz: 2}
		}),
		"gan with a trace": func(t *testing.T, s shapes) example {
			e := gan(func(*models.GAN) {})(t, s)
			a := e.model.(*models.GAN)
			a.Trace = must(models.NewTrace("trace", 6, 2, 2))(t)
			a.Album = must(models.NewAlbum("album", 2, a.Generator.Inputs(), a.Discriminator.Inputs(), []int{0, 2}, s.s))(t)
			return e
		},
		"dcgan": func(t *testing.T, s shapes) example {
			a := must(models.NewDCGAN("dcgan", 3, []int{2, 3}, [3]int{1, 8, 8}, blocks.Binary(), small, s.s))(t)
			a.Noise = s.s.Split("noise")
			return example{a, datasets.Batch{X: s.uniform(0, 1, s.size(2, 4), 64)}}
		},
		"convolutional autoencoder": func(t *testing.T, s shapes) example {
			spec := models.ConvSpec{Maps: 3, Kernel: [2]int{3, 3}, Pool: ops.SquarePool(2)}
			net := must(models.NewConvNet("conv", [3]int{2, 8, 9}, []models.ConvSpec{spec}, []int{2}, blocks.Sigmoid(), small, small, s.s))(t)
			a := must(models.NewConvAutoencoder("auto", [3]int{2, 8, 9}, net.Convs[0], blocks.Binary()))(t)
			return example{a, datasets.Batch{X: s.uniform(0, 1, s.size(2, 4), 144)}}
		},
		"layers of a dbm": func(t *testing.T, s shapes) example {
			n := s.size(3, 6)
			d := must(models.NewDBM("dbm", []int{n, s.size(3, 5), s.size(3, 5)}, small, s.s))(t)
			stack := must(d.Stack(1, s.s))(t)
			return example{stack[0], datasets.Batch{X: s.uniform(0, 1, s.size(3, 6), n)}}
		},
		"policy and value": func(t *testing.T, s shapes) example {
			m, k := s.size(2, 5), s.size(2, 5)
			p := must(models.NewPolicyValue("net", [3]int{2, 3, 4}, nil, []int{s.size(3, 6)}, k, blocks.Tanh(), small, s.s))(t)
			targets := s.uniform(0, 1, m, k+1) // shares of the moves, and a result
			for i := range m {
				row, sum := targets.Float32s()[i*(k+1):][:k], float32(0)
				for _, v := range row {
					sum += v
				}
				for j := range row {
					row[j] /= sum
				}
			}
			return example{p, datasets.Batch{X: s.mask(m, 24), T: targets}}
		},
	}
}
