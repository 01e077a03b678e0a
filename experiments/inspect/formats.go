package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"capas/internal/tensorfile"
)

// writeNPY writes a NumPy file, version 1.0 of the format ("NEP 1: A simple file format
// for NumPy arrays"): the magic string, the length of a header that is a Python literal,
// padded so that the numbers begin at a multiple of 64, and the numbers.
func writeNPY(b *bytes.Buffer, t tensorfile.Tensor) error {
	const magic = "\x93NUMPY\x01\x00"
	sizes := ""
	for _, d := range t.Shape {
		sizes += strconv.Itoa(d) + ", "
	}
	if len(t.Shape) > 1 {
		sizes = strings.TrimSuffix(sizes, ", ")
	}
	header := "{'descr': '<f4', 'fortran_order': False, 'shape': (" + strings.TrimSuffix(sizes, " ") + "), }"
	header += strings.Repeat(" ", 63-(len(magic)+2+len(header))%64) + "\n"
	b.WriteString(magic)
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	return binary.Write(b, binary.LittleEndian, t.Data)
}

// text is the shortest text of the same float32.
func text(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// writeCSV writes rows as long as the last dimension.
func writeCSV(b *bytes.Buffer, t tensorfile.Tensor) error {
	length := 1
	if len(t.Shape) > 0 {
		length = t.Shape[len(t.Shape)-1]
	}
	for i, v := range t.Data {
		b.WriteString(text(v))
		if (i+1)%length == 0 {
			b.WriteByte('\n')
		} else {
			b.WriteByte(',')
		}
	}
	return nil
}

// writeJSON writes nested arrays.
func writeJSON(b *bytes.Buffer, t tensorfile.Tensor) error {
	rest := t.Data
	var write func(shape []int)
	write = func(shape []int) {
		if len(shape) == 0 {
			if v := float64(rest[0]); math.IsNaN(v) || math.IsInf(v, 0) {
				b.WriteString("null")
			} else {
				b.WriteString(text(rest[0]))
			}
			rest = rest[1:]
			return
		}
		b.WriteByte('[')
		for i := range shape[0] {
			if i > 0 {
				b.WriteByte(',')
			}
			write(shape[1:])
		}
		b.WriteByte(']')
	}
	size := 1
	for _, d := range t.Shape {
		size *= max(d, 1) // so that no empty dimension hides how often it is written
	}
	if len(t.Data) == 0 && size > 1<<20 {
		return fmt.Errorf("shape %v has no elements but %d places", t.Shape, size)
	}
	write(t.Shape)
	b.WriteByte('\n')
	return nil
}
