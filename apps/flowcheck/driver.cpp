#include "driver.hpp"

#include "commands.hpp"
#include "interruption.hpp"
#include "measures/input_file.hpp"
#include "report/atomic_file.hpp"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <system_error>
#include <thread>

namespace flowcheck {
namespace {

std::string describe(const Measure& measure) {
  std::string size;
  if (const auto* cloud = std::get_if<PointCloud>(&measure)) {
    size = fmt::format(", {}{}", cloud->size(), cloud->uniform() ? "" : " weighted");
  }
  if (const auto* mixture = std::get_if<GaussianMixture>(&measure)) {
    size = fmt::format(" of {}", mixture->size());
  }
  return fmt::format("{}{} in dimension {}", type_name(measure), size, dimension(measure));
}

int dispatch(const CommandLine& line, const Registry& registry) {
  switch (line.command) {
    case Command::nothing:
      print(line.text);
      return 0;
    case Command::list:
      return list_command(line, registry);
    case Command::show:
      return show_command(line, registry);
    case Command::check:
      return check_command(line, registry);
    case Command::run:
      return run_command(line);
    case Command::report:
      return report_command(line);
    case Command::diff:
      return diff_command(line);
    case Command::distance:
      return distance_command(line);
    case Command::fit:
      return fit_command(line);
    case Command::sample:
      return sample_command(line);
    case Command::logpdf:
      return logpdf_command(line);
  }
  return exit_bad_usage;
}

// Whatever is wrong is said in one line.
int complain(const std::exception& error, int exit_code) {
  std::string what = error.what();
  std::replace(what.begin(), what.end(), '\n', ' ');
  fmt::print(stderr, "flowcheck: {}\n", what);
  return exit_code;
}

}  // namespace

void print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw OutputError("standard output: cannot be written: " +
                      std::generic_category().message(errno));
  }
}

void tell(const std::string& file, const MeasureFile& read, bool quiet) {
  if (!quiet) {
    fmt::print(stderr, "{}: {}\n", file, describe(read.measure));
    for (const std::string& note : read.notes) fmt::print(stderr, "{}: {}\n", file, note);
  }
  for (const std::string& warning : read.warnings) {
    fmt::print(stderr, "{}: warning: {}\n", file, warning);
  }
}

void require_writable_file(const std::string& path) {
  if (std::filesystem::is_directory(path)) {
    throw OutputError(path + ": cannot be written: it is a folder");
  }
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (!folder.empty() && !std::filesystem::exists(folder, error)) {
    throw OutputError(
        fmt::format("{}: cannot be written: there is no folder {}", path, folder.string()));
  }
  require_writable_folder(folder.empty() ? "." : folder.string());
}

void remove_path(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw OutputError(fmt::format("{}: cannot be removed: {}", path, error.message()));
}

int exit_code_of(const std::function<int()>& command) {
  try {
    return command();
  } catch (const UsageError& error) {
    return complain(error, exit_bad_usage);
  } catch (const InputError& error) {
    return complain(error, exit_bad_usage);
  } catch (const OutputError& error) {
    return complain(error, exit_bad_usage);
  } catch (const NotApplicable& error) {
    return complain(error, exit_not_applicable);
  } catch (const std::exception& error) {
    return complain(error, exit_numerical_failure);
  }
}

int run_driver(int argc,
               const char* const* argv,
               const std::vector<Claim>& claims,
               const std::vector<Experiment>& experiments,
               const std::vector<std::string>& prefix) {
  keep_writing_errors();
  return exit_code_of([&] {
    std::vector<std::string> words = prefix;
    words.insert(words.end(), argv + std::min(argc, 1), argv + argc);
    const CommandLine line = parse_command_line(words, experiments);
    // The others do one thing, and end at the first Ctrl-C like any program.
    if (line.command == Command::check || line.command == Command::run ||
        line.command == Command::fit) {
      watch_signals();
    }
    const unsigned int all = std::max(1u, std::thread::hardware_concurrency());
    const tbb::global_control threads(
        tbb::global_control::max_allowed_parallelism,
        line.jobs > 0 ? static_cast<std::size_t>(line.jobs) : std::size_t{all});
    return dispatch(line, {.claims = claims, .experiments = experiments});
  });
}

}  // namespace flowcheck
