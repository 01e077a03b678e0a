package main

import "capas/experiments/lab"

// newRun is a run with a recipe and nothing else.
func newRun(r Recipe) *lab.Run[Recipe] { return &lab.Run[Recipe]{Recipe: r} }
