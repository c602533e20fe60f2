#include "learning/gaussian_block.hpp"

#include "learning/time_panels.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

namespace flowcheck {
namespace {

// ∫ e^{c + hx − ax²/2} dx; +∞ where a ≤ 0.
Estimate gaussian_integral(const Estimate& a, const Estimate& h, const Estimate& c) {
  if (a.upper <= 0.0) return infinity;
  if (a.lower <= 0.0) return Estimate::between(infinity, 0.0, infinity, Grade::closed_form);
  return exp(c + square(h) / (2.0 * a)) * sqrt(Estimate(2.0 * std::numbers::pi) / a);
}

// −log(1 − x) for 0 ≤ x < 1 with the digits of x, where log of the difference keeps those of 1.
Estimate minus_log_of_complement(const Estimate& x) {
  const auto f = [](double at) { return at < 1.0 ? -std::log1p(-at) : infinity; };
  constexpr double rounding = 4.0 * unit_round_off;
  return Estimate::between(f(x.value), f(std::max(0.0, x.lower)) * (1.0 - rounding),
                           f(x.upper) * (1.0 + rounding), std::min(x.grade, Grade::closed_form));
}

// log p = c + hx − ax²/2.
struct LogQuadratic {
  Estimate curvature = 0.0;
  Estimate slope = 0.0;
  Estimate constant = 0.0;
};

LogQuadratic log_quadratic(const LineNormal& p) {
  return {.curvature = 1.0 / p.variance,
          .slope = p.mean / p.variance,
          .constant = -0.5 * (square(p.mean) / p.variance +
                              log(Estimate(2.0 * std::numbers::pi) * p.variance))};
}

// ∫ Π pᵢ / qᵐ⁻¹ for the m laws given.
Estimate product_over_noise(const std::vector<LogQuadratic>& laws) {
  const double powers = static_cast<double>(laws.size()) - 1.0;
  Estimate a = -powers;
  Estimate h = 0.0;
  Estimate c = 0.5 * powers * std::log(2.0 * std::numbers::pi);
  c = widened(c, round_off(c.value, 1));
  for (const LogQuadratic& law : laws) {
    a = a + law.curvature;
    h = h + law.slope;
    c = c + law.constant;
  }
  return gaussian_integral(a, h, c);
}

bool may_be_equal(const Estimate& a, const Estimate& b) {
  return a.lower <= b.upper && b.lower <= a.upper;
}

bool may_be_equal(const LineNormal& p, const LineNormal& r) {
  return may_be_equal(p.mean, r.mean) && may_be_equal(p.variance, r.variance);
}

// m_t and S_t = A²S_0 + 2ABc + B²S_1, c the covariance of the two ends.
struct PathMoments {
  Estimate mean = 0.0;
  Estimate variance = 1.0;
};

// The block's exact path and its learned one, standardised: with z = (x − m_t)/√S_t the exact law
// is N(0, 1) and the learned one N(d, k).
class PerturbedPath {
 public:
  PerturbedPath(const LineNormal& start, const BlockOptions& options)
      : start_(start), options_(options), step_(ou_step(options.step_size)) {
    decay_ = Estimate::closed_form(step_.decay, 2.0 * unit_round_off * step_.decay);
    right_ = ou_law(start, options.step_size);
    if (options.coupling == Coupling::dependent) covariance_ = decay_ * start.variance;
  }

  const LineNormal& right() const { return right_; }
  const FieldError& error() const { return options_.error; }

  PathMoments moments(const Estimate& A, const Estimate& B) const {
    return {.mean = (A + B * decay_) * start_.mean,
            .variance = square(A) * start_.variance + 2.0 * A * B * covariance_ +
                        square(B) * right_.variance};
  }
  double variance(double t) const {
    const InterpolantValues at = interpolant_values(options_.interpolant, t);
    return at.left * at.left * start_.variance.value +
           2.0 * at.left * at.right * covariance_.value +
           at.right * at.right * right_.variance.value;
  }
  // ∫ S_t dt in closed form.
  Estimate variance_integral() const {
    const bool linear = options_.interpolant == Interpolant::linear;
    const Estimate own = linear ? 1.0 / Estimate(3.0) : Estimate(0.5);
    const Estimate mixed = 1.0 / Estimate(linear ? 6.0 : std::numbers::pi);
    return own * (start_.variance + right_.variance) + 2.0 * mixed * covariance_;
  }
  InterpolantValues ends(double t) const { return interpolant_values(options_.interpolant, t); }

  // Ends of panels on which S_t changes by no more than a factor two, at least `least` of them.
  std::vector<double> panels(int least) const {
    return graded_panels([this](double t) { return variance(t); }, least);
  }

 private:
  LineNormal start_;
  BlockOptions options_;
  OuStep step_;
  Estimate decay_ = 1.0;
  Estimate covariance_ = 0.0;  // of x_l and x_r
  LineNormal right_ = {};
};

using PanelRule = boost::math::quadrature::gauss<double, 10>;

// ∫ f over [from, to] by one rule.
template <class F>
double panel_integral(const F& f, double from, double to) {
  const double middle = 0.5 * (from + to);
  const double half = 0.5 * (to - from);
  double sum = 0.0;
  for (std::size_t j = 0; j < PanelRule::abscissa().size(); ++j) {
    const double x = half * PanelRule::abscissa()[j];
    sum += PanelRule::weights()[j] * (f(middle - x) + f(middle + x));
  }
  return half * sum;
}

// The path at one time: S_t, and the learned law N(d, k) in units of the exact one.
struct PathPoint {
  double variance = 1.0;
  double shift = 0.0;      // d
  double log_ratio = 0.0;  // log k
};

// What the block's integrals over time are.
struct TimeIntegrals {
  double delay = 0.0;  // J(1) = ∫ e^{−ec₁s} S_s^{−½} ds
  double sensitivity = 0.0;
  double kl_sensitivity = 0.0;
  double chi_squared_growth = 0.0;
  double kl_growth = 0.0;
};

// ∫∫ ρ³/ρ̂² |s − ŝ|² dx at one time: with P = 3 − 2/k the form ρ³/ρ̂² is k P^{−½} e^{…} N(μ, 1/P).
double score_gap(const PathPoint& at) {
  const double k_inverse = std::exp(-at.log_ratio);
  const double tilt = -std::expm1(-at.log_ratio);  // 1 − 1/k
  const double P = 1.0 + 2.0 * tilt;
  if (!(P > 0.0)) return infinity;
  const double pull = at.shift * k_inverse;  // d/k
  const double mean = -2.0 * pull / P;
  const double mass =
      std::exp(at.log_ratio + at.shift * pull + 2.0 * pull * pull / P) / std::sqrt(P);
  const double gap = tilt * mean + pull;
  return mass * (gap * gap + tilt * tilt / P) / at.variance;
}

double kl_score_gap(const PathPoint& at) {
  const double tilt = -std::expm1(-at.log_ratio);
  const double pull = at.shift * std::exp(-at.log_ratio);
  return (pull * pull + tilt * tilt) / at.variance;
}

// 2∫ρ(v − v̂)·∇(ρ/ρ̂) at one time: ρ²/ρ̂ is √(k/P) e^{…} N(μ, 1/P), P = 2 − 1/k. The field's error
// is −e(c₀ + c₁√S z), the ratio's gradient ρ/ρ̂ ((z − d)/k − z)/√S.
double chi_squared_growth(const PathPoint& at, const FieldError& error) {
  const double k_inverse = std::exp(-at.log_ratio);
  const double tilt = -std::expm1(-at.log_ratio);
  const double P = 1.0 + tilt;
  if (!(P > 0.0)) return infinity;
  const double pull = at.shift * k_inverse;
  const double mean = -pull / P;
  const double mass =
      std::exp(0.5 * (at.log_ratio + at.shift * pull + pull * pull / P)) / std::sqrt(P);
  const double deviation = std::sqrt(at.variance);
  const double c1 = error.slope * deviation;
  const double product = (error.constant + c1 * mean) * (tilt * mean + pull) + c1 * tilt / P;
  return 2.0 * error.size * mass * product / deviation;
}

// ∫ρ(v − v̂)·(s − ŝ), the same without the weight ρ/ρ̂.
double kl_growth(const PathPoint& at, const FieldError& error) {
  const double tilt = -std::expm1(-at.log_ratio);
  const double pull = at.shift * std::exp(-at.log_ratio);
  const double deviation = std::sqrt(at.variance);
  return error.size * (error.constant * pull + error.slope * deviation * tilt) / deviation;
}

TimeIntegrals time_integrals(const PerturbedPath& path, const std::vector<double>& ends) {
  const FieldError& error = path.error();
  const double growth = error.size * error.slope;
  const auto delay_rate = [&](double t) {
    return std::exp(-growth * t) / std::sqrt(path.variance(t));
  };
  TimeIntegrals sums;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const double from = ends[i - 1];
    const double delay_before = sums.delay;
    const auto integrate_panel = [&](const auto& term) {
      return panel_integral(
          [&](double t) {
            const double delay = delay_before + panel_integral(delay_rate, from, t);
            return term(
                PathPoint{.variance = path.variance(t),
                          .shift = error.size * error.constant * std::exp(growth * t) * delay,
                          .log_ratio = 2.0 * growth * t});
          },
          from, ends[i]);
    };
    sums.sensitivity += integrate_panel(score_gap);
    sums.kl_sensitivity += integrate_panel(kl_score_gap);
    sums.chi_squared_growth +=
        integrate_panel([&](const PathPoint& at) { return chi_squared_growth(at, error); });
    sums.kl_growth += integrate_panel([&](const PathPoint& at) { return kl_growth(at, error); });
    sums.delay += panel_integral(delay_rate, from, ends[i]);
  }
  return sums;
}

// @param margin  the integral is finite where this is positive, whatever its nodes are
Estimate refined(double fine, double coarse, const Estimate& margin = 1.0) {
  if (margin.upper <= 0.0) return infinity;
  if (margin.lower <= 0.0 || !std::isfinite(fine) || !std::isfinite(coarse)) {
    return Estimate::between(infinity, 0.0, infinity, Grade::converged);
  }
  return Estimate::converged(fine, std::abs(fine - coarse), round_off(std::abs(fine), 1));
}

// N(0, 1) against N(d, k), as a law against N(0, 1).
LineNormal exact_in_learned_units(const Estimate& shift, const Estimate& log_ratio) {
  return {.mean = -shift * exp(-0.5 * log_ratio), .variance = exp(-log_ratio)};
}

bool is_zero(const FieldError& error) {
  return error.size == 0.0 || (error.constant == 0.0 && error.slope == 0.0);
}

// ---- suprema over time ----

Estimate hull(double a, double b, Grade grade) {
  return Estimate::between(0.5 * (a + b), std::min(a, b), std::max(a, b), grade);
}

// What PathPoint is at one time, over a cell of times: ranges.
struct PathCell {
  Estimate mean = 0.0;
  Estimate variance = 1.0;
  Estimate shift = 0.0;
  Estimate log_ratio = 0.0;
};

// E|X| of N(m, σ²), increasing in |m| and in σ.
double mean_absolute(double m, double sigma) {
  const double z = std::abs(m) / sigma;
  return sigma * std::sqrt(2.0 / std::numbers::pi) * std::exp(-0.5 * z * z) +
         std::abs(m) * std::erf(z / std::numbers::sqrt2);
}

Estimate mean_absolute(const Estimate& m, const Estimate& sigma) {
  const Estimate size = abs(m);
  const double upper = mean_absolute(size.upper, sigma.upper);
  return Estimate::between(mean_absolute(size.value, sigma.value),
                           mean_absolute(size.lower, sigma.lower) * (1.0 - 1e-14),
                           upper * (1.0 + 1e-14), Grade::converged);
}

// max(1, |m|)/S for both laws: what |x − m|/S is at most against 1 + |x|, at x = 0 or far out.
Estimate score_growth(const PathCell& cell) {
  const auto of = [](const Estimate& m, const Estimate& S) { return max(1.0, abs(m)) / S; };
  const Estimate learned_mean = cell.mean + sqrt(cell.variance) * cell.shift;
  return max(of(cell.mean, cell.variance), of(learned_mean, cell.variance * exp(cell.log_ratio)));
}

// ∫(1 + |x|)² ρ³/ρ̂²: the mass of ρ³/ρ̂² times E(1 + |X|)² of the Gaussian that it is.
Estimate integrability(const PathCell& cell) {
  const Estimate tilt = -expm1(-cell.log_ratio);
  const Estimate P = 1.0 + 2.0 * tilt;
  if (P.lower <= 0.0) {
    return Estimate::between(infinity, P.upper <= 0.0 ? infinity : 0.0, infinity, Grade::converged);
  }
  const Estimate pull = cell.shift * exp(-cell.log_ratio);
  const Estimate mass = exp(cell.log_ratio + cell.shift * pull + 2.0 * square(pull) / P) / sqrt(P);
  const Estimate sigma = sqrt(cell.variance / P);
  const Estimate mean = cell.mean - 2.0 * sqrt(cell.variance) * pull / P;
  return mass * (1.0 + 2.0 * mean_absolute(mean, sigma) + square(mean) + square(sigma));
}

// The largest value at a cell's ends from below, the largest upper end over cells from above.
class Supremum {
 public:
  void at_point(const Estimate& value) {
    value_ = std::max(value_, value.value);
    lower_ = std::max(lower_, value.lower);
  }
  void on_cell(const Estimate& range) { upper_ = std::max(upper_, range.upper); }
  Estimate estimate() const {
    return Estimate::between(value_, lower_, std::max(upper_, value_), Grade::converged);
  }

 private:
  double value_ = -infinity;
  double lower_ = -infinity;
  double upper_ = -infinity;
};

}  // namespace

Gaussian LineNormal::gaussian() const {
  return {Vector::Constant(1, mean.value), Matrix::Constant(1, 1, variance.value)};
}

Estimate chi_squared_to_noise(const LineNormal& p) {
  const Estimate margin = 2.0 - p.variance;
  if (p.variance.lower >= 2.0) return infinity;
  if (margin.lower <= 0.0) return Estimate::between(infinity, 0.0, infinity, Grade::closed_form);
  // S(2 − S) = 1 − (S − 1)² keeps the digits that matter near q.
  const Estimate squared_gap = square(p.variance - 1.0);
  return max(0.0, expm1(square(p.mean) / margin + 0.5 * minus_log_of_complement(squared_gap)));
}

Estimate kl_to_noise(const LineNormal& p) {
  return max(0.0, 0.5 * (square(p.mean) + ((p.variance - 1.0) - log(p.variance))));
}

Estimate supremum_to_noise(const LineNormal& p) {
  const Estimate margin = 1.0 - p.variance;
  if (margin.lower > 0.0) return exp(square(p.mean) / (2.0 * margin)) / sqrt(p.variance);
  const auto is_exactly = [](const Estimate& a, double b) { return a.lower == b && a.upper == b; };
  if (is_exactly(p.variance, 1.0) && is_exactly(p.mean, 0.0)) return 1.0;
  const bool may_be_centred = p.mean.lower <= 0.0 && p.mean.upper >= 0.0;
  const bool is_infinite = p.variance.lower > 1.0 || (p.variance.lower == 1.0 && !may_be_centred);
  return is_infinite ? Estimate(infinity)
                     : Estimate::between(infinity, 1.0, infinity, Grade::closed_form);
}

LineNormal ou_law(const LineNormal& p, double time) {
  require(time >= 0.0, "ou_law: the time must not be negative");
  if (time == infinity) return {};
  const Estimate decay = exp(Estimate(-time));
  return {.mean = decay * p.mean,
          .variance = exp(Estimate(-2.0 * time)) * p.variance - expm1(Estimate(-2.0 * time))};
}

Estimate overlap_with_noise(const LineNormal& p, const LineNormal& exact) {
  const LogQuadratic own = log_quadratic(p);
  const LogQuadratic other = log_quadratic(exact);
  return sqrt(product_over_noise({own, own, own}) + 2.0 * product_over_noise({own, own, other}) +
              product_over_noise({own, other, other}));
}

Estimate squared_gap_to_noise(const LineNormal& p, const LineNormal& exact) {
  const LogQuadratic own = log_quadratic(p);
  const LogQuadratic other = log_quadratic(exact);
  const Estimate own_square = product_over_noise({own, own});
  const Estimate other_square = product_over_noise({other, other});
  const Estimate unknown = Estimate::between(infinity, 0.0, infinity, Grade::closed_form);
  // Two laws that differ do not cancel where a square is infinite: the wider one is left far out.
  if (own_square.lower == infinity || other_square.lower == infinity) {
    return may_be_equal(p, exact) ? unknown : Estimate(infinity);
  }
  const Estimate gap = own_square - 2.0 * product_over_noise({own, other}) + other_square;
  return gap.is_nan() ? unknown : max(0.0, gap);
}

AffineMap GaussianBlock::map() const {
  const double stretch = std::sqrt(end.variance.value / start.variance.value);
  return {.linear = Matrix::Constant(1, 1, stretch),
          .offset = Vector::Constant(1, end.mean.value - stretch * start.mean.value)};
}

GaussianBlock gaussian_block(const LineNormal& start, const BlockOptions& options) {
  const FieldError& error = options.error;
  require(start.variance.lower > 0.0, "gaussian_block: the start has no density");
  require(std::isfinite(error.size) && std::isfinite(error.constant) && std::isfinite(error.slope),
          "gaussian_block: the field's error is not finite");
  const PerturbedPath path(start, options);
  const std::vector<double> ends = path.panels(4);
  const TimeIntegrals coarse = time_integrals(path, ends);
  const TimeIntegrals fine = time_integrals(path, halved(ends));

  GaussianBlock block;
  block.step_size = options.step_size;
  block.start = start;
  block.exact = path.right();
  const Estimate growth = Estimate(error.size) * error.slope;
  const Estimate shift =
      Estimate(error.size) * error.constant * exp(growth) * refined(fine.delay, coarse.delay);
  const Estimate log_ratio = 2.0 * growth;
  block.end = {.mean = block.exact.mean + sqrt(block.exact.variance) * shift,
               .variance = block.exact.variance * exp(log_ratio)};
  if (is_zero(error)) block.end = block.exact;

  block.error = sqrt(square(Estimate(error.size)) *
                     (square(Estimate(error.constant)) +
                      square(Estimate(error.slope)) * path.variance_integral()));
  // ρ³/ρ̂² and ρ²/ρ̂ are integrable while 3 − 2/k and 2 − 1/k are positive, k = Ŝ/S largest or
  // least at the end.
  const Estimate k = exp(log_ratio);
  block.sensitivity = 2.0 * sqrt(refined(fine.sensitivity, coarse.sensitivity, 3.0 * k - 2.0));
  block.kl_sensitivity = sqrt(refined(fine.kl_sensitivity, coarse.kl_sensitivity));
  const LineNormal relative = exact_in_learned_units(shift, log_ratio);
  block.chi_squared = chi_squared_to_noise(relative);
  block.kl = kl_to_noise(relative);
  block.chi_squared_growth =
      refined(fine.chi_squared_growth, coarse.chi_squared_growth, 2.0 * k - 1.0);
  block.kl_growth = refined(fine.kl_growth, coarse.kl_growth);
  block.start_to_noise = chi_squared_to_noise(block.start);
  block.exact_to_noise = chi_squared_to_noise(block.exact);
  block.to_noise = chi_squared_to_noise(block.end);
  block.overlap = overlap_with_noise(block.end, block.exact);
  block.supremum = supremum_to_noise(block.end);
  block.exact_supremum = supremum_to_noise(block.exact);
  block.squared_gap = squared_gap_to_noise(block.end, block.exact);
  return block;
}

LineNormal GaussianChain::generated() const {
  LineNormal law;
  for (std::size_t n = blocks.size(); n-- > 0;) {
    const GaussianBlock& block = blocks[n];
    const Estimate shrink = block.start.variance / block.end.variance;
    law = {.mean = block.start.mean + sqrt(shrink) * (law.mean - block.end.mean),
           .variance = shrink * law.variance};
  }
  return law;
}

GaussianChain gaussian_chain(const LineNormal& start, const std::vector<BlockOptions>& blocks) {
  require(!blocks.empty(), "gaussian_chain: at least one block");
  GaussianChain chain;
  LineNormal law = start;
  for (const BlockOptions& options : blocks) {
    chain.blocks.push_back(gaussian_block(law, options));
    law = chain.blocks.back().end;
  }
  return chain;
}

PathConstants path_constants(const LineNormal& start, const BlockOptions& options) {
  const PerturbedPath path(start, options);
  const FieldError& error = options.error;
  const double growth = error.size * error.slope;
  const auto delay_rate = [&](double t) {
    return std::exp(-growth * t) / std::sqrt(path.variance(t));
  };
  const auto cell_of = [&](double from, double to, double delay_from, double delay_to) {
    const InterpolantValues left = path.ends(from);
    const InterpolantValues right = path.ends(to);
    const PathMoments law = path.moments(hull(left.left, right.left, Grade::closed_form),
                                         hull(left.right, right.right, Grade::closed_form));
    const Estimate stretch = Estimate(growth) * hull(from, to, Grade::closed_form);
    const double rounding = round_off(delay_to, 1);
    return PathCell{.mean = law.mean,
                    .variance = law.variance,
                    .shift = Estimate(error.size) * error.constant * exp(stretch) *
                             widened(hull(delay_from, delay_to, Grade::converged), rounding),
                    .log_ratio = 2.0 * stretch};
  };

  Supremum L;
  Supremum C2;
  const auto point = [&](double t, double delay) {
    const PathCell at = cell_of(t, t, delay, delay);
    L.at_point(score_growth(at));
    C2.at_point(integrability(at));
  };
  constexpr int cells = 256;
  const std::vector<double> ends = path.panels(cells);
  double delay = 0.0;
  point(0.0, 0.0);
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const double next = delay + panel_integral(delay_rate, ends[i - 1], ends[i]);
    const PathCell cell = cell_of(ends[i - 1], ends[i], delay, next);
    L.on_cell(score_growth(cell));
    C2.on_cell(integrability(cell));
    point(ends[i], next);
    delay = next;
  }
  return {.score_growth = L.estimate(), .integrability = C2.estimate()};
}

std::vector<PathConstants> path_constants(const LineNormal& start,
                                          const std::vector<BlockOptions>& blocks) {
  std::vector<PathConstants> constants;
  LineNormal law = start;
  for (const BlockOptions& options : blocks) {
    constants.push_back(path_constants(law, options));
    law = gaussian_block(law, options).end;
  }
  return constants;
}

PathConstants largest(const std::vector<PathConstants>& blocks) {
  PathConstants result;
  for (const PathConstants& own : blocks) {
    result.score_growth = max(result.score_growth, own.score_growth);
    result.integrability = max(result.integrability, own.integrability);
  }
  return result;
}

Estimate sensitivity_bound(const PathConstants& constants) {
  return 4.0 * constants.score_growth * sqrt(constants.integrability);
}

}  // namespace flowcheck
