#include "report/atomic_file.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace flowcheck::atomic_file_test {

using Catch::Contains;

namespace {

namespace fs = std::filesystem;

struct Scratch {
  std::string path = (fs::temp_directory_path() / "flowcheck.XXXXXX").string();
  Scratch() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(path), fs::directory_iterator());
  }
};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("write_file makes folders, replaces, and leaves only the file", "[report][exact]") {
  const Scratch scratch;
  const std::string path = scratch / "a/b/file.txt";
  write_file(path, "one");
  CHECK(content(path) == "one");
  write_file(path, std::string("two\0\n", 5));
  CHECK(content(path) == std::string("two\0\n", 5));
  CHECK(std::distance(fs::directory_iterator(scratch / "a/b"), fs::directory_iterator()) == 1);
}

TEST_CASE("write_file gives a file the usual permissions", "[report][exact]") {
  const Scratch scratch;
  const mode_t mask = umask(022);
  write_file(scratch / "file", "");
  umask(mask);
  struct stat status = {};
  REQUIRE(stat((scratch / "file").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("write_file follows a link and writes into a device as it is", "[report][exact]") {
  const Scratch scratch;
  write_file(scratch / "file", "one");
  fs::create_symlink(scratch / "file", scratch / "link");
  write_file(scratch / "link", "two");
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(content(scratch / "file") == "two");

  fs::create_symlink("/dev/null", scratch / "null");
  write_file(scratch / "null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK_THROWS_WITH(write_file("/dev/full", "no"), Contains("No space left on device"));
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("What cannot be written is refused in one line, and nothing is left",
          "[report][precondition]") {
  const Scratch scratch;
  write_file(scratch / "file", "in the way");
  fs::create_directory(scratch / "folder");
  for (const std::string& path : {scratch / "file/inside", scratch / "file/a/b", scratch / "folder",
                                  std::string("/proc/x/y")}) {
    CAPTURE(path);
    try {
      write_file(path, "new");
      FAIL("written");
    } catch (const OutputError& error) {
      CHECK_THAT(error.what(), Contains(path) && Contains("cannot be written") && !Contains("\n"));
    }
  }
  CHECK(scratch.entries() == 2);
  CHECK(fs::is_empty(scratch / "folder"));
}

TEST_CASE("require_writable_folder leaves no trace", "[report][exact]") {
  const Scratch scratch;
  write_file(scratch / "file", "in the way");
  CHECK_NOTHROW(require_writable_folder(scratch.path));
  CHECK_NOTHROW(require_writable_folder(scratch / "new/deep"));
  CHECK_THROWS_AS(require_writable_folder(scratch / "file"), OutputError);
  CHECK_THROWS_AS(require_writable_folder(scratch / "file/deep"), OutputError);
  CHECK_THROWS_AS(require_writable_folder(""), OutputError);
  CHECK(scratch.entries() == 1);
}

}  // namespace flowcheck::atomic_file_test
