#pragma once

#include <string>

namespace flowcheck {

/// What to do where another run has the lock.
enum class IfTaken { wait, refuse };

/// Keeps other runs that ask for the same lock away from a folder's record while one reads, merges
/// and writes it; gives it back at the end of its life or of the program. Advisory (flock on the
/// folder itself), so that nothing is left in the folder; where the file system knows no locks
/// there is none.
class FolderLock {
 public:
  /// @param folder  made if it is not there
  /// @throws OutputError  it cannot be made, or is to be refused
  explicit FolderLock(const std::string& folder, IfTaken if_taken = IfTaken::wait);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int folder_;
};

}  // namespace flowcheck
