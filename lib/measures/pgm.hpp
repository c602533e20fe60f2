#pragma once

#include "measures/input_file.hpp"
#include "numerics/types.hpp"

#include <string>
#include <string_view>

namespace flowcheck {

/// A grey picture in Netpbm's PGM format, plain (P2) or raw (P5), of 8 or 16 bits, with comments:
/// its grey values, h × w, row 0 first in the file.
///
/// @param name  stands for the file in messages
/// @throws InputError  not one such picture and nothing else, less than 2 × 2, all of it black, or
///                     its header does not agree with the number of bytes
Matrix parse_pgm(std::string_view bytes, const std::string& name, const InputLimits& limits = {});

}  // namespace flowcheck
