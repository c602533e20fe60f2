#include "measures/pgm.hpp"

#include "measures/data_file.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace flowcheck::pgm_test {

using Catch::Matchers::Contains;
using namespace std::string_literals;

namespace {

std::string message_of(const std::string& bytes, const InputLimits& limits = {}) {
  try {
    parse_pgm(bytes, "x.pgm", limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("parse_pgm reads plain and raw pictures of 8 and 16 bits", "[measures][exact]") {
  const Matrix expected = (Matrix(2, 3) << 0, 1, 2, 253, 254, 255).finished();
  CHECK(parse_pgm("P2\n# a comment\n3 2 # another\n255\n0 1 2\n253 254 255\n", "x.pgm") ==
        expected);
  CHECK(parse_pgm("P2 3 2 255 0 1 2 253 #last row\n 254 255", "x.pgm") == expected);
  CHECK(parse_pgm("P5\n3 2\n255\n\x00\x01\x02\xfd\xfe\xff"s, "x.pgm") == expected);
  CHECK(parse_pgm("P5 #c\r\n3\t2\r\n# d\n255 \x00\x01\x02\xfd\xfe\xff"s, "x.pgm") == expected);
  const Matrix wide = (Matrix(2, 2) << 0, 1, 256, 65535).finished();
  CHECK(parse_pgm("P5 2 2 65535\n\x00\x00\x00\x01\x01\x00\xff\xff"s, "x.pgm") == wide);
  CHECK(parse_pgm("P2 2 2 65535 0 1 256 65535", "x.pgm") == wide);
  // A raster may begin with what elsewhere were a blank or a comment.
  CHECK(parse_pgm("P5 2 2 255\n\n# \t"s, "x.pgm") == (Matrix(2, 2) << 10, 35, 32, 9).finished());
}

TEST_CASE("The masks that come with flowcheck are read", "[measures][reference]") {
  const auto read = [](const std::string& name) {
    const std::string path = data_file(name);
    return parse_pgm(read_text_file(path, InputLimits{}.data_bytes), path);
  };
  const Matrix rose = read("masks/mask_rose.pgm");
  CHECK(rose.rows() == 227);
  CHECK(rose.cols() == 222);
  const Matrix tree = read("masks/mask_tree.pgm");
  CHECK(tree.rows() == 450);
  CHECK(tree.cols() == 530);
  CHECK((tree.array() == 0.0 || tree.array() == 255.0).all());
}

TEST_CASE("parse_pgm says in which line what is wrong", "[measures][precondition]") {
  CHECK_THAT(message_of(""), Contains("x.pgm:1: expected a PGM picture"));
  CHECK_THAT(message_of("P6 2 2 255\n"), Contains("begins with P2 or P5"));
  CHECK_THAT(message_of("P5\n"), Contains("x.pgm:2: width"));
  CHECK_THAT(message_of("P5\n# 2 2\n"), Contains("x.pgm:3: width"));
  CHECK_THAT(message_of("P5\n2 two 255\n"), Contains("x.pgm:2: height: expected a number"));
  CHECK_THAT(message_of("P5\n-2 2 255\n"), Contains("width"));
  CHECK_THAT(message_of("P5\n2.5 2 255\n"), Contains("width"));
  CHECK_THAT(message_of("P5\n1 2 255\nab"), Contains("width: expected a number from 2"));
  CHECK_THAT(message_of("P5\n2 2 0\nabcd"), Contains("grey value: expected a number from 1"));
  CHECK_THAT(message_of("P5\n2 2 65536\nabcd"), Contains("to 65535"));
  CHECK_THAT(message_of("P5\n2 2 255"), Contains("a blank before the pixels"));
  CHECK_THAT(message_of("P5\n2 2 255\nabc"), Contains("3 bytes of pixels, expected 4"));
  CHECK_THAT(message_of("P5\n2 2 255\nabcde"), Contains("5 bytes of pixels, expected 4"));
  CHECK_THAT(message_of("P5\n2 2 256\nabcd"), Contains("4 bytes of pixels, expected 8"));
  CHECK_THAT(message_of("P5\n2 2 100\nab\x65z"), Contains("row 2, column 1: grey value 101"));
  CHECK_THAT(message_of("P5\n2 2 255\n\x00\x00\x00\x00"s), Contains("all pixels are 0"));
  CHECK_THAT(message_of("P2\n2 2 9\n1 2\n3 10\n"), Contains("x.pgm:4: grey value: expected"));
  CHECK_THAT(message_of("P2\n2 2 9\n1 2\n3 x\n"), Contains("x.pgm:4: "));
  CHECK_THAT(message_of("P2\n2 2 9\n1 2 3     "), Contains("grey value"));
  CHECK_THAT(message_of("P2\n2 2 9\n1 2 3 4 5\n"), Contains("more than 2 x 2 pixels"));
}

TEST_CASE("parse_pgm compares what the header says with the size before it takes memory",
          "[measures][precondition]") {
  CHECK_THAT(message_of("P5 1000000 1000000 255\n"), Contains("at most"));
  CHECK_THAT(message_of("P5 4294967296 4294967296 255\n"), Contains("width"));
  CHECK_THAT(message_of("P5 99999999999999999999 2 255\n"), Contains("width"));
  CHECK_THAT(message_of("P5 4000 4000 255\nabcd"),
             Contains("4 bytes of pixels, expected 16000000"));
  CHECK_THAT(message_of("P2 4000 4000 255\n1 2"), Contains("too short for 4000 x 4000"));
  CHECK_THAT(message_of("P5 3 3 255\nabcdefghi", {.values = 8}), Contains("at most 8 are read"));
}

}  // namespace flowcheck::pgm_test
