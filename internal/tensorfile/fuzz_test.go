package tensorfile

import (
	"maps"
	"slices"
	"testing"

	"github.com/nlpodyssey/safetensors"
)

// Whatever the bytes, decoding them gives an error or a file that, encoded, decodes to
// the same. What another reader refuses is refused here as well.
func FuzzSafetensors(f *testing.F) {
	for _, x := range []*File{{}, sample(), {Tensors: []Tensor{{Name: "0.weight", Shape: []int{1, 2}, Data: []float32{1, 2}}}}} {
		f.Add(must[[]byte](f)(Encode(x)))
	}
	bad := hostile()
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if data := bad[name]; len(data) < 1000 {
			f.Add(data)
		}
	}
	f.Add(withHeader(`{"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}} `, 12))
	f.Add(withHeader(`{"__metadata__":{"format":"pt","é":"\ud83d\ude00\/"},"a":{"dtype":"BF16","shape":[2,0],"data_offsets":[0,0]}}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Decode(data)
		if err != nil {
			return
		}
		if _, err := safetensors.Deserialize(data); err != nil {
			t.Errorf("decoded what another reader refuses: %v", err)
		}
		again, err := Encode(x)
		if err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
		y, err := Decode(again)
		if err != nil {
			t.Fatalf("what was encoded cannot be decoded: %v", err)
		}
		same(t, "again", x, y)
	})
}
