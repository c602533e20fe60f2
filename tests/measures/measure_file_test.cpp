#include "measures/measure_file.hpp"

#include "measures/npy.hpp"
#include "support/estimates.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace flowcheck::measure_file_test {

namespace {

namespace fs = std::filesystem;

// A folder of files, gone again at the end of the test.
class Folder {
 public:
  Folder() { fs::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this / name;
  }

 private:
  fs::path path_ =
      fs::temp_directory_path() / ("flowcheck_measure_file_" + std::to_string(::getpid()));
};

template <class P>
P parse_as(const std::string& text) {
  const Folder folder;
  return std::get<P>(read_measure(folder.write("target.json", text)).measure);
}

Gaussian parse(const std::string& text) {
  return parse_as<Gaussian>(text);
}

std::string complaint_of(const std::string& path,
                         const DataTreatment& treatment = {},
                         const InputLimits& limits = {}) {
  try {
    read_measure(path, treatment, limits);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

// The one line a user sees.
std::string complaint(const std::string& text, const InputLimits& limits = {}) {
  const Folder folder;
  return complaint_of(folder.write("target.json", text), {}, limits);
}

}  // namespace

TEST_CASE("a Gaussian is read from JSON in its three forms", "[measures][exact]") {
  const Gaussian full =
      parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": [[2, 0.5], [0.5, 1]]})");
  CHECK(full.mean()(1) == 2.0);
  CHECK(full.covariance()(0, 1) == 0.5);
  const Gaussian diagonal = parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": [2, 3]})");
  CHECK(diagonal.covariance()(1, 1) == 3.0);
  CHECK(diagonal.covariance()(0, 1) == 0.0);
  const Gaussian isotropic = parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": 4})");
  CHECK(isotropic.covariance()(0, 0) == 4.0);
  CHECK(parse(R"({"type": "gaussian", "mean": [1, 2], "covariance": 0})").rank() == 0);
  CHECK(parse(R"({"type": "gaussian", "mean": [1], "covariance": [[2]]})").dimension() == 1);
}

TEST_CASE("what is wrong with a measure file is said with its line", "[measures][precondition]") {
  using Catch::Contains;
  CHECK_THAT(
      complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, 0],\n\"covariance\": [[1, 2], [2, 1]]}"),
      Contains("target.json:4:") && Contains("positive semidefinite"));
  CHECK_THAT(
      complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, 0],\n\"covariance\": [[1, 2], [0, 1]]}"),
      Contains("target.json:4:") && Contains("symmetric"));
  CHECK_THAT(complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, \"x\"],\n\"covariance\": 1}"),
             Contains("target.json:3:") && Contains("numbers"));
  CHECK_THAT(complaint("{\n\"type\": \"gaussian\",\n\"mean\": [0, NaN],\n\"covariance\": 1}"),
             Contains("target.json:3:") && Contains("JSON"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0], \"covariance\": [[1, 0]]}"),
             Contains("target.json:1:") && Contains("1 numbers"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0, 0], \"covariance\": [[1, 0]]}"),
             Contains("2 rows of 2"));
  CHECK_THAT(
      complaint("{\"type\": \"gaussian\", \"mean\": [0],\n \"sigma\": 1, \"covariance\": 1}"),
      Contains("target.json:2:") && Contains("unknown key \"sigma\""));
  CHECK_THAT(
      complaint("{\"type\": \"gaussian\", \"mean\": [0],\n \"mean\": [1], \"covariance\": 1}"),
      Contains("twice"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [0]}"),
             Contains("\"covariance\" is missing"));
  CHECK_THAT(complaint("{\"type\": \"levy\", \"mean\": [0], \"covariance\": 1}"),
             Contains("expected \"gaussian\", \"gaussian_mixture\", \"points\" or \"image\""));
  CHECK_THAT(complaint("{\"mean\": [0], \"covariance\": 1}"), Contains("\"type\" is missing"));
  CHECK_THAT(complaint("{\"type\": 3}"), Contains("\"type\": expected"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [], \"covariance\": 1}"),
             Contains("at least one number"));
  CHECK_THAT(complaint("{\"type\": \"gaussian\", \"mean\": [1e999], \"covariance\": 1}"),
             Contains("target.json:1:"));
  CHECK_THAT(complaint("[1, 2]"), Contains("JSON object"));
  CHECK_THAT(complaint(""), Contains("target.json:1:"));
  CHECK_THAT(complaint("{\n\n\"type\": \"gaussian\" \"mean\"}"), Contains("target.json:3:"));
  CHECK_THAT(complaint(std::string(100'000, '[')), Contains("target.json:1:"));
}

TEST_CASE("a mixture is read with covariances of each form", "[measures][exact]") {
  const auto p = parse_as<GaussianMixture>(
      R"({"type": "gaussian_mixture", "weights": [0.25, 0.5, 0.25],
          "means": [[1, 2], [3, 4], [5, 6]], "covariances": [2, [1, 3], [[2, 0.5], [0.5, 1]]]})");
  REQUIRE(p.size() == 3);
  CHECK(p.weights()(1) == 0.5);
  CHECK(p.means().col(2) == Eigen::Vector2d(5, 6));
  CHECK(p.covariance(0) == 2.0 * Matrix::Identity(2, 2));
  CHECK(p.covariance(1) == (Matrix(2, 2) << 1, 0, 0, 3).finished());
  CHECK(p.covariance(2)(0, 1) == 0.5);
  const auto shared = parse_as<GaussianMixture>(
      R"({"type": "gaussian_mixture", "weights": [0.5, 0.5], "means": [[1], [2]],
          "covariances": [0.5, 0.5]})");
  CHECK(shared.has_common_covariance());
  CHECK(shared.covariance(1)(0, 0) == 0.5);
  const auto atoms = parse_as<GaussianMixture>(
      R"({"type": "gaussian_mixture", "weights": [0.5, 0.5], "means": [[1], [2]],
          "covariances": [0, 1]})");
  CHECK_FALSE(atoms.has_density());
}

TEST_CASE("what is wrong with a mixture is said with its line", "[measures][precondition]") {
  using Catch::Contains;
  const auto mixture = [](const std::string& weights, const std::string& means,
                          const std::string& covariances) {
    return complaint("{\"type\": \"gaussian_mixture\",\n\"weights\": " + weights +
                     ",\n\"means\": " + means + ",\n\"covariances\": " + covariances + "}");
  };
  CHECK(mixture("[0.5, 0.5]", "[[0], [1]]", "[1, 2]") == "accepted");
  CHECK_THAT(mixture("[0.5, 0.4]", "[[0], [1]]", "[1, 2]"),
             Contains("target.json:2: \"weights\": expected a sum of 1, found 0.9"));
  CHECK_THAT(mixture("[1.5, -0.5]", "[[0], [1]]", "[1, 2]"),
             Contains("target.json:2: \"weights\": expected none below 0"));
  CHECK_THAT(mixture("[]", "[]", "[]"), Contains("target.json:2: ") && Contains("at least one"));
  CHECK_THAT(mixture("[1]", "[[0], [1]]", "[1]"),
             Contains("target.json:3: \"means\": expected an array of 1, one a weight"));
  CHECK_THAT(mixture("[0.5, 0.5]", "[[0], [1, 2]]", "[1, 2]"),
             Contains("target.json:3: \"means\": expected an array of 1 numbers"));
  CHECK_THAT(mixture("[0.5, 0.5]", "[0, 1]", "[1, 2]"), Contains("target.json:3: "));
  CHECK_THAT(mixture("[0.5, 0.5]", "[[0], [1]]", "1"),
             Contains("target.json:4: \"covariances\": expected an array of 2, one a weight"));
  CHECK_THAT(mixture("[0.5, 0.5]", "[[0], [1]]", "[1, -2]"),
             Contains("target.json:4: component 2: ") && Contains("positive semidefinite"));
  CHECK_THAT(mixture("[0.5, 0.5]", "[[0, 0], [1, 1]]", "[1, [[1, 2], [0, 1]]]"),
             Contains("target.json:4: component 2: ") && Contains("symmetric"));
  CHECK_THAT(mixture("[0.5, 0.5]", "[[0, 0], [1, 1]]", "[1, [[1, 2]]]"),
             Contains("target.json:4: ") && Contains("2 rows of 2"));
  CHECK_THAT(complaint(R"({"type": "gaussian_mixture", "weights": [1], "means": [[0]]})"),
             Contains("\"covariances\" is missing"));
}

TEST_CASE("points and pictures are found from the folder of their JSON", "[measures][exact]") {
  const Folder folder;
  folder.write("data/x.csv", "a,b,name\n1,2,x\n3,NA,y\n5,7,z\n");
  folder.write("data/y.npy", npy_bytes((Matrix(1, 2) << 1, 2).finished()));
  folder.write("data/z.pgm", "P2 2 2 1 1 0 0 1");
  const auto read = [&](const std::string& text, const DataTreatment& treatment = {}) {
    return read_measure(folder.write("measures/m.json", text), treatment);
  };
  const MeasureFile points = read(
      R"({"type": "points", "file": "../data/x.csv", "columns": ["b", 1], "drop_missing": true})");
  CHECK(std::get<PointCloud>(points.measure).points() == (Matrix(2, 2) << 2, 7, 1, 5).finished());
  CHECK(points.notes.size() == 1);
  CHECK(std::get<PointCloud>(
            read(R"({"type": "points", "file": "../data/y.npy", "standardise": true})").measure)
            .points() == (Matrix(1, 2) << -1, 1).finished());
  CHECK(std::get<GaussianMixture>(read(R"({"type": "image", "file": "../data/z.pgm"})").measure)
            .size() == 2);

  const auto weights = [&](const std::string& text) -> Vector {
    return std::get<PointCloud>(read(text).measure).weights();
  };
  CHECK(weights(R"({"type": "points", "file": "../data/y.npy", "weights": [1, 3]})") ==
        Eigen::Vector2d(0.25, 0.75));
  CHECK(weights(R"({"type": "points", "file": "../data/x.csv", "columns": ["b"], "weights": "a",
                    "drop_missing": true})") == Eigen::Vector2d(1.0 / 6.0, 5.0 / 6.0));
  // The caller's treatment is added.
  CHECK(std::get<PointCloud>(read(R"({"type": "points", "file": "../data/x.csv", "columns": [1]})",
                                  {.standardise = true})
                                 .measure)
            .points()
            .sum() == Approx(0.0).margin(1e-15));
  CHECK_THROWS_WITH(
      read(R"({"type": "points", "file": "../data/x.csv", "columns": [1]})", {.columns = {"b"}}),
      Catch::Contains("selects columns itself"));
  const auto given = [&](const char* text, const DataTreatment& treatment) {
    return Vector(std::get<PointCloud>(read(text, treatment).measure).weights());
  };
  const char* plain = R"({"type": "points", "file": "../data/y.npy"})";
  CHECK(given(plain, {.weights = {1.0, 3.0}}) == Eigen::Vector2d(0.25, 0.75));
  CHECK(given(R"({"type": "points", "file": "../data/x.csv", "columns": ["b"],
                  "drop_missing": true})",
              {.weight_column = "a"}) == Eigen::Vector2d(1.0 / 6.0, 5.0 / 6.0));
  CHECK_THROWS_WITH(read(R"({"type": "points", "file": "../data/y.npy", "weights": [1, 3]})",
                         {.weight_column = "1"}),
                    Catch::Contains("gives weights itself"));
  const std::string seeded =
      R"({"type": "points", "file": "../data/y.npy", "dequantise": true, "seed": 5})";
  CHECK(std::get<PointCloud>(read(seeded, {.seed = 9}).measure).points() ==
        std::get<PointCloud>(read(seeded).measure).points());
}

TEST_CASE("a measure is told by the end of its file's name", "[measures][exact]") {
  const Folder folder;
  const auto type = [](const std::string& path) { return type_name(read_measure(path).measure); };
  CHECK(type(folder.write("a.csv", "1,2\n3,4\n")) == "points");
  CHECK(type(folder.write("a.NPY", npy_bytes(Matrix::Ones(2, 2)))) == "points");
  CHECK(type(folder.write("a.pgm", "P2 2 2 1 1 0 0 1")) == "gaussian_mixture");
  CHECK(type(folder.write("a.json", R"({"type": "gaussian", "mean": [1], "covariance": 1})")) ==
        "gaussian");
  CHECK(dimension(read_measure(folder / "a.csv").measure) == 2);
  using Catch::Contains;
  CHECK_THAT(complaint_of(folder.write("a.txt", "1,2\n")), Contains("a file .json, .csv, .npy"));
  CHECK_THAT(complaint_of(folder.write("b.npy", "1,2\n")), Contains("not a NumPy array"));
}

TEST_CASE("what is wrong with points and pictures is said", "[measures][precondition]") {
  using Catch::Contains;
  CHECK_THAT(complaint(R"({"type": "points"})"), Contains("\"file\" is missing"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.txt"})"), Contains(".csv or .npy"));
  CHECK_THAT(complaint(R"({"type": "points", "file": 3})"), Contains("name of a file"));
  CHECK_THAT(complaint(R"({"type": "points", "file": ""})"), Contains("name of a file"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "a\u0000.csv"})"), Contains("name of a file"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "missing.csv"})"),
             Contains("missing.csv: not a file that can be read"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "~/x.csv"})"), Contains("/~/x.csv: "));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "columns": "a"})"),
             Contains("\"columns\": expected an array of names"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "columns": [-1]})"),
             Contains("\"columns\": expected"));
  CHECK_THAT(complaint("{\"type\": \"points\", \"file\": \"x.csv\",\n\"standardise\": 1}"),
             Contains("target.json:2: \"standardise\": expected true or false"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "weights": {}})"),
             Contains("\"weights\": expected a column's name or number, or an array"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "weights": ["a", "b"]})"),
             Contains("\"weights\": expected numbers only"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "weights": [1, null]})"),
             Contains("\"weights\": expected numbers only"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "weights": []})"),
             Contains("\"weights\": expected"));
  CHECK_THAT(complaint("{\"type\": \"points\", \"file\": \"x.csv\",\n\"weights\": [1, -1]}"),
             Contains("target.json:2: \"weights\": expected none below 0"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "weights": [0, 0]})"),
             Contains("\"weights\": expected one above 0"));
  CHECK_THAT(
      complaint(R"({"type": "points", "file": "x.csv", "weights": [1, 2, 3]})", {.values = 2}),
      Contains("\"weights\": 3 entries, at most 2 are read"));
  CHECK_THAT(complaint(R"({"type": "points", "file": "x.csv", "seed": -1})"),
             Contains("\"seed\": expected"));
  CHECK_THAT(complaint("{\"type\": \"points\", \"file\": \"x.csv\",\n\"standardize\": true}"),
             Contains("target.json:2: unknown key \"standardize\"; expected \"type\", \"file\""));
  CHECK_THAT(complaint(R"({"type": "image", "file": "x.png"})"), Contains("a file .pgm"));
}

TEST_CASE("only plain files are read", "[measures][precondition]") {
  using Catch::Contains;
  const Folder folder;
  const std::string pipe = folder / "pipe.csv";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(complaint_of(pipe), Contains("pipe.csv: not a file that can be read"));
  fs::create_directories(folder / "folder.csv");
  CHECK_THAT(complaint_of(folder / "folder.csv"), Contains("not a file that can be read"));
  fs::create_symlink("/dev/zero", folder / "zero.npy");
  CHECK_THAT(complaint_of(folder / "zero.npy"), Contains("not a file that can be read"));
  CHECK_THAT(complaint_of(folder / "missing.json"), Contains("not a file that can be read"));
  const std::string text = folder.write("x.csv", "1\n2\n");
  fs::create_symlink("x.csv", folder / "link.csv");
  CHECK(complaint_of(folder / "link.csv") == "accepted");
}

TEST_CASE("sizes are checked before memory is taken", "[measures][precondition]") {
  using Catch::Contains;
  const Folder folder;
  CHECK_THAT(
      complaint(R"({"type": "gaussian", "mean": [1, 2, 3], "covariance": 4})", {.dimension = 2}),
      Contains("3 entries, at most 2 are read"));
  const std::string gaussian =
      folder.write("g.json", R"({"type": "gaussian", "mean": [1, 2], "covariance": 4})");
  CHECK_THAT(complaint_of(gaussian, {}, {.file_bytes = 40}), Contains("at most 40 are read"));
  CHECK_THAT(complaint_of(folder.write("x.csv", "1\n2\n3\n"), {}, {.data_bytes = 5}),
             Contains("6 bytes, at most 5 are read"));
  // Two numbers that stand for two matrices.
  const std::string mixture =
      R"({"type": "gaussian_mixture", "weights": [0.5, 0.5], "means": [[0, 0], [1, 1]],
          "covariances": [1, 2]})";
  CHECK_THAT(complaint(mixture, {.values = 7}), Contains("2 of 2 x 2, at most 7 numbers"));
  CHECK(complaint(mixture, {.values = 8}) == "accepted");
  CHECK_THAT(complaint(mixture, {.components = 1}), Contains("2 entries, at most 1 are read"));
}

}  // namespace flowcheck::measure_file_test
