package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// compareKeys orders by seed, then by run.
func compareKeys(seedA, seedB uint64, runA, runB string) int {
	return cmp.Or(cmp.Compare(seedA, seedB), cmp.Compare(runA, runB))
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// Number is a float64 whose JSON is null where it is not finite; null is read
// as NaN.
type Number float64

// MarshalJSON implements json.Marshaler.
func (x Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return []byte("null"), nil
	}
	return marshal(float64(x))
}

// UnmarshalJSON implements json.Unmarshaler.
func (x *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(x))
}

// encodeLine is the line of metrics.jsonl for a record, with its newline.
func encodeLine(seed uint64, run string, record any) ([]byte, error) {
	var b bytes.Buffer
	name, err := marshal(run)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, `{"seed":%d,"run":%s`, seed, name)
	v := reflect.ValueOf(record)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Struct:
		err = encodeFields(&b, v)
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		err = encodeEntries(&b, v)
	default:
		err = fmt.Errorf("a record is a struct or a map with string keys, got %T", record)
	}
	if err != nil {
		return nil, err
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// encodeFields writes ,"name":value for every exported field of a struct, by
// the rules of JSON tags (a name, "-", omitempty); embedded structs are
// flattened.
func encodeFields(b *bytes.Buffer, v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		embedded := field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct
		if name == "-" || !field.IsExported() && !embedded {
			continue
		}
		if embedded {
			if err := encodeFields(b, v.Field(i)); err != nil {
				return err
			}
			continue
		}
		if options == "omitempty" && v.Field(i).IsZero() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		if err := encodeEntry(b, name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// encodeEntries writes ,"key":value for every entry of a map, sorted by key.
func encodeEntries(b *bytes.Buffer, v reflect.Value) error {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	for _, key := range keys {
		if err := encodeEntry(b, key.String(), v.MapIndex(key)); err != nil {
			return err
		}
	}
	return nil
}

func encodeEntry(b *bytes.Buffer, name string, v reflect.Value) error {
	if name == "seed" || name == "run" {
		return fmt.Errorf("field %q: the name is taken", name)
	}
	key, err := marshal(name)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, ",%s:", key)
	if err := encodeValue(b, v); err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	return nil
}

// encodeValue writes a value; floats that are not finite, alone or in slices
// and pointers, become null.
func encodeValue(b *bytes.Buffer, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Float32:
		if x := v.Float(); !math.IsNaN(x) && !math.IsInf(x, 0) {
			b.WriteString(strconv.FormatFloat(x, 'g', -1, 32))
			return nil
		}
		b.WriteString("null")
		return nil
	case reflect.Float64:
		text, err := Number(v.Float()).MarshalJSON()
		b.Write(text)
		return err
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return encodeValue(b, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encodeValue(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	}
	text, err := marshal(v.Interface())
	b.Write(text)
	return err
}
