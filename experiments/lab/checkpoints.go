package lab

import (
	"fmt"

	"capas/datasets"
	"capas/internal/kernels"
	"capas/models"
	"capas/pretrain"
)

// kernelsEntry is the family of kernels in a checkpoint's identity.
const kernelsEntry = "kernels"

// advise says how to go on from a checkpoint of other kernels.
func advise(entry, value string) string {
	if entry != kernelsEntry || value == "" {
		return ""
	}
	return fmt.Sprintf("to go on with those, set %s=%s", kernels.EnvFamily, value)
}

// Checkpoints returns the store of the pipeline of one network, such as "seed-1-dbn",
// in the run's checkpoints. It goes on only from checkpoints of the same recipe, data
// and kernels, warns of damaged ones on the progress display, and writes nothing when
// the output directory has been deleted or replaced. data are the sets that training
// reads.
func (r *Run[R]) Checkpoints(name string, data ...*datasets.Set) (*pretrain.Files, error) {
	recipe, err := marshal(r.Recipe)
	if err != nil {
		return nil, fmt.Errorf("checkpoints of %s: recipe: %w", name, err)
	}
	family, err := kernels.Family()
	if err != nil {
		return nil, fmt.Errorf("checkpoints of %s: %w", name, err)
	}
	identity := map[string]string{"network": name, "preset": r.Preset, "recipe": string(recipe), kernelsEntry: family}
	if r.Backend == backendTorch {
		identity["backend"] = r.Backend + " on " + r.Device
	}
	for _, set := range data {
		identity["data "+set.Name] = fmt.Sprintf("%d examples, CRC-32C %08x", set.Len(), set.Checksum())
	}
	return &pretrain.Files{
		Path: r.Checkpoint(name), Identity: identity, Check: r.CheckOut, Advise: advise,
		Warn: func(message string) { r.Progress.Printf("warning: %s\n", message) },
		Note: func(message string) { r.Progress.note("%s\n", message) },
	}, nil
}

// SaveModel writes a model to the run's models, as models/<name>.safetensors, which
// PyTorch and experiments/inspect read; see models.Save. It fails when the output
// directory has been deleted or replaced.
func (r *Run[R]) SaveModel(name string, model any) error {
	return models.SaveIf(r.Model(name+".safetensors"), model, nil, r.CheckOut)
}
