#include "report/folder_lock.hpp"

#include "report/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace flowcheck {

FolderLock::FolderLock(const std::string& folder, IfTaken if_taken) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw OutputError(fmt::format("{}: cannot be written: {}", folder, error.message()));
  folder_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int operation = if_taken == IfTaken::wait ? LOCK_EX : LOCK_EX | LOCK_NB;
  while (folder_ >= 0 && flock(folder_, operation) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      close(folder_);
      throw OutputError(fmt::format("{}: another run is at work there", folder));
    }
    break;
  }
}

FolderLock::~FolderLock() {
  if (folder_ >= 0) close(folder_);
}

}  // namespace flowcheck
