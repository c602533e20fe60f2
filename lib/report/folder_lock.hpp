#pragma once

#include <string>

namespace flowcheck {

/// Keeps other runs that ask for the same lock away from a folder's record while one reads, merges
/// and writes it; waits until it is free, and gives it back at the end of its life or of the
/// program. Advisory (flock on the folder itself), so that nothing is left in the folder; where the
/// file system knows no locks there is none.
class FolderLock {
 public:
  /// @param folder  made if it is not there
  /// @throws OutputError  it cannot be made
  explicit FolderLock(const std::string& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int folder_;
};

}  // namespace flowcheck
