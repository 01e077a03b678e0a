package datasets

import (
	"context"
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

// TestAll compares with MNIST's training file, read whole.
func TestAll(t *testing.T) {
	split, err := Load(context.Background(), "mnist", Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := split.All()
	if err != nil {
		t.Fatal(err)
	}
	// 60,000 labels, by class, as the publishers' training file has them.
	if got, want := all.ClassCounts(), []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; !slices.Equal(got, want) {
		t.Errorf("got %v images of each class, want %v", got, want)
	}
	if &all.features[0] != &split.Train.features[0] || &all.features[len(split.Train.features)] != &split.Validation.features[0] {
		t.Error("the set of all images has memory of its own")
	}
	if all.Height != 28 || all.Width != 28 || all.Channels != 1 {
		t.Errorf("got images of %d×%d×%d", all.Channels, all.Height, all.Width)
	}
}

// TestAllCopies joins sets that do not follow each other in memory.
func TestAllCopies(t *testing.T) {
	split, err := Load(context.Background(), "mnist", Options{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := split.Train.Take(3)
	if err != nil {
		t.Fatal(err)
	}
	split.Train = first
	all, err := split.All()
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(first.X.Float32s(), split.Validation.X.Float32s()); !slices.Equal(all.X.Float32s(), want) {
		t.Error("the features are not those of the three images and the validation images")
	}
	if want := slices.Concat(first.Labels, split.Validation.Labels); !slices.Equal(all.Labels, want) {
		t.Error("the labels are not those of the three images and the validation images")
	}
	split.Validation, err = NewSet("small", tensor.New(tensor.WithShape(2, 4), tensor.Of(tensor.Float32)), []uint8{0, 1}, 2, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := split.All(); err == nil {
		t.Error("images of different sizes: want an error")
	}
}

// TestAllOfOtherLabels joins sets of which one has the loaded images with labels of its own.
func TestAllOfOtherLabels(t *testing.T) {
	for name, replaced := range map[string]func(s *Split) **Set{
		"training":   func(s *Split) **Set { return &s.Train },
		"validation": func(s *Split) **Set { return &s.Validation },
	} {
		split, err := Load(context.Background(), "mnist", Options{})
		if err != nil {
			t.Fatal(err)
		}
		set := replaced(split)
		labels := slices.Clone((*set).Labels)
		slices.Reverse(labels)
		if *set, err = NewSet("other", (*set).X, labels, 10, 28, 28); err != nil {
			t.Fatal(err)
		}
		all, err := split.All()
		if err != nil {
			t.Fatal(err)
		}
		if want := slices.Concat(split.Train.Labels, split.Validation.Labels); !slices.Equal(all.Labels, want) {
			t.Errorf("%s labels replaced: the labels are not those of the two sets", name)
		}
	}
}
