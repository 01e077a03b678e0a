package kernels

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// EnvFamily is the environment variable that forces a family: "portable", "avx2" or "avx512". Unset or empty leaves the choice to
// the machine.
const EnvFamily = "CAPAS_KERNELS"

// family is one implementation of all kernels.
type family uint8

const (
	portable family = iota
	avx2
	avx512
)

var familyNames = [...]string{portable: "portable", avx2: "avx2", avx512: "avx512"}

// String is the name that CAPAS_KERNELS knows the family by.
func (f family) String() string { return familyNames[f] }

type selection struct {
	family family
	err    error
}

// selected is computed at the first call of any kernel, so that importing the package does no work.
var selected = sync.OnceValue(func() selection { return choose(os.Getenv(EnvFamily), supported()) })

// active returns the family that the exported functions use.
func active() family { return selected().family }

// choose picks the family named by want from those the machine supports, best first; the empty name picks the best.
func choose(want string, have []family) selection {
	if want == "" {
		return selection{family: have[0]}
	}
	names := make([]string, len(have))
	for i, f := range have {
		if f.String() == want {
			return selection{family: f}
		}
		names[i] = f.String()
	}
	return selection{have[0], fmt.Errorf("kernels: %s=%q: want one that this machine supports (%s)",
		EnvFamily, want, strings.Join(names, ", "))}
}

// Family returns the name of the family in use: "avx512", "avx2" or "portable".
//
// The error is set if CAPAS_KERNELS names a family that does not exist or that this machine does not support. The kernels
// have no error of their own to return and run with the machine's best family then, so a program calls Family before it
// computes, and stops at an error.
func Family() (string, error) {
	s := selected()
	return s.family.String(), s.err
}
