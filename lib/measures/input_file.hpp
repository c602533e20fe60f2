#pragma once

#include "numerics/types.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// Input from outside that cannot be used. what() is one line, "file:line: what was expected".
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Largest inputs read, checked before memory is taken.
struct InputLimits {
  std::uintmax_t file_bytes = 64u << 20;   ///< of a text that describes a measure, or a table
  std::uintmax_t data_bytes = 512u << 20;  ///< of points and images
  std::uintmax_t values = 1u << 24;        ///< fields of a table, numbers of an array, pixels
  Index dimension = 1024;
  Index components = 4096;  ///< of a mixture
};

/// The whole of a file, as bytes. The path is taken as it is: nothing in it is expanded.
/// @throws InputError  unreadable, not a regular file (a folder, a pipe, a device), or too large
std::string read_text_file(const std::string& path, std::uintmax_t largest_bytes);

/// Text of a file as a message may show it: in quotes, without control characters, cut after 40.
std::string shown(std::string_view text);
std::string shown(const std::vector<std::string>& names);  ///< the first ten, with commas

}  // namespace flowcheck
