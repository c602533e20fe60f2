#include "experiments.hpp"
#include "support/estimates.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::jko_resolvent_search_test {

namespace {

PreparedRun search(const std::vector<int>& dimensions, int starts, int evaluations) {
  PreparedRun run = jko_resolvent_search().prepare(Scale::quick);
  *std::get<std::vector<int>*>(run.options[0].value) = dimensions;
  *std::get<int*>(run.options[1].value) = starts;
  *std::get<int*>(run.options[2].value) = evaluations;
  return run;
}

std::vector<Estimate> rates(const RunRecord& record, const std::string& kind) {
  std::vector<Estimate> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == "rate" && row.parameters.back() == Parameter(kind)) {
      found.push_back(row.measured);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("the search for a slow pair stays above the proved rate where there is a proof",
          "[jko][property]") {
  const RunRecord record = search({1}, 8, 1000).run({});
  REQUIRE(rates(record, "descent").size() == 8 * 11);  // 1, 2, …, 512 and the last
  for (const Estimate& rate : rates(record, "descent")) CHECK(rate.upper >= 1.0);
}

TEST_CASE("the search for a slow pair comes near the proved rate", "[jko][control]") {
  // Wide laws contract at the rate of translates in the limit: a search that is not led there, or
  // measures something else, does not come within a tenth.
  const RunRecord record = search({2}, 4, 1000).run({});
  const std::vector<Estimate> best = rates(record, "best");
  REQUIRE(best.size() == 1);
  CHECK(best[0].value < 1.1);
  CHECK(best[0].lower > 1.0);
  CHECK(record.verdict() == Verdict::not_applicable);
}

TEST_CASE("the best pair of the search is the least of its descents", "[jko][exact]") {
  const RunRecord record = search({2, 3}, 2, 64).run({});
  const std::vector<Estimate> best = rates(record, "best");
  const std::vector<Estimate> all = rates(record, "descent");
  REQUIRE(best.size() == 2);
  const auto least = [](const Estimate& a, const Estimate& b) { return a.value < b.value; };
  const auto half = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  CHECK(best[0].value == std::min_element(all.begin(), half, least)->value);
  CHECK(best[1].value == std::min_element(half, all.end(), least)->value);
}

TEST_CASE("the search for a slow pair refuses settings that make no sense", "[jko][precondition]") {
  CHECK_THROWS_WITH(search({0}, 1, 1).run({}), Catch::Contains("--dimensions"));
  CHECK_THROWS_WITH(search({}, 1, 1).run({}), Catch::Contains("--dimensions"));
  CHECK_THROWS_WITH(search({2}, 0, 1).run({}), Catch::Contains("--starts"));
  CHECK_THROWS_WITH(search({2}, 1, 0).run({}), Catch::Contains("--evaluations"));
}

}  // namespace flowcheck::jko_resolvent_search_test
