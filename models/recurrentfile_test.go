package models_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capas/blocks"
	"capas/internal/tensorfile"
	"capas/models"
)

// recurrentSpecimens are recurrent networks of all kinds that PyTorch has, and a Jordan network.
func recurrentSpecimens(t testing.TB) map[string]any {
	t.Helper()
	network := func(cell string, output blocks.Output, o models.RecurrentOptions) *models.Recurrent {
		o.Cell = must[blocks.Cell](t)(blocks.ParseCell(cell))
		o.Inputs, o.Units, o.Outputs, o.Steps, o.Forget = 3, 4, 2, 5, 1
		r := must[*models.Recurrent](t)(models.NewRecurrent("net", o, blocks.Uniform(), stream("init")))
		r.Output = output
		return r
	}
	jordan := must[*models.Jordan](t)(models.NewJordan("net", 3, 4, 2, 5, "tanh", blocks.Uniform(), stream("init")))
	return map[string]any{
		"rnn":                       network("rnn", blocks.Classes(), models.RecurrentOptions{}),
		"rnn with relu, two layers": network("rnn-relu", blocks.Numeric(), models.RecurrentOptions{Layers: 2}),
		"lstm, after each step":     network("lstm", blocks.Binary(), models.RecurrentOptions{Each: true}),
		"lstm, two directions":      network("lstm", blocks.Classes(), models.RecurrentOptions{Bidirectional: true, Layers: 2, Masked: true}),
		"gru":                       network("gru", blocks.Classes(), models.RecurrentOptions{}),
		"gru, two directions":       network("gru", blocks.Classes(), models.RecurrentOptions{Bidirectional: true, Each: true, Last: 3}),
		"jordan":                    jordan,
	}
}

// rnnNames are the names and shapes of a module of two layers and two directions, with g·k rows of
// weights, n inputs of the first layer and below the second as many as given.
func rnnNames(rows, n, below int) string {
	var all []string
	for layer, inputs := range []int{n, below} {
		for _, direction := range []string{"", "_reverse"} {
			suffix := fmt.Sprintf("_l%d%s", layer, direction)
			all = append(all, fmt.Sprintf("rnn.bias_hh%s[%d]", suffix, rows), fmt.Sprintf("rnn.bias_ih%s[%d]", suffix, rows),
				fmt.Sprintf("rnn.weight_hh%s[%d 4]", suffix, rows), fmt.Sprintf("rnn.weight_ih%s[%d %d]", suffix, rows, inputs))
		}
	}
	slices.Sort(all)
	return " " + strings.Join(all, " ")
}

// A description of a recurrent model that asks for what cannot be is refused.
func TestRecurrentDescriptions(t *testing.T) {
	const good = `{"kind":"recurrent","output":"classes","sequence":{"cell":"gru","inputs":1,"units":1,"outputs":1,"layers":1,"steps":2,"parameters":["a","b","c","d","e","f"]}}`
	for says, change := range map[string][2]string{
		"a cell and 1 to 1000 layers, got 0": {`"layers":1`, `"layers":0`},
		"names of 6 parameters, got 5":       {`,"f"`, ``},
		"different names":                    {`"f"`, `"a"`},
		"up to 16777216 steps":               {`"steps":2`, `"steps":99999999`},
		"cell \"grx\" is unknown":            {`"gru"`, `"grx"`},
		"a sequence and an output":           {`"output":"classes",`, ``},
		"after up to 2 last steps":           {`"steps":2`, `"steps":2,"each":true,"last":3`},
		"mlp: want no sequence":              {`"recurrent"`, `"mlp"`},
		"jordan: want one layer":             {`"recurrent"`, `"jordan"`},
		"want inputs, units, outputs":        {`"units":1`, `"units":-1`},
	} {
		_, _, err := loadDescribed(t, strings.Replace(good, change[0], change[1], 1))
		refused(t, change[1], err, says)
	}
}

// loadDescribed loads a file without tensors of the given description.
func loadDescribed(t *testing.T, text string) (any, map[string]string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := tensorfile.Write(path, &tensorfile.File{Metadata: map[string]string{"capas.model": text}}); err != nil {
		t.Fatal(err)
	}
	return models.Load(path)
}
