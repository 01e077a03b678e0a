package blocks

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// formatCall is "name" or, with a parameter, "name(0.01)": the form that choices
// take in recipes and on the command line.
func formatCall(name string, hasArg bool, arg float64) string {
	if !hasArg {
		return name
	}
	return fmt.Sprintf("%s(%s)", name, strconv.FormatFloat(arg, 'g', -1, 64))
}

// parseCall is the inverse of formatCall.
func parseCall(s string) (name string, hasArg bool, arg float64, err error) {
	name, rest, hasArg := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "(")
	if !hasArg {
		return name, false, 0, nil
	}
	num, ok := strings.CutSuffix(rest, ")")
	if !ok {
		return "", false, 0, fmt.Errorf("%q: want name or name(number)", s)
	}
	arg, err = strconv.ParseFloat(strings.TrimSpace(num), 64)
	if err != nil || math.IsNaN(arg) || math.IsInf(arg, 0) {
		return "", false, 0, fmt.Errorf("%q: want a number in the parentheses, got %q", s, num)
	}
	return name, true, arg, nil
}
