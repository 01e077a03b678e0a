package live

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is what a viewer is sent.
type event struct {
	name string
	data []byte
}

// pointsAtOnce is how many points are in one event.
const pointsAtOnce = 1000

// after returns what has changed after the change of the given number, and the number of the
// last change.
func (s *State) after(seq uint64) (events []event, last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq >= s.seq {
		return nil, s.seq
	}
	var changed []*item
	for _, it := range s.items {
		if it.seq > seq {
			changed = append(changed, it)
		}
	}
	slices.SortFunc(changed, func(a, b *item) int { return cmp.Compare(a.seq, b.seq) })
	for _, it := range changed {
		if it.text == nil {
			it.text = encode(it.value)
		}
		events = append(events, event{it.event, it.text})
	}
	i, _ := slices.BinarySearchFunc(s.points, seq+1, func(p point, q uint64) int { return cmp.Compare(p.Seq, q) })
	for points := range slices.Chunk(s.points[i:], pointsAtOnce) {
		events = append(events, event{"points", encode(points)})
	}
	return events, s.seq
}

// encode is the JSON of what this package makes, which has one.
func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return text
}

// events sends a viewer what has changed, from the event on that its browser names, until
// it leaves, is too slow, or the server closes.
func (v *Server) events(w http.ResponseWriter, r *http.Request) {
	if v.state.viewers.Add(1) > maxViewers {
		v.state.viewers.Add(-1)
		http.Error(w, "too many viewers", http.StatusServiceUnavailable)
		return
	}
	defer v.state.viewers.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	out := &stream{w: w, control: http.NewResponseController(w)}
	if err := out.control.SetReadDeadline(time.Time{}); err != nil { // the request has been read
		return
	}
	seen, known := v.seen(r.Header.Get("Last-Event-ID"))
	fmt.Fprintf(&out.b, "retry: %d\n", retryMillis)
	out.event("hello", fmt.Appendf(nil, `{"instance":%q,"all":%t}`, v.instance, !known))
	if r.Method == http.MethodHead || out.flush() != nil {
		return
	}
	ticker := time.NewTicker(sendEvery)
	defer ticker.Stop()
	for last := time.Now(); ; {
		closing := false
		select {
		case <-v.closing:
			closing = true // what is sent now is the last
		default:
		}
		changed, now := v.state.after(seen)
		for _, e := range changed {
			out.event(e.name, e.data)
		}
		switch {
		case len(changed) > 0:
			fmt.Fprintf(&out.b, "id: %s-%d\n", v.instance, now)
			out.event("seen", []byte("{}"))
			seen, last = now, time.Now()
		case time.Since(last) > silence:
			out.b.WriteString(": here\n\n")
			last = time.Now()
		}
		if closing {
			out.event("bye", []byte("{}"))
		}
		if out.flush() != nil || closing {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-v.closing:
		case <-ticker.C:
		}
	}
}

// seen is the last change that a browser knows by the name of an event; known is false if that
// is none of this server's.
func (v *Server) seen(id string) (seq uint64, known bool) {
	text, ok := strings.CutPrefix(id, v.instance+"-")
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	return seq, err == nil
}

// stream writes events to a client, which must take them in time.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	b       strings.Builder
}

// event adds an event whose data are one line.
func (s *stream) event(name string, data []byte) {
	fmt.Fprintf(&s.b, "event: %s\ndata: %s\n\n", name, data)
}

func (s *stream) flush() error {
	if s.b.Len() == 0 {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(slowest)); err != nil {
		return err
	}
	_, err := io.WriteString(s.w, s.b.String())
	s.b.Reset()
	if err != nil {
		return err
	}
	return s.control.Flush()
}
