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
#include <numbers>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

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

// Terms at n points of p and n of q, in blocks with a stream each; `draw` makes `count` points of
// one of them from the one numbered `begin` on.
struct Terms {
  std::vector<double> of_p;
  std::vector<double> of_q;
};

template <class DrawP, class DrawQ>
Terms draw_terms(Divergence kind,
                 const GaussianMixture& p,
                 const GaussianMixture& q,
                 Index n,
                 std::uint64_t seed,
                 const DrawP& draw_p,
                 const DrawQ& draw_q) {
  const MixturePosterior density_p(p, 1.0, 0.0);
  const MixturePosterior density_q(q, 1.0, 0.0);
  Terms terms{.of_p = std::vector<double>(static_cast<std::size_t>(n)),
              .of_q = std::vector<double>(static_cast<std::size_t>(n))};
  tbb::parallel_for(Index{0}, (n + block_size - 1) / block_size, [&](Index block) {
    const Index begin = block * block_size;
    const Index count = std::min(block_size, n - begin);
    Rng rng(seed, static_cast<std::uint64_t>(block));
    const Matrix x = draw_p(begin, count, rng);
    const Matrix y = draw_q(begin, count, rng);
    const Vector at_x = terms_over_mean(kind, x, density_p, density_q);
    const Vector at_y = terms_over_mean(kind, y, density_p, density_q);
    for (Index i = 0; i < count; ++i) {
      terms.of_p[static_cast<std::size_t>(begin + i)] = at_x(i);
      terms.of_q[static_cast<std::size_t>(begin + i)] = at_y(i);
    }
  });
  return terms;
}

// Draws of a mixture by component: a quarter of them spread evenly, so that none is too rare to be
// drawn, the others by weight.
class Strata {
 public:
  static constexpr Index fewest = 2;  // draws of a component: a variance needs them
  static constexpr Index enough = 1000;

  Strata(const GaussianMixture& mixture, Index draws) : mixture_(mixture) {
    for (Index k = 0; k < mixture.size(); ++k) {
      if (mixture.weights()(k) > 0.0) components_.push_back(k);
    }
    const auto count = static_cast<Index>(components_.size());
    if (count > draws / fewest) return;
    const Index each = std::clamp(draws / (4 * count), fewest, enough);
    const auto free = static_cast<double>(draws - each * count);
    double cumulative = 0.0;
    starts_ = {0};
    for (Index i = 0; i < count; ++i) {
      cumulative += weight(static_cast<std::size_t>(i));
      const Index by_weight =
          i + 1 == count ? draws - each * count
                         : static_cast<Index>(std::floor(std::min(1.0, cumulative) * free));
      starts_.push_back(each * (i + 1) + by_weight);
    }
    const std::size_t kernels = mixture.has_common_covariance() ? 1 : components_.size();
    for (std::size_t i = 0; i < kernels; ++i) {
      factors_.push_back(mixture.kernel(components_[i]).factor());
    }
  }

  bool feasible() const { return !starts_.empty(); }  // enough draws for every component
  std::size_t size() const { return components_.size(); }
  double weight(std::size_t i) const { return mixture_.weights()(components_[i]); }
  std::size_t begin(std::size_t i) const { return static_cast<std::size_t>(starts_[i]); }

  Matrix operator()(Index first, Index count, Rng& rng) const {
    Matrix points(mixture_.dimension(), count);
    auto i = static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), first) -
                                      starts_.begin() - 1);
    for (Index j = 0; j < count; ++j) {
      while (starts_[i + 1] <= first + j) ++i;
      const Matrix& factor = factors_[factors_.size() == 1 ? 0 : i];
      points.col(j) =
          mixture_.means().col(components_[i]) + factor * rng.normal_vector(mixture_.dimension());
    }
    return points;
  }

 private:
  const GaussianMixture& mixture_;
  std::vector<Index> components_;  // of positive weight
  std::vector<Index> starts_;      // the first draw of each, and their number; empty: not feasible
  std::vector<Matrix> factors_;
};

// Σ cₛ meanₛ with its standard error √Σ cₛ²Vₛ/nₛ, at Welch and Satterthwaite's degrees of freedom.
struct StratifiedMoments {
  Moments all;  // deviation and kurtosis about the strata's means
  double standard_error = 0.0;
  double freedom = 0.0;
};

StratifiedMoments stratified_moments(const Strata& p, const Strata& q, const Terms& terms) {
  StratifiedMoments result;
  double second = 0.0;
  double fourth = 0.0;
  double largest = 0.0;
  double variance = 0.0;
  double spread = 0.0;
  const auto add = [&](const Strata& strata, const std::vector<double>& values) {
    for (std::size_t i = 0; i < strata.size(); ++i) {
      const std::vector<double> own(
          values.begin() + static_cast<std::ptrdiff_t>(strata.begin(i)),
          values.begin() + static_cast<std::ptrdiff_t>(strata.begin(i + 1)));
      const Moments moments = moments_of(own);
      const double c = 0.5 * strata.weight(i);
      const double n = static_cast<double>(own.size());
      const double square = moments.deviation * moments.deviation;
      const double share = c * c * square / n;
      const double centred = square * (n - 1.0) / n;
      result.all.mean += c * moments.mean;
      largest = std::max(largest, c * moments.largest_share * moments.mean);
      second += c * centred;
      fourth += c * moments.kurtosis * centred * centred;
      variance += share;
      spread += share * share / (n - 1.0);
    }
  };
  add(p, terms.of_p);
  add(q, terms.of_q);
  result.all.largest_share = result.all.mean > 0.0 ? largest / result.all.mean : 0.0;
  result.all.deviation = std::sqrt(second);
  result.all.kurtosis = second > 0.0 ? fourth / (second * second) : 0.0;
  result.standard_error = std::sqrt(variance);
  result.freedom = spread > 0.0 ? variance * variance / spread : 1.0;
  return result;
}

// Student's for a standard error, the degrees of freedom rounded down.
double stratified_half_width(const StratifiedMoments& moments, double false_alarm) {
  const double count = std::floor(std::max(1.0, moments.freedom)) + 1.0;
  return student_half_width(moments.standard_error * std::sqrt(count), static_cast<Index>(count),
                            false_alarm);
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

  const Index pairs = options.draws / 2;
  const bool bounded = kind == Divergence::total_variation ||
                       kind == Divergence::squared_hellinger || kind == Divergence::jensen_shannon;
  const bool bounded_below_alone =
      kind == Divergence::chi_squared && ratio_moment(p, q, 3.0) != Finiteness::finite;
  const Strata strata_p(p, pairs);
  const Strata strata_q(q, pairs);
  const bool stratified =
      !bounded && !bounded_below_alone && strata_p.feasible() && strata_q.feasible();
  if (stratified) {
    const Terms terms = draw_terms(kind, p, q, pairs, options.seed, strata_p, strata_q);
    const StratifiedMoments moments = stratified_moments(strata_p, strata_q, terms);
    result.largest_share = moments.all.largest_share;
    result.kurtosis = moments.all.kurtosis;
    const double rounding = 64.0 * unit_round_off * (moments.all.mean + moments.all.deviation);
    result.estimate = max(
        0.0, Estimate::statistical(moments.all.mean,
                                   stratified_half_width(moments, options.false_alarm), rounding));
    return result;
  }

  const auto mixed = [](const GaussianMixture& mixture) {
    return [&mixture](Index, Index count, Rng& rng) { return sample(mixture, count, rng); };
  };
  Terms drawn = draw_terms(kind, p, q, pairs, options.seed, mixed(p), mixed(q));
  std::vector<double> terms = std::move(drawn.of_p);
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = 0.5 * (terms[i] + drawn.of_q[i]);
  const Moments moments = moments_of(terms);
  const double rounding = 64.0 * unit_round_off * (moments.mean + moments.deviation);
  result.largest_share = moments.largest_share;
  result.kurtosis = moments.kurtosis;
  switch (kind) {
    case Divergence::total_variation:
    case Divergence::squared_hellinger:
    case Divergence::jensen_shannon: {
      const double limit = kind == Divergence::jensen_shannon ? std::numbers::ln2 : 1.0;
      const double half_width = bernstein_half_width(
          moments.deviation, limit, static_cast<Index>(terms.size()), options.false_alarm);
      result.finite_sample = true;
      result.estimate =
          max(0.0, min(limit, Estimate::statistical(moments.mean, half_width, rounding)));
      break;
    }
    case Divergence::chi_squared:
      if (bounded_below_alone) {
        const double limit = std::sqrt(static_cast<double>(terms.size()));
        std::vector<double> cut = terms;
        for (double& x : cut) x = std::min(x, limit);
        const Moments of_cut = moments_of(cut);
        const double half_width = bernstein_half_width(
            of_cut.deviation, limit, static_cast<Index>(terms.size()), options.false_alarm);
        result.finite_sample = true;
        result.estimate =
            Estimate::between(moments.mean, std::max(0.0, of_cut.mean - half_width - rounding),
                              infinity, Grade::statistical);
        break;
      }
      [[fallthrough]];
    default: {
      // More components than draws: what those not drawn would add is not bounded, but positive.
      const double half_width = student_half_width(moments.deviation, pairs, options.false_alarm);
      result.estimate =
          Estimate::between(moments.mean, std::max(0.0, moments.mean - half_width - rounding),
                            infinity, Grade::statistical);
    }
  }
  return result;
}

}  // namespace flowcheck
