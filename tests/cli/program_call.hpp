#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace flowcheck {

/// How a program ended and what it said.
struct ProgramOutcome {
  int exit_code = -1;  ///< 128 + signal where a signal ended it
  std::string output;
  std::string errors;
};

struct ProgramCall {
  std::string folder = ".";
  std::optional<unsigned long> largest_file = {};  ///< bytes: RLIMIT_FSIZE, a disk that is full
  std::vector<std::string> environment = {};       ///< "NAME=value", in place of what we have
  std::string standard_output = {};                ///< a file to write to instead, e.g. /dev/full
  /// Sent once standard error holds `interrupt_after`; again and at once if `twice`.
  int signal = 0;
  std::string interrupt_after = {};
  bool twice = false;
};

/// Calls a program as a user would, and waits for it; ten minutes at most.
ProgramOutcome call_program(const std::vector<std::string>& words, const ProgramCall& call = {});

/// An empty folder, gone again at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& content) const;
  /// Every file below, by its path inside, sorted.
  std::vector<std::string> files() const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);

}  // namespace flowcheck
