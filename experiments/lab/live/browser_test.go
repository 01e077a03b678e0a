package live

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"capas/internal/chromium"
	"capas/pretrain"
	"capas/train"
)

// run trains networks, one after the other, for the page to have something to show, until ctx is
// cancelled.
func run(ctx context.Context, t *testing.T, s *State) {
	for n := 1; ctx.Err() == nil; n++ {
		all, _ := stages(t, 30)
		epochs := map[string]int{}
		for _, stage := range all {
			epochs[stage.Name] = 30
		}
		j := s.Job(fmt.Sprintf("seed %d dbn", n), 100)
		j.Start()
		j.Pipeline(uint64(n), "dbn", all, epochs)
		total := 0
		p := &pretrain.Pipeline{
			Stages: all,
			Between: func(ctx context.Context, stage *pretrain.Stage, at train.Moment) time.Duration {
				time.Sleep(5 * time.Millisecond)
				s.budget.Store(int64(time.Second)) // however slow the machine is
				return j.Between(ctx, stage, at)
			},
			AfterEpoch: func(stage string, e train.Epoch, _ bool) error {
				total++
				values := map[string]float64{}
				for _, v := range e.Train {
					values["train."+v.Name] = v.Value
				}
				for _, v := range e.Validation {
					values["validation."+v.Name] = v.Value
				}
				text, err := json.Marshal(values)
				s.Log(uint64(n), "dbn", stage, e.Epoch, text)
				s.Progress(float64(total)/120, time.Duration(total)*time.Second, time.Minute, fmt.Sprintf("%s, epoch %d", stage, e.Epoch))
				return err
			},
		}
		_, err := p.Run(ctx)
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		j.End(err)
	}
}

const square = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90" fill="#0072b2"/></svg>`

// TestBrowser follows a run in a browser: all that there is appears and changes without a reload, in windows of a
// phone and a laptop; the run can be paused and stopped by the keyboard; the page goes on when
// the server is started again; and the console stays empty.
func TestBrowser(t *testing.T) {
	program, err := chromium.Find("")
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), 5*time.Minute, fmt.Errorf("not done in 5 minutes"))
	defer cancel()
	style := string(must(os.ReadFile("../report.css"))(t))
	var stops atomic.Int32
	s := New(Info{Experiment: "first", Title: "First run", Question: "Does it work?", Section: "3", Preset: "smoke", Seeds: []uint64{1, 2}})
	v := must(Listen("localhost:0", s, Options{Style: style, Stop: func() { stops.Add(1) }}))(t)
	closed := false
	defer func() {
		if !closed {
			v.Close()
		}
	}()
	training, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(training, t, s)
	}()
	defer func() {
		stop()
		<-ended
	}()

	b := must(chromium.Start(ctx, program))(t)
	defer b.Stop()
	tab, closeTab, err := b.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer closeTab()
	tab.Allowed = func(address string) bool { return strings.HasPrefix(address, v.Address()) }
	page := pageTest{t, ctx, tab}
	if err := tab.Navigate(ctx, v.Control()); err != nil {
		t.Fatal(err)
	}
	page.until("the buttons are there", `!document.querySelector("#controls").hidden`)
	page.is("the token is in the address", `!location.href.includes("token")`)
	page.do(`window.marker = "the same page"`)
	page.until("title", `document.querySelector("h1").textContent === "First run"`)
	page.until("the pipeline's stages", `[...document.querySelectorAll(".stages li span")].map(e => e.textContent).join() === "layer 1,layer 2,up-down,fine-tuning"`)
	page.until("a learning curve", `document.querySelectorAll("#charts svg path.curve").length > 0 && document.querySelector("#charts svg").getBoundingClientRect().height > 50`)
	page.until("filters", `document.querySelector("#filters img")?.naturalWidth > 50`)
	page.until("samples", `document.querySelector("#samples img")?.naturalWidth > 50`)
	page.until("bars", `document.querySelectorAll("#norms .bar").length > 2 && document.querySelector("#norms .bar").getBoundingClientRect().width > 2`)

	for name, what := range map[string]string{
		"filters": `document.querySelector("#filters img").src`, "samples": `document.querySelector("#samples img").src`,
		"curves": `[...document.querySelectorAll("#charts svg path.curve")].map(e => e.getAttribute("d")).join()`, "bars": `document.querySelector("#norms tbody").textContent`,
		"times": `document.querySelector("#times").textContent`, "stages": `document.querySelector(".stages").innerHTML + document.querySelector(".job span").textContent`,
	} {
		var before string
		page.evaluate(what, &before)
		text, _ := json.Marshal(before)
		page.until(name+" change", what+" !== "+string(text))
	}
	s.Figure("square.svg", "A square", "It is blue.", []byte(square))
	s.Metric("dbn.test_error", 1, 0.02)
	s.Metric("dbn.test_error", 2, 0.04)
	s.Claims([]Claim{{"3.2", "It works.", "0.02 < 0.04", true}}, []byte("<!DOCTYPE html><title>Report</title>"))
	page.until("figure", `document.querySelector("#figures img")?.naturalWidth === 90`)
	page.until("metric", `document.querySelector("#metrics tbody").textContent === "dbn.test_error0.03 ± 0.0141"`)
	page.until("claim", `document.querySelector(".claim.yes").textContent.includes("It works.")`)

	for _, view := range chromium.Views() {
		if _, err := tab.Look(ctx, view); err != nil {
			t.Fatal(err)
		}
		if dir := os.Getenv("CAPAS_SCREENSHOTS"); dir != "" {
			page.do(`new Promise(done => setTimeout(done, 1000))`)
			if err := tab.Screenshot(ctx, view, filepath.Join(dir, "live-"+view.Name+".png")); err != nil {
				t.Error(err)
			}
		}
	}
	if err := tab.Resize(ctx, chromium.Views()[0]); err != nil { // the phone's
		t.Fatal(err)
	}

	page.press("Tab")
	page.focused("#pause")
	page.press("Enter")
	page.until("paused", `document.querySelector("#state").textContent === "Paused" && document.querySelector("#pause").textContent === "Continue"`)
	page.is("the pause is not announced", `document.querySelector("[aria-live=polite]").textContent.startsWith("Paused")`)
	if !s.paused.Load() {
		t.Error("the run does not pause")
	}
	page.focused("#pause")
	page.press(" ")
	page.until("going on", `document.querySelector("#state").textContent === "Running"`)
	page.do(`window.was = fetch; window.fetch = async () => { throw new TypeError("no connection"); }`)
	page.press("Enter")
	page.until("word of a request that failed", `document.querySelector("#notice").textContent === "The program could not be asked to pause."`)
	page.do(`window.fetch = was`)
	page.press("Tab")
	page.focused("#stop")
	for range 5 { // the question is taken back after some seconds, which may pass on a slow machine
		page.press("Enter")
		page.until("a question", `document.querySelector("#stop").textContent === "Really stop?"`)
		if stops.Load() != 0 {
			t.Error("stopped by one press")
		}
		page.press("Enter")
		page.until("an answer", `document.querySelector("#stop").textContent === "Stop"`)
		for deadline := time.Now().Add(5 * time.Second); stops.Load() == 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		}
		if stops.Load() != 0 {
			break
		}
	}
	if stops.Load() != 1 {
		t.Errorf("the run was asked to stop %d times", stops.Load())
	}
	another := s.Job("seed 9 other", 1)
	another.norms("somewhere", train.Values{{Name: "other.W", Value: 0.5}})
	page.until("a choice of networks", `[...document.querySelectorAll("#network option")].some(e => e.textContent === "seed 9 other")`)
	page.reach("#stage")
	page.reach("#network")
	page.do(`(() => { const e = document.activeElement; e.value = [...e.options].find(o => o.textContent === "seed 9 other").value; e.dispatchEvent(new Event("change")); })()`)
	page.until("the network that was chosen", `document.querySelector("#norms tbody").textContent === "other.W0.5" && document.querySelector("#filters").hidden`)
	for _, text := range tab.Wrong {
		t.Error(text)
	}

	// The program is started again, at the same address.
	v.Close()
	closed = true
	page.until("a lost connection", `document.querySelector("#state").textContent === "Connection lost"`)
	other := New(Info{Experiment: "second", Title: "Second run", Preset: "smoke", Seeds: []uint64{1}})
	w := must(Listen(v.listener.Addr().String(), other, Options{Style: style}))(t)
	defer w.Close()
	page.until("the second run", `document.querySelector("h1").textContent === "Second run"`)
	page.until("nothing of the first", `document.querySelector("#jobs").hidden && document.querySelector("#curves").hidden && document.querySelector("#results").hidden`)
	for epoch := 1; epoch <= 2; epoch++ {
		other.Log(1, "net", "fine-tuning", epoch, json.RawMessage(`{"train.loss": 1}`))
	}
	page.until("a curve that comes once, in the size of its place", `(e => e && e.viewBox.baseVal.width > 240 && e.viewBox.baseVal.width === e.clientWidth)(document.querySelector("#charts svg"))`)
	page.is("the page was loaded anew", `window.marker === "the same page"`)
	page.until("buttons without a token", `document.querySelector("#controls").hidden`)
	other.SetStatus(Failed, "no space left on device")
	page.until("the failure", `document.querySelector("#state").textContent === "Failed" && document.querySelector("#notice").textContent.includes("no space")`)
	for _, text := range tab.Wrong {
		if !regexp.MustCompile(`ERR_CONNECTION_(REFUSED|RESET)|ERR_ABORTED http://.*/events$`).MatchString(text) {
			t.Errorf("after the restart: %s", text)
		}
	}
}

// pageTest asks the page.
type pageTest struct {
	t   *testing.T
	ctx context.Context
	tab *chromium.Tab
}

func (p pageTest) evaluate(script string, result any) {
	p.t.Helper()
	if err := p.tab.Evaluate(p.ctx, script, result); err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
}

func (p pageTest) do(script string) {
	p.t.Helper()
	p.evaluate(script, nil)
}

// is fails with the text if a script does not give true.
func (p pageTest) is(otherwise, script string) {
	p.t.Helper()
	var ok bool
	if p.evaluate(script, &ok); !ok {
		p.t.Errorf("%s", otherwise)
	}
}

// until waits until a script gives true.
func (p pageTest) until(what, script string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeoutCause(p.ctx, time.Minute, fmt.Errorf("not in a minute"))
	defer cancel()
	if err := p.tab.Until(ctx, script); err != nil {
		var text string
		p.evaluate("document.body.innerText", &text)
		p.t.Fatalf("%s: %v; the page says %s; wrong is %q", what, err, text, p.tab.Wrong)
	}
}

func (p pageTest) press(key string) {
	p.t.Helper()
	if err := p.tab.Press(p.ctx, key); err != nil {
		p.t.Fatal(err)
	}
}

// reach presses Tab until an element has the focus.
func (p pageTest) reach(selector string) {
	p.t.Helper()
	for range 5 {
		p.press("Tab")
		var there bool
		if p.evaluate(`document.activeElement.matches("`+selector+`")`, &there); there {
			break
		}
	}
	p.focused(selector)
}

// focused checks that an element has the focus, and that it shows.
func (p pageTest) focused(selector string) {
	p.t.Helper()
	var outline string
	p.evaluate(`(() => {
		const e = document.activeElement;
		if (!e.matches("`+selector+`")) return "on " + e.outerHTML;
		const s = getComputedStyle(e);
		return e.matches(":focus-visible") && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 ? "" : "does not show: " + s.outline;
	})()`, &outline)
	if outline != "" {
		p.t.Errorf("focus of %s: %s", selector, outline)
	}
}
