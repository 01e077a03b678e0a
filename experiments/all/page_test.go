package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"capas/experiments/lab"
)

// TestGroups: a section's claims come experiment by experiment, each group with its own
// count, a figure once for the claims in a row that it shows.
func TestGroups(t *testing.T) {
	c := &scorecard{Experiments: []entry{{Experiment: "a", Claims: 9}, {Experiment: "b"}, {Experiment: "c"}}}
	s := section{Section: "3.3", Claims: []verdict{
		{Experiment: "c", Claim: "1", Holds: true, Figure: "c/x.svg"},
		{Experiment: "a", Claim: "2", Figure: "a/x.svg"},
		{Experiment: "a", Claim: "3", Holds: true, Figure: "a/x.svg"},
		{Experiment: "a", Claim: "4"},
		{Experiment: "a", Claim: "5", Figure: "a/x.svg"},
	}}
	var got []string
	for _, g := range c.Groups(s) {
		text := fmt.Sprintf("%s %s %d/%d:", g.ID, g.Experiment, g.Holding, g.Claims)
		for _, p := range g.Pictures {
			text += " " + p.Figure
			for _, v := range p.Claims {
				text += " " + v.Claim
			}
		}
		got = append(got, text)
	}
	want := "section-3.3-a a 1/4: a/x.svg 2 3  4 a/x.svg 5; section-3.3-c c 1/1: c/x.svg 1"
	if text := strings.Join(got, "; "); text != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
}

// TestManyClaims: a page of many claims is folded, one of few is not; an experiment
// without claims has no verdicts, which is not the same as none that holds.
func TestManyClaims(t *testing.T) {
	for _, n := range []int{manyClaims, manyClaims + 1} {
		doc := &lab.Document{Config: lab.Config{Seeds: []uint64{1}}, Environment: lab.Environment{Seconds: time.Second.Seconds()}}
		for range n {
			doc.Claims = append(doc.Claims, lab.Claim{Section: "1", Claim: "x", Measured: "1 ± 1", Rule: "r"})
		}
		c := &scorecard{}
		c.add(&experiment{program: program{name: "many"}, state: done, result: doc})
		c.add(&experiment{program: program{name: "silent"}, state: done, result: &lab.Document{Config: doc.Config}})
		c.add(&experiment{program: program{name: "later"}, state: notRun})
		page, err := c.page()
		if err != nil {
			t.Fatal(err)
		}
		open := strings.Contains(string(page), `<details class="group" open>`)
		if folded := n > manyClaims; open == folded {
			t.Errorf("%d claims: open %v", n, open)
		}
		if !strings.Contains(string(page), "<td>no verdicts</td>") || !strings.Contains(string(page), fmt.Sprintf("<td>0 of %d</td>", n)) {
			t.Error("counts are missing")
		}
		if text := c.text("o"); !strings.Contains(text, fmt.Sprintf("0 of %d claims hold, 1s\n", n)) || !strings.Contains(text, "no verdicts, 0s\n  not run: later\n") {
			t.Errorf("got %s", text)
		}
	}
}
