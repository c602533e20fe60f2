#include "distances/transport_solver.hpp"

#include "numerics/rng.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

namespace flowcheck::transport_solver_test {

namespace {

using Masses = std::vector<std::int64_t>;
using Plan = std::vector<TransportFlow>;

// The north-west corner plan of n equal sources and n equal sinks: a spanning tree.
Plan staircase(std::int32_t n, std::int64_t cost) {
  Plan tree;
  for (std::int32_t k = 0; k < n; ++k) {
    // The massless arcs' sources are on the side away from sink 0.
    tree.push_back({.from = k, .to = k, .cost = cost, .mass = 1});
    if (k > 0) tree.push_back({.from = k, .to = k - 1, .cost = cost, .mass = 0});
  }
  return tree;
}

std::vector<CandidateArc> random_arcs(std::int32_t n, std::int64_t largest, Rng& rng) {
  std::vector<CandidateArc> arcs;
  for (std::int32_t i = 0; i < n; ++i) {
    for (std::int32_t j = 0; j < n; ++j) {
      const double share = rng.uniform();
      arcs.push_back({i, j, static_cast<std::int64_t>(share * static_cast<double>(largest))});
    }
  }
  return arcs;
}

}  // namespace

TEST_CASE("meets_masses finds what is wrong with a plan", "[distances][exact]") {
  const Masses supplies = {5, 0, 7};
  const Masses demands = {3, 9};
  const Plan right = {{0, 0, 0, 3}, {0, 1, 0, 2}, {2, 1, 0, 7}};
  CHECK(meets_masses(right, supplies, demands));
  CHECK(meets_masses({}, {}, {}));

  Plan more = right;
  more[0].mass = 4;
  CHECK_FALSE(meets_masses(more, supplies, demands));
  Plan less = right;
  less[2].mass = 6;
  CHECK_FALSE(meets_masses(less, supplies, demands));
  CHECK_FALSE(meets_masses({}, supplies, demands));
  Plan another_source = right;
  another_source[1].from = 1;
  CHECK_FALSE(meets_masses(another_source, supplies, demands));
  Plan another_sink = right;
  another_sink[1].to = 0;
  CHECK_FALSE(meets_masses(another_sink, supplies, demands));
  for (const std::int32_t nowhere : {-1, 3}) {
    Plan outside = right;
    outside.push_back({nowhere, 0, 0, 0});
    CHECK_FALSE(meets_masses(outside, supplies, demands));
    outside.back() = {0, nowhere, 0, 0};
    CHECK_FALSE(meets_masses(outside, supplies, demands));
  }
  // Sums that are right with a negative mass in them, and sums that are right modulo 2⁶⁴.
  CHECK_FALSE(
      meets_masses({{0, 0, 0, 3}, {0, 1, 0, 2}, {2, 1, 0, 8}, {2, 1, 0, -1}}, supplies, demands));
  const std::int64_t half = std::numeric_limits<std::int64_t>::max();
  CHECK_FALSE(meets_masses({{0, 0, 0, half}, {0, 0, 0, half}, {0, 0, 0, 3}}, {1}, {1}));
}

TEST_CASE("The solver's plans meet the masses wherever they stop", "[distances][property]") {
  const auto most = GENERATE(std::int64_t{0}, std::int64_t{3}, std::int64_t{1'000'000});
  CAPTURE(most);
  Rng rng(31);
  TransportProblem problem{.from = 1e6 * rng.normal_matrix(2, 60),
                           .to = 1e6 * rng.normal_matrix(2, 40)};
  problem.supplies = Masses(60, 2);
  problem.demands = Masses(40, 3);
  const TransportSolution solution = solve_transport(problem, most);
  CHECK(meets_masses(solution.plan, problem.supplies, problem.demands));
  problem.demands[0] += 1;
  CHECK_FALSE(meets_masses(solution.plan, problem.supplies, problem.demands));
}

TEST_CASE("TransportSimplex keeps the root's potential from drifting", "[distances][property]") {
  // New costs again and again, each near the limit: the pivots that move the larger part of the
  // tree move the root.
  const std::int32_t n = 6;
  const std::int64_t largest = std::int64_t{1} << 56;
  Rng rng(32);
  TransportSimplex simplex(n, n, staircase(n, largest));
  bool moved = false;
  for (int round = 0; round < 2000; ++round) {
    const std::vector<CandidateArc> arcs = random_arcs(n, largest, rng);
    simplex.run(arcs, 1);
    moved = moved || simplex.sink_potential(0) != 0;
    simplex.run({}, 0);
    REQUIRE(simplex.sink_potential(0) == 0);
  }
  CHECK(moved);
}

}  // namespace flowcheck::transport_solver_test
