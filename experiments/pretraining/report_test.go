package main

import (
	"strings"
	"testing"
)

// The report says where first weights come from, with all that was done to them.
func TestDescribeInit(t *testing.T) {
	for _, c := range []struct {
		chains, joint int
		init, want    string
	}{
		{0, 0, initDBN, "RBMs, CD-1, 5 epochs a layer"},
		{100, 0, initDBN, "RBMs, 100 persistent chains, CD-1, 5 epochs a layer"},
		{0, 3, initDBN, "RBMs, CD-1, 5 epochs a layer, then 3 epochs as one deep autoencoder"},
		{0, 3, initSDAE, "5 epochs a layer, then 3 epochs as one deep autoencoder"},
		{0, 3, initNormal, "N(0, 1/√n)"},
	} {
		r := presets()["lecture"]
		r.DBN.Chains, r.JointEpochs = c.chains, c.joint
		if got := describeInit(r, c.init); !strings.HasSuffix(got, c.want) || strings.HasSuffix(c.want, "layer") && got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}
