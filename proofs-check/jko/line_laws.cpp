#include "jko/line_laws.hpp"

#include "distances/divergence.hpp"
#include "measures/line_laws.hpp"
#include "numerics/adaptive_quadrature.hpp"
#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace flowcheck {
namespace {

LineMap atoms(Rng& rng, const LineGrid& grid) {
  const int count = 2 + static_cast<int>(rng.uniform_index(2));
  Vector values(grid.points());
  double place = rng.uniform(-4.0, 0.0);
  Index begin = 0;
  for (int k = 1; k <= count; ++k) {
    const Index end = k == count ? grid.points() : begin + grid.points() / (count + 1);
    values.segment(begin, end - begin).setConstant(place);
    place += rng.uniform(0.5, 3.0);
    begin = end;
  }
  return LineMap(grid, values);
}

LineMap wide_tails(Rng& rng, const LineGrid& grid) {
  const double k = rng.uniform(0.5, 1.5);
  const double shift = rng.normal();
  return LineMap(grid, (k * grid.nodes()).array().sinh() / k + shift);
}

}  // namespace

const LineGrid& claim_grid() {
  static const LineGrid grid(401);
  return grid;
}

namespace {

const LineLaw& law(int k) {
  static const LineLaw flat{log_cosh_law(0.0, 0.1, 1.0), log_cosh_energy(0.0, 0.1, 1.0)};
  static const std::array<const LineLaw*, 6> laws = {&law_q1(), &law_q2(), &law_q3(),
                                                     &law_q4(), &law_q5(), &flat};
  return *laws.at(static_cast<std::size_t>(k));
}

}  // namespace

const LineFunctional& line_target(int k) {
  static const std::array<LineFunctional, 6> targets = {
      relative_entropy(law(0).energy), relative_entropy(law(1).energy),
      relative_entropy(law(2).energy), relative_entropy(law(3).energy),
      relative_entropy(law(4).energy), relative_entropy(law(5).energy)};
  return targets.at(static_cast<std::size_t>(k));
}

const LineMeasure& line_law(int k) {
  return law(k).measure;
}

LineMeasure draw_overlapping_mixture(Rng& rng) {
  const double weight = rng.uniform(0.2, 0.8);
  const double centre = rng.normal();
  const double half_gap = rng.uniform(0.3, 1.2);
  return gaussian_mixture_law({weight, 1.0 - weight}, {centre - half_gap, centre + half_gap},
                              {rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2)});
}

LineMap draw_line_data(Rng& rng, const LineGrid& grid) {
  switch (rng.uniform_index(4)) {
    case 0:
      return line_map(grid, draw_overlapping_mixture(rng));
    case 1:
      return atoms(rng, grid);
    case 2:
      return wide_tails(rng, grid);
    default:
      return gaussian_map(grid, 2.0 * rng.normal(), rng.log_uniform(0.05, 20.0));
  }
}

GaussianMixture draw_mixture(Rng& rng, Index components) {
  Vector weights(components);
  Matrix means(1, components);
  std::vector<Matrix> variances;
  for (Index k = 0; k < components; ++k) {
    weights[k] = rng.uniform(0.1, 1.0);
    means(0, k) = 1.5 * rng.normal();
    variances.push_back(Matrix::Constant(1, 1, rng.log_uniform(0.1, 4.0)));
  }
  return {weights / weights.sum(), means, variances};
}

Estimate dissipation(const GaussianMixture& start, double s, double t) {
  const GaussianMixture q(Gaussian::standard(1));
  const auto fisher = [&](double time) { return fisher_information(ou_law(start, time), q); };
  return quadrature(fisher, {s, t}, {.relative_tolerance = 1e-11, .most_panels = 20});
}

JkoChainOptions draw_inexact_steps(Rng& rng, double step_size, int steps) {
  return {.step_sizes = constant_steps(step_size, steps),
          .error = rng.log_uniform(0.01, 1.0),
          .field = static_cast<ErrorField>(rng.uniform_index(3)),
          .seed = rng.bits()};
}

LineJkoResult answered_line_step(const LineMap& current,
                                 const LineFunctional& G,
                                 double step_size) {
  LineJkoResult result = line_jko_step(current, G, step_size);
  require(result.termination == Termination::converged, "line step: did not converge");
  return result;
}

Estimate w2(const LineJkoResult& a, const LineJkoResult& b) {
  return max(0.0, widened(w2(a.step, b.step), a.distance_bound + b.distance_bound));
}

}  // namespace flowcheck
