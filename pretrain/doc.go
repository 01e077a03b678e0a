// Package pretrain chains the stages of layer-wise training into a pipeline: greedy
// unsupervised pretraining of one layer after the other, joint training of the stack
// if wanted, then supervised fine-tuning of the whole network (Hinton, Osindero & Teh
// 2006; Bengio et al. 2007; lecture 3.2).
//
// Random initialisation is the same pipeline without pretraining stages. Stacks of
// RBMs and of autoencoders, and layers that are trained one after the other with labels
// ([SupervisedLayers]), go through the same code: a [Layer] is what trains it and the code
// that it passes on.
//
// A pipeline with a [Store] can be interrupted at any moment and resumed: stages that
// were completed are loaded instead of run, the one under way goes on between the two
// steps where it was saved, and the bytes are those of a run without a break. [Files] is
// the store on disk. A checkpoint ([Checkpoint]) holds the parameters that each completed
// stage left and its history, and of the stage under way all that its steps change: see
// train.Snapshot.
package pretrain
