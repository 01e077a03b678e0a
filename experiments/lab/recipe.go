package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"capas/internal/regularfile"
)

// clone copies a recipe through JSON, so that flags bound to slices of the
// copy leave the preset alone; it fails where the recipe has no JSON form.
func clone[R any](r R) (R, error) {
	var c R
	data, err := json.Marshal(r)
	if err != nil {
		return c, err
	}
	err = json.Unmarshal(data, &c)
	return c, err
}

// maxRecipe bounds a recipe file: those of the experiments have a kilobyte or two, and
// this many bytes cost some milliseconds and megabytes, whatever they are.
const maxRecipe = 64 << 10

// readRecipe lays the hyperparameters of a JSON file over r. A field the file
// leaves out or calls null keeps its value, but that null empties lists and what may be
// left out; an unknown or repeated field, a value of the wrong type, null in a list and
// anything after the object are errors, as is what is no regular file of at most maxRecipe
// bytes.
func readRecipe[R any](path string, r *R) error {
	data, err := regularfile.Read(path, maxRecipe)
	if err != nil {
		return fmt.Errorf("-recipe %s: %w", path, errors.Unwrap(err))
	}
	if err := DecodeStrict(data, r); err != nil {
		return fmt.Errorf("-recipe %s: %s", path, brief(err.Error()))
	}
	return nil
}

// brief cuts a message that quotes more of a file than anyone will read.
func brief(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// DecodeStrict decodes exactly one JSON object into v. Its values may be nested as
// deeply as encoding/json allows, 10,000 levels, which bounds noSurprises too.
func DecodeStrict(data []byte, v any) error {
	if start := bytes.TrimLeft(data, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return errors.New("want one JSON object {…}")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return explain(data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: something follows the JSON object", line(data, dec.InputOffset()))
	}
	return noSurprises(json.NewDecoder(bytes.NewReader(data)), false)
}

// explain rewords a decoding error for the file's author.
func explain(data []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", line(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: field %q: want %s, got %s", line(data, kind.Offset), kind.Field, kind.Type, kind.Value)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ends inside the JSON object")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// line is the number, from 1, of the line that holds the byte before offset.
func line(data []byte, offset int64) int {
	offset = min(offset, int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// noSurprises reports what encoding/json resolves silently: a key that occurs twice in
// one object, in favour of the last, upper and lower case being the same; and null in a
// list, in favour of what the preset has at that place of its own list. inList tells that
// the next value is in a list.
func noSurprises(dec *json.Decoder, inList bool) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token == nil && inList {
		return errors.New("want the values of a list, got null")
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if delim == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			// By way of the upper case, since ſ and s have one, but are both lower case.
			folded := strings.ToLower(strings.ToUpper(name))
			if seen[folded] {
				return fmt.Errorf("field %q occurs twice", name)
			}
			seen[folded] = true
		}
		if err := noSurprises(dec, delim == '['); err != nil {
			return err
		}
	}
	_, err = dec.Token() // the closing bracket
	return err
}
