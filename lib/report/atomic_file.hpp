#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace flowcheck {

/// Output that cannot be written: no permission, no space, no folder. what() is one line,
/// "path: what is wrong".
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes a file whole or not at all: beside its place, to the disk, then renamed. What was there
/// before stays until the new content is safe; nothing else is left behind when it fails. Missing
/// folders are made; a link is followed, a device or a pipe written to as it is.
///
/// @throws OutputError  with the system's reason
void write_file(const std::string& path, std::string_view content);

/// Checks before a long piece of work that its results can be put into a folder: the folder, or
/// the nearest one above it that exists, takes a file. Nothing stays there.
///
/// @throws OutputError  not a folder, no permission, or no space
void require_writable_folder(const std::string& path);

}  // namespace flowcheck
