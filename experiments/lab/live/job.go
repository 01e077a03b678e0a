package live

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"capas/pretrain"
	"capas/train"
)

// Job is one piece of work of a run, such as the training of a network. Pipeline, Between and End are
// called by one goroutine. The methods of a nil Job do nothing.
type Job struct {
	s    *State
	view jobView // under the state's lock, but for the ID
	// What the training's goroutine keeps.
	tick  uint64          // the last look that was due
	stage *pretrain.Stage // that Between was last called from
	look  look
}

// jobView is the event "job".
type jobView struct {
	ID      int     `json:"id"`
	Name    string  `json:"name"`
	Status  string  `json:"status"` // waiting, running, complete, failed
	Message string  `json:"message"`
	Done    int64   `json:"done"` // of Units
	Units   int64   `json:"units"`
	Network bool    `json:"network"` // there are stages
	Seed    uint64  `json:"seed"`
	Run     string  `json:"run"` // as in the log
	Stages  []stage `json:"stages"`
	Stage   int     `json:"stage"` // index of the one under way
	Epoch   int     `json:"epoch"` // complete ones of it
	Epochs  int     `json:"epochs"`
	Batch   int     `json:"batch"` // of the epoch under way
	Batches int     `json:"batches"`
}

// stage is one of a pipeline's.
type stage struct {
	Name   string `json:"name"`
	Epochs int    `json:"epochs"` // 0 if they are not known
}

const waiting = "waiting"

// Job adds a job of so many units of work.
func (s *State) Job(name string, units int64) *Job {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs++
	j := &Job{s: s, view: jobView{ID: s.jobs, Name: name, Status: waiting, Units: units}}
	s.put(j.key(), "job", j.view)
	return j
}

func (j *Job) key() string { return fmt.Sprintf("job/%d", j.view.ID) }

// change changes what is shown of the job, which begins if it has not yet.
func (j *Job) change(f func(v *jobView)) {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	if j.view.Status == waiting {
		j.view.Status = Running
		j.s.running.Add(1)
	}
	f(&j.view)
	j.s.put(j.key(), "job", j.view)
}

// Start tells that the job begins.
func (j *Job) Start() {
	if j != nil {
		j.change(func(*jobView) {})
	}
}

// Tell says what the job is at, "" for the same as before, and how many units of it are done.
func (j *Job) Tell(message string, done int64) {
	if j == nil {
		return
	}
	j.change(func(v *jobView) {
		if message != "" {
			v.Message = message
		}
		v.Done = done
	})
}

// End tells that the job has ended.
func (j *Job) End(err error) {
	if j == nil {
		return
	}
	j.look = look{} // holds memory
	j.change(func(v *jobView) {
		if v.Status != Running {
			return
		}
		j.s.running.Add(-1)
		v.Status = Complete
		if err != nil {
			v.Status, v.Message = Failed, err.Error()
		}
	})
}

// Pipeline tells the stages of the network that the job trains from now on, which the
// log knows as run of the seed. epochs are those of the stages by name, as far as they are known.
func (j *Job) Pipeline(seed uint64, run string, stages []pretrain.Stage, epochs map[string]int) {
	if j == nil {
		return
	}
	var all []stage
	for _, s := range stages {
		all = append(all, stage{s.Name, epochs[s.Name]})
	}
	j.stage, j.look = nil, look{}
	j.change(func(v *jobView) {
		v.Network, v.Seed, v.Run, v.Stages, v.Stage, v.Epoch, v.Epochs, v.Batch, v.Batches = true, seed, run, all, 0, 0, 0, 0, 0
	})
}

// Between is called between two steps of a stage. It holds the training up as long as the
// run is to pause, and otherwise, if somebody watches and it is time, looks at the network.
// It returns the time that it held the training up.
func (j *Job) Between(ctx context.Context, s *pretrain.Stage, at train.Moment) time.Duration {
	if j == nil {
		return 0
	}
	held := j.s.Hold(ctx)
	tick := j.s.tick.Load()
	if tick == j.tick && s == j.stage {
		return held
	}
	start := time.Now()
	if s != j.stage {
		j.stage, j.look = s, look{next: j.look.next, height: j.look.height, width: j.look.width}
	}
	j.tick = tick
	j.change(func(v *jobView) {
		v.Stage = max(slices.IndexFunc(v.Stages, func(known stage) bool { return known.Name == s.Name }), 0)
		v.Epoch, v.Epochs, v.Batch, v.Batches = at.Epoch, at.Epochs, at.Batch, at.Batches
	})
	if at.Trainer != nil && j.s.viewers.Load() > 0 && j.s.budget.Load() > 0 && start.After(j.look.next) && ctx.Err() == nil {
		j.observe(at)
		j.s.budget.Add(-int64(time.Since(start)))
		j.look.next = time.Now().Add(lookEvery)
	}
	return held
}

// keptPictures is the number of jobs whose pictures are kept.
const keptPictures = 64

// picture tells a picture of the job's network: kind is "filters" or "samples".
func (j *Job) picture(kind, caption, alt string, png []byte) {
	j.put("picture/"+kind, "picture", struct {
		Job     int    `json:"job"`
		Kind    string `json:"kind"`
		Caption string `json:"caption"`
		Alt     string `json:"alt"`
		Data    string `json:"data"`
	}{j.view.ID, kind, caption, alt, "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)})
}

// norms tells gradient norms by parameter.
func (j *Job) norms(caption string, values train.Values) {
	type bar struct {
		Name string `json:"name"`
		Norm number `json:"norm"`
	}
	var bars []bar
	for _, v := range values {
		bars = append(bars, bar{v.Name, number(v.Value)})
	}
	j.put("norms", "norms", struct {
		Job     int    `json:"job"`
		Caption string `json:"caption"`
		Norms   []bar  `json:"norms"`
	}{j.view.ID, caption, bars})
}

// put replaces what a look has shown of the job, and forgets that of jobs that were first shown
// long ago.
func (j *Job) put(what, event string, value any) {
	s, id := j.s, j.view.ID
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(fmt.Sprintf("%s/%s", j.key(), what), event, value)
	if slices.Contains(s.shown, id) {
		return
	}
	s.shown = append(s.shown, id)
	if len(s.shown) > keptPictures {
		for _, what := range []string{"norms", "picture/filters", "picture/samples"} {
			delete(s.items, fmt.Sprintf("job/%d/%s", s.shown[0], what))
		}
		s.shown = s.shown[1:]
	}
}
