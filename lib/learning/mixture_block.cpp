#include "learning/mixture_block.hpp"

#include "distances/divergence.hpp"
#include "flows/perturbed_flow.hpp"
#include "learning/block_path.hpp"
#include "learning/mixture_to_noise.hpp"
#include "learning/time_panels.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace flowcheck {
namespace {

// F_t x = ax + d, the flow of e(c₀u + c₁x).
struct Motion {
  double scale = 1.0;
  Vector shift = {};
};

Motion motion_at(const FieldError& error, Index dimension, double t) {
  const double growth = error.size * error.slope;
  const double time = growth == 0.0 ? t : std::expm1(growth * t) / growth;
  return {.scale = std::exp(growth * t),
          .shift = error.size * error.constant * time * Vector::Unit(dimension, 0)};
}

GaussianMixture carried(const GaussianMixture& p, const Vector& centre, const Motion& F) {
  const Index d = p.dimension();
  return pushforward(
      {.linear = F.scale * Matrix::Identity(d, d), .offset = (1.0 - F.scale) * centre + F.shift},
      p);
}

GaussianMixture centred(const GaussianMixture& p) {
  const Index d = p.dimension();
  return pushforward({.linear = Matrix::Identity(d, d), .offset = -p.mean()}, p);
}

double least_variance(const GaussianMixture& law) {
  double least = infinity;
  for (Index k = 0; k < law.size(); ++k) {
    least = std::min(least, law.kernel(k).eigenvalues()(0));
  }
  return least;
}

// The integrals over t and x that a block's errors are made of.
enum Term { of_error, of_sensitivity, of_kl_sensitivity, of_growth, of_kl_growth, term_count };
using Terms = Eigen::Array<double, term_count, 1>;

struct Sums {
  Terms value = Terms::Zero();
  Terms size = Terms::Zero();  // of what was subtracted in them, for their rounding
};

// The largest n up to three for which ρⁿ/ρ̂ⁿ⁻¹ is integrable, when ρ̂ is ρ scaled by a.
int finite_power(double scale) {
  const double tilt = 1.0 / (scale * scale);
  if (3.0 > 2.0 * tilt) return 3;
  return 2.0 > tilt ? 2 : 1;
}

// A component's grid, wider than its law by a factor: where ρⁿ/ρ̂ⁿ⁻¹ is.
double grid_width(const GaussianMixture& law, Index k, const Motion& F, int power) {
  constexpr double reach = 8.5;  // of noise_rule()
  const double tilt = (power - 1.0) / (F.scale * F.scale);
  const double precision = std::min(1.0, power - tilt);
  const Vector gap = (F.scale - 1.0) * law.means().col(k) + F.shift;
  const double displacement = (law.kernel(k).inverse_factor() * gap).norm();
  return 1.0 / std::sqrt(precision) + tilt * displacement / (precision * reach);
}

// How many times wider than the narrowest component a component is at most.
double contrast(const GaussianMixture& law, Index k) {
  double largest = 1.0;
  const Matrix factor = law.kernel(k).factor();
  for (Index j = 0; j < law.size(); ++j) {
    if (j != k) largest = std::max(largest, (law.kernel(j).inverse_factor() * factor).norm());
  }
  return largest;
}

// What the integrands are made of at one time and a few points.
struct GapValues {
  Eigen::ArrayXd log_ratio = {};      // log ρ/ρ̂
  Eigen::ArrayXd velocity_gap = {};   // |v − v̂|
  Eigen::ArrayXd score_gap = {};      // |s − ŝ|
  Eigen::ArrayXd product = {};        // (v − v̂)·(s − ŝ)
  Eigen::ArrayXd velocity_size = {};  // what v − v̂ is a difference of
  Eigen::ArrayXd score_size = {};
};

Eigen::ArrayXd norms(const Matrix& columns) {
  return columns.colwise().norm().transpose().array();
}

GapValues gap_values(const BlockSlice& slice,
                     const Motion& F,
                     const FieldError& error,
                     const Matrix& x) {
  const PathValues at = slice.values(x);
  const PathValues from = slice.values((x.colwise() - F.shift) / F.scale);
  const Matrix score_gap = at.scores - from.scores / F.scale;
  Matrix velocity_gap = at.velocities - F.scale * from.velocities - error.size * error.slope * x;
  velocity_gap.row(0).array() -= error.size * error.constant;
  const double log_volume = static_cast<double>(x.rows()) * std::log(F.scale);
  GapValues values{
      .log_ratio = (at.log_densities - from.log_densities).array() + log_volume,
      .velocity_gap = norms(velocity_gap),
      .score_gap = norms(score_gap),
      .product = velocity_gap.cwiseProduct(score_gap).colwise().sum().transpose().array()};
  values.velocity_size = norms(at.velocities) + norms(from.velocities) + values.velocity_gap;
  values.score_size = norms(at.scores) + norms(from.scores) + values.score_gap;
  return values;
}

// Adds a component's share at points with the logarithms of their weights.
void add_points(const GapValues& at, const Eigen::ArrayXd& log_weight, int power, Sums& sums) {
  const auto add = [&](Term term, const Eigen::ArrayXd& weight, const auto& value,
                       const auto& size) {
    sums.value(term) += (weight * value).sum();
    sums.size(term) += (weight * size).sum();
  };
  const Eigen::ArrayXd& dv = at.velocity_gap;
  const Eigen::ArrayXd& ds = at.score_gap;
  const Eigen::ArrayXd weight = log_weight.exp();
  const Eigen::ArrayXd product_size = dv * at.score_size + ds * at.velocity_size;
  add(of_error, weight, dv.square(), dv * at.velocity_size);
  add(of_kl_sensitivity, weight, ds.square(), ds * at.score_size);
  add(of_kl_growth, weight, at.product, product_size);
  if (power >= 2) {
    add(of_growth, (log_weight + at.log_ratio).exp(), at.product, product_size);
  }
  if (power >= 3) {
    add(of_sensitivity, (log_weight + 2.0 * at.log_ratio).exp(), ds.square(), ds * at.score_size);
  }
}

// Noise rules by their number of nodes.
class NoiseRules {
 public:
  explicit NoiseRules(Index dimension) : dimension_(dimension) {}
  const NoiseRule& with(int nodes) {
    const auto found = rules_.find(nodes);
    if (found != rules_.end()) return found->second;
    return rules_.emplace(nodes, noise_rule(dimension_, nodes)).first->second;
  }

 private:
  Index dimension_;
  std::map<int, NoiseRule> rules_ = {};
};

class BlockIntegrals {
 public:
  BlockIntegrals(const BlockPath& path, const FieldError& error)
      : path_(path),
        error_(error),
        dimension_(path.data().dimension()),
        power_(finite_power(motion_at(error, 1, 1.0).scale)),
        noise_(dimension_) {
    refine();
  }

  Estimate of(Term term) const {
    if (term == of_sensitivity && power_ < 3) return infinity;
    if (term == of_growth && power_ < 2) return infinity;
    // Finite in theory, and out of the grid's or the numbers' reach: anything.
    if (!std::isfinite(sums_.value(term))) return Estimate::converged(0.0, infinity);
    return Estimate::converged(sums_.value(term), gap_(term),
                               round_off(sums_.size(term), dimension_));
  }

 private:
  static constexpr double accuracy = 1e-10;

  // Beside the terms' own sizes: those of the growths, which change sign, by Cauchy and Schwarz.
  bool is_small(const Terms& gap, const Sums& sums) const {
    Terms scale = sums.value.abs();
    scale(of_kl_growth) = std::sqrt(scale(of_error) * scale(of_kl_sensitivity));
    scale(of_growth) = std::max(scale(of_growth), scale(of_kl_growth));
    for (int term = 0; term < term_count; ++term) {
      const double tolerance = accuracy * scale(term) + round_off(sums.size(term), dimension_);
      if (!(gap(term) <= tolerance)) return false;
    }
    return true;
  }

  // Nodes are doubled on given panels, as long as the grids are affordable, then panels halved at
  // the nodes before the last doubling. The value is that of both, short of the halving's effect on
  // the nodes' error.
  void refine() {
    const int most_levels = dimension_ == 1 ? 6 : 4;
    std::vector<double> ends =
        graded_panels([this](double t) { return least_variance(path_.law(t)); }, 1);
    constexpr double first_nodes = 24.0;
    double nodes = first_nodes;
    std::optional<Sums> fine = sums(ends, nodes);
    if (!fine) return;
    Sums coarse = *fine;
    Terms node_gap = Terms::Constant(infinity);
    for (int level = 1; level < most_levels; ++level) {
      const std::optional<Sums> next = sums(ends, 2.0 * nodes);
      if (!next) break;
      nodes *= 2.0;
      coarse = *std::exchange(fine, next);
      node_gap = (fine->value - coarse.value).abs();
      if (is_small(node_gap, *fine)) break;
    }
    sums_ = *fine;
    if (nodes == first_nodes) return;  // nothing says how good the only grid is
    for (int halving = 0; halving < 4; ++halving) {
      ends = halved(ends);
      const std::optional<Sums> next = sums(ends, 0.5 * nodes);
      if (!next) return;
      const Terms change = next->value - coarse.value;
      sums_ = {.value = fine->value + change, .size = fine->size};
      gap_ = node_gap + change.abs();
      if (is_small(change.abs(), sums_)) return;
      fine = sums(ends, nodes);
      if (!fine) return;
      coarse = *next;
      node_gap = (fine->value - coarse.value).abs();
    }
  }

  // None where a grid takes more nodes than are spent.
  std::optional<Sums> sums(const std::vector<double>& ends, double first_nodes) {
    const double most_nodes = dimension_ == 1 ? 16'384.0 : 400.0;
    const TimeRule rule = gauss_rule(ends);
    Sums result;
    for (std::size_t i = 0; i < rule.times.size(); ++i) {
      const BlockSlice slice = path_.at(rule.times[i]);
      const Motion F = motion_at(error_, dimension_, rule.times[i]);
      for (Index k = 0; k < slice.law().size(); ++k) {
        const double width = grid_width(slice.law(), k, F, power_);
        // The first grid's step is 2.8 deviations of the narrowest component at most.
        const double finer = std::max(1.0, 0.25 * contrast(slice.law(), k) * width);
        const double nodes = first_nodes * std::exp2(std::ceil(std::log2(finer)));
        if (!(nodes <= most_nodes)) return {};
        add_component(slice, k, F, width, noise_.with(static_cast<int>(nodes)), rule.weights[i],
                      result);
      }
    }
    return result;
  }

  void add_component(const BlockSlice& slice,
                     Index k,
                     const Motion& F,
                     double width,
                     const NoiseRule& noise,
                     double time_weight,
                     Sums& result) const {
    constexpr Index at_once = 512;  // points, which stay in the cache
    const GaussianMixture& law = slice.law();
    const Matrix factor = width * law.kernel(k).factor();
    const double log_share = std::log(time_weight * law.weights()(k)) +
                             static_cast<double>(dimension_) * std::log(width);
    for (Index begin = 0; begin < noise.nodes.cols(); begin += at_once) {
      const Index count = std::min(at_once, noise.nodes.cols() - begin);
      const Matrix z = noise.nodes.middleCols(begin, count);
      const Matrix x = (factor * z).colwise() + law.means().col(k);
      const Eigen::ArrayXd log_weight =
          noise.weights.segment(begin, count).array().log() + log_share -
          0.5 * (width * width - 1.0) * z.colwise().squaredNorm().transpose().array();
      add_points(gap_values(slice, F, error_, x), log_weight, power_, result);
    }
  }

  const BlockPath& path_;
  FieldError error_;
  Index dimension_;
  int power_;
  NoiseRules noise_;
  Sums sums_ = {};
  Terms gap_ = Terms::Constant(infinity);
};

}  // namespace

MixtureBlock mixture_block(const GaussianMixture& start, const BlockOptions& options) {
  const FieldError& error = options.error;
  require(start.dimension() <= 2, "mixture_block: in one or two dimensions");
  require(start.has_density(), "mixture_block: the start has no density");
  require(std::isfinite(error.size) && std::isfinite(error.constant) && std::isfinite(error.slope),
          "mixture_block: the field's error is not finite");
  // What depends on differences of laws alone is computed around the mean, with all its digits.
  const BlockPath path(centred(start), options.step_size, options.interpolant, options.coupling);
  const Motion F = motion_at(error, start.dimension(), 1.0);
  const GaussianMixture learned = carried(path.right(), Vector::Zero(start.dimension()), F);
  const BlockIntegrals integrals(path, error);

  GaussianMixture exact =
      BlockPath(start, options.step_size, options.interpolant, options.coupling).right();
  GaussianMixture end = carried(exact, exact.mean(), F);
  const BlockErrors errors{.step_size = options.step_size,
                           .error = sqrt(integrals.of(of_error)),
                           .sensitivity = 2.0 * sqrt(integrals.of(of_sensitivity)),
                           .kl_sensitivity = sqrt(integrals.of(of_kl_sensitivity)),
                           .chi_squared = chi_squared(path.right(), learned),
                           .chi_squared_growth = 2.0 * integrals.of(of_growth),
                           .kl = kl(path.right(), learned),
                           .kl_growth = integrals.of(of_kl_growth),
                           .start_to_noise = chi_squared_to_noise(start),
                           .exact_to_noise = chi_squared_to_noise(exact),
                           .to_noise = chi_squared_to_noise(end),
                           .overlap = overlap_with_noise(end, exact),
                           .supremum = supremum_to_noise(end),
                           .exact_supremum = supremum_to_noise(exact),
                           .squared_gap = squared_gap_to_noise(end, exact)};
  return {errors, start, std::move(exact), std::move(end)};
}

BlockChain mixture_chain(const GaussianMixture& start, const std::vector<BlockOptions>& blocks) {
  require(!blocks.empty(), "mixture_chain: at least one block");
  BlockChain chain;
  GaussianMixture law = start;
  for (const BlockOptions& options : blocks) {
    const MixtureBlock block = mixture_block(law, options);
    chain.blocks.push_back(block);
    law = block.end;
  }
  return chain;
}

}  // namespace flowcheck
