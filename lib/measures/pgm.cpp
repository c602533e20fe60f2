#include "measures/pgm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace flowcheck {
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Words of a PGM file, one after the other; a comment runs from # to the end of its line.
class PgmReader {
 public:
  PgmReader(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::string_view rest() const { return bytes_.substr(at_); }

  // The first two bytes say which kind it is: '2' or '5'.
  char magic() {
    if (!bytes_.starts_with("P2") && !bytes_.starts_with("P5")) {
      fail("expected a PGM picture, which begins with P2 or P5");
    }
    at_ = 2;
    return bytes_[1];
  }

  std::uintmax_t number(const char* what, std::uintmax_t least, std::uintmax_t largest) {
    skip_blanks();
    std::uintmax_t value = 0;
    const char* begin = bytes_.data() + at_;
    const auto [stopped, error] = std::from_chars(begin, bytes_.data() + bytes_.size(), value);
    const bool ends =
        stopped == bytes_.data() + bytes_.size() || is_space(*stopped) || *stopped == '#';
    if (error != std::errc() || !ends || value < least || value > largest) {
      fail(fmt::format("{}: expected a number from {} to {}", what, least, largest));
    }
    at_ += static_cast<std::size_t>(stopped - begin);
    return value;
  }

  void one_blank() {
    if (at_ == bytes_.size() || !is_space(bytes_[at_])) fail("expected a blank before the pixels");
    ++at_;
  }

  void skip_blanks() {
    bool comment = false;
    for (; at_ < bytes_.size(); ++at_) {
      if (bytes_[at_] == '#') comment = true;
      if (bytes_[at_] == '\n' || bytes_[at_] == '\r') comment = false;
      if (!comment && !is_space(bytes_[at_])) return;
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    const std::string_view before = bytes_.substr(0, at_);
    throw InputError(
        fmt::format("{}:{}: {}", name_, 1 + std::count(before.begin(), before.end(), '\n'), what));
  }

 private:
  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

// One byte a pixel, or two with the high one first.
Matrix raw_pixels(PgmReader& reader, Index height, Index width, std::uintmax_t largest) {
  reader.one_blank();
  const std::string_view bytes = reader.rest();
  const std::size_t each = largest > 255 ? 2 : 1;
  const std::size_t expected = static_cast<std::size_t>(height * width) * each;
  if (bytes.size() != expected) {
    reader.fail(fmt::format("{} bytes of pixels, expected {} for {} x {} of {}", bytes.size(),
                            expected, width, height, each));
  }
  Matrix grey(height, width);
  std::size_t at = 0;
  for (Index r = 0; r < height; ++r) {
    for (Index c = 0; c < width; ++c) {
      unsigned int value = 0;
      for (std::size_t k = 0; k < each; ++k) {
        value = value * 256u + static_cast<unsigned char>(bytes[at++]);
      }
      if (value > largest) {
        reader.fail(fmt::format("row {}, column {}: grey value {}, the largest is said to be {}",
                                r + 1, c + 1, value, largest));
      }
      grey(r, c) = value;
    }
  }
  return grey;
}

Matrix plain_pixels(PgmReader& reader, Index height, Index width, std::uintmax_t largest) {
  const auto count = static_cast<std::size_t>(height * width);
  if (reader.rest().size() < 2 * count) {  // a digit and a blank each
    reader.fail(fmt::format("the file is too short for {} x {} pixels", width, height));
  }
  Matrix grey(height, width);
  for (Index r = 0; r < height; ++r) {
    for (Index c = 0; c < width; ++c) {
      grey(r, c) = static_cast<double>(reader.number("grey value", 0, largest));
    }
  }
  reader.skip_blanks();
  if (!reader.rest().empty()) {
    reader.fail(fmt::format("more than {} x {} pixels; expected one picture", width, height));
  }
  return grey;
}

}  // namespace

Matrix parse_pgm(std::string_view bytes, const std::string& name, const InputLimits& limits) {
  PgmReader reader(bytes, name);
  const char magic = reader.magic();
  const std::uintmax_t width = reader.number("width", 2, limits.values / 2);
  const std::uintmax_t height = reader.number("height", 2, limits.values / 2);
  if (height > limits.values / width) {
    reader.fail(fmt::format("{} x {} pixels, at most {} are read", width, height, limits.values));
  }
  const std::uintmax_t largest = reader.number("largest grey value", 1, 65535);
  const auto rows = static_cast<Index>(height);
  const auto columns = static_cast<Index>(width);
  Matrix grey = magic == '5' ? raw_pixels(reader, rows, columns, largest)
                             : plain_pixels(reader, rows, columns, largest);
  if (grey.maxCoeff() == 0.0) reader.fail("all pixels are 0; expected some weight");
  return grey;
}

}  // namespace flowcheck
