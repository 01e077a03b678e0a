package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"capas/experiments/lab"
)

// Names of the files that collect writes.
const (
	csvName    = "table.csv"
	jsonName   = "table.jsonl"
	choiceName = "choice.json"
	timesName  = "times.csv" // apart, since no two runs have the same
	pageName   = "report.html"
)

// metrics are those of the table: the one that configurations are chosen by, and what is
// recorded beside it.
func (f *file) metrics() []string { return append([]string{f.Choose.metric()}, f.Record...) }

// row is a point of the table.
type row struct {
	point, config int
	seed          uint64
	values        []float64 // of the metrics
}

// values are a point's metrics, of its result.
func (s *sweep) values(point int) ([]float64, error) {
	return s.metricsOf(point, s.result(point), s.file.metrics())
}

// metricsOf are metrics of a point's result, whose names may have holes.
func (s *sweep) metricsOf(point int, doc *lab.Document, metrics []string) ([]float64, error) {
	if doc == nil {
		return nil, fmt.Errorf("point %d: no result", point)
	}
	var values []float64
	for _, name := range metrics {
		name = s.plan.expand(name, s.plan.config(point))
		m, ok := doc.Metrics[name]
		if !ok {
			return nil, metricError{fmt.Errorf("%s: no metric %s, it has %s", s.plan.name(point), name, nearest(name, slices.Sorted(maps.Keys(doc.Metrics))))}
		}
		values = append(values, m.Floats()[0])
	}
	return values, nil
}

// metricError tells that results lack a metric that the sweep file asks for.
type metricError struct{ error }

// maxNames bounds the names in an error.
const maxNames = 12

// nearest lists sorted names: if there are many, those that share most of their beginnings
// with one that is missing.
func nearest(missing string, names []string) string {
	more := len(names) - maxNames
	if more <= 0 {
		return strings.Join(names, ", ")
	}
	shared := func(name string) (n int) {
		for n < min(len(name), len(missing)) && name[n] == missing[n] {
			n++
		}
		return n
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(shared(b), shared(a)) })
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), more)
}

// rows are the points that are done, in their order.
func (s *sweep) rows(all []state) ([]row, error) {
	var rows []row
	for _, st := range all {
		if st.status != isDone {
			continue
		}
		values, err := s.metricsOf(st.point, st.result, s.file.metrics())
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{st.point, s.plan.config(st.point), s.plan.Seeds[s.plan.seed(st.point)], values})
	}
	return rows, nil
}

// csvTable is table.csv: a line a point; a value that is not finite is empty.
func (s *sweep) csvTable(rows []row) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(slices.Concat([]string{"point"}, s.plan.Factors, []string{"seed"}, labels(s.file.metrics())))
	for _, r := range rows {
		line := append([]string{strconv.Itoa(r.point)}, s.plan.Configs[r.config]...)
		line = append(line, strconv.FormatUint(r.seed, 10))
		for _, v := range r.values {
			line = append(line, numberText(v))
		}
		w.Write(line)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// numberText is the shortest text of a number, "" if it is not finite.
func numberText(v float64) string {
	if text, _ := lab.Number(v).MarshalJSON(); string(text) != "null" {
		return string(text)
	}
	return ""
}

// field is a name with a value.
type field struct {
	name  string
	value any
}

// fields are an object whose names keep their order.
type fields []field

// MarshalJSON implements json.Marshaler.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(x.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// typed is a flag's value as JSON: a number or truth value where it reads as one.
func typed(value string) any {
	if json.Valid([]byte(value)) && !strings.ContainsAny(value[:1], `"[{n`) {
		return json.RawMessage(value)
	}
	return value
}

// settings are a configuration's values of some factors.
func (s *sweep) settings(config int, factors []string) fields {
	out := fields{}
	for i, name := range s.plan.Factors {
		if slices.Contains(factors, name) {
			out = append(out, field{name, typed(s.plan.Configs[config][i])})
		}
	}
	return out
}

// jsonTable is table.jsonl: the same as table.csv, a value that is not finite being null.
func (s *sweep) jsonTable(rows []row) ([]byte, error) {
	var b bytes.Buffer
	names := labels(s.file.metrics())
	for _, r := range rows {
		metrics := fields{}
		for i, v := range r.values {
			metrics = append(metrics, field{names[i], lab.Number(v)})
		}
		line, err := json.Marshal(fields{{"point", r.point}, {"factors", s.settings(r.config, s.plan.Factors)}, {"seed", r.seed}, {"metrics", metrics}})
		if err != nil {
			return nil, err
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes(), nil
}

// timeTable is times.csv: a line for each attempt that has ended, with its begin, its wall
// time and its machine; the experiment's own time, of the process that came to the end, is
// that of the point's result.
func (s *sweep) timeTable(all []state) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write([]string{"point", "attempt", "outcome", "start", "seconds", "host", "job"})
	for _, st := range all {
		for i, a := range st.attempts {
			if a.timed() {
				w.Write([]string{
					strconv.Itoa(st.point), strconv.Itoa(i + 1), string(a.Outcome), a.Start.Format(time.RFC3339Nano),
					fmt.Sprintf("%.3f", a.End.Sub(a.Start).Seconds()), a.Host, a.Job,
				})
			}
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
