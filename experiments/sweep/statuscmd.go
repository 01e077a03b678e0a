package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"capas/experiments/lab"
	"capas/internal/lockfile"
)

// statusCommand says where the points stand, from the files in the directory alone.
func statusCommand(opts options, stdout io.Writer) error {
	s, err := load(opts.out, opts.file)
	if err != nil {
		return err
	}
	return show(stdout, s.statusText(s.states()))
}

// maxListed bounds the points that are listed one by one.
const maxListed = 50

// statusText is for people.
func (s *sweep) statusText(all []state) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s: %s\n", s.plan.Experiment, short(s.dir), countText(all))
	if lock, err := lockfile.Acquire(s.at(lockName)); err == nil {
		lock.Release()
		if !s.settled(all) {
			fmt.Fprintf(&b, "no launcher; go on with: %s\n", lab.CommandLine("sweep", []string{"resume", short(s.dir)}))
		}
	} else if who, ok := lockfile.ReadOwner(s.at(lockName)); ok {
		fmt.Fprintf(&b, "launcher: process %d on %s\n", who.PID, who.Host)
	}
	b.WriteString(timeText(all))
	for _, kind := range []status{isRunning, isFailed, isLost} {
		n := 0
		for _, st := range all {
			if st.status != kind {
				continue
			}
			if n++; n > maxListed {
				continue
			}
			last := st.attempts[len(st.attempts)-1]
			switch kind {
			case isRunning:
				fmt.Fprintf(&b, "  %s: on %s for %v%s\n", s.plan.name(st.point), last.Host, st.since(), s.progress(st.point))
			default:
				fmt.Fprintf(&b, "  %s: %s, %s: %s\n", s.plan.name(st.point), kind, plural(len(st.attempts), "attempt"), st.err)
			}
		}
		if n > maxListed {
			fmt.Fprintf(&b, "  … and %d more %s\n", n-maxListed, kind)
		}
	}
	return b.String()
}

// progress is what the log of a point that runs says last.
func (s *sweep) progress(point int) string {
	saved, err := lab.Read(s.pointDir(point))
	if err != nil || len(saved.Stages) == 0 {
		return ""
	}
	st := saved.Stages[len(saved.Stages)-1]
	return strings.TrimRight(fmt.Sprintf(", %s %s", st.Run, strings.TrimSpace(fmt.Sprintf("%s epoch %d", st.Name, st.Last.Epoch))), " ")
}

// timeText says how long the points that are done took.
func timeText(all []state) string {
	var seconds []float64
	for _, st := range all {
		if s := st.seconds(); st.status == isDone && s > 0 { // a process whose launcher was killed has none
			seconds = append(seconds, s)
		}
	}
	if len(seconds) == 0 {
		return ""
	}
	slices.Sort(seconds)
	at := func(i int) time.Duration {
		return time.Duration(seconds[i] * float64(time.Second)).Round(10 * time.Millisecond)
	}
	return fmt.Sprintf("time of a point that is done: median %v, longest %v\n", at(len(seconds)/2), at(len(seconds)-1))
}
