package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// fields are the fields of a JSON object in their order, those of objects in it under
// names with dots, and their values as JSON. The depth of saved files is bounded.
func fields(prefix string, object json.RawMessage) (rows [][]string, err error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		name := prefix + fmt.Sprint(key)
		if bytes.HasPrefix(value, []byte("{")) {
			inner, err := fields(name+".", value)
			if err != nil {
				return nil, err
			}
			rows = append(rows, inner...)
			continue
		}
		var text bytes.Buffer
		if err := json.Compact(&text, value); err != nil {
			return nil, err
		}
		rows = append(rows, []string{name, text.String()})
	}
	return rows, nil
}
