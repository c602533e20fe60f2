#include "report/folder_lock.hpp"

#include "report/atomic_file.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace flowcheck::folder_lock_test {

namespace {

namespace fs = std::filesystem;

// Whether somebody else could have the lock now.
bool is_free(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool taken = flock(file, LOCK_EX | LOCK_NB) == 0;
  close(file);
  return taken;
}

}  // namespace

TEST_CASE("A folder is locked as long as its lock lives", "[report][exact]") {
  std::string path = (fs::temp_directory_path() / "flowcheck.XXXXXX").string();
  REQUIRE(mkdtemp(path.data()) != nullptr);
  const std::string folder = path + "/a/results";
  {
    const FolderLock lock(folder, [] { return false; });
    CHECK_FALSE(is_free(folder));
    int asked = 0;
    CHECK_THROWS_AS(FolderLock(folder, [&] { return ++asked < 3; }), OutputError);
    CHECK(asked == 3);
  }
  CHECK(is_free(folder));
  CHECK(fs::is_empty(folder));
  write_file(path + "/file", "in the way");
  CHECK_THROWS_AS(FolderLock(path + "/file", [] { return false; }), OutputError);
  fs::remove_all(path);
}

}  // namespace flowcheck::folder_lock_test
