#include "distances/gaussian_divergence.hpp"
#include "measures/csv_table.hpp"
#include "measures/data_file.hpp"
#include "ou_targets.hpp"
#include "proximal/jko_step.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

namespace flowcheck::ou_benchmark_test {

namespace {

using Cell = std::tuple<int, int, int>;  // dimension, 10 t, steps

// log10 SymKL(exact JKO scheme, exact law) of every target at t = 0.1 … 1.0, by cell.
std::map<Cell, std::vector<double>> gaps_at(double step_size) {
  std::map<Cell, std::vector<double>> gaps;
  const int steps_per_tenth = static_cast<int>(std::lround(0.1 / step_size));
  for (const OuTarget& target : read_ou_targets()) {
    const Gaussian start = Gaussian::standard(target.dimension);
    Gaussian iterate = start;
    for (int tenth = 1; tenth <= 10; ++tenth) {
      for (int k = 0; k < steps_per_tenth; ++k) iterate = jko_step(iterate, target.law, step_size);
      const Gaussian law = ou_law(start, target.law, 0.1 * tenth);
      gaps[{target.dimension, tenth, tenth * steps_per_tenth}].push_back(
          std::log10(symmetric_kl(iterate, law).value));
    }
  }
  return gaps;
}

// Half a unit of the last of the eight printed digits.
double printed_precision(const std::string& field) {
  const std::size_t point = field.find('.');
  const auto decimals = static_cast<int>(field.size() - point - 1);
  return 0.5 * std::pow(10.0, -decimals);
}

}  // namespace

TEST_CASE("read_ou_targets finds 15 Gaussians in each of 12 dimensions", "[ou_benchmark][exact]") {
  const std::vector<OuTarget> targets = read_ou_targets();
  REQUIRE(targets.size() == 180);
  double smallest = 1.0;
  for (std::size_t k = 0; k < targets.size(); ++k) {
    CHECK(targets[k].dimension == static_cast<int>(k / 15) + 1);
    CHECK(targets[k].repeat == static_cast<int>(k % 15));
    CHECK(targets[k].law.dimension() == targets[k].dimension);
    smallest = std::min(smallest, targets[k].law.eigenvalues()(0));
  }
  CHECK(smallest == Approx(0.0109).epsilon(0.01));  // the dossier's figure
}

TEST_CASE("exact JKO steps reproduce every printed digit of the independent table",
          "[ou_benchmark][reference]") {
  const CsvTable table = read_csv_table(data_file("ou_benchmark/exact_gaussian_jko_floor.csv"));
  const std::vector<int> dimension = table.integers("dim");
  const std::vector<double> time = table.numbers("t");
  const std::vector<double> step_size = table.numbers("h");
  const std::vector<int> steps = table.integers("steps");
  REQUIRE(table.rows() == 600);

  std::map<double, std::map<Cell, std::vector<double>>> gaps;
  for (const double h : {0.1, 0.05, 0.025, 0.0125, 0.00625}) gaps[h] = gaps_at(h);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    CAPTURE(row + 2, dimension[row], time[row], step_size[row]);
    const int tenth = static_cast<int>(std::lround(10.0 * time[row]));
    std::vector<double> values = gaps.at(step_size[row]).at({dimension[row], tenth, steps[row]});
    REQUIRE(values.size() == 15);
    std::sort(values.begin(), values.end());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / 15.0;
    const auto agrees = [&](const char* column, double value) {
      const double printed = table.numbers(column)[row];
      CAPTURE(column, value, printed);
      CHECK(std::abs(value - printed) <= printed_precision(table.text(column)[row]));
    };
    agrees("med_log10", values[7]);
    agrees("mean_log10", mean);
    agrees("min_log10", values[0]);
    agrees("max_log10", values[14]);
  }
}

}  // namespace flowcheck::ou_benchmark_test
