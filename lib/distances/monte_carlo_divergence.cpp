#include "distances/monte_carlo_divergence.hpp"

#include "distances/divergence_term.hpp"
#include "distances/mixture_tails.hpp"
#include "measures/gaussian_mixture.hpp"
#include "measures/mixture_posterior.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace flowcheck {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index block_size = 2048;  // pairs a block

// f(log r) = term/m, m = (p + q)/2, at n points.
Vector terms_over_mean(Divergence kind,
                       const Matrix& points,
                       const MixturePosterior& p,
                       const MixturePosterior& q) {
  const Vector log_p = p.log_densities(points);
  const Vector log_q = q.log_densities(points);
  Vector gaps = Vector::Zero(points.cols());
  if (kind == Divergence::fisher_information) {
    gaps = (p.scores(points) - q.scores(points)).colwise().norm();
  }
  Vector result(points.cols());
  for (Index i = 0; i < points.cols(); ++i) {
    // Only the ratio matters: the larger density is taken as one, so that nothing underflows.
    const double top = std::max(log_p(i), log_q(i));
    const DensityPair at{.log_p = log_p(i) - top, .log_q = log_q(i) - top, .score_gap = gaps(i)};
    const double mean = 0.5 * (std::exp(at.log_p) + std::exp(at.log_q));
    result(i) = divergence_term(kind, at).value / mean;
  }
  return result;
}

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
  double kurtosis = 0.0;
  double largest_share = 0.0;
};

Moments moments_of(const std::vector<double>& terms) {
  const double n = static_cast<double>(terms.size());
  Moments result;
  double largest = 0.0;
  for (const double x : terms) {
    result.mean += x;
    largest = std::max(largest, x);
  }
  result.largest_share = result.mean > 0.0 ? largest / result.mean : 0.0;
  result.mean /= n;
  double second = 0.0;
  double fourth = 0.0;
  for (const double x : terms) {
    const double square = (x - result.mean) * (x - result.mean);
    second += square;
    fourth += square * square;
  }
  result.deviation = std::sqrt(second / (n - 1.0));
  result.kurtosis = second > 0.0 ? n * fourth / (second * second) : 0.0;
  return result;
}

// Maurer and Pontil (2009), theorem 4, for n independent terms in [0, limit], on each of `sides`
// sides: √(2V log(2s/α)/n) + 7 limit log(2s/α)/(3(n − 1)), V the sample variance.
double bernstein_half_width(
    double deviation, double limit, std::size_t count, double false_alarm, double sides) {
  const double n = static_cast<double>(count);
  const double log_term = std::log(2.0 * sides / false_alarm);
  return deviation * std::sqrt(2.0 * log_term / n) + 7.0 * limit * log_term / (3.0 * (n - 1.0));
}

}  // namespace

MonteCarloDivergence monte_carlo_divergence(Divergence kind,
                                            const GaussianMixture& p,
                                            const GaussianMixture& q,
                                            const DivergenceOptions& options) {
  require(p.dimension() == q.dimension(),
          "monte_carlo_divergence: the measures differ in dimension");
  require(p.has_density() && q.has_density(),
          "monte_carlo_divergence: both measures need a density");
  require(options.draws >= 200, "monte_carlo_divergence: at least 200 draws are needed");
  require(options.false_alarm > 0.0 && options.false_alarm < 1.0,
          "monte_carlo_divergence: the false-alarm probability must lie between 0 and 1");
  MonteCarloDivergence result;
  if (kind == Divergence::chi_squared && ratio_moment(p, q, 2.0) == Finiteness::infinite) {
    result.estimate = infinity;
    return result;
  }

  const MixturePosterior density_p(p, 1.0, 0.0);
  const MixturePosterior density_q(q, 1.0, 0.0);
  const Index pairs = options.draws / 2;
  const Index blocks = (pairs + block_size - 1) / block_size;
  std::vector<double> terms(static_cast<std::size_t>(pairs));
  tbb::parallel_for(Index{0}, blocks, [&](Index block) {
    const Index begin = block * block_size;
    const Index count = std::min(block_size, pairs - begin);
    Rng rng(options.seed, static_cast<std::uint64_t>(block));
    const Matrix x = sample(p, count, rng);
    const Matrix y = sample(q, count, rng);
    const Vector sum = terms_over_mean(kind, x, density_p, density_q) +
                       terms_over_mean(kind, y, density_p, density_q);
    for (Index i = 0; i < count; ++i) terms[static_cast<std::size_t>(begin + i)] = 0.5 * sum(i);
  });

  const Moments moments = moments_of(terms);
  const double rounding = 64.0 * unit_round_off * (moments.mean + moments.deviation);
  result.largest_share = moments.largest_share;
  result.kurtosis = moments.kurtosis;
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
    case Divergence::jensen_shannon: {
      const double limit = kind == Divergence::jensen_shannon ? std::numbers::ln2 : 1.0;
      const double half_width =
          bernstein_half_width(moments.deviation, limit, terms.size(), options.false_alarm, 2.0);
      result.finite_sample = true;
      result.estimate =
          max(0.0, min(limit, Estimate::statistical(moments.mean, half_width, rounding)));
      break;
    }
    case Divergence::chi_squared:
      if (ratio_moment(p, q, 3.0) != Finiteness::finite) {
        const double limit = std::sqrt(static_cast<double>(terms.size()));
        std::vector<double> cut = terms;
        for (double& x : cut) x = std::min(x, limit);
        const Moments of_cut = moments_of(cut);
        const double half_width =
            bernstein_half_width(of_cut.deviation, limit, terms.size(), options.false_alarm, 1.0);
        result.finite_sample = true;
        result.estimate =
            Estimate::between(moments.mean, std::max(0.0, of_cut.mean - half_width - rounding),
                              infinity, Grade::statistical);
        break;
      }
      [[fallthrough]];
    default:
      result.estimate = max(
          0.0, Estimate::statistical(
                   moments.mean, student_half_width(moments.deviation, pairs, options.false_alarm),
                   rounding));
  }
  return result;
}

}  // namespace flowcheck
