#include "interpolation/data_law.hpp"

#include "measures/line_laws.hpp"
#include "measures/line_posterior.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace flowcheck {
namespace {

double radius_of(const Estimate& x) {
  return std::max(x.upper - x.value, x.value - x.lower);
}

void check_data_clock(const DataLaw& law, double b, double a, const Vector& x) {
  require(std::isfinite(b) && b >= 0.0, "posterior: the data's scale must be finite, not negative");
  require(std::isfinite(a) && a > 0.0, "posterior: this law has none without noise");
  require(x.size() == law.dimension(), "posterior: the point has another dimension");
}

// Of independent coordinates: Cov(ξ_i, |ξ|²) = E(ξ_i − m_i)³ + 2 m_i Var ξ_i.
void set_axis(LatentMoments& moments, Index i, const LinePosteriorMoments& axis) {
  moments.mean(i) = axis.mean.value;
  moments.covariance(i, i) = axis.variance.value;
  const Estimate third = axis.third_moment + 2.0 * axis.mean * axis.variance;
  moments.third_moment(i) = third.value;
  moments.mean_error = std::hypot(moments.mean_error, radius_of(axis.mean));
  moments.covariance_error = std::max(moments.covariance_error, radius_of(axis.variance));
  moments.third_moment_error = std::hypot(moments.third_moment_error, radius_of(third));
}

LatentMoments no_moments(Index d) {
  return {
      .mean = Vector::Zero(d), .covariance = Matrix::Zero(d, d), .third_moment = Vector::Zero(d)};
}

// x's density is that of y = x/a times a⁻ᵈ.
Estimate in_units_of_noise(const Estimate& log_density, double a, Index d) {
  const double shift = static_cast<double>(d) * std::log(a);
  return widened(log_density - Estimate(shift), 2.0 * unit_round_off * std::abs(shift));
}

class LineLaw final : public DataLaw {
 public:
  explicit LineLaw(LineMeasure p) : p_(std::move(p)), regularity_(flowcheck::regularity(p_)) {}

  Index dimension() const override { return 1; }
  const Regularity& regularity() const override { return regularity_; }
  Matrix sample(Index count, Rng& rng) const override { return flowcheck::sample(p_, count, rng); }

  LatentMoments posterior(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    LatentMoments result = no_moments(1);
    set_axis(result, 0, posterior_moments(p_, b / a, x(0) / a));
    return result;
  }
  std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    return in_units_of_noise(posterior_moments(p_, b / a, x(0) / a).log_marginal, a, 1);
  }

 private:
  LineMeasure p_;
  Regularity regularity_;
};

// e^{−κ|x|²/2} on a box: its coordinates are independent, before and after.
class TruncatedGaussianLaw final : public DataLaw {
 public:
  TruncatedGaussianLaw(double kappa, Vector half_widths)
      : kappa_(kappa), half_widths_(std::move(half_widths)) {
    for (const double D : half_widths_) axes_.push_back(truncated_gaussian_law(kappa, D));
    regularity_.curvature_lower = kappa;
    regularity_.half_diameter =
        dimension() == 1 ? Estimate(half_widths_(0))
                         : Estimate::closed_form(half_widths_.norm(),
                                                 round_off(half_widths_.norm(), dimension()));
  }

  Index dimension() const override { return half_widths_.size(); }
  const Regularity& regularity() const override { return regularity_; }

  Matrix sample(Index count, Rng& rng) const override {
    Matrix result(dimension(), count);
    for (Index i = 0; i < dimension(); ++i) {
      result.row(i) = flowcheck::sample(axes_[static_cast<std::size_t>(i)], count, rng);
    }
    return result;
  }

  LatentMoments posterior(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    LatentMoments result = no_moments(dimension());
    for (Index i = 0; i < dimension(); ++i) set_axis(result, i, axis(i, b, a, x));
    return result;
  }
  std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    Estimate sum = 0.0;
    for (Index i = 0; i < dimension(); ++i) sum = sum + axis(i, b, a, x).log_marginal;
    return in_units_of_noise(sum, a, dimension());
  }

 private:
  LinePosteriorMoments axis(Index i, double b, double a, const Vector& x) const {
    return truncated_gaussian_posterior(kappa_, half_widths_(i), b / a, x(i) / a);
  }

  double kappa_;
  Vector half_widths_;
  std::vector<LineMeasure> axes_;
  Regularity regularity_;
};

// e^{L|x₁|} N(0, I).
class CuspLaw final : public DataLaw {
 public:
  CuspLaw(double L, Index dimension) : L_(L), dimension_(dimension), axis_(cusp_law(L)) {
    regularity_.log_lipschitz = std::abs(L);
    if (L <= 0.0) regularity_.curvature_lower = 1.0;
    if (L >= 0.0) regularity_.curvature_upper = 1.0;
    if (L == 0.0) {
      regularity_.mixture_scale = 1.0;
      regularity_.mixture_radius = 0.0;
    }
  }

  Index dimension() const override { return dimension_; }
  const Regularity& regularity() const override { return regularity_; }

  Matrix sample(Index count, Rng& rng) const override {
    Matrix result = rng.normal_matrix(dimension_, count);
    result.row(0) = flowcheck::sample(axis_, count, rng);
    return result;
  }

  LatentMoments posterior(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    LatentMoments result = no_moments(dimension_);
    set_axis(result, 0, cusp_posterior(L_, b / a, x(0) / a));
    const double S = a * a + b * b;
    const double variance = a * a / S;
    for (Index i = 1; i < dimension_; ++i) {
      const double mean = b * x(i) / S;
      const double error = 8.0 * unit_round_off;
      set_axis(result, i,
               {.mean = Estimate::closed_form(mean, error * std::abs(mean)),
                .variance = Estimate::closed_form(variance, error * variance),
                .third_moment = 0.0});
    }
    return result;
  }

  // ∇h = L sgn(x₁) e₁; the two half lines are Gaussians cut off at 0.
  std::optional<SmoothPart> smooth_part(double b, double a, const Vector& x) const override {
    require(x.size() == dimension_, "posterior: the point has another dimension");
    require(a >= 0.0 && b >= 0.0 && a + b > 0.0, "posterior: a and b must not be negative");
    SmoothPart result{
        .kind = SmoothPart::Kind::tilt, .variance = 1.0, .moments = no_moments(dimension_)};
    LatentMoments& g = result.moments;
    if (a == 0.0) {
      g.mean(0) = L_ * (x(0) > 0.0 ? 1.0 : x(0) < 0.0 ? -1.0 : 0.0);
      return result;
    }
    const double scale = std::hypot(a, b);
    const double q = a / scale;
    const double centre = b * x(0) / (scale * scale);
    const Half right = half(centre, q);
    const Half left = half(-centre, q);
    const double log_odds = right.log_weight - left.log_weight;
    const double w_right = 1.0 / (1.0 + std::exp(-log_odds));
    const double w_left = 1.0 / (1.0 + std::exp(log_odds));
    const double both = w_right * w_left;
    g.mean(0) = L_ * std::tanh(0.5 * log_odds);
    g.covariance(0, 0) = 2.0 * L_ * both * (right.mean + left.mean);
    g.third_moment(0) = 2.0 * L_ * both * (right.square - left.square);

    const double size = std::abs(L_);
    const double tilt = 16.0 * unit_round_off * (1.0 + std::abs(centre / q) + size * q);
    const double log_error = 8.0 * unit_round_off *
                                 (4.0 + 2.0 * size * std::abs(centre) + std::abs(right.log_weight) +
                                  std::abs(left.log_weight)) +
                             tilt * (right.mean + left.mean) / q;
    g.mean_error = size * (2.0 * both * log_error + 4.0 * unit_round_off);
    g.covariance_error = std::abs(g.covariance(0, 0)) * (log_error + tilt + 32.0 * unit_round_off);
    g.third_moment_error = 2.0 * size * both * (right.square + left.square) *
                           (log_error + 2.0 * tilt + 32.0 * unit_round_off);
    return result;
  }

  std::optional<Estimate> log_marginal(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    const double S = a * a + b * b;
    const double others = x.tail(dimension_ - 1).squaredNorm() / S;
    const auto count = static_cast<double>(dimension_ - 1);
    const double rest = -0.5 * (others + count * std::log(2.0 * std::numbers::pi * S));
    const Estimate first =
        in_units_of_noise(cusp_posterior(L_, b / a, x(0) / a).log_marginal, a, 1);
    return first + Estimate::closed_form(rest, 16.0 * unit_round_off * (others + count + 1.0));
  }

 private:
  struct Half {
    double log_weight = 0.0;
    double mean = 0.0;    // of |ξ|
    double square = 0.0;  // E|ξ|²
  };
  // |ξ| on the half line that `centre` points into: N(centre + Lq², q²) on (0, ∞).
  Half half(double centre, double q) const {
    const double l = -(centre / q + L_ * q);
    const double mean = half_line_mean(l);
    return {.log_weight = L_ * centre + log_normal_cdf(-l),
            .mean = q * mean,
            .square = q * q * (half_line_variance(l) + mean * mean)};
  }

  double L_;
  Index dimension_;
  LineMeasure axis_;
  Regularity regularity_;
};

class BallLaw final : public DataLaw {
 public:
  explicit BallLaw(UniformBall p) : p_(std::move(p)), regularity_(flowcheck::regularity(p_)) {}

  Index dimension() const override { return p_.dimension(); }
  const Regularity& regularity() const override { return regularity_; }
  Matrix sample(Index count, Rng& rng) const override { return flowcheck::sample(p_, count, rng); }

  LatentMoments posterior(double b, double a, const Vector& x) const override {
    check_data_clock(*this, b, a, x);
    const Index d = dimension();
    if (b == 0.0) {
      const Matrix covariance = p_.covariance();
      return {.mean = p_.mean(),
              .covariance = covariance,
              .third_moment = 2.0 * covariance * p_.mean(),
              .covariance_error = 4.0 * unit_round_off * covariance(0, 0),
              .third_moment_error = 16.0 * unit_round_off * (covariance * p_.mean()).norm()};
    }
    const double r = b / a;
    const Vector y = (x - b * p_.mean()) / a;
    const double distance = y.norm();
    const AxialMoments axial = uniform_ball_posterior(d, p_.radius(), r, distance);
    const Vector e = distance > 0.0 ? Vector(y / distance) : Vector(Vector::Unit(d, 0));
    const Estimate across = d > 1 ? axial.transverse : axial.parallel;
    const Estimate excess = axial.parallel - across;
    return {.mean = p_.mean() + axial.mean.value * e,
            .covariance = across.value * Matrix::Identity(d, d) + excess.value * e * e.transpose(),
            .mean_error = radius_of(axial.mean) +
                          round_off(p_.mean().norm() + std::abs(axial.mean.value), d) / 8.0,
            .covariance_error = std::max(radius_of(axial.parallel), radius_of(across)) +
                                round_off(axial.parallel.value + across.value, d) / 8.0};
  }

 private:
  UniformBall p_;
  Regularity regularity_;
};

}  // namespace

std::optional<SmoothPart> DataLaw::smooth_part(double, double, const Vector&) const {
  return std::nullopt;
}

std::optional<ScorePart> DataLaw::score_part(double, double, const Vector&) const {
  return std::nullopt;
}

std::optional<ScoreRates> DataLaw::score_rates(
    double, double, double, double, const Vector&) const {
  return std::nullopt;
}

std::optional<Estimate> DataLaw::log_marginal(double, double, const Vector&) const {
  return std::nullopt;
}

Vector DataLaw::mean() const {
  return posterior(0.0, 1.0, Vector::Zero(dimension())).mean;
}

double DataLaw::second_moment() const {
  const LatentMoments own = posterior(0.0, 1.0, Vector::Zero(dimension()));
  return own.mean.squaredNorm() + own.covariance.trace();
}

DataLawPointer data_law(const UniformBall& p) {
  return std::make_shared<BallLaw>(p);
}

DataLawPointer data_law(const LineMeasure& p) {
  return std::make_shared<LineLaw>(p);
}

DataLawPointer truncated_gaussian_data(double kappa, const Vector& half_widths) {
  require(half_widths.size() > 0, "truncated_gaussian_data: no half widths");
  return std::make_shared<TruncatedGaussianLaw>(kappa, half_widths);
}

DataLawPointer truncated_gaussian_data(double kappa, double half_width) {
  return truncated_gaussian_data(kappa, Vector::Constant(1, half_width));
}

DataLawPointer cusp_data(double L, Index dimension) {
  require(std::isfinite(L), "cusp_data: L must be finite");
  require(dimension >= 1, "cusp_data: the dimension must be positive");
  return std::make_shared<CuspLaw>(L, dimension);
}

}  // namespace flowcheck
