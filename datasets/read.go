package datasets

import "gorgonia.org/tensor"

// ReadImages reads the images of an IDX file of unsigned bytes with three dimensions, plain or gzip-compressed, that may
// come from anywhere. x is (n, height·width), n ≥ 1, with intensities pixel/255 in [0, 1].
func ReadImages(path string) (x *tensor.Dense, height, width int, err error) {
	size, pixels, err := readIDXFile(path, 3)
	if err != nil {
		return nil, 0, 0, err
	}
	return matrix(intensities(pixels), size[0], size[1]*size[2]), size[1], size[2], nil
}

// ReadLabels reads the labels of an IDX file of unsigned bytes with one dimension, as ReadImages does.
func ReadLabels(path string) ([]uint8, error) {
	_, labels, err := readIDXFile(path, 1)
	return labels, err
}
