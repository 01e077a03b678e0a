package kernels

import (
	"os"
	"strings"
	"testing"
)

func TestChooseFamily(t *testing.T) {
	both := []family{avx2, portable}
	for _, c := range []struct {
		want string
		have []family
		got  family
		err  string
	}{
		{"", both, avx2, ""},
		{"", both[1:], portable, ""},
		{"avx2", both, avx2, ""},
		{"portable", both, portable, ""},
		{"avx2", both[1:], portable, `CAPAS_KERNELS="avx2": want one that this machine supports (portable)`},
		{"AVX512", both, avx2, `CAPAS_KERNELS="AVX512": want one that this machine supports (avx2, portable)`},
	} {
		s := choose(c.want, c.have)
		if s.family != c.got {
			t.Errorf("choose(%q, %v) = %v, want %v", c.want, c.have, s.family, c.got)
		}
		if (s.err == nil) != (c.err == "") || s.err != nil && !strings.Contains(s.err.Error(), c.err) {
			t.Errorf("choose(%q, %v): error %v, want %q", c.want, c.have, s.err, c.err)
		}
	}
}

// Unless the variable is set wrongly, Family names one of the families of this machine.
func TestFamily(t *testing.T) {
	name, err := Family()
	if want := choose(os.Getenv(EnvFamily), supported()); name != want.family.String() || (err == nil) != (want.err == nil) {
		t.Errorf("Family() = %q, %v, want %q, %v", name, err, want.family, want.err)
	}
}
