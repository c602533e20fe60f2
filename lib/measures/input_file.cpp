#include "measures/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace flowcheck {
namespace {

// An open file, closed again on every way out.
class File {
 public:
  // Without O_NONBLOCK the opening of a pipe would wait for its writer.
  explicit File(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  // Bytes of a regular file that is open; −1 for everything else.
  std::intmax_t size() const {
    struct stat status = {};
    if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      return -1;
    }
    return status.st_size;
  }

  // Fills the text; false where the file ends or fails before.
  bool fill(std::string& text) const {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t count = ::read(descriptor_, text.data() + done, text.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      done += static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  int descriptor_;
};

}  // namespace

std::string read_text_file(const std::string& path, std::uintmax_t largest_bytes) {
  const File file(path);
  const std::intmax_t bytes = file.size();
  if (bytes < 0) throw InputError(fmt::format("{}: not a file that can be read", path));
  if (static_cast<std::uintmax_t>(bytes) > largest_bytes) {
    throw InputError(
        fmt::format("{}:1: {} bytes, at most {} are read", path, bytes, largest_bytes));
  }
  std::string text(static_cast<std::size_t>(bytes), '\0');
  if (!file.fill(text)) throw InputError(fmt::format("{}: not a file that can be read", path));
  return text;
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string result = "\"";
  for (const char c : text.substr(0, longest)) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    result += control ? '?' : c;
  }
  return result + (text.size() > longest ? "...\"" : "\"");
}

std::string shown(const std::vector<std::string>& names) {
  constexpr std::size_t most = 10;
  std::string result;
  for (std::size_t k = 0; k < std::min(most, names.size()); ++k) {
    result += (k == 0 ? "" : ", ") + shown(names[k]);
  }
  return result + (names.size() > most ? fmt::format(" and {} more", names.size() - most) : "");
}

}  // namespace flowcheck
