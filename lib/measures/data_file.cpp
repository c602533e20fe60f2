#include "measures/data_file.hpp"

#include "measures/input_file.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> data_directories() {
  if (const char* chosen = std::getenv("FLOWCHECK_DATA")) return {chosen};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return {program.parent_path().parent_path() / FLOWCHECK_INSTALLED_DATA, FLOWCHECK_SOURCE_DATA};
}

}  // namespace

std::string data_file(const std::string& name) {
  std::vector<std::string> tried;
  for (const fs::path& directory : data_directories()) {
    std::error_code error;
    const fs::path path = directory / name;
    if (fs::is_regular_file(path, error)) return path.string();
    tried.push_back(path.string());
  }
  throw InputError(fmt::format("{}:1: not found; set FLOWCHECK_DATA to the directory that has {}",
                               tried.back(), name));
}

}  // namespace flowcheck
