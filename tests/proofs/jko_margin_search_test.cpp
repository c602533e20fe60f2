#include "experiments.hpp"
#include "margin_spaces.hpp"
#include "numerics/spd.hpp"
#include "support/estimates.hpp"

#include <Eigen/LU>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace flowcheck::jko_margin_search_test {

namespace {

PreparedRun search(const std::vector<int>& claims, int starts, int evaluations) {
  PreparedRun run = jko_margin_search().prepare(Scale::quick);
  *std::get<std::vector<int>*>(run.options[0].value) = claims;
  *std::get<int*>(run.options[1].value) = starts;
  *std::get<int*>(run.options[2].value) = evaluations;
  return run;
}

std::vector<SearchSpace> all_spaces() {
  std::vector<SearchSpace> all;
  for (auto make :
       {line_search_spaces, gaussian_search_spaces, jet_search_spaces, mixture_search_spaces}) {
    for (SearchSpace& space : make()) all.push_back(std::move(space));
  }
  return all;
}

Statement statement_of(const std::string& claim, const std::string& part) {
  for (const SearchSpace& space : all_spaces()) {
    if (space.claim == claim && space.part == part) return space.statement;
  }
  FAIL("no such part: " << claim << ", " << part);
  return {};
}

// The middle of the box but for some coordinates in [−1, 1], by name.
Vector point(const Statement& statement, const std::map<std::string, double>& moved) {
  SearchPoint middle{Vector()};
  static_cast<void>(statement(middle));
  Vector x = Vector::Zero(static_cast<Index>(middle.read().size()));
  std::size_t found = 0;
  for (std::size_t i = 0; i < middle.read().size(); ++i) {
    const auto to = moved.find(middle.read()[i].first);
    if (to == moved.end()) continue;
    x[static_cast<Index>(i)] = to->second;
    ++found;
  }
  REQUIRE(found == moved.size());
  return x;
}

std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& kind,
                         const std::string& quantity) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.parameters[2] == Parameter(kind) && row.quantity == quantity) found.push_back(row);
  }
  return found;
}

using Point2 = Eigen::Vector2d;
using Matrix2 = Eigen::Matrix2d;

// The quartic with the derivatives that a point of the search over manufactured steps names, and
// the law p = T_# e^{−f}, T = x + γ(x − ∇f).
struct Quartic {
  double gamma = 1.0;
  std::map<std::string, double> at = {};

  explicit Quartic(const SearchPoint& point) : at(point.read().begin(), point.read().end()) {
    gamma = at["step_size"];
    const double largest = (1.0 + gamma) / gamma;
    const double least = largest * at["least_curvature"];
    at["second_1"] = least;
    at["second_2"] = least + at["other_curvature"] * (largest - least);
    Matrix2 L;
    L << at["positive_factor_11"], 0.0, at["positive_factor_21"], at["positive_factor_22"];
    const Matrix2 P = L * L.transpose();
    at["fourth_1111"] = P(0, 0);
    at["fourth_1112"] = P(0, 1);
    at["fourth_1122"] = P(1, 1);
  }

  double get(const std::string& name) const { return at.at(name); }

  double value(const Point2& p) const {
    const double x = p[0];
    const double y = p[1];
    return get("gradient_1") * x + get("gradient_2") * y +
           0.5 * (get("second_1") * x * x + get("second_2") * y * y) +
           get("third_122") * x * y * y / 2.0 + get("third_222") * y * y * y / 6.0 +
           get("fourth_1111") * x * x * x * x / 24.0 + get("fourth_1112") * x * x * x * y / 6.0 +
           get("fourth_1122") * x * x * y * y / 4.0 + get("fourth_1222") * x * y * y * y / 6.0 +
           get("fourth_2222") * y * y * y * y / 24.0;
  }
  Point2 gradient(const Point2& p) const {
    const double x = p[0];
    const double y = p[1];
    return {get("gradient_1") + get("second_1") * x + get("third_122") * y * y / 2.0 +
                get("fourth_1111") * x * x * x / 6.0 + get("fourth_1112") * x * x * y / 2.0 +
                get("fourth_1122") * x * y * y / 2.0 + get("fourth_1222") * y * y * y / 6.0,
            get("gradient_2") + get("second_2") * y + get("third_122") * x * y +
                get("third_222") * y * y / 2.0 + get("fourth_1112") * x * x * x / 6.0 +
                get("fourth_1122") * x * x * y / 2.0 + get("fourth_1222") * x * y * y / 2.0 +
                get("fourth_2222") * y * y * y / 6.0};
  }
  Matrix2 hessian(const Point2& p) const {
    const double x = p[0];
    const double y = p[1];
    const double mixed = get("third_122") * y + get("fourth_1112") * x * x / 2.0 +
                         get("fourth_1122") * x * y + get("fourth_1222") * y * y / 2.0;
    Matrix2 H;
    H << get("second_1") + get("fourth_1111") * x * x / 2.0 + get("fourth_1112") * x * y +
             get("fourth_1122") * y * y / 2.0,
        mixed, mixed,
        get("second_2") + get("third_122") * x + get("third_222") * y +
            get("fourth_1122") * x * x / 2.0 + get("fourth_1222") * x * y +
            get("fourth_2222") * y * y / 2.0;
    return H;
  }
  Matrix2 jacobian(const Point2& x) const {
    return (1.0 + gamma) * Matrix2::Identity() - gamma * hessian(x);
  }
  Point2 image(const Point2& x) const { return (1.0 + gamma) * x - gamma * gradient(x); }

  double minus_log_density(const Point2& y) const {
    Point2 x = Point2::Zero();
    for (int i = 0; i < 40; ++i) x -= jacobian(x).inverse() * (image(x) - y);
    return value(x) + std::log(jacobian(x).determinant());
  }

  // −∇²log p at T(0).
  Matrix2 curvature_before() const {
    const double h = 1e-3 * std::min(1.0, jacobian(Point2::Zero()).determinant());
    const Point2 y = image(Point2::Zero());
    const auto F = [&](double a, double b) { return minus_log_density(y + h * Point2(a, b)); };
    const double mixed = (F(1, 1) - F(1, -1) - F(-1, 1) + F(-1, -1)) / 4.0;
    Matrix2 H;
    H << F(1, 0) - 2.0 * F(0, 0) + F(-1, 0), mixed, mixed, F(0, 1) - 2.0 * F(0, 0) + F(0, -1);
    return H / (h * h);
  }
};

// Below its left side only within 0.3 of a point.
Bound planted(SearchPoint& at, double depth) {
  const double x = at.uniform("x", -1.0, 1.0) - 0.4;
  const double y = at.uniform("y", -1.0, 1.0) + 0.7;
  const double z = at.log_uniform("z", 0.5, 2.0) - 1.2;
  return {.lhs = 1.0, .rhs = 1.0 - depth + x * x + y * y + z * z};
}

}  // namespace

TEST_CASE("a search finds a planted counterexample and says which", "[jko][control]") {
  const auto with_depth = [](double depth) {
    return [depth](SearchPoint& at) { return planted(at, depth); };
  };
  const SearchSpace space{.claim = "C-00",
                          .part = "planted",
                          .statement = with_depth(0.09),
                          .wrong = "nothing",
                          .control = with_depth(0.0)};
  RunRecord record(search_columns());
  record_search(record, space, {.starts = 2, .evaluations = 500}, {});
  const std::vector<Row> best = rows_of(record, "best", "margin");
  REQUIRE(best.size() == 1);
  CHECK_THAT(best[0].measured.value, Catch::WithinAbs(1.0 - 1.0 / 0.91, 1e-6));
  CHECK(rows_of(record, "best", "ratio")[0].verdict == "violated");
  CHECK_THAT(rows_of(record, "best", "x")[0].measured.value, Catch::WithinAbs(0.4, 1e-3));
  CHECK_THAT(rows_of(record, "best", "z")[0].measured.value, Catch::WithinAbs(1.2, 1e-3));
  // The control is right, so that it is not caught, and that counts against the run.
  CHECK(rows_of(record, "control", "margin")[0].verdict == "violated");
}

TEST_CASE("a descent stays in the box and never goes up", "[jko][property]") {
  const Objective bowl = [](const Vector& x) { return (x.array() - 2.0).square().sum(); };
  Rng rng(3);
  std::vector<double> values;
  const Descent end =
      descend(bowl, 3, 400, rng, [&](const Descent& d) { values.push_back(d.value); });
  CHECK(end.evaluations == 400);
  CHECK(values.size() == 10);  // 1, 2, …, 256 and the last
  CHECK(std::is_sorted(values.rbegin(), values.rend()));
  CHECK(end.at.isApprox(Vector::Ones(3), 1e-6));
}

TEST_CASE("a descent draws until it has an instance", "[jko][property]") {
  const Objective corner = [](const Vector& x) { return x.minCoeff() > 0.5 ? x.sum() : infinity; };
  Rng rng(4);
  const Descent end = descend(corner, 2, 1000, rng, [](const Descent&) {});
  CHECK(end.value >= 1.0);
  CHECK(end.value < 1.01);
}

TEST_CASE("every search for a counterexample catches its wrong statement", "[jko][control]") {
  const RunRecord record = search({7, 18, 28, 29, 31, 32, 39, 40}, 1, 2).run({});
  const std::vector<Row> controls = rows_of(record, "control", "margin");
  CHECK(controls.size() == all_spaces().size());
  for (const Row& row : controls) {
    CAPTURE(std::get<std::string>(row.parameters[0]), std::get<std::string>(row.parameters[1]));
    CHECK(row.measured.upper < 0.0);
    CHECK(row.verdict == "holds");
  }
}

TEST_CASE("a short search finds no counterexample", "[jko][property]") {
  const RunRecord record = search({7, 18, 28, 29, 31, 32, 39, 40}, 1, 40).run({});
  for (const Row& row : rows_of(record, "best", "ratio")) {
    CAPTURE(std::get<std::string>(row.parameters[0]), std::get<std::string>(row.parameters[1]));
    CHECK((row.verdict == "holds" || row.verdict == "tight"));
  }
}

TEST_CASE("the margin of an instance that attains a claim is zero", "[jko][exact]") {
  struct Tight {
    std::string claim, part;
    std::map<std::string, double> moved;
  };
  const double no_curvature = 2.0 * 0.95 / 5.95 - 1.0;
  const std::vector<Tight> all = {
      // From m to −m and back, with the errors −3m and 3m for γλ = 1.
      {"JKO-07",
       "Gaussians in the plane",
       {{"target_variance_2", 1.0},
        {"start_1", 0.2},
        {"first_error_1", -0.3},
        {"second_error_1", 0.3}}},
      {"JKO-28(i)", "Gaussians from below: d = 2", {{"target_variance_2", 1.0}}},
      {"JKO-28(i)",
       "Gaussians from above: d = 3",
       {{"target_variance_2", 1.0}, {"target_variance_3", 1.0}}},
      {"JKO-28(ii)", "Gaussians: d = 2", {{"start_factor_21", 0.4}}},
      {"JKO-28(ii)",
       "manufactured steps in the plane",
       {{"positive_factor_11", -1.0}, {"positive_factor_22", -1.0}}},
      {"JKO-29",
       "manufactured steps in the plane",
       {{"curvature", no_curvature},
        {"positive_factor_11", -1.0},
        {"positive_factor_22", -1.0},
        {"stiffness", -1.0}}},
      {"JKO-31(iv)", "Gaussians in the plane", {{"first_1", 0.5}}},
      {"JKO-39", "W₂ of two images", {{"first_map_11", 0.5}, {"first_map_22", 0.3}}},
      {"JKO-40", "(v) γ → ∞", {{"start_1", 0.5}, {"target_variance_2", 1.0}}},
      {"JKO-40", "(v) γ → 0", {{"start_1", 0.5}, {"target_variance_2", 1.0}}}};
  for (const Tight& tight : all) {
    CAPTURE(tight.claim, tight.part);
    const Statement statement = statement_of(tight.claim, tight.part);
    const Estimate margin = margin_at(statement, point(statement, tight.moved));
    CHECK_THAT(margin, Encloses(0.0));
    CHECK(margin.width() < 1e-9);
  }
}

TEST_CASE("an identity's margin is what rounding leaves of it", "[jko][exact]") {
  CHECK(relative_margin(within_rounding(Estimate::closed_form(1e-12, 4e-12))).value == 0.75);
  CHECK(relative_margin(within_rounding(Estimate::closed_form(1e-11, 4e-12))).upper < 0.0);
}

TEST_CASE("a right side below zero is a counterexample", "[jko][exact]") {
  CHECK(relative_margin({.lhs = 0.0, .rhs = -1.0}).upper == -infinity);
  CHECK(relative_margin({.lhs = -2.0, .rhs = -1.0}).lower == infinity);
}

TEST_CASE("where a hypothesis fails there is no margin", "[jko][exact]") {
  CHECK(relative_margin(left_out("", "d = 1")).lower == infinity);
  CHECK(relative_margin({.lhs = 0.0, .rhs = Estimate::closed_form(1e-9, 1e-8)}).lower == infinity);
}

TEST_CASE("more than a right side that may be zero is a counterexample", "[jko][exact]") {
  CHECK(relative_margin({.lhs = 1.0, .rhs = Estimate::closed_form(1e-9, 1e-8)}).upper == -infinity);
}

TEST_CASE("a search that finds nothing to look at does not hold", "[jko][control]") {
  const Statement nowhere = [](SearchPoint& at) {
    static_cast<void>(at.uniform("x", 0.0, 1.0));
    return left_out("", "never");
  };
  RunRecord record(search_columns());
  record_search(
      record,
      {.claim = "X", .part = "nowhere", .statement = nowhere, .wrong = "", .control = nowhere},
      {.starts = 2, .evaluations = 10}, {});
  CHECK(rows_of(record, "best", "ratio")[0].verdict == "numerical_failure");
  CHECK(rows_of(record, "best", "instances")[0].measured.value == 0.0);
}

TEST_CASE("the fast margin of mixtures is the enclosed one where it is smooth", "[jko][exact]") {
  int spaces = 0;
  for (const SearchSpace& space : mixture_search_spaces()) {
    if (!space.careful) continue;
    ++spaces;
    const Vector x = point(space.statement, {{"first_mean_1", 0.3},
                                             {"first_mean_2", 0.2},
                                             {"second_mean_1", -0.3},
                                             {"second_weight", 0.4}});
    CHECK_THAT(margin_at(space.statement, x).value,
               Catch::WithinAbs(margin_at(space.careful, x).value, 1e-4));
  }
  CHECK(spaces > 0);
}

TEST_CASE("curvature is pulled back through a manufactured step as differences say it is",
          "[jko][reference]") {
  const Statement statement = statement_of("JKO-28(ii)", "manufactured steps in the plane");
  Rng rng(5);
  for (int trial = 0; trial < 5; ++trial) {
    SearchPoint at(Vector::NullaryExpr(12, [&] { return rng.uniform(-0.5, 0.5); }));
    const Bound bound = statement(at);
    const Quartic f(at);
    const double stretch = 1.0 + f.gamma - f.gamma * f.hessian(Point2::Zero())(0, 0);
    const double expected = stretch * stretch * smallest_eigenpair(f.curvature_before()).value;
    CHECK_THAT(bound.lhs.value, Catch::WithinRel(expected, 1e-3));  // of second differences
  }
}

TEST_CASE("the search for counterexamples refuses settings that make no sense",
          "[jko][precondition]") {
  CHECK_THROWS_WITH(search({}, 1, 1).run({}), Catch::Contains("--claims"));
  CHECK_THROWS_WITH(search({8}, 1, 1).run({}), Catch::Contains("--claims"));
  CHECK_THROWS_WITH(search({29, 29}, 1, 1).run({}), Catch::Contains("--claims"));
  CHECK_THROWS_WITH(search({29}, 0, 1).run({}), Catch::Contains("--starts"));
  CHECK_THROWS_WITH(search({29}, 1, 0).run({}), Catch::Contains("--evaluations"));
  CHECK_THROWS_WITH(search({29}, 10'000, 1'000'000).run({}), Catch::Contains("--evaluations"));
}

}  // namespace flowcheck::jko_margin_search_test
