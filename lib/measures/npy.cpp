#include "measures/npy.hpp"

#include "numerics/require.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

namespace flowcheck {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::string_view written_version("\x01\x00", 2);
constexpr std::size_t largest_header = 4096;  // of bytes
constexpr std::size_t alignment = 64;         // of the array's first byte, so that it can be mapped

struct Header {
  std::string descr = {};
  bool fortran_order = false;
  std::vector<std::uintmax_t> shape = {};
};

// The dictionary that stands in the header, of which NumPy allows three keys in any order:
// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header read() {
    Header header;
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = word();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        if (!at_quote()) fail("expected an array of numbers, not of records");
        header.descr = word();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = tuple();
      } else {
        fail("unexpected key " + shown(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!text_.empty()) fail("something follows the header's dictionary");
    if (!has_descr || !has_order || !has_shape) fail("descr, fortran_order or shape is missing");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:1: header of a NumPy array: {}", name_, what));
  }
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }
  bool accept(char c) {
    skip_blanks();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("expected '{}', found {}", c, shown(text_.substr(0, 10))));
  }
  bool at_quote() {
    skip_blanks();
    return text_.starts_with('\'') || text_.starts_with('"');
  }
  std::string word() {
    if (!at_quote()) fail("expected a word in quotes");
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) fail("a quote is not closed");
    std::string result(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return result;
  }
  bool boolean() {
    skip_blanks();
    const bool result = text_.starts_with("True");
    if (!result && !text_.starts_with("False")) fail("fortran_order: expected True or False");
    text_.remove_prefix(result ? 4 : 5);
    return result;
  }
  std::vector<std::uintmax_t> tuple() {
    std::vector<std::uintmax_t> result;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      std::uintmax_t length = 0;
      const auto [stopped, error] =
          std::from_chars(text_.data(), text_.data() + text_.size(), length);
      if (error != std::errc()) fail("shape: expected lengths that fit 64 bits");
      text_.remove_prefix(static_cast<std::size_t>(stopped - text_.data()));
      result.push_back(length);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }

  std::string_view text_;
  const std::string& name_;
};

// Splits the file; `bytes` is the data afterwards.
Header split(std::string_view& bytes, const std::string& name) {
  const auto fail = [&name](const char* what) {
    throw InputError(fmt::format("{}:1: {}", name, what));
  };
  if (!bytes.starts_with(magic) || bytes.size() < magic.size() + 4) {
    fail("not a NumPy array; expected what numpy.save writes");
  }
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != 0) {
    fail("a NumPy array of unknown version; expected 1.0, 2.0 or 3.0");
  }
  bytes.remove_prefix(8);
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  if (bytes.size() < length_bytes) fail("the header of the NumPy array is cut off");
  std::size_t length = 0;
  for (std::size_t k = length_bytes; k-- > 0;) {
    length = length * 256 + static_cast<unsigned char>(bytes[k]);
  }
  bytes.remove_prefix(length_bytes);
  if (length > largest_header)
    fail("a NumPy array whose header is longer than shape and type need");
  if (bytes.size() < length) fail("the header of the NumPy array is cut off");
  const Header header = HeaderReader(bytes.substr(0, length), name).read();
  bytes.remove_prefix(length);
  return header;
}

// What numpy.save calls the numbers: their order of bytes, a letter for what they are, their
// length.
struct NumberType {
  char letter = 'f';  // f, i, u or b
  std::size_t bytes = 8;
  bool big_endian = false;
};

std::optional<NumberType> number_type(std::string_view descr) {
  if (descr.size() != 3 || std::string_view("<>|").find(descr[0]) == std::string_view::npos) {
    return {};
  }
  const NumberType type{.letter = descr[1],
                        .bytes = static_cast<std::size_t>(descr[2] - '0'),
                        .big_endian = descr[0] == '>'};
  const std::string_view whole = "1248";
  const bool known = type.letter == 'f'   ? descr[2] == '4' || descr[2] == '8'
                     : type.letter == 'b' ? descr[2] == '1'
                     : type.letter == 'i' || type.letter == 'u'
                         ? whole.find(descr[2]) != std::string_view::npos
                         : false;
  // A single byte has no order, and only it.
  if (!known || (descr[0] == '|') != (type.bytes == 1)) return {};
  return type;
}

std::uint64_t bits_at(const char* place, const NumberType& type) {
  std::uint64_t bits = 0;
  for (std::size_t k = 0; k < type.bytes; ++k) {
    const std::size_t byte = type.big_endian ? k : type.bytes - 1 - k;
    bits = bits << 8 | static_cast<unsigned char>(place[byte]);
  }
  return bits;
}

// Nothing where no double is the number.
std::optional<double> value_at(const char* place, const NumberType& type) {
  const std::uint64_t bits = bits_at(place, type);
  if (type.letter == 'f') {
    return type.bytes == 4 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits))
                           : std::bit_cast<double>(bits);
  }
  if (type.letter == 'b') {
    if (bits > 1) return {};
    return static_cast<double>(bits);
  }
  // Two's complement: the sign bit's weight is negative.
  const std::uint64_t sign = std::uint64_t{1} << (8 * type.bytes - 1);
  const bool negative = type.letter == 'i' && (bits & sign) != 0;
  const std::uint64_t magnitude = negative ? (sign << 1) - bits : bits;
  if (magnitude != 0) {
    const std::uint64_t odd = magnitude >> std::countr_zero(magnitude);
    if (odd >> std::numeric_limits<double>::digits != 0) return {};
  }
  const double value = static_cast<double>(magnitude);
  return negative ? -value : value;
}

}  // namespace

Matrix parse_npy(std::string_view bytes, const std::string& name, const InputLimits& limits) {
  const Header header = split(bytes, name);
  const auto fail = [&name](const std::string& what) {
    throw InputError(fmt::format("{}:1: {}", name, what));
  };
  const std::optional<NumberType> type = number_type(header.descr);
  if (!type) {
    fail(fmt::format("numbers of type {}; save them as float64: numpy.save(file, x.astype(float))",
                     shown(header.descr)));
  }
  if (header.shape.empty() || header.shape.size() > 2) {
    fail(fmt::format("an array of {} dimensions; expected shape (n, d), or (n,) on the line",
                     header.shape.size()));
  }
  const std::uintmax_t n = header.shape[0];
  const std::uintmax_t d = header.shape.size() == 2 ? header.shape[1] : 1;
  if (n == 0 || d == 0) fail(fmt::format("shape ({}, {}): there are no points", n, d));
  // Before anything is multiplied: a header may claim what does not fit in 64 bits.
  if (n > limits.values || d > limits.values / n) {
    fail(fmt::format("shape ({}, {}), at most {} numbers are read", n, d, limits.values));
  }
  const std::size_t each = type->bytes;
  if (bytes.size() != n * d * each) {
    fail(fmt::format("shape ({}, {}) of {} bytes each, but {} bytes of data", n, d, each,
                     bytes.size()));
  }
  Matrix points(static_cast<Index>(d), static_cast<Index>(n));
  const char* place = bytes.data();
  const auto next = [&](Index k, Index i) {
    const std::optional<double> value = value_at(place, *type);
    if (!value) {
      fail(fmt::format("row {}, column {}: a number of type {} that no double is", i + 1, k + 1,
                       shown(header.descr)));
    }
    points(k, i) = *value;
    place += each;
  };
  if (header.fortran_order) {
    for (Index k = 0; k < points.rows(); ++k) {
      for (Index i = 0; i < points.cols(); ++i) next(k, i);
    }
  } else {
    for (Index i = 0; i < points.cols(); ++i) {
      for (Index k = 0; k < points.rows(); ++k) next(k, i);
    }
  }
  return points;
}

std::string npy_bytes(const Matrix& points) {
  static_assert(std::endian::native == std::endian::little);
  require(points.size() > 0, "npy_bytes: no points");
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {}), }}", points.cols(),
                  points.rows());
  const std::size_t before = magic.size() + written_version.size() + 2;
  header.append(alignment - (before + header.size() + 1) % alignment, ' ');
  header += '\n';

  std::string bytes(magic);
  bytes += written_version;
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  bytes += header;
  const std::size_t start = bytes.size();
  const std::size_t length = static_cast<std::size_t>(points.size()) * sizeof(double);
  bytes.resize(start + length);
  std::memcpy(bytes.data() + start, points.data(), length);  // d × n by columns is (n, d) by rows
  return bytes;
}

}  // namespace flowcheck
