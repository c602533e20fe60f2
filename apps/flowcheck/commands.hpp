#pragma once

#include "claims/check.hpp"
#include "command_line.hpp"
#include "measures/measure_file.hpp"
#include "report/experiment.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// What the program knows.
struct Registry {
  const std::vector<Claim>& claims;
  const std::vector<Experiment>& experiments;
};

// One function per command; each returns its exit code.
int list_command(const CommandLine& line, const Registry& registry);
int show_command(const CommandLine& line, const Registry& registry);
int check_command(const CommandLine& line, const Registry& registry);
int run_command(const CommandLine& line);
int report_command(const CommandLine& line);
int diff_command(const CommandLine& line);
int distance_command(const CommandLine& line);
int fit_command(const CommandLine& line);
int sample_command(const CommandLine& line);
int logpdf_command(const CommandLine& line);

/// What was asked for makes sense, and does not apply to the measures given. what() is one line
/// with the hypothesis that fails.
class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a measure read from a file is, what was done to it and what is worth knowing, to standard
/// error; warnings even where `quiet`.
void tell(const std::string& file, const MeasureFile& read, bool quiet);

/// Checks before a long piece of work that its result can be put into a file.
/// @throws OutputError  a folder, or its folder is not there or does not take a file
void require_writable_file(const std::string& path);

/// A file, or a folder with all that is in it, if it is there. @throws OutputError  it stays
void remove_path(const std::string& path);

/// What a command returns, or the code of what it throws, which is said in one line.
int exit_code_of(const std::function<int()>& command);

/// To standard output, at once. @throws OutputError  it does not take it
void print(std::string_view text);

inline constexpr int exit_bad_usage = 2;
inline constexpr int exit_numerical_failure = 3;
inline constexpr int exit_not_applicable = 77;
inline constexpr int exit_interrupted = 130;

}  // namespace flowcheck
