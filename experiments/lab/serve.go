package lab

import (
	"context"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"strings"
	"time"

	"capas/experiments/lab/live"
	"capas/internal/regularfile"
)

// maxPage bounds the figures and the report that are shown again.
const maxPage = 256 << 20

// view is the live view of a run; that of a run without -serve is nil, and does nothing.
type view struct {
	state  *live.State
	server *live.Server
	stderr io.Writer
}

// serve begins the live view, if there is to be one, and says on stderr where it is. The context that it returns is
// also cancelled by the page's button.
func serve[R any](ctx context.Context, e Experiment[R], set *settings[R], progress *Progress, stderr io.Writer) (context.Context, *view, error) {
	if set.serve == "" {
		return ctx, nil, nil
	}
	state := live.New(live.Info{
		Experiment: e.Name, Title: e.Title, Question: e.Question, Section: e.Section,
		Preset: set.Preset, Seeds: set.Seeds, Data: set.Data,
	})
	ctx, stop := context.WithCancel(ctx)
	context.AfterFunc(ctx, state.Stopping)
	server, err := live.Listen(set.serve, state, live.Options{Style: reportStyle, Stop: func() {
		if ctx.Err() == nil && !state.Over() {
			progress.Printf("%s: asked to stop by the page: stopping", e.Name)
		}
		stop()
	}})
	if err != nil {
		stop()
		return ctx, nil, fmt.Errorf("-serve %s: %w", set.serve, err)
	}
	progress.live, progress.ctx = state, ctx
	progress.show()
	fmt.Fprintf(stderr, "%s: live view at %s (to watch only: %s)\n", e.Name, server.Control(), server.Address())
	if !server.Loopback() {
		fmt.Fprintf(stderr, "%s: warning: -serve %s: whoever reaches this machine can watch the run, and see the token on its way\n", e.Name, set.serve)
	}
	return ctx, &view{state, server, stderr}, nil
}

// runOrShow runs the experiment or, if it is to be shown and is complete, shows what it left.
func runOrShow[R any](ctx context.Context, e Experiment[R], set *settings[R], on engine, v *view, progress *Progress, stdout io.Writer) error {
	conf, err := newConfig(e.Name, set)
	if err != nil {
		return err
	}
	if v != nil {
		done, err := holds(set.Out, conf)
		if err != nil {
			return fmt.Errorf("-out %s: %w", set.Out, err)
		}
		if done {
			return v.again(set.Out, set.json, stdout)
		}
	}
	return execute(ctx, e, set, on, conf, progress, stdout)
}

// holds tells whether a complete run of the configuration is in dir. Whatever else is there
// is the business of openOut.
func holds(dir string, conf Config) (bool, error) {
	if there, err := exists(filepath.Join(dir, configFile)); err != nil || !there || checkOut(dir, conf) != nil {
		return false, err
	}
	return complete(dir)
}

// again shows the complete run in dir, and prints its result.
func (v *view) again(dir string, json bool, stdout io.Writer) error {
	saved, err := Read(dir)
	if err != nil {
		return err
	}
	doc := saved.Result
	if doc == nil {
		return fmt.Errorf("run %s: %s has gone", dir, resultFile)
	}
	if _, err := saved.eachLine(func(l Line, _ []byte) error {
		l.show(v.state)
		return nil
	}); err != nil {
		return fmt.Errorf("run %s: %s: %w", dir, metricsFile, err)
	}
	for _, name := range sortedKeys(doc.Metrics) {
		for i, value := range doc.Metrics[name].Floats() {
			v.state.Metric(name, doc.Seeds[i], value)
		}
	}
	page, err := regularfile.Read(saved.Path(reportFile), maxPage)
	if err != nil {
		return fmt.Errorf("run %s: %w", dir, err)
	}
	for _, file := range doc.Figures {
		if file != filepath.Base(file) {
			return fmt.Errorf("run %s: %s: figure %q: want a bare file name", dir, resultFile, file)
		}
		data, err := regularfile.Read(saved.Path(file), maxPage)
		if err != nil {
			return fmt.Errorf("run %s: %w", dir, err)
		}
		title, caption := captionOf(string(page), file)
		v.state.Figure(file, title, caption, data)
	}
	v.state.Claims(doc.verdicts(), page)
	v.state.Progress(1, time.Duration(doc.Environment.Seconds*float64(time.Second)), 0, "")
	text := []byte(summary(doc, dir))
	if json {
		if text, err = regularfile.Read(saved.Path(resultFile), maxDocument); err != nil {
			return fmt.Errorf("run %s: %w", dir, err)
		}
	}
	if _, err := stdout.Write(text); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// captionOf is what a report says of a figure; without that, its title is the name of its file.
func captionOf(report, file string) (title, caption string) {
	_, rest, _ := strings.Cut(report, `<figure id="`+html.EscapeString(figureID(file))+`"`)
	_, rest, _ = strings.Cut(rest, "<figcaption><b>")
	rest, _, _ = strings.Cut(rest, "</figcaption>")
	title, caption, ok := strings.Cut(rest, ".</b> ")
	if !ok {
		return strings.ReplaceAll(strings.TrimSuffix(file, filepath.Ext(file)), "_", " "), ""
	}
	return html.UnescapeString(title), html.UnescapeString(caption)
}

// stay shows a complete run until ctx is cancelled.
func (v *view) stay(ctx context.Context, name string) {
	if v == nil {
		return
	}
	v.state.SetStatus(live.Complete, "")
	if ctx.Err() == nil {
		fmt.Fprintf(v.stderr, "%s: the run is complete; the live view stays until Ctrl-C\n", name)
	}
	<-ctx.Done()
	v.server.Close()
}

// end shows how a run ended, and ends the view.
func (v *view) end(status, message string) {
	if v == nil {
		return
	}
	v.state.SetStatus(status, message)
	v.server.Close()
}

// show shows a line of the log.
func (l Line) show(state *live.State) {
	if text, err := l.Values.MarshalJSON(); err == nil {
		state.Log(l.Seed, l.Run, l.Stage, l.Epoch, text)
	}
}

// verdicts are the claims as the live view shows them.
func (d *Document) verdicts() []live.Claim {
	all := []live.Claim{}
	for _, c := range d.Claims {
		all = append(all, live.Claim{Section: c.Section, Claim: c.Claim, Measured: c.Measured, Holds: c.Holds})
	}
	return all
}
