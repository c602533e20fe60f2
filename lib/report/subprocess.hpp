#pragma once

#include <string>
#include <vector>

namespace flowcheck {

/// How a program that was called ended.
struct ProgramResult {
  int exit_code = -1;       ///< 128 + signal where a signal ended it
  std::string output = {};  ///< what it said, standard output and error together
};

/// Whether a program of this name is on the PATH.
bool program_exists(const std::string& name);

/// Runs a program found on the PATH, in `folder`, and waits for it; no shell in between.
///
/// @param words        the program and its arguments
/// @param environment  "NAME=value" added to our own
/// @throws std::runtime_error  it cannot be started
ProgramResult run_program(const std::vector<std::string>& words,
                          const std::string& folder = ".",
                          const std::vector<std::string>& environment = {});

}  // namespace flowcheck
