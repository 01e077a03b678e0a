#!/bin/sh
# Makes the module that a notebook's cells are compiled in a child of this repository, so that they can import its packages
# and need no network. A notebook's first cell calls it, in that module's directory; $GONB_DIR is the notebook's.
set -e
cp "$GONB_DIR/go.mod" "$GONB_DIR/go.sum" .
go mod edit -module=capas/notebooks/cells -droptool=github.com/janpfeifer/gonb -droptool=golang.org/x/tools/cmd/goimports \
	-require=capas/notebooks@v0.0.0 -replace=capas/notebooks="$GONB_DIR" -replace=capas="$(dirname "$GONB_DIR")"
