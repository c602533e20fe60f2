#include "report/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace flowcheck {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw OutputError(fmt::format("{}: cannot be written: {}", path, reason));
}

[[noreturn]] void fail(const std::string& path, int error) {
  fail(path, std::generic_category().message(error));
}

// Devices and pipes take what is written to them; renaming would put a file in their place.
void write_in_place(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  errno = 0;
  file.write(content.data(), static_cast<std::streamsize>(content.size())).flush();
  if (!file) fail(path, errno == 0 ? EIO : errno);
}

// A file beside the one wanted, gone again unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const std::string& wanted)
      : wanted_(wanted),
        path_(wanted + ".XXXXXX.tmp"),
        file_(mkostemps(path_.data(), 4, O_CLOEXEC)) {
    if (file_ < 0) fail(wanted_, errno);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (file_ >= 0) close(file_);
    if (!path_.empty()) unlink(path_.c_str());
  }

  void write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t count = ::write(file_, content.data(), content.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(wanted_, errno);
      content.remove_prefix(static_cast<std::size_t>(count));
    }
    if (fsync(file_) != 0) fail(wanted_, errno);
  }

  void rename_into_place() {
    // mkostemps() makes a file for its owner alone; a result is as readable as any other file.
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file_, 0666 & ~mask) != 0) fail(wanted_, errno);
    const int closed = close(file_);
    file_ = -1;
    if (closed != 0) fail(wanted_, errno);  // some network drives say "no space" only here
    if (std::rename(path_.c_str(), wanted_.c_str()) != 0) fail(wanted_, errno);
    path_.clear();
  }

 private:
  std::string wanted_;
  std::string path_;
  int file_;
};

}  // namespace

void write_file(const std::string& path, std::string_view content) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) fail(path, EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    write_in_place(path, content);
    return;
  }
  if (fs::is_symlink(fs::symlink_status(path, ignored)) && fs::exists(status)) {
    write_file(fs::canonical(path).string(), content);
    return;
  }
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) fail(path, error.message());
  Temporary file(path);
  file.write(content);
  file.rename_into_place();
}

void require_writable_folder(const std::string& path) {
  std::error_code error;
  fs::path folder = fs::absolute(path, error);
  if (path.empty() || error) fail(path, ENOENT);
  while (!fs::exists(folder, error) && folder.has_relative_path()) {
    if (error && error != std::errc::not_a_directory) fail(path, error.message());
    folder = folder.parent_path();
  }
  if (!fs::is_directory(folder, error))
    fail(path, fmt::format("{} is not a folder", folder.string()));
  try {
    Temporary(folder / "flowcheck").write(std::string(4096, '\0'));
  } catch (const OutputError& problem) {
    const std::string_view what = problem.what();
    fail(path, std::string(what.substr(what.rfind(": ") + 2)));
  }
}

}  // namespace flowcheck
