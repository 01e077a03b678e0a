package tensorfile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// dtype is a type of elements, by its name in the format.
type dtype string

const (
	f32  dtype = "F32"
	f64  dtype = "F64"
	f16  dtype = "F16"
	bf16 dtype = "BF16"
)

func parseDtype(s string) (dtype, error) {
	switch d := dtype(s); d {
	case f32, f64, f16, bf16:
		return d, nil
	}
	return "", fmt.Errorf("want floating-point numbers (F32, F64, F16 or BF16), got %.40q; in PyTorch, save tensor.float()", s)
}

// size is that of an element in bytes.
func (d dtype) size() int {
	switch d {
	case f64:
		return 8
	case f16, bf16:
		return 2
	}
	return 4
}

// convert sets dst to the little-endian numbers of src, as many as dst holds.
func (d dtype) convert(dst []float32, src []byte) error {
	switch d {
	case f64:
		for i := range dst {
			v := math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:]))
			dst[i] = float32(v)
			if math.IsInf(float64(dst[i]), 0) && !math.IsInf(v, 0) {
				return fmt.Errorf("want numbers that float32 holds, got %g", v)
			}
		}
	case f16:
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
		}
	case bf16: // the upper half of a float32
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	default:
		src = src[:4*len(dst)] // one check of bounds instead of one a number
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	}
	return nil
}

// half converts a number of IEEE 754 binary16: a sign, 5 bits of exponent with bias 15,
// 10 of fraction.
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, uint32(b>>10)&31, uint32(b)&1023
	switch exponent {
	case 0: // subnormal: fraction·2^−24, exact in float32
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31: // infinite or not a number
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
