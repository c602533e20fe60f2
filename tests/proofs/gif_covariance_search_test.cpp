// The search for counterexamples to the covariance envelopes, and the experiment on Lipschitz
// constants.

#include "experiments.hpp"
#include "margin_spaces.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"

#include <cmath>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::gif_covariance_search_test {

namespace {

const SearchSpace& space_of(const std::string& claim, const std::string& part) {
  static const std::vector<SearchSpace> all = covariance_search_spaces();
  for (const SearchSpace& space : all) {
    if (space.claim == claim && space.part == part) return space;
  }
  FAIL("no such part: " << claim << ", " << part);
  return all.front();
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

RunRecord searched(int starts, int evaluations) {
  PreparedRun run = gif_covariance_search().prepare(Scale::quick);
  *std::get<int*>(run.options[0].value) = starts;
  *std::get<int*>(run.options[1].value) = evaluations;
  return run.run({});
}

std::vector<Row> rows_of(const RunRecord& record,
                         const std::string& kind,
                         const std::string& name) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.parameters[2] == Parameter(kind) && row.quantity == name) found.push_back(row);
  }
  return found;
}

}  // namespace

TEST_CASE("the search catches every wrong bound and breaks none of the right ones",
          "[gif][control]") {
  const RunRecord record = searched(2, 300);
  const std::vector<Row> controls = rows_of(record, "control", "margin");
  CHECK(controls.size() == covariance_search_spaces().size());
  for (const Row& row : controls) {
    CAPTURE(std::get<std::string>(row.parameters[0]), std::get<std::string>(row.parameters[1]));
    CHECK(row.measured.upper < 0.0);
    CHECK(row.verdict == "holds");
  }
  for (const Row& row : rows_of(record, "best", "ratio")) {
    CAPTURE(std::get<std::string>(row.parameters[0]), std::get<std::string>(row.parameters[1]));
    CHECK((row.verdict == "holds" || row.verdict == "tight"));
  }
}

TEST_CASE("a row of the search says all that makes its instance again", "[gif][exact]") {
  const RunRecord record = searched(1, 100);
  for (const SearchSpace& space : covariance_search_spaces()) {
    CAPTURE(space.part);
    std::map<std::string, double> where;
    double margin = infinity;
    for (const Row& row : record.rows()) {
      if (row.parameters[1] != Parameter(space.part) || row.parameters[2] != Parameter("best")) {
        continue;
      }
      if (row.quantity == "margin") margin = row.measured.value;
      where[row.quantity] = row.measured.value;
    }
    // The coordinates from the numbers: each is a straight line, or one of logarithms.
    const auto read = [&](double c) {
      SearchPoint at(Vector::Constant(coordinates(space.statement), c));
      static_cast<void>(space.statement(at));
      return at.read();
    };
    const auto low = read(-1.0);
    const auto high = read(1.0);
    const auto middle = read(0.0);
    Vector x(static_cast<Index>(low.size()));
    for (std::size_t i = 0; i < low.size(); ++i) {
      const auto [name, lower] = low[i];
      const double upper = high[i].second;
      const bool is_log = std::abs(middle[i].second - 0.5 * (lower + upper)) > 1e-9;
      const auto scale = [&](double value) { return is_log ? std::log(value) : value; };
      x[static_cast<Index>(i)] =
          2.0 * (scale(where.at(name)) - scale(lower)) / (scale(upper) - scale(lower)) - 1.0;
    }
    const Statement& shown = space.careful ? space.careful : space.statement;
    CHECK(margin_at(shown, x).value == Approx(margin).epsilon(1e-6).margin(1e-9));
  }
}

TEST_CASE("what attains the covariance envelopes has margin zero", "[gif][exact]") {
  // e^{−kx²/2} itself: no tilt, the bends as small as they get.
  const SearchSpace& intervals = space_of("GIF-09", "intervals");
  const Vector centred =
      point(intervals.statement,
            {{"bend_1", -1.0}, {"bend_2", -1.0}, {"bend_3", -1.0}, {"bend_4", -1.0}, {"k", -0.5}});
  CHECK(std::abs(margin_at(intervals.statement, centred).value) < 1e-6);
  CHECK(margin_at(intervals.control, centred).upper < -0.01);
  // The cusp: all kinks at 0.
  for (const double side : {1.0, -1.0}) {
    const SearchSpace& line =
        space_of("GIF-11", side > 0.0 ? "line: from above" : "line: from below");
    std::map<std::string, double> slopes;
    for (int i = 0; i <= 6; ++i) {
      slopes["slope_" + std::to_string(i)] = i < 3 ? -side : side;
    }
    const Vector cusp = point(line.statement, slopes);
    CHECK(std::abs(margin_at(line.statement, cusp).value) < 1e-10);
    CHECK(margin_at(line.control, cusp).upper < -0.001);
  }
}

TEST_CASE("settings of the search that make no sense are refused", "[gif][precondition]") {
  CHECK_THROWS_WITH(searched(0, 1), Catch::Contains("--starts"));
  CHECK_THROWS_WITH(searched(1, 0), Catch::Contains("--evaluations"));
  CHECK_THROWS_WITH(searched(10'000, 1'000'000), Catch::Contains("--evaluations"));
}

TEST_CASE("Lipschitz constants of the flow keep their bounds, and all schedules agree",
          "[gif][property]") {
  PreparedRun run = flow_map_lipschitz_experiment().prepare(Scale::quick);
  *std::get<int*>(run.options[0].value) = 3;
  *std::get<int*>(run.options[1].value) = 3;
  const RunRecord record = run.run({});
  CHECK(record.verdict() == Verdict::holds);
  int schedules = 0;
  int attained = 0;
  for (const Row& row : record.rows()) {
    CAPTURE(std::get<std::string>(row.parameters[1]), row.quantity);
    if (row.quantity == "stretch") ++schedules;
    // Attained: two centres, truncated Gaussians and cusps, each on its own side.
    const auto law = std::get<std::string>(row.parameters[1]);
    const bool forward =
        row.quantity == "forward_seen" &&
        (law.starts_with("two centres") || law.starts_with("kappa") || law == "cusp up");
    const bool reverse = row.quantity == "reverse_seen" && law == "cusp down";
    if (forward || reverse) {
      ++attained;
      CHECK(row.measured.value == Approx(row.predicted.value).epsilon(1e-8));
    }
  }
  CHECK(attained == 3 * (2 + 3 + 1 + 1));
  CHECK(schedules == 12);
  *std::get<int*>(run.options[0].value) = 1;
  CHECK_THROWS_WITH(run.run({}), Catch::Contains("--laws"));
}

TEST_CASE(
    "every node of the picture keeps its mass and its bound, and trajectories start at their draws",
    "[gif][property]") {
  PreparedRun run = flow_picture().prepare(Scale::quick);
  *std::get<int*>(run.options[0].value) = 2;
  *std::get<int*>(run.options[1].value) = 1;
  const RunRecord record = run.run({});
  CHECK(record.verdict() == Verdict::holds);
  int nodes = 0;
  for (std::size_t i = 0; i < record.rows().size(); ++i) {
    const Row& row = record.rows()[i];
    CHECK(row.measured.width() < 1e-7);
    if (row.quantity == "log_density") ++nodes;
    // The figure takes a point from two rows, x first.
    if (row.quantity == "x") CHECK(record.rows().at(i + 1).quantity == "y");
    if (std::get<std::string>(row.parameters[0]) == "trajectory" &&
        std::get<double>(row.parameters[2]) == 0.0) {
      Rng rng(1, 0);
      const Vector start = rng.normal_vector(2);
      CHECK(row.measured.value == Approx(start(row.quantity == "x" ? 0 : 1)).epsilon(1e-14));
    }
  }
  CHECK(nodes == 4);
  *std::get<int*>(run.options[0].value) = 1;
  CHECK_THROWS_WITH(run.run({}), Catch::Contains("--lines"));
}

}  // namespace flowcheck::gif_covariance_search_test
