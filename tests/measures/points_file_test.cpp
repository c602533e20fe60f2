#include "measures/points_file.hpp"

#include "measures/data_file.hpp"
#include "measures/npy.hpp"

#include <Eigen/Cholesky>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace flowcheck::points_file_test {

using Catch::Matchers::Contains;

namespace {

TreatedPoints read(const std::string& text, const DataTreatment& treatment = {}) {
  return parse_csv_points(text, "x.csv", treatment);
}

std::string message_of(const std::string& text,
                       const DataTreatment& treatment = {},
                       const InputLimits& limits = {}) {
  try {
    parse_csv_points(text, "x.csv", treatment, limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string all(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string shipped(const std::string& name) {
  return read_text_file(data_file("points/" + name), InputLimits{}.data_bytes);
}

Vector mean_of(const Matrix& points) {
  return points.rowwise().mean();
}

Matrix covariance_of(const Matrix& points) {
  const Matrix centred = points.colwise() - mean_of(points);
  return centred * centred.transpose() / static_cast<double>(points.cols());
}

}  // namespace

TEST_CASE("A first line is a header if no field of it is a number", "[measures][exact]") {
  const Matrix expected = (Matrix(2, 3) << 1, 3, 5, 2, 4, 6).finished();
  CHECK(read("a,b\n1,2\n3,4\n5,6\n").points == expected);
  CHECK(read("1,2\n3,4\n5,6\n").points == expected);
  CHECK(read("\xef\xbb\xbf"
             "1,2\r\n 3 ,4.0\r\n\"5\",+6e0")
            .points == expected);
  CHECK(read("x,NA\n1,2\n3,4\n5,6\n").points == expected);
  CHECK(read("a,b\n1,2\n3,4\n5,7\n").warnings.empty());
  CHECK_THAT(message_of("NA,2\n3,4\n"), Contains("x.csv:1: column \"1\": a value is missing"));
}

TEST_CASE("A first line that begins with # names the columns or is a remark", "[measures][exact]") {
  const Matrix expected = (Matrix(2, 2) << 1, 3, 2, 4).finished();
  CHECK(read("# x,y\n1.000000000000000000e+00,2\n3,4\n").points == expected);
  CHECK(read("# x,y\n1,2\n3,4\n", {.columns = {"y", "x"}}).points == expected.colwise().reverse());
  CHECK(read("#\r\n1,2\r\n3,4\r\n").points == expected);
  CHECK(read("# made today, with 2 columns, and \"care\n1,2\n3,4\n").points == expected);
  CHECK(read("# 5,6\n1,2\n3,4\n").points == expected);  // no row, whatever it holds
  CHECK(read("# 5,6\na,b\n1,2\n3,4\n").points == expected);
  CHECK_THAT(message_of("# x,y\n1,2\n3\n"), Contains("x.csv:3: 1 fields, expected 2"));
  CHECK_THAT(message_of("# 1\n# y\n1,2\n"), Contains("x.csv:3: 2 fields, expected 1"));
  CHECK_THAT(message_of("1,2\n# x,y\n"), Contains("x.csv:2: column \"1\": expected a number"));
  CHECK_THAT(message_of("# x,y\n"), Contains("x.csv:2: expected a line of column names"));
  CHECK_THAT(message_of("# x,y"), Contains("x.csv:2: expected a line of column names"));
}

TEST_CASE("A first line of numbers with a slip in it is not dropped as a header",
          "[measures][precondition]") {
  // As numbers, which they are meant to be.
  for (const std::string slip : {"1e400", "-1e400", "+1e400", " 1e-400 ", "0x10", "-0X1f"}) {
    CAPTURE(slip);
    for (const std::string& line : {slip + ",2", "2," + slip, slip}) {
      CHECK_THAT(message_of(line + "\n" + line + "\n"),
                 Contains("x.csv:1: column \"") && Contains("expected a number"));
    }
    CHECK_THAT(message_of("a," + slip + "\n1,2\n"), Contains("x.csv:1: found both \"a\""));
  }
  for (const std::string slip : {"1,5x", "1 2,3", "2,l0", "1.2.3,4", "x,1", "inf,x"}) {
    CAPTURE(slip);
    CHECK_THAT(message_of(slip + "\n1,2\n"), Contains("x.csv:1: found both \"") &&
                                                 Contains("neither a row of numbers nor") &&
                                                 Contains("put a line of names"));
  }
  // Names of which only a part is a number.
  for (const std::string names : {"1st floor,x2", "0xyz,1e", "p00,2d"}) {
    CAPTURE(names);
    CHECK(read(names + "\n1,2\n3,5\n").points == (Matrix(2, 2) << 1, 3, 2, 5).finished());
  }
}

TEST_CASE("Columns are selected by name or number, in the order asked for", "[measures][exact]") {
  const std::string text = "name,x,y,z\nfirst,1,2,7\nsecond,3,4,8\n";
  CHECK(read(text, {.columns = {"y", "x"}}).points == (Matrix(2, 2) << 2, 4, 1, 3).finished());
  CHECK(read(text, {.columns = {"3"}}).points == (Matrix(1, 2) << 2, 4).finished());
  CHECK(read(text, {.columns = {"4"}}).points == (Matrix(1, 2) << 7, 8).finished());
  CHECK_THAT(message_of(text), Contains("x.csv:2: column \"name\": expected a number, found "
                                        "\"first\"; mend it, or leave the column out"));
  CHECK_THAT(message_of(text, {.columns = {"w"}}),
             Contains("no column \"w\"; expected a number from 1 to 4, or one of \"name\", \"x\""));
  CHECK_THAT(message_of(text, {.columns = {"0"}}), Contains("no column \"0\""));
  CHECK_THAT(message_of(text, {.columns = {"5"}}), Contains("no column \"5\""));
  CHECK_THAT(message_of(text, {.columns = {"-1"}}), Contains("no column \"-1\""));
  CHECK_THAT(message_of(text, {.columns = {"x", "2"}}), Contains("\"2\" is selected twice"));
}

TEST_CASE("What is no table of numbers is refused with its line", "[measures][precondition]") {
  CHECK_THAT(message_of(""), Contains("x.csv:1: "));
  CHECK_THAT(message_of("a,b\n"),
             Contains("x.csv:2: expected a line of column names and at least"));
  CHECK_THAT(message_of("a,b\n1,2\n3\n"), Contains("x.csv:3: 1 fields, expected 2"));
  CHECK_THAT(message_of("1,2\n3,4,5\n"), Contains("x.csv:2: 3 fields, expected 2"));
  CHECK_THAT(message_of("a,a\n1,2\n"), Contains("x.csv:1: column \"a\" stands twice"));
  CHECK_THAT(message_of(",a\n1,2\n"), Contains("x.csv:1: column 1 has no name"));
  CHECK_THAT(message_of("a\n\"1\n"), Contains("x.csv:2: a quoted field is not closed"));
  CHECK_THAT(message_of("a,b\n1,2\n3,four\n"),
             Contains("x.csv:3: column \"b\": expected a number"));
  CHECK_THAT(message_of("a\n1;2\n"), Contains("fields are separated by commas"));
  CHECK_THAT(message_of("a\n1,5\n"), Contains("x.csv:2: 2 fields, expected 1"));
  CHECK_THAT(message_of("a\n1\n1e999\n"), Contains("x.csv:3: column \"a\": expected a number"));
  CHECK_THAT(message_of("a\n1\ninf\n"), Contains("x.csv:3: column \"a\": a value is infinite"));
  CHECK_THAT(message_of("a\n1\n-Infinity\n"), Contains("infinite"));
  CHECK_THAT(message_of(std::string("a\n1\0\n", 5)), Contains("x.csv:1: not a text"));
  CHECK_THAT(message_of("a\n\x1b[31mred\n"), Contains("\"?[31mred\""));  // no command to a terminal
  CHECK_THAT(message_of("1,2,3\n", {}, {.dimension = 2}),
             Contains("3 columns, at most 2 are read"));
  CHECK_THAT(message_of("1,2\n3,4\n5,6\n", {}, {.values = 5}),
             Contains("x.csv:3: more than 5 fields"));
  CHECK_THAT(message_of("1,2,3,4\n", {}, {.values = 3}), Contains("x.csv:1: more than 3 fields"));
}

TEST_CASE("A missing value is refused, or its row dropped when asked for", "[measures][exact]") {
  const std::string missing = GENERATE("", "NA", "na", "NaN", "nan", "\"\"", " ");
  const std::string text = "x,y,z\n1,2,a\n3," + missing + ",b\n5,6,c\n";
  CAPTURE(missing);
  CHECK_THAT(message_of(text, {.columns = {"x", "y"}}),
             Contains("x.csv:3: column \"y\": a value is missing") && Contains("--drop-missing"));
  CHECK(read(text, {.columns = {"x"}}).points.cols() == 3);  // only what is selected counts
  const TreatedPoints dropped = read(text, {.columns = {"x", "y"}, .drop_missing = true});
  CHECK(dropped.points == (Matrix(2, 2) << 1, 5, 2, 6).finished());
  CHECK_THAT(all(dropped.notes), Contains("1 of 3 rows dropped"));
  CHECK_THAT(message_of("x\n" + missing + "\n" + missing + "\n", {.drop_missing = true}),
             Contains("x.csv:1: no row without a missing value"));
  CHECK_THAT(message_of("x\n1\ninf\n", {.drop_missing = true}), Contains("infinite"));
}

TEST_CASE("standardise brings columns to mean 0 and deviation 1", "[measures][exact]") {
  const TreatedPoints two = read("1,1e300\n3,-1e300\n", {.standardise = true});
  CHECK(two.points.isApprox((Matrix(2, 2) << -1, 1, 1, -1).finished(), 1e-15));
  CHECK_THAT(all(two.notes), Contains("standardised") && Contains("its own mean and standard") &&
                                 Contains("differences in location and scale") &&
                                 Contains("are gone"));
  CHECK_THAT(message_of("a,b\n1,2\n1,3\n", {.standardise = true}),
             Contains("x.csv:1: column \"a\" is constant") && Contains("--columns"));
  CHECK(message_of("a,b\n1,2\n1,3\n") == "accepted");
  CHECK_THAT(message_of("1\n", {.standardise = true}), Contains("constant"));
  // Far from zero no digit is lost: the values' differences are exact.
  const Matrix far =
      read("1000000000.25\n1000000000.5\n1000000001\n", {.standardise = true}).points;
  const Matrix near = read("-1\n0\n2\n", {.standardise = true}).points;
  CHECK(far.isApprox(near, 1e-14));
  const Matrix tiny = read("1e-310\n3e-310\n", {.standardise = true}).points;
  CHECK(tiny.isApprox((Matrix(1, 2) << -1, 1).finished(), 1e-9));
}

TEST_CASE("The data that come with flowcheck have the Gaussian entropies of their table",
          "[measures][reference]") {
  // ½ log det(2πe R) of the standardised columns, to the three decimals given in data/README.md.
  const auto gaussian_entropy = [](const std::string& name, const DataTreatment& treatment) {
    const Matrix R = covariance_of(read(shipped(name), treatment).points);
    const double log_det = 2.0 * R.llt().matrixLLT().diagonal().array().log().sum();
    return 0.5 * (static_cast<double>(R.rows()) * std::log(2.0 * M_PI * std::exp(1.0)) + log_det);
  };
  CHECK(std::abs(gaussian_entropy("us_airports.csv", {.standardise = true}) - 2.646) <= 0.0005);
  std::vector<std::string> features;
  for (int k = 1; k <= 30; ++k) features.push_back(std::to_string(k));
  CHECK(std::abs(
            gaussian_entropy("breast_cancer_wdbc.csv", {.columns = features, .standardise = true}) -
            7.245) <= 0.0005);
}

TEST_CASE("dequantise adds noise below a column's smallest gap", "[measures][property]") {
  const std::string text = "a,b,c\n0,0.25,7\n3,0.5,7\n9,0.25,7\n6,1.25,7\n";
  const Matrix before = read(text).points;
  const TreatedPoints treated = read(text, {.dequantise = true, .seed = 5});
  const Matrix noise = treated.points - before;
  const Vector quantum = Eigen::Vector3d(3.0, 0.25, 1.0);
  for (Index i = 0; i < noise.cols(); ++i) {
    CHECK((noise.col(i).array() >= 0.0).all());
    CHECK((noise.col(i).array() < quantum.array()).all());
  }
  CHECK_THAT(all(treated.notes), Contains("0.25 to 3, seed 5"));
  CHECK(read(text, {.dequantise = true, .seed = 5}).points == treated.points);
  CHECK(read(text, {.dequantise = true, .seed = 6}).points != treated.points);
  CHECK_THAT(message_of("-1.5e308\n1.5e308\n", {.dequantise = true}), Contains("too large"));
  CHECK_THAT(message_of("0.5\n0.5\n", {.dequantise = true}),
             Contains("x.csv:1: column \"1\" is constant and no integer"));

  // The three constant pixels of the digits no longer stand in the way of a density.
  const std::string digits = shipped("digits64.csv");
  CHECK_THAT(message_of(digits, {.standardise = true}), Contains("\"p00\" is constant"));
  const Matrix spread = read(digits, {.dequantise = true, .standardise = true}).points;
  CHECK(spread.rows() == 65);
  CHECK(mean_of(spread).cwiseAbs().maxCoeff() < 1e-12);
  CHECK((covariance_of(spread).diagonal().array() - 1.0).abs().maxCoeff() < 1e-12);
}

TEST_CASE("What is worth knowing of points is said", "[measures][exact]") {
  const auto warnings = [](const std::string& text, const DataTreatment& treatment = {}) {
    return all(read(text, treatment).warnings);
  };
  CHECK(warnings("0,0\n1,0.5\n2,3\n").empty());
  CHECK_THAT(warnings("0,0\n1,0.5\n2,3\n1,0.5\n1,0.5\n"), Contains("2 of 5 rows repeat another"));
  CHECK_THAT(warnings("x,y\n0,0\n1,0\n2,0\n"), Contains("constant: \"y\""));
  CHECK_THAT(warnings("x,y\n1,0\n2,1\n3,0\n4,1\n5,0\n"), Contains("ties") && Contains("\"y\""));
  CHECK_THAT(warnings("1,2\n3,5\n"), Contains("2 rows in dimension 2"));
  CHECK_THAT(warnings("1,2\n2,4\n3,6\n4,8.0000000001\n"), Contains("nearly singular"));
  CHECK_THAT(warnings("1,2\n2,4\n3,6\n4,8\n"), Contains("nearly singular"));
  const std::string digits = shipped("digits64.csv");
  CHECK_THAT(warnings(digits), Contains("constant: \"p00\", \"p40\""));
  // In the units they are measured in the covariance's condition is 1e12; that alone is no news.
  CHECK_THAT(warnings("1,2e6\n2,-4e6\n3,5e6\n4,8e6\n"), !Contains("singular"));
}

TEST_CASE("parse_npy_points treats an array as a table without names", "[measures][exact]") {
  Matrix array(3, 4);
  array << 1, 2, 3, 4, 10, 20, 30, 50, 7, 7, 7, NAN;
  const std::string bytes = npy_bytes(array);
  const auto message = [&](const DataTreatment& treatment, const InputLimits& limits = {}) {
    try {
      parse_npy_points(bytes, "x.npy", treatment, limits);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(parse_npy_points(bytes, "x.npy", {.columns = {"2", "1"}}).points ==
        (Matrix(2, 4) << 10, 20, 30, 50, 1, 2, 3, 4).finished());
  CHECK(parse_npy_points(bytes, "x.npy", {.drop_missing = true}).points == array.leftCols(3));
  CHECK_THAT(message({}), Contains("x.npy:1: row 4, column \"3\": a value is missing"));
  CHECK_THAT(message({.columns = {"x"}}), Contains("no column \"x\""));
  CHECK_THAT(message({}, {.dimension = 2}), Contains("3 columns, at most 2"));
}

TEST_CASE("A column of weights is no coordinate, and its rows keep theirs", "[measures][exact]") {
  const std::string text = "x,w,y\n1,2,10\n2,0,20\n3,NA,30\n4,6,40\n";
  const TreatedPoints whole = read(text, {.drop_missing = true, .weight_column = "w"});
  CHECK(whole.points == (Matrix(2, 2) << 1, 4, 10, 40).finished());
  CHECK(whole.weights == Eigen::Vector2d(0.25, 0.75));
  CHECK_THAT(all(whole.notes), Contains("1 of 4 rows dropped") &&
                                   Contains("1 of 3 rows left out: weight zero") &&
                                   Contains("weights divided by their sum, 8"));
  CHECK(read(text, {.columns = {"y"}, .drop_missing = true, .weight_column = "2"}).points ==
        (Matrix(1, 2) << 10, 40).finished());
  CHECK(parse_npy_points(npy_bytes((Matrix(2, 2) << 5, 6, 1, 3).finished()), "x.npy",
                         {.weight_column = "2"})
            .weights == Eigen::Vector2d(0.25, 0.75));
  // Numbers from elsewhere go with the rows of the file.
  const std::string plain = "x\n1\nNA\n3\n";
  CHECK(read(plain, {.drop_missing = true, .weights = {1.0, 5.0, 3.0}}).weights ==
        Eigen::Vector2d(0.25, 0.75));
  // A sum of one to ten digits is taken as it is, equal weights are none, and no sum overflows.
  CHECK(read("1\n2\n", {.weights = {0.3, 0.7 + 1e-10}}).weights ==
        Eigen::Vector2d(0.3, 0.7 + 1e-10));
  CHECK(read("1\n2\n", {.weights = {7.0, 7.0}}).weights.size() == 0);
  CHECK(read("1\n2\n3\n", {.weights = {1.5e308, 1.5e308, 0.75e308}}).weights ==
        Eigen::Vector3d(0.4, 0.4, 0.2));
}

TEST_CASE("Weighted points are standardised by their weights, however light", "[measures][exact]") {
  const TreatedPoints points =
      read("x,w\n0,1\n1,1\n4,2\n", {.standardise = true, .weight_column = "w"});
  // Mean 9/4 and variance 51/16.
  const Vector expected = (Eigen::Array3d(0.0, 1.0, 4.0) - 2.25) / std::sqrt(51.0 / 16.0);
  CHECK((points.points.row(0).transpose() - expected).norm() < 1e-15);
  // The same points written as often as they weigh.
  CHECK((read("x\n0\n1\n4\n4\n", {.standardise = true}).points.leftCols(3) - points.points).norm() <
        1e-15);
  CHECK(read("0\n1\n", {.standardise = true, .weights = {1.0, 5e-324}}).points.allFinite());
}

TEST_CASE("A weight that is nothing beside the others is zero", "[measures][exact]") {
  // Of 2 + 3 + 5e-324 the last is no share: the first two stay, with mean .6 and variance .24.
  const TreatedPoints points =
      read("0\n1\n7\n", {.standardise = true, .weights = {2.0, 3.0, 5e-324}});
  REQUIRE(points.points.cols() == 2);
  REQUIRE(points.weights.size() == 2);
  CHECK(points.weights.minCoeff() > 0.0);
  const Vector expected = (Eigen::Array2d(0.0, 1.0) - 0.6) / std::sqrt(0.24);
  CHECK((points.points.row(0).transpose() - expected).norm() < 1e-15);
  CHECK(std::any_of(points.notes.begin(), points.notes.end(), [](const std::string& note) {
    return note == "1 of 3 rows left out: weight zero beside the others";
  }));
  // Equal ones that are left are none.
  CHECK(read("0\n1\n7\n", {.weights = {1e300, 1e300, 1e-30}}).weights.size() == 0);
  // One row left: a constant column.
  CHECK_THAT(message_of("x,w\n0,1e300\n1,1e-30\n", {.standardise = true, .weight_column = "w"}),
             Contains("x.csv:1: column \"x\" is constant and cannot be standardised"));
  CHECK_THAT(message_of("0\n1\n", {.standardise = true, .weights = {2.0, 5e-324}}),
             Contains("is constant and cannot be standardised"));
}

TEST_CASE("What is wrong with weights is said with its line", "[measures][precondition]") {
  const DataTreatment by_w{.weight_column = "w"};
  CHECK(message_of("x,w\n1,2\n", by_w) == "accepted");
  CHECK_THAT(message_of("x,w\n1,2\n2,-1\n", by_w),
             Contains("x.csv:3: column \"w\": a value is below 0"));
  CHECK_THAT(message_of("x,w\n1,NaN\n", by_w),
             Contains("x.csv:2: column \"w\": ") && Contains("is missing; mend the row"));
  CHECK_THAT(message_of("x,w\n1,inf\n", by_w),
             Contains("x.csv:2: column \"w\": ") && Contains("infinite"));
  CHECK_THAT(message_of("x,w\n1,0\n2,0\n", by_w), Contains("x.csv:1: all weights are zero"));
  CHECK_THAT(message_of("x,w\n1,a\n", by_w), Contains("x.csv:2: "));
  CHECK_THAT(message_of("x,y\n1,2\n", by_w), Contains("no column \"w\""));
  CHECK_THAT(message_of("w\n1\n", by_w), Contains("no column beside the weights"));
  CHECK_THAT(message_of("x,w\n1,2\n", {.columns = {"x", "w"}, .weight_column = "w"}),
             Contains("column \"w\" holds the weights"));
  CHECK_THAT(message_of("1\n2\n", {.weights = {1.0, 2.0, 3.0}}),
             Contains("x.csv:1: 2 rows, and 3 weights for them"));
}

}  // namespace flowcheck::points_file_test
