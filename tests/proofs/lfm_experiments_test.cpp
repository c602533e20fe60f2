#include "experiments.hpp"
#include "support/estimates.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck::lfm_experiments_test {

namespace {

template <class Value>
PreparedRun with(PreparedRun run, const std::string& flag, const Value& value) {
  for (const Option& option : run.options) {
    if (option.flag == flag) *std::get<Value*>(option.value) = value;
  }
  return run;
}

std::vector<Row> rows_of(const RunRecord& record, const std::string& quantity) {
  std::vector<Row> found;
  for (const Row& row : record.rows()) {
    if (row.quantity == quantity) found.push_back(row);
  }
  return found;
}

PreparedRun small_chi2() {
  return with(lfm_chi2().prepare(Scale::quick), "--errors", std::vector<double>{0.01});
}

}  // namespace

TEST_CASE("lfm_schedules votes with the step sizes that were printed", "[lfm][reference]") {
  for (const auto& [blocks, printed] : {std::pair(4, 12), std::pair(6, 5), std::pair(9, 8)}) {
    CAPTURE(blocks);
    const RunRecord record =
        with(lfm_schedules().prepare(Scale::quick), "--blocks", blocks).run({});
    CHECK(record.verdict() == Verdict::holds);
    int voting = 0;
    for (const Row& row : rows_of(record, "step_size")) voting += row.verdict.empty() ? 0 : 1;
    CHECK(voting == printed);
  }
}

TEST_CASE("lfm_chi2 finds the orders 2, 1 and ½, and every guarantee kept", "[lfm][property]") {
  const RunRecord record = small_chi2().run({});
  CHECK(record.verdict() == Verdict::holds);
  const std::vector<Row> orders = rows_of(record, "order");
  REQUIRE(orders.size() == 4);
  for (const Row& row : orders) {
    CHECK(row.verdict == "holds");
    CHECK(row.measured.width() < 0.1);
  }
  // The theorem is looser than its sharper forms, block by block.
  const std::vector<Row> chain = rows_of(record, "chi_squared");
  REQUIRE(chain.size() == 1 + 3 * 8);
  for (std::size_t i = 1; i < chain.size(); i += 3) {
    CHECK(chain[i].predicted.value > chain[i + 1].predicted.value);
    CHECK(chain[i + 1].predicted.value > chain[i + 2].predicted.value);
  }
}

TEST_CASE("experiments on blocks refuse what they cannot run", "[lfm][precondition]") {
  const auto refuses = [](const PreparedRun& run) {
    CHECK_THROWS_AS(run.run({}), std::invalid_argument);
  };
  refuses(with(lfm_schedules().prepare(Scale::quick), "--blocks", 1));
  refuses(with(lfm_schedules().prepare(Scale::quick), "--ratio", std::vector<double>{1.0}));
  refuses(with(lfm_chi2().prepare(Scale::quick), "--errors", std::vector<double>{-0.1}));
  refuses(with(lfm_chi2().prepare(Scale::quick), "--step-size", 0.0));
  refuses(with(lfm_chi2().prepare(Scale::quick), "--halvings", 7));
}

}  // namespace flowcheck::lfm_experiments_test
