package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"capas/internal/atomicfile"
	"capas/internal/lockfile"
	"capas/internal/regularfile"
)

// outcome is what came of an attempt.
type outcome string

const (
	done        outcome = "done"
	failed      outcome = "failed"
	interrupted outcome = "interrupted"
)

// attempt is one run of a point's process. One without an end runs, or was killed
// together with the process that watched it.
type attempt struct {
	Start   time.Time `json:"start"`
	Host    string    `json:"host"`
	PID     int       `json:"pid,omitempty"` // of the experiment; 0 until it has begun
	Job     string    `json:"job,omitempty"` // of Slurm
	End     time.Time `json:"end,omitzero"`
	Outcome outcome   `json:"outcome,omitempty"`
	Error   string    `json:"error,omitempty"`
	// Progress tells that there are newer checkpoints than at the start.
	Progress bool `json:"progress,omitempty"`
}

// maxAttempts bounds the file of a point's attempts, in bytes.
const maxAttempts = 4 << 20

// attempts are those of a point, in their order.
func (s *sweep) attempts(point int) ([]attempt, error) {
	data, err := regularfile.Read(s.attemptFile(point, ".json"), maxAttempts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []attempt
	if err == nil {
		if err = json.Unmarshal(data, &all); err != nil {
			err = fmt.Errorf("%s: %w", s.attemptFile(point, ".json"), err)
		}
	}
	return all, err
}

// record writes the attempts of a point, whose lock the caller holds.
func (s *sweep) record(point int, all []attempt) error {
	data, err := encode(all)
	if err != nil {
		return err
	}
	return atomicfile.WriteIf(s.attemptFile(point, ".json"), data, s.check)
}

// timed tells that the attempt has a beginning and an end that mean something.
func (a attempt) timed() bool { return a.PID > 0 && !a.End.IsZero() && a.Error != lostText }

// amend changes the attempts of a point, unless a process works at it.
func (s *sweep) amend(point int, change func(all []attempt) []attempt) error {
	if s.inUse(point) {
		return nil
	}
	lock, err := lockfile.Acquire(s.attemptFile(point, ".lock"))
	if errors.Is(err, lockfile.ErrInUse) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	all, err := s.attempts(point)
	if err != nil {
		return err
	}
	return s.record(point, change(all))
}

// bury records that an attempt failed which could not say so itself: the last one, unless
// it goes on alone, or, if that has an end, one that never began.
func (s *sweep) bury(point int, why string) error {
	return s.amend(point, func(all []attempt) []attempt {
		now := time.Now().UTC()
		if len(all) == 0 || !all[len(all)-1].End.IsZero() {
			all = append(all, attempt{Start: now})
		}
		last := &all[len(all)-1]
		last.End, last.Outcome, last.Error = now, failed, why
		return all
	})
}

// blame records that the last attempt, which was interrupted in vain, counts as a failure.
func (s *sweep) blame(point int) error {
	return s.amend(point, func(all []attempt) []attempt {
		if n := len(all); n > 0 && all[n-1].Outcome == interrupted {
			all[n-1].Outcome, all[n-1].Error = failed, vainText
		}
		return all
	})
}

// failures is the number of attempts that failed, or were killed before they could say so.
func (st state) failures() (n int) {
	for _, a := range st.attempts {
		if a.Outcome == failed || a.End.IsZero() {
			n++
		}
	}
	return n
}
