#pragma once

#include "measures/data_treatment.hpp"
#include "measures/gaussian.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/input_file.hpp"
#include "measures/point_cloud.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace flowcheck {

using Measure = std::variant<Gaussian, GaussianMixture, PointCloud>;

Index dimension(const Measure& measure);
std::string_view type_name(const Measure& measure);  ///< "gaussian", "gaussian_mixture", "points"

/// A measure from outside, what was done to get it, and what is worth knowing of it.
struct MeasureFile {
  Measure measure;
  std::vector<std::string> columns = {};  ///< of points: what the coordinates are called
  std::vector<std::string> notes = {};
  std::vector<std::string> warnings = {};
};

/// Reads a measure from a file; what it is is told by the end of its name.
///
///   .json  {"type": "gaussian", "mean": [...], "covariance": ...}
///          {"type": "gaussian_mixture", "weights": [...], "means": [[...]], "covariances": [...]}
///          {"type": "points", "file": "x.csv", "columns": ["a", 2], "drop_missing": true,
///           "dequantise": true, "standardise": true, "seed": 1, "weights": "w"}; all but type and
///          file may be left out; weights are a column's, or numbers [...], one a row of the file
///          {"type": "image", "file": "mask.pgm"}
///   .csv   points, one a row, see parse_csv_points()
///   .npy   points, one a row, see parse_npy_points()
///   .pgm   a picture, see parse_pgm() and pixel_mixture()
///
/// A covariance is a number (times I), a vector (the diagonal) or a matrix; it may be singular. A
/// "file" is found from the folder of the JSON file.
///
/// @param treatment  of points; adds to what the JSON file asks for; columns and weights are given
/// by one
///                   of them. Measures that are not points have nothing to be treated.
/// @throws InputError  unreadable, of another kind, an unknown or missing or repeated key, wrong
///                     shape, not finite, not symmetric, not positive semidefinite, weights that
///                     are negative, do not sum to one (a mixture's) or are all zero (points'),
///                     what the treatment does not allow, larger than the limits
MeasureFile read_measure(const std::string& path,
                         const DataTreatment& treatment = {},
                         const InputLimits& limits = {});

}  // namespace flowcheck
