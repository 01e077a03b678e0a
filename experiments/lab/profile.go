package lab

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/pprof"
	"strings"

	"capas/autodiff"
)

// profiler is what -profile asks for; nil without.
type profiler struct {
	table   *autodiff.Profile
	samples bytes.Buffer
}

// startProfiler begins to sample the process, if the settings ask for it.
func startProfiler[R any](set *settings[R]) (*profiler, error) {
	if !set.profile {
		return nil, nil
	}
	p := &profiler{table: autodiff.NewProfile()}
	if err := pprof.StartCPUProfile(&p.samples); err != nil {
		return nil, fmt.Errorf("-profile: %w", err)
	}
	return p, nil
}

// operations is the profile that compiled functions are to record into, or nil.
func (p *profiler) operations() *autodiff.Profile {
	if p == nil {
		return nil
	}
	return p.table
}

// stop ends the sampling, prints the table behind the progress display, which it
// closes, and writes the two files, by Results.write.
func (p *profiler) stop(progress *Progress, write func(name string, data []byte) error) error {
	if p == nil {
		return nil
	}
	pprof.StopCPUProfile()
	var table strings.Builder
	if _, err := p.table.WriteTo(&table); err != nil {
		return err
	}
	progress.close()
	progress.Printf("%s", table.String())
	return errors.Join(
		write(profileFile, []byte(table.String())),
		write(samplesFile, p.samples.Bytes()),
	)
}
