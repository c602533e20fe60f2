#pragma once

#include "measures/data_treatment.hpp"
#include "measures/input_file.hpp"
#include "numerics/types.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// What the JSON of a measure says, see read_measure(): the numbers of a Gaussian or a mixture,
/// shapes checked, or where points or a picture lie.
struct MeasureText {
  std::string type = {};                 ///< gaussian, gaussian_mixture, points or image
  Vector weights = {};                   ///< of the components, length K, 1 of a Gaussian
  Matrix means = {};                     ///< d × K
  std::vector<Matrix> covariances = {};  ///< K of d × d, or one that all share
  std::size_t covariance_line = 1;       ///< where they are written
  std::string file = {};                 ///< of points or a picture, as written
  DataTreatment treatment = {};          ///< of points
};

/// Opens no file. `name` stands for the JSON file in messages.
///
/// @throws InputError  not JSON, an unknown or missing or repeated key, wrong shape, not finite,
///                     weights that are negative, do not sum to one (a mixture's) or are all zero
///                     (points'), larger than the limits
MeasureText parse_measure_text(std::string_view text,
                               const std::string& name,
                               const InputLimits& limits = {});

/// The end of a file's name in small letters, with its dot.
std::string file_extension(const std::string& path);

}  // namespace flowcheck
