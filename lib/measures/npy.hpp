#pragma once

#include "measures/input_file.hpp"
#include "numerics/types.hpp"

#include <string>
#include <string_view>

namespace flowcheck {

// Arrays as NumPy writes them: rows are points there and columns here, so that an array of shape
// (n, d) is a d × n sample and back.

/// Reads format versions 1 to 3; C or Fortran order; float32, float64, integers of 8 to 64 bits and
/// bool, little or big endian; one dimension (n points on the line, 1 × n) or two. NaN and
/// infinities come as they are, and nothing is rounded: an integer that no double is, is refused.
///
/// @param name  stands for the file in messages
/// @throws InputError  not such an array, or its header does not agree with the number of bytes
Matrix parse_npy(std::string_view bytes, const std::string& name, const InputLimits& limits = {});

/// The bytes of a version 1 file of shape (n, d), float64, that NumPy reads back to the last bit.
std::string npy_bytes(const Matrix& points);

}  // namespace flowcheck
