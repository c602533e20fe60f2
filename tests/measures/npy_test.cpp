#include "measures/npy.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>

namespace flowcheck::npy_test {

using Catch::Matchers::Contains;

namespace {

// The bytes numpy.save writes, put together by hand from the format's description.
std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  const std::size_t length = dictionary.size();
  for (int k = 0; k < (version == 1 ? 2 : 4); ++k) {
    bytes += static_cast<char>((length >> (8 * k)) & 0xff);
  }
  return bytes + dictionary + data;
}

std::string header(const std::string& descr, const std::string& order, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape +
         ", }   \n";
}

template <class Bits>
std::string bytes_of(std::initializer_list<Bits> words, bool big_endian) {
  std::string bytes;
  for (const Bits word : words) {
    for (std::size_t k = 0; k < sizeof(Bits); ++k) {
      const std::size_t byte = big_endian ? sizeof(Bits) - 1 - k : k;
      bytes += static_cast<char>((word >> (8 * byte)) & 0xff);
    }
  }
  return bytes;
}

std::string message_of(const std::string& bytes, const InputLimits& limits = {}) {
  try {
    parse_npy(bytes, "x.npy", limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("parse_npy reads rows of NumPy as points", "[measures][reference]") {
  const int version = GENERATE(1, 2, 3);
  const std::string descr = GENERATE("<f8", ">f8", "<f4", ">f4");
  CAPTURE(version, descr);
  const bool big = descr.front() == '>';
  // 1, −2, 0.5, 3, 0, NaN in IEEE 754, by hand.
  const std::string data =
      descr.back() == '8'
          ? bytes_of<std::uint64_t>({0x3ff0000000000000u, 0xc000000000000000u, 0x3fe0000000000000u,
                                     0x4008000000000000u, 0u, 0x7ff8000000000000u},
                                    big)
          : bytes_of<std::uint32_t>(
                {0x3f800000u, 0xc0000000u, 0x3f000000u, 0x40400000u, 0u, 0x7fc00000u}, big);
  const Matrix c = parse_npy(npy(header(descr, "False", "(3, 2)"), data, version), "x.npy");
  REQUIRE(c.rows() == 2);
  REQUIRE(c.cols() == 3);
  CHECK(c.topLeftCorner(2, 2) == (Matrix(2, 2) << 1.0, 0.5, -2.0, 3.0).finished());
  CHECK(c(0, 2) == 0.0);
  CHECK(std::isnan(c(1, 2)));

  const Matrix fortran = parse_npy(npy(header(descr, "True", "(3, 2)"), data, version), "x.npy");
  CHECK(fortran.leftCols(2) == (Matrix(2, 2) << 1.0, -2.0, 3.0, 0.0).finished());
  CHECK(fortran(0, 2) == 0.5);

  const Matrix line = parse_npy(npy(header(descr, "False", "(6,)"), data, version), "x.npy");
  CHECK(line.rows() == 1);
  CHECK(line(0, 3) == 3.0);
}

TEST_CASE("parse_npy reads integers, and rounds none of them", "[measures][exact]") {
  const auto read = [](const std::string& type, const std::string& data) {
    return parse_npy(npy(header(type, "False", "(2,)"), data), "x.npy");
  };
  const auto two = [](double a, double b) { return (Matrix(1, 2) << a, b).finished(); };
  const bool big = GENERATE(false, true);
  const std::string order = big ? ">" : "<";
  CHECK(read("|i1", "\x80\x7f") == two(-128, 127));
  CHECK(read("|u1", "\x80\xff") == two(128, 255));
  CHECK(read("|b1", std::string("\x00\x01", 2)) == two(0, 1));
  CHECK(read(order + "i2", bytes_of<std::uint16_t>({0x8000, 0x7fff}, big)) == two(-32768, 32767));
  CHECK(read(order + "u2", bytes_of<std::uint16_t>({0x8000, 0xffff}, big)) == two(32768, 65535));
  CHECK(read(order + "i4", bytes_of<std::uint32_t>({0xffffffff, 5}, big)) == two(-1, 5));
  CHECK(read(order + "u4", bytes_of<std::uint32_t>({0xffffffff, 0}, big)) == two(4294967295.0, 0));
  CHECK(read(order + "i8", bytes_of<std::uint64_t>({1ull << 63, ~0ull}, big)) == two(-0x1p63, -1));
  CHECK(read(order + "u8", bytes_of<std::uint64_t>({1ull << 63, 1ull << 53}, big)) ==
        two(0x1p63, 0x1p53));

  const auto refused = [&](const std::string& type, std::uint64_t word) {
    return message_of(
        npy(header(order + type, "False", "(2,)"), bytes_of<std::uint64_t>({7, word}, big)));
  };
  const std::uint64_t odd = (1ull << 53) + 1;
  for (const std::string& message :
       {refused("u8", odd), refused("i8", odd), refused("u8", ~0ull), refused("i8", ~odd + 1)}) {
    CHECK_THAT(message, Contains("x.npy:1: row 2, column 1: a number of type") &&
                            Contains("that no double is"));
  }
  CHECK(refused("i8", ~0ull) == "accepted");
  CHECK_THAT(message_of(npy(header("|b1", "False", "(1,)"), "\x02")), Contains("no double"));
}

TEST_CASE("parse_npy takes the keys in any order", "[measures][exact]") {
  const std::string one = bytes_of<std::uint64_t>({0x3ff0000000000000u}, false);
  CHECK(parse_npy(npy("{\"shape\":(1,1),'fortran_order':False,'descr':'<f8'}", one), "x.npy")(0) ==
        1.0);
}

TEST_CASE("npy_bytes is what NumPy writes, and comes back to the last bit", "[measures][exact]") {
  const Matrix one = Matrix::Ones(1, 1);
  // numpy.save of a float64 array of shape (1, 1): 128 bytes of header.
  CHECK(npy_bytes(one).substr(0, 128) ==
        std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }" + std::string(58, ' ') +
            "\n");
  Rng rng(3);
  Matrix points = rng.normal_matrix(3, 50);
  points(0, 0) = -0.0;
  points(1, 0) = std::numeric_limits<double>::denorm_min();
  points(2, 0) = -infinity;
  const Matrix again = parse_npy(npy_bytes(points), "x.npy");
  CHECK(again == points);
  CHECK(std::signbit(again(0, 0)));
  const Index count = GENERATE(1, 9, 99, 12345, 1'000'000);
  CHECK(npy_bytes(Matrix::Zero(1, count)).size() % 64 == static_cast<std::size_t>(8 * count % 64));
  CHECK_THROWS_AS(npy_bytes(Matrix(2, 0)), std::invalid_argument);
}

TEST_CASE("parse_npy compares what the header says with the size before it takes memory",
          "[measures][precondition]") {
  const std::string data(16, '\0');
  const auto message = [&](const std::string& shape) {
    return message_of(npy(header("<f8", "False", shape), data));
  };
  CHECK_THAT(message("(1000000000000, 2)"), Contains("x.npy:1: ") && Contains("at most"));
  CHECK_THAT(message("(2, 1000000000000)"), Contains("at most"));
  CHECK_THAT(message("(4294967296, 4294967296)"), Contains("at most"));  // 2⁶⁴, zero if multiplied
  CHECK_THAT(message("(10000000, 1)"), Contains("but 16 bytes of data"));
  CHECK_THAT(message("(1, 1)"), Contains("shape (1, 1) of 8 bytes each, but 16 bytes of data"));
  CHECK_THAT(message("(99999999999999999999,)"), Contains("fit 64 bits"));
  CHECK_THAT(message("(-2,)"), Contains("shape"));
  CHECK_THAT(message("(0, 2)"), Contains("no points"));
  CHECK_THAT(message_of(npy(header("<f8", "False", "(2,)"), data), {.values = 1}),
             Contains("at most 1 numbers"));
  CHECK(message("(2,)") == "accepted");
}

TEST_CASE("parse_npy refuses what is not such an array", "[measures][precondition]") {
  const std::string data(16, '\0');
  CHECK_THAT(message_of(""), Contains("not a NumPy array"));
  CHECK_THAT(message_of("\x93NUMPY\x01"), Contains("not a NumPy array"));
  CHECK_THAT(message_of("PK\x03\x04 an .npz archive"), Contains("not a NumPy array"));
  CHECK_THAT(message_of(npy(header("<f8", "False", "(2,)"), data, 4)), Contains("version"));
  CHECK_THAT(message_of(std::string("\x93NUMPY\x01\x00\xff\x00{", 11)), Contains("cut off"));
  CHECK_THAT(message_of(npy(std::string(5000, ' '), data, 2)), Contains("longer"));
  CHECK_THAT(message_of(npy(header("<c8", "False", "(2,)"), data)),
             Contains("\"<c8\"") && Contains("astype(float)"));
  for (const std::string type : {"<f2", "<i3", "|i8", "<u1", "|b2", "=i4", "<i16", "<i", "i8"}) {
    CAPTURE(type);
    CHECK_THAT(message_of(npy(header(type, "False", "(2,)"), data)), Contains("numbers of type"));
  }
  CHECK_THAT(message_of(npy(header("|O", "False", "(2,)"), data)), Contains("\"|O\""));
  CHECK_THAT(message_of(npy("{'descr': [('x', '<f8')], 'shape': (2,)}", data)),
             Contains("records"));
  CHECK_THAT(message_of(npy(header("<f8", "False", "()"), data)), Contains("0 dimensions"));
  CHECK_THAT(message_of(npy(header("<f8", "False", "(1, 2, 1)"), data)), Contains("3 dimensions"));
  CHECK_THAT(message_of(npy(header("<f8", "Maybe", "(2,)"), data)), Contains("True or False"));
  CHECK_THAT(message_of(npy("{'descr': '<f8'}", data)), Contains("missing"));
  CHECK_THAT(message_of(npy("{'descr': '<f8', 'descr': '<f8'}", data)), Contains("unexpected key"));
  CHECK_THAT(message_of(npy("{'colour': '<f8'}", data)), Contains("unexpected key \"colour\""));
  CHECK_THAT(message_of(npy("{'descr", data)), Contains("not closed"));
  CHECK_THAT(message_of(npy("{'descr' '<f8'}", data)), Contains("expected ':'"));
  CHECK_THAT(message_of(npy("__import__('os')", data)), Contains("expected '{'"));
  CHECK_THAT(message_of(npy(header("<f8", "False", "(2,)") + "x", data)), Contains("follows"));
}

}  // namespace flowcheck::npy_test
