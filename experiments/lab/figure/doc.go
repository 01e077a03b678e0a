// Package figure draws the figures of experiments for people: charts as SVG
// text and sheets of image tiles as PNG.
//
//   - Lines: curves with their spread over seeds (learning curves)
//   - Dots: values by category, with every seed, mean and standard deviation
//     (test errors; gradient norms per layer and initialisation)
//   - Boxes: the distribution over seeds by category, as box plots
//   - Paths: courses of trainings in the plane, scatter plots
//   - Contours: a function of two variables by lines of equal value, with paths on it
//   - Sheet: float32 images as tiles (filters, reconstructions, samples)
//   - Colors: the same colour for the same name in all figures
//
// Charts use the palette of Okabe and Ito, with a darker yellow, which people with the common colour
// vision deficiencies can tell apart, and vary dashes and markers with it, so
// that they survive printing in grey. The legend stands above the data. Text
// is set in Liberation Sans or the metrically equal Arial or Helvetica; the
// files embed no fonts and refer to nothing outside.
//
// A NaN or an infinity is a missing value and leaves a gap, and so does a
// value ≤ 0 on a logarithmic axis. A chart without any value is an error,
// ErrNothing.
package figure
