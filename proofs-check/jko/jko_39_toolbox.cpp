#include "distances/divergence.hpp"
#include "distances/gaussian_divergence.hpp"
#include "distances/monotone_transport.hpp"
#include "distances/wasserstein.hpp"
#include "jko/chain_problem.hpp"
#include "jko/fokker_planck.hpp"
#include "jko/generated_law.hpp"
#include "jko/jko_claims.hpp"
#include "jko/line_laws.hpp"
#include "measures/line_laws.hpp"
#include "measures/random_gaussian.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/SVD>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace jko_39 {

// The image of two measures under one channel x ↦ Lx + b + noise, and what rounding has moved them.
struct Channel {
  AffineMap map = {};  // ℝᵈ → ℝᵏ
  Matrix noise = {};   // covariance, k × k

  Gaussian operator()(const Gaussian& p) const {
    const Gaussian image = pushforward(map, p);
    return {image.mean(), symmetrised(image.covariance() + noise)};
  }
};

// Size of the terms of 2KL(p ‖ q) = tr AΣ − d − log det AΣ + (m − μ)ᵀA(m − μ).
double kl_terms(const Gaussian& p, const Gaussian& q) {
  const Matrix W = q.inverse_factor();
  return (W * p.factor()).squaredNorm() + static_cast<double>(p.dimension()) +
         (W * (p.mean() - q.mean())).squaredNorm();
}

// The same of I(p ‖ q) = tr AΣA − 2tr A + tr Σ⁻¹ + |A(m − μ)|².
double fisher_terms(const Gaussian& p, const Gaussian& q) {
  const Matrix A = q.precision();
  return (A * p.factor()).squaredNorm() + 2.0 * A.trace() + p.precision().trace() +
         (A * (p.mean() - q.mean())).squaredNorm();
}

// KL of two images, widened by what rounding them can do. In its own units a covariance is off by
// uκ, four of which are the stretches of a random_bijection(); KL moves by ½tr((A − Σ⁻¹)δΣ) and by
// no more than its own terms with q, each doubled for what is of higher order.
Estimate kl_of_images(const Gaussian& p, const Gaussian& q) {
  const Index d = p.dimension();
  const double means = p.mean().norm() + q.mean().norm();
  const GeneratedLaw image{.law = q,
                           .covariance_error = round_off(4.0 * q.condition_number(), d),
                           .mean_error = round_off(4.0 * means, d) / std::sqrt(q.eigenvalues()(0))};
  const double of_first = round_off(4.0 * p.condition_number(), d) * kl_terms(p, q);
  return max(0.0, widened(kl(p, image), of_first));
}

// Channels that lose something: fewer coordinates, noise, both.
std::vector<std::pair<const char*, Channel>> lossy_channels(Rng& rng, Index d) {
  const Index k = 1 + rng.uniform_index(d);
  const Matrix projection = random_orthogonal(rng, d).topRows(k);
  const Matrix full = random_orthogonal(rng, d);
  const Vector shift = rng.normal_vector(d);
  const Matrix noise = random_gaussian(rng, d).covariance();
  return {{"KL, projection",
           {.map = {.linear = projection, .offset = shift.head(k)}, .noise = Matrix::Zero(k, k)}},
          {"KL, noise", {.map = {.linear = full, .offset = shift}, .noise = noise}},
          {"KL, projection and noise",
           {.map = {.linear = projection, .offset = shift.head(k)},
            .noise = symmetrised(noise.topLeftCorner(k, k))}}};
}

// Invertible, not symmetric, stretches between ½ and 2.
AffineMap random_bijection(Rng& rng, Index d) {
  Vector stretches(d);
  for (double& stretch : stretches) stretch = rng.log_uniform(0.5, 2.0);
  return {.linear = random_orthogonal(rng, d) * stretches.asDiagonal() * random_orthogonal(rng, d),
          .offset = rng.normal_vector(d)};
}

double lipschitz(const AffineMap& T) {
  return Eigen::JacobiSVD<Matrix>(T.linear).singularValues()(0);
}

// ‖T − S‖ in L²(p).
Estimate map_distance(const AffineMap& T, const AffineMap& S, const Gaussian& p) {
  const Vector gap = T(p.mean()) - S(p.mean());
  const double value = std::hypot(gap.norm(), ((T.linear - S.linear) * p.factor()).norm());
  const double size =
      (T.linear.norm() + S.linear.norm()) * (p.mean().norm() + std::sqrt(p.covariance().trace())) +
      T.offset.norm() + S.offset.norm();
  return Estimate::closed_form(value, round_off(size, p.dimension()));
}

// W₂ of two computed laws, each known up to its own rounding.
Estimate w2_of_images(const Gaussian& p, const Gaussian& q) {
  return max(0.0, widened(w2(p, q), 0.5 * (w2(p, p).upper + w2(q, q).upper)));
}

Gaussian product(const Gaussian& p, const Gaussian& q) {
  const Index d = p.dimension();
  const Index k = q.dimension();
  Vector mean(d + k);
  mean << p.mean(), q.mean();
  Matrix covariance = Matrix::Zero(d + k, d + k);
  covariance.topLeftCorner(d, d) = p.covariance();
  covariance.bottomRightCorner(k, k) = q.covariance();
  return {mean, covariance};
}

void add_data_processing(std::vector<Bound>& bounds, const GaussianProblem& problem, Rng& rng) {
  const Gaussian& p = problem.start;
  const Gaussian& q = problem.target;
  const Index d = p.dimension();
  for (const auto& [name, channel] : lossy_channels(rng, d)) {
    const Gaussian lost = channel(p);
    bounds.push_back(
        {.lhs = lost.has_density() ? kl_of_images(lost, channel(q)) : kl(lost, channel(q)),
         .rhs = kl(p, q),
         .part = name,
         .scale = 1.0});
  }
  if (!p.has_density()) {
    bounds.push_back(left_out("KL, bijection", "p has a density"));
    return;
  }
  const AffineMap T = random_bijection(rng, d);
  const Estimate before = kl(p, q);
  bounds.push_back(identity(kl_of_images(pushforward(T, p), pushforward(T, q)), before,
                            "KL, bijection", kl_terms(p, q)));
}

void add_maps(std::vector<Bound>& bounds, const GaussianProblem& problem, Rng& rng) {
  const Gaussian& p = problem.start;
  const Gaussian& q = problem.target;
  if (!p.has_density()) {  // rounding lifts its image by √u off its subspace
    bounds.push_back(left_out("W₂ of Lipschitz images", "p has a density"));
    bounds.push_back(left_out("W₂ of two images", "p has a density"));
    return;
  }
  const AffineMap T = random_bijection(rng, p.dimension());
  const AffineMap S = random_bijection(rng, p.dimension());
  bounds.push_back(
      {.lhs = w2_of_images(pushforward(T, p), pushforward(T, q)),
       .rhs =
           Estimate::closed_form(lipschitz(T), round_off(lipschitz(T), p.dimension())) * w2(p, q),
       .part = "W₂ of Lipschitz images",
       .scale = problem.length()});
  bounds.push_back({.lhs = w2_of_images(pushforward(T, p), pushforward(S, p)),
                    .rhs = map_distance(T, S, p),
                    .part = "W₂ of two images",
                    .scale = problem.length()});
}

// A second, independent problem with the same γ, and both together.
struct Product {
  GaussianProblem first;
  GaussianProblem second;
  GaussianProblem both;

  // What one of the factors knows of a direction can be rounding next to the other.
  bool keeps_directions() const {
    return both.target.has_density() &&
           both.start.rank() == first.start.rank() + second.start.rank();
  }
};

// p in units of `like`'s largest deviation, where it has one: next to a law of another order of
// magnitude, one of the two would be rounding.
Gaussian in_units_of(const Gaussian& like, const Gaussian& p) {
  if (like.rank() == 0) return p;
  const double unit = std::sqrt(like.eigenvalues()(like.dimension() - 1));
  return {unit * p.mean(), unit * unit * p.covariance()};
}

Product product_problem(const GaussianProblem& problem, Rng& rng) {
  GaussianProblem second = draw_random_pair(rng, 4, true);
  second.start = in_units_of(problem.start, second.start);
  second.target = in_units_of(problem.target, second.target);
  second.step_size = problem.step_size;
  const GaussianProblem first = problem.exact();
  GaussianProblem both = first;
  both.start = product(first.start, second.start);
  both.target = product(first.target, second.target);
  return {first, second, both};
}

// ε² of a pair that is no step at all: from p_0 straight to a law twice as wide as q.
Estimate squared_error(const GaussianProblem& x) {
  const Gaussian next(x.target.mean(), 2.0 * x.target.covariance());
  return square(first_order_error(x.start, next, x.target, x.step_size).norm);
}

// Size of its terms |A(m' − μ) − (m − m')/γ|² and ‖AL' − L'^{−T} − (BL' − L')/γ‖².
double squared_error_terms(const GaussianProblem& x) {
  const double length = x.length() / x.step_size;
  return x.target.precision().trace() + length * length;
}

constexpr std::array<const char*, 4> sums = {"W₂² adds", "KL adds", "I adds", "ε² adds"};

void add_sums(std::vector<Bound>& bounds, const Product& product) {
  const auto adds = [&](const auto& f, const char* part, double terms) {
    bounds.push_back(identity(f(product.both), f(product.first) + f(product.second), part, terms));
  };
  const GaussianProblem& both = product.both;
  adds([](const GaussianProblem& x) { return squared_w2(x.start, x.target); }, sums[0],
       both.length() * both.length());
  adds([](const GaussianProblem& x) { return kl(x.start, x.target); }, sums[1],
       kl_terms(both.start, both.target));
  adds([](const GaussianProblem& x) { return fisher_information(x.start, x.target); }, sums[2],
       fisher_terms(both.start, both.target));
  adds(squared_error, sums[3], squared_error_terms(both));
}

void add_tensorisation(std::vector<Bound>& bounds, const GaussianProblem& problem, Rng& rng) {
  const Product all = product_problem(problem, rng);
  const char* keeps = "the product keeps every direction of its factors in double";
  if (all.first.start.has_density() && all.keeps_directions()) {
    add_sums(bounds, all);
  } else {
    for (const char* part : sums) {
      bounds.push_back(left_out(part, all.keeps_directions() ? "p has a density" : keeps));
    }
  }
  if (!all.keeps_directions()) {
    bounds.push_back(left_out("JKO acts factorwise", keeps));
    return;
  }
  const JkoChain whole = all.both.chain(1);
  const JkoChain left = all.first.chain(1);
  const JkoChain right = all.second.chain(1);
  const double rounding =
      step_rounding(whole, 1) + step_rounding(left, 1) + step_rounding(right, 1);
  bounds.push_back(identity(max(0.0, widened(w2(whole[1], product(left[1], right[1])), rounding)),
                            0.0, "JKO acts factorwise", all.both.length()));
}

Outcome evaluate(const GaussianProblem& problem) {
  Rng rng(problem.seed);
  std::vector<Bound> bounds;
  add_data_processing(bounds, problem, rng);
  add_maps(bounds, problem, rng);
  add_tensorisation(bounds, problem, rng);
  return bounds;
}

// Joint convexity needs mixtures, which are not Gaussian: on finitely many points it has a closed
// form too. KL of probability vectors is a sum, and W₂² of n points each on the line sorts them.
Vector random_probability(Rng& rng, Index n) {
  const Vector weights = Vector::NullaryExpr(n, [&] { return rng.log_uniform(0.01, 1.0); });
  return weights / weights.sum();
}

Estimate discrete_kl(const Vector& p, const Vector& q) {
  const double value = (p.array() * (p.array() / q.array()).log()).sum();
  return Estimate::closed_form(value, round_off(10.0, p.size()));
}

std::vector<double> random_points(Rng& rng, int n) {
  std::vector<double> points;
  for (int i = 0; i < n; ++i) points.push_back(rng.uniform(-3.0, 3.0));
  return points;
}

Estimate squared_w2_on_line(std::vector<double> x, std::vector<double> y) {
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  const auto n = static_cast<double>(x.size());
  return Estimate::closed_form(sum / n, round_off(36.0, static_cast<Index>(x.size())));
}

std::vector<double> united(std::vector<double> x, const std::vector<double>& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

Outcome joint_convexity(Trial& trial) {
  Rng& rng = trial.rng;
  const Index n = 2 + rng.uniform_index(8);
  const Vector p0 = random_probability(rng, n);
  const Vector p1 = random_probability(rng, n);
  const Vector q0 = random_probability(rng, n);
  const Vector q1 = random_probability(rng, n);
  const double s = rng.uniform(0.1, 0.9);
  const int count = static_cast<int>(n);
  const auto x0 = random_points(rng, count);
  const auto x1 = random_points(rng, count);
  const auto y0 = random_points(rng, count);
  const auto y1 = random_points(rng, count);
  return std::vector<Bound>{{.lhs = discrete_kl((1.0 - s) * p0 + s * p1, (1.0 - s) * q0 + s * q1),
                             .rhs = (1.0 - s) * discrete_kl(p0, q0) + s * discrete_kl(p1, q1),
                             .part = "KL, jointly convex"},
                            {.lhs = squared_w2_on_line(united(x0, x1), united(y0, y1)),
                             .rhs = 0.5 * (squared_w2_on_line(x0, y0) + squared_w2_on_line(x1, y1)),
                             .part = "W₂², jointly convex"}};
}

// A scaled motion stretches every direction alike, and two translates of one map are a coupling
// that is optimal.
Outcome attained(const GaussianProblem& problem) {
  Rng rng(problem.seed);
  const Gaussian& p = problem.start;
  AffineMap T = random_rigid_motion(rng, p.dimension());
  T.linear *= 1.5;
  AffineMap S = T;
  S.offset += rng.normal_vector(p.dimension());
  return std::vector<Bound>{{.lhs = w2_of_images(pushforward(T, p), pushforward(T, problem.target)),
                             .rhs = 1.5 * w2(p, problem.target),
                             .part = "W₂ of Lipschitz images",
                             .scale = problem.length()},
                            {.lhs = w2_of_images(pushforward(T, p), pushforward(S, p)),
                             .rhs = map_distance(T, S, p),
                             .part = "W₂ of two images",
                             .scale = problem.length()}};
}

// The law of |X|: densities at x and −x added.
LineMeasure folded(const LineMeasure& p) {
  const auto share = [p](double x) {  // of the density at x
    return 1.0 / (1.0 + std::exp(p.log_density(-x) - p.log_density(x)));
  };
  return LineMeasure({.value =
                          [p](double x) {
                            const double a = p.log_density(x);
                            const double b = p.log_density(-x);
                            return -std::max(a, b) - std::log1p(std::exp(-std::abs(a - b)));
                          },
                      .slope =
                          [p, share](double x) {
                            const double w = share(x);
                            return (1.0 - w) * p.score(-x) - w * p.score(x);
                          },
                      .curvature =
                          [p, share](double x) {
                            const double w = share(x);
                            const double change = p.score(x) + p.score(-x);
                            return -w * p.score_slope(x) - (1.0 - w) * p.score_slope(-x) -
                                   w * (1.0 - w) * change * change;
                          },
                      .lower = 0.0,
                      .centre = 1.0});
}

// A law on the line against N(0, 1): with noise, without its sign, through an affine bijection, as
// a mixture of its components; two maps of it of which one is decreasing.
Outcome of_line(const GaussianMixture& p, double) {
  Rng rng(1);
  const GaussianMixture q(Gaussian::standard(1));
  const Estimate before = kl(p, q);
  const Estimate squared = squared_w2(p, q);
  const Matrix noise = Matrix::Constant(1, 1, rng.log_uniform(0.1, 2.0));
  const LineMeasure without_sign = folded(line_measure(p));
  const AffineMap T = random_bijection(rng, 1);
  const AffineMap falling{.linear = -T.linear, .offset = T.offset};
  std::vector<Bound> bounds = {
      {.lhs = kl(convolution(p, noise), convolution(q, noise)), .rhs = before, .part = "KL, noise"},
      {.lhs = kl(without_sign, folded(gaussian_law())), .rhs = before, .part = "KL, x ↦ |x|"},
      identity(kl(pushforward(T, p), pushforward(T, q)), before, "KL, bijection",
               1.0 + before.value),
      {.lhs = squared_w2(without_sign, folded(gaussian_law())),
       .rhs = squared,
       .part = "W₂ of Lipschitz images"}};
  const Estimate second_moment = p.covariance()(0, 0) + p.mean().squaredNorm();
  bounds.push_back({.lhs = w2(pushforward(T, p), pushforward(falling, p)),
                    .rhs = 2.0 * std::abs(T.linear(0, 0)) * sqrt(second_moment),
                    .part = "W₂ of two images",
                    .scale = 1.0});
  Estimate mean_kl = 0.0;
  Estimate mean_squared = 0.0;
  for (Index k = 0; k < p.size(); ++k) {
    const Gaussian component = p.component(k);
    mean_kl = mean_kl + p.weights()[k] * kl(component, Gaussian::standard(1));
    mean_squared = mean_squared + p.weights()[k] * squared_w2(component, Gaussian::standard(1));
  }
  bounds.push_back({.lhs = before, .rhs = mean_kl, .part = "KL, jointly convex", .scale = 1.0});
  bounds.push_back(
      {.lhs = squared, .rhs = mean_squared, .part = "W₂², jointly convex", .scale = 1.0});
  return bounds;
}

// Forgetting the sign of a mixture against N(0, 1).
Outcome forgotten_sign(Trial& trial) {
  const LineMeasure p = draw_overlapping_mixture(trial.rng);
  const LineMeasure q = gaussian_law();
  return Bound{.lhs = kl(folded(p), folded(q)), .rhs = kl(p, q), .part = "KL, x ↦ |x|"};
}

// Data processing the other way round: KL(N(1, 1) ‖ N(0, 1)) is at most what x ↦ |x| leaves of it.
Outcome sign_gained(Trial&) {
  const LineMeasure p = gaussian_law(1.0, 1.0);
  const LineMeasure q = gaussian_law();
  return Bound{.lhs = kl(p, q), .rhs = kl(folded(p), folded(q))};
}

// The same for a projection onto half the coordinates.
Outcome reversed_processing(Trial& trial) {
  const Gaussian p = random_gaussian(trial.rng, 4);
  const Gaussian q = random_gaussian(trial.rng, 4);
  const AffineMap forget{.linear = Matrix::Identity(2, 4), .offset = Vector::Zero(2)};
  return Bound{.lhs = kl(p, q), .rhs = kl(pushforward(forget, p), pushforward(forget, q))};
}

// W₂ in place of W₂² over a product.
Outcome sums_of_lengths(Trial& trial) {
  const Product all = product_problem(draw_random_pair(trial.rng, 4, true), trial.rng);
  return identity(w2(all.both.start, all.both.target),
                  w2(all.first.start, all.first.target) + w2(all.second.start, all.second.target));
}

}  // namespace jko_39

Claim jko_39_toolbox() {
  using namespace jko_39;
  return {.id = "JKO-39",
          .statement =
              "KL(Kp ‖ Kq) ≤ KL(p ‖ q), = for bijections; W₂(T_#p, T_#q) ≤ Lip(T)W₂(p, q); "
              "W₂(T_#p, S_#p) ≤ ‖T − S‖; KL and W₂² are jointly convex; KL, W₂², I, ε² add "
              "over products, where JKO acts factorwise",
          .source = "[AmbrosioGigliSavare2008]",
          .provenance = Provenance::derived,
          .hypotheses = {"p has a density, but for KL(Kp ‖ Kq) ≤ KL(p ‖ q) and JKO of products"},
          .instances =
              [] {
                std::vector<Instance> all = gaussian_families(evaluate);
                all.push_back({.name = "finitely many points", .draw = joint_convexity});
                all.push_back({.name = "mixtures without their sign", .draw = forgotten_sign});
                return all;
              }(),
          .tight = {translate("translate", attained, 0.0)},
          .controls = {{.name = "x ↦ |x| gains", .draw = sign_gained, .repeat = false},
                       {.name = "processing gains", .draw = reversed_processing},
                       {.name = "W₂ adds", .draw = sums_of_lengths}},
          .on_target = on_line_mixture_target(evaluate, of_line),
          .file = __FILE__,
          .grade = Grade::converged,
          .without_error = true};
}

}  // namespace flowcheck
