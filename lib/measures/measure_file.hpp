#pragma once

#include "measures/gaussian.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flowcheck {

/// Input from outside that cannot be used. what() is one line, "file:line: what was expected".
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Largest inputs read, checked before memory is taken.
struct InputLimits {
  std::uintmax_t file_bytes = 64u << 20;
  Index dimension = 1024;
};

/// Reads `{"type": "gaussian", "mean": [...], "covariance": [[...]]}`; the covariance a number
/// (times I), a vector (diagonal) or a matrix; singular is allowed.
///
/// @throws InputError  unreadable, not JSON, an unknown or missing or repeated key, wrong shape,
/// not
///                     finite, not symmetric, not positive semidefinite, larger than the limits
Gaussian read_gaussian(const std::string& path, const InputLimits& limits = {});

/// The same from text; `name` stands for the file in messages.
Gaussian parse_gaussian(std::string_view text,
                        const std::string& name,
                        const InputLimits& limits = {});

/// The whole of a text file. @throws InputError  unreadable, not a regular file, or too large
std::string read_text_file(const std::string& path, std::uintmax_t largest_bytes);

}  // namespace flowcheck
