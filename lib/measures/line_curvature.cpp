#include "measures/line_curvature.hpp"

#include "measures/gaussian_mixture.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

using CurvatureArray = Eigen::ArrayXd;

struct CurvatureProbe {
  double x = 0.0;
  double value = 0.0;
  double error = 0.0;
};

struct CurvatureCell {
  CurvatureProbe left = {};  // x = −∞ and ∞ are the limits there
  CurvatureProbe right = {};
  double bound = 0.0;
};

// Extremes of f and of f′ⁿ e^f over a cell.
struct LogOdds {
  double least = 0.0;
  double largest = 0.0;
  double square = 0.0;  // sup rₖ d′²
  double fourth = 0.0;  // sup rₖ d′⁴
};

class CurvatureSearch {
 public:
  CurvatureSearch(const GaussianMixture& p, const CurvatureOptions& options, bool largest)
      : options_(options), largest_(largest) {
    const Index K = (p.weights().array() > 0.0).count();
    log_weights_.resize(K);
    means_.resize(K);
    variances_.resize(K);
    Index next = 0;
    for (Index k = 0; k < p.size(); ++k) {
      if (p.weights()(k) == 0.0) continue;
      variances_(next) = p.covariance(k)(0, 0);
      means_(next) = p.means()(0, k);
      log_weights_(next) = std::log(p.weights()(k)) - 0.5 * std::log(variances_(next));
      ++next;
    }
    precisions_ = variances_.inverse();
    narrowest_ = precisions_.maxCoeff();
    middle_ = p.mean()(0);
    scale_ = std::sqrt(p.covariance()(0, 0));
  }

  CurvatureExtreme run() {
    const double limit = -precisions_.minCoeff();
    const CurvatureProbe far{infinity, limit, 4.0 * unit_round_off * std::abs(limit)};
    best_ = far;
    const CurvatureProbe first = probe(middle_);
    const std::vector<CurvatureCell> cells = {bounded({{-infinity, far.value, far.error}, first}),
                                              bounded({first, far})};
    const auto is_done = [&](double open) {
      return places_ >= options_.most_places || decided(open);
    };
    const auto bounded_halves = [&](const CurvatureCell& whole) {
      const CurvatureProbe between = probe(middle_of(whole));
      return std::array{bounded({whole.left, between}), bounded({between, whole.right})};
    };
    return result(best_first(cells, outward(), is_done, bounded_halves));
  }

 private:
  double better(double a, double b) const { return largest_ ? std::max(a, b) : std::min(a, b); }
  double outward() const { return largest_ ? 1.0 : -1.0; }

  bool decided(double open) const {
    const SearchGoal goal{.accuracy = options_.accuracy * std::abs(best_.value - options_.origin),
                          .round_off = std::max(1e-12 * narrowest_, 2.0 * best_.error),
                          .enough = largest_ ? options_.enough : -infinity};
    return goal.is_met(outward() * best_.value, outward() * open);
  }

  CurvatureExtreme result(double open) const {
    const double edge = better(open, best_.value + outward() * best_.error);
    const double seen = best_.value - outward() * best_.error;
    const bool is_limit = std::isinf(best_.x);
    return {.value = Estimate::between(best_.value, std::min(edge, seen), std::max(edge, seen),
                                       Grade::converged),
            .place = is_limit ? 0.0 : best_.x,
            .is_attained = !is_limit};
  }

  double middle_of(const CurvatureCell& cell) const {
    if (std::isinf(cell.left.x)) return middle_ - std::max(scale_, 2.0 * (middle_ - cell.right.x));
    if (std::isinf(cell.right.x)) return middle_ + std::max(scale_, 2.0 * (cell.left.x - middle_));
    return 0.5 * (cell.left.x + cell.right.x);
  }

  CurvatureArray exponents(double x) const {
    return log_weights_ - 0.5 * precisions_ * (x - means_).square();
  }

  // ℓₖ − ℓ_ref and gₖ − g_ref at x, and the sizes that they round with. From differences: where
  // variances differ by 1e-7 the components tie again at |x| ~ 1e7, and exponents of 1e14 have no
  // digits left there.
  struct Gaps {
    CurvatureArray odds;
    CurvatureArray odds_size;
    CurvatureArray slope;
    CurvatureArray slope_size;
  };
  CurvatureArray excesses(Index ref) const {  // τₖ − τ_ref
    return (variances_(ref) - variances_) * precisions_ * precisions_(ref);
  }
  Gaps gaps(double x, Index ref) const {
    const CurvatureArray excess = excesses(ref);
    const CurvatureArray lag = precisions_(ref) * (means_ - means_(ref));
    const CurvatureArray wide = 0.5 * excess * (means_ - x).square();
    const CurvatureArray shifted = 0.5 * lag * (2.0 * x - means_ - means_(ref));
    return {.odds = log_weights_ - log_weights_(ref) - wide + shifted,
            .odds_size = log_weights_.abs() + std::abs(log_weights_(ref)) + wide.abs() +
                         0.5 * lag.abs() * (2.0 * std::abs(x) + (means_ + means_(ref)).abs()),
            .slope = excess * (means_ - x) + lag,
            .slope_size = excess.abs() * (means_ - x).abs() +
                          precisions_(ref) * (means_.abs() + std::abs(means_(ref)))};
  }

  CurvatureProbe probe(double x) {
    ++places_;
    Index likeliest = 0;
    exponents(x).maxCoeff(&likeliest);
    const Gaps from = gaps(x, likeliest);
    CurvatureArray r = (from.odds - from.odds.maxCoeff()).exp();
    r /= r.sum();
    const CurvatureArray apart = from.slope - (r * from.slope).sum();
    const CurvatureArray squares = apart.square();
    const double mean_precision = (r * precisions_).sum();
    const double variance = (r * squares).sum();
    // ∂/∂log rₖ is rₖ(cₖ² − Var − τₖ + τ̄).
    const CurvatureArray log_errors = 8.0 + 8.0 * from.odds_size;
    const CurvatureArray sizes = squares + variance + precisions_ + mean_precision;
    const double error =
        unit_round_off *
        ((r * log_errors * sizes).sum() + 8.0 * (r * apart.abs() * from.slope_size).sum() +
         static_cast<double>(8 + r.size()) * (variance + mean_precision));
    const CurvatureProbe here{x, variance - mean_precision, error};
    if (outward() * (here.value - best_.value) > 0.0) best_ = here;
    return here;
  }

  // The likeliest component in the middle; far out the widest, of several the outermost.
  Index reference(const CurvatureCell& cell) const {
    Index best = 0;
    if (std::isfinite(cell.left.x) && std::isfinite(cell.right.x)) {
      exponents(middle_of(cell)).maxCoeff(&best);
      return best;
    }
    const double direction = std::isinf(cell.right.x) ? 1.0 : -1.0;
    for (Index k = 1; k < means_.size(); ++k) {
      const bool wider = precisions_(k) < precisions_(best);
      const bool farther =
          precisions_(k) == precisions_(best) && direction * (means_(k) - means_(best)) > 0.0;
      if (wider || farther) best = k;
    }
    return best;
  }

  // d = ℓₖ − ℓ_ref on a cell with one infinite end; `sign` points there.
  LogOdds far_odds(double d, double slope, double excess, double sign) const {
    const double outward_slope = sign * slope;
    const double square = slope * slope;
    // Equal components, or d falling from the finite end on.
    if (slope == 0.0 && excess == 0.0) return {d, d, 0.0, 0.0};
    if (outward_slope >= 0.0) return {-infinity, infinity, infinity, infinity};
    const double share = std::exp(d);
    return {-infinity, d, square >= 2.0 * excess ? share * square : infinity,
            square >= 4.0 * excess ? share * square * square : infinity};
  }

  // All components' log odds against one of them: parabolas, of curvature τ_ref − τₖ.
  std::vector<LogOdds> log_odds(const CurvatureCell& cell, Index ref) const {
    std::vector<LogOdds> odds(static_cast<std::size_t>(means_.size()));
    const bool left_infinite = std::isinf(cell.left.x);
    const bool bounded = !left_infinite && std::isfinite(cell.right.x);
    const std::array<double, 2> ends = {left_infinite ? cell.right.x : cell.left.x,
                                        bounded ? cell.right.x : cell.left.x};
    CurvatureArray d[2], slope[2], slack;
    CurvatureArray slope_error = CurvatureArray::Zero(means_.size());
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
      if (i == 1 && !bounded) break;
      const Gaps from = gaps(ends[i], ref);
      d[i] = from.odds;
      const CurvatureArray error = unit_round_off * (4.0 + 8.0 * from.odds_size);
      slack = i == 0 ? error : CurvatureArray(slack.max(error));
      slope[i] = from.slope;
      slope_error = slope_error.max(8.0 * unit_round_off * from.slope_size);
    }
    const CurvatureArray all_excesses = excesses(ref);
    for (Index k = 0; k < means_.size(); ++k) {
      LogOdds& own = odds[static_cast<std::size_t>(k)];
      const double excess = all_excesses(k);
      if (!bounded) {
        own = far_odds(d[0](k) + slack(k), slope[0](k), excess, left_infinite ? -1.0 : 1.0);
        continue;
      }
      own.least = std::min(d[0](k), d[1](k)) - slack(k);
      own.largest = std::max(d[0](k), d[1](k)) + slack(k);
      if (slope[0](k) * slope[1](k) < 0.0 && excess != 0.0) {
        // The vertex is d(x₀) + d′(x₀)²/2(τₖ − τ_ref) away.
        const double vertex = d[0](k) + 0.5 * slope[0](k) * slope[0](k) / excess;
        own.least = std::min(own.least, vertex - slack(k));
        own.largest = std::max(own.largest, vertex + slack(k));
      }
    }
    // rₖ from above by the odds, and with it rₖ d′ⁿ.
    double all = 0.0;
    for (const LogOdds& own : odds) all += std::exp(own.least);
    for (Index k = 0; k < means_.size() && bounded; ++k) {
      LogOdds& own = odds[static_cast<std::size_t>(k)];
      const double square =
          std::pow(std::max(std::abs(slope[0](k)), std::abs(slope[1](k))) + slope_error(k), 2);
      own.square = share(own, all) * square;
      own.fourth = own.square * square;
    }
    return odds;
  }

  static double share(const LogOdds& own, double all) {
    const double others = std::max(0.0, all * (1.0 - 64.0 * unit_round_off) - std::exp(own.least));
    return others > 0.0 ? 1.0 / (1.0 + others * std::exp(-own.largest)) : 1.0;
  }

  CurvatureCell bounded(CurvatureCell cell) const {
    const Index ref = reference(cell);
    const std::vector<LogOdds> odds = log_odds(cell, ref);
    double all = 0.0;
    for (const LogOdds& own : odds) all += std::exp(own.least);
    const double own_variance = narrowest_ - precisions_(ref);
    double wider = 0.0, narrower = 0.0, square = 0.0;
    double fourth = 3.0 * own_variance * own_variance;
    for (Index k = 0; k < means_.size(); ++k) {
      if (k == ref) continue;
      const LogOdds& own = odds[static_cast<std::size_t>(k)];
      const double weight = share(own, all);
      const double excess = precisions_(k) - precisions_(ref);
      const double variance = narrowest_ - precisions_(k);
      wider += weight * std::max(0.0, -excess);
      narrower += weight * std::max(0.0, excess);
      square += own.square;
      fourth += own.fourth + 6.0 * variance * own.square + 3.0 * weight * variance * variance;
    }
    const double length = cell.right.x - cell.left.x;
    const double rounding = static_cast<double>(32 + 4 * means_.size()) * unit_round_off;
    if (largest_) {
      const double by_odds = -precisions_(ref) + wider + square;
      const double variance = by_odds + narrowest_;
      const double at_ends =
          std::max(cell.left.value + cell.left.error, cell.right.value + cell.right.error);
      const double by_ends = at_ends + 0.25 * variance * variance * length * length;
      cell.bound = (std::isnan(by_ends) ? by_odds : std::min(by_odds, by_ends)) +
                   rounding * (narrowest_ + variance);
    } else {
      const double by_odds = -precisions_(ref) - narrower;
      const double at_ends =
          std::min(cell.left.value - cell.left.error, cell.right.value - cell.right.error);
      const double by_ends = at_ends - fourth * length * length;
      cell.bound = (std::isnan(by_ends) ? by_odds : std::max(by_odds, by_ends)) -
                   rounding * (narrowest_ + std::abs(at_ends));
    }
    return cell;
  }

  CurvatureOptions options_;
  bool largest_;
  CurvatureArray log_weights_ = {};
  CurvatureArray means_ = {};
  CurvatureArray variances_ = {};
  CurvatureArray precisions_ = {};
  double narrowest_ = 0.0;  // the largest precision
  double middle_ = 0.0;
  double scale_ = 1.0;
  int places_ = 0;
  CurvatureProbe best_ = {};
};

CurvatureExtreme searched_curvature(const GaussianMixture& p,
                                    const CurvatureOptions& options,
                                    bool largest) {
  require(p.dimension() == 1 && p.has_density(),
          "log_density_curvature: takes a mixture on the line with a density");
  return CurvatureSearch(p, options, largest).run();
}

}  // namespace

CurvatureExtreme largest_log_density_curvature(const GaussianMixture& p,
                                               const CurvatureOptions& options) {
  return searched_curvature(p, options, true);
}

CurvatureExtreme smallest_log_density_curvature(const GaussianMixture& p,
                                                const CurvatureOptions& options) {
  return searched_curvature(p, options, false);
}

}  // namespace flowcheck
