#pragma once

#include <functional>
#include <string>

namespace flowcheck {

/// Asked every now and then where another run has the lock: whether to go on waiting for it.
using GoOnWaiting = std::function<bool()>;

/// Keeps other runs that ask for the same lock away from a folder's record while one reads, merges
/// and writes it; gives it back at the end of its life or of the program. Advisory (flock on the
/// folder itself), so that nothing is left in the folder; where the file system knows no locks
/// there is none.
class FolderLock {
 public:
  /// @param folder  made if it is not there
  /// @throws OutputError  it cannot be made, or another run has the lock and is not waited for
  FolderLock(const std::string& folder, const GoOnWaiting& go_on_waiting);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int folder_;
};

}  // namespace flowcheck
