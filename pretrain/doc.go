// Package pretrain chains the stages of layer-wise training into a pipeline: greedy
// unsupervised pretraining of one layer after the other, joint training of the stack
// if wanted, then supervised fine-tuning of the whole network (Hinton, Osindero & Teh
// 2006; Bengio et al. 2007; lecture 3.2).
//
// Random initialisation is the same pipeline without pretraining stages. Stacks of
// RBMs and of autoencoders go through the same code: a [Layer] is what trains it and
// the code that it passes on.
//
// A pipeline with a [Store] can be interrupted and resumed: stages that were completed
// are loaded instead of run. Every stage draws from streams of its own, so that a
// stage does the same whether the ones before it were run or loaded.
package pretrain
