// Pairs of Gaussians in closed form. By scaling λ = 1 and by rotation ∇²V is diagonal wherever a
// target is drawn.

#include "distances/gaussian_divergence.hpp"
#include "distances/wasserstein.hpp"
#include "margin_spaces.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"
#include "proximal/jko_chain.hpp"
#include "proximal/ornstein_uhlenbeck.hpp"

#include <Eigen/SVD>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <vector>

namespace flowcheck {
namespace {

Vector draw_vector(SearchPoint& at, const char* name, Index d, double reach) {
  Vector v(d);
  for (Index i = 0; i < d; ++i) v[i] = at.uniform(fmt::format("{}_{}", name, i + 1), -reach, reach);
  return v;
}

Matrix draw_matrix(SearchPoint& at, const char* name, Index d, double reach) {
  Matrix A(d, d);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < d; ++j) {
      A(i, j) = at.uniform(fmt::format("{}_{}{}", name, i + 1, j + 1), -reach, reach);
    }
  }
  return A;
}

Matrix draw_symmetric(SearchPoint& at, const char* name, Index d, double reach) {
  Matrix A(d, d);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j <= i; ++j) {
      A(i, j) = A(j, i) = at.uniform(fmt::format("{}_{}{}", name, i + 1, j + 1), -reach, reach);
    }
  }
  return A;
}

// LLᵀ with L by its entries, the diagonal by logarithms.
Matrix draw_covariance(SearchPoint& at, const char* name, Index d) {
  Matrix L = Matrix::Zero(d, d);
  for (Index i = 0; i < d; ++i) {
    for (Index j = 0; j < i; ++j) {
      L(i, j) = at.uniform(fmt::format("{}_factor_{}{}", name, i + 1, j + 1), -3.0, 3.0);
    }
    L(i, i) = at.log_uniform(fmt::format("{}_factor_{}{}", name, i + 1, i + 1), 0.1, 10.0);
  }
  return symmetrised(L * L.transpose());
}

Gaussian draw_centred(SearchPoint& at, const char* name, Index d) {
  return {Vector::Zero(d), draw_covariance(at, name, d)};
}

Gaussian draw_gaussian(SearchPoint& at, const char* name, Index d) {
  const Vector mean = draw_vector(at, name, d, 3.0);
  return {mean, draw_covariance(at, name, d)};
}

// N(0, A⁻¹) with λ_min(A) = 1.
Gaussian draw_target(SearchPoint& at, Index d) {
  Vector variances = Vector::Ones(d);
  for (Index i = 1; i < d; ++i) {
    variances[i] = at.log_uniform(fmt::format("target_variance_{}", i + 1), 1e-2, 1.0);
  }
  return {Vector::Zero(d), variances.asDiagonal()};
}

double draw_gaussian_step(SearchPoint& at) {
  return at.log_uniform("step_size", 0.01, 100.0);
}

Estimate eigenvalue(double value, const Gaussian& p) {
  const Index d = p.dimension();
  return Estimate::closed_form(value, round_off(p.eigenvalues()(d - 1), d));
}

// 1/α for −∇²log p ⪰ αI and 1/β for −∇²log p ⪯ βI.
Estimate largest_variance(const Gaussian& p) {
  return eigenvalue(p.eigenvalues()(p.dimension() - 1), p);
}
Estimate least_variance(const Gaussian& p) {
  return eigenvalue(p.eigenvalues()(0), p);
}

// Two steps with errors that are affine fields, K in units of (1 + γ)/γ.
Bound gaussian_sum_of_steps(SearchPoint& at) {
  constexpr Index d = 2;
  const Gaussian q = draw_target(at, d);
  const Gaussian start = draw_gaussian(at, "start", d);
  const double gamma = draw_gaussian_step(at);
  JkoChain chain{.target = q, .step_sizes = constant_steps(gamma, 2), .iterates = {start}};
  const double unit = (1.0 + gamma) / gamma;
  std::vector<AffineField> fields;
  for (int n = 0; n < 2; ++n) {
    const Matrix K = draw_symmetric(at, n == 0 ? "first_error" : "second_error", d, 0.9);
    const Vector v = draw_vector(at, n == 0 ? "first_error" : "second_error", d, 3.0);
    fields.push_back({unit * K, unit * v});
  }
  for (const AffineField& field : fields) {
    const Matrix M = Matrix::Identity(d, d) + gamma * (q.precision() - field.linear);
    if (!(smallest_eigenpair(M).value > 0.01)) return left_out("", "the step exists");
    chain.iterates.push_back(perturbed_jko_step(chain.iterates.back(), q, gamma, field));
  }
  const Estimate factor = 4.0 * gamma / (2.0 + Estimate(gamma));
  const Estimate errors = square(chain.error(1)) + square(chain.error(2));
  return {.lhs = square(chain.step_length(1)) + square(chain.step_length(2)),
          .rhs = factor * (chain.kl_to_target(0) - chain.kl_to_target(2)) +
                 square(0.5 * factor) * errors};
}

// A step p → p' of Gaussians with DT of the optimal map p' → p, and how far rounding moves it.
struct GaussianStep {
  Gaussian before, after, target;
  double gamma = 1.0;
  Matrix DT = {};
  double error = 0.0;

  GaussianStep(const Gaussian& p, const Gaussian& q, double step_size)
      : before(p),
        after(jko_step(p, q, step_size)),
        target(q),
        gamma(step_size),
        DT(optimal_map(after, before).linear) {
    const double undone = gamma * first_order_error(before, after, target, gamma).norm.upper;
    error = (optimal_map_round_off(after, before) + undone) / std::sqrt(after.eigenvalues()(0));
  }

  Estimate least_stretch() const {
    return Estimate::closed_form(smallest_eigenpair(DT).value, error);
  }
  Estimate largest_stretch() const {
    return Estimate::closed_form(largest_eigenpair(DT).value, error);
  }
  Estimate alpha() const { return 1.0 / largest_variance(after); }
  Estimate beta() const { return 1.0 / least_variance(after); }
  Estimate least_curvature() const { return 1.0 / largest_variance(target); }
  Estimate largest_curvature() const { return 1.0 / least_variance(target); }
};

using OfGaussianStep = std::function<Bound(const GaussianStep&)>;

Statement gaussian_step(Index d, const OfGaussianStep& bound) {
  return [=](SearchPoint& at) {
    const Gaussian q = draw_target(at, d);
    const Gaussian p = draw_centred(at, "start", d);
    return bound({p, q, draw_gaussian_step(at)});
  };
}

Bound stretch_from_below(const GaussianStep& s) {
  return {.lhs = 1.0 + s.gamma * (s.least_curvature() - s.beta()), .rhs = s.least_stretch()};
}
Bound stretch_from_above(const GaussianStep& s) {
  return {.lhs = s.largest_stretch(), .rhs = 1.0 + s.gamma * (s.largest_curvature() - s.alpha())};
}
// A tenth more of the curvature below, and of the log-concavity above.
Bound stretch_from_below_wrong(const GaussianStep& s) {
  return {.lhs = 1.0 + s.gamma * (1.1 * s.least_curvature() - s.beta()), .rhs = s.least_stretch()};
}
Bound stretch_from_above_wrong(const GaussianStep& s) {
  return {.lhs = s.largest_stretch(),
          .rhs = 1.0 + s.gamma * (s.largest_curvature() - 1.1 * s.alpha())};
}

// V = |x|²/2: Lip(T) ≤ √(α'/α), which Gaussians attain.
Statement towards_isotropic(Index d, bool root) {
  return [=](SearchPoint& at) {
    const Gaussian p = draw_centred(at, "start", d);
    const GaussianStep s(p, Gaussian::standard(d), draw_gaussian_step(at));
    const Estimate lipschitz = sqrt(largest_variance(s.before) / largest_variance(s.after));
    return Bound{.lhs = s.largest_stretch(), .rhs = root ? sqrt(lipschitz) : lipschitz};
  };
}

// log(W₂(ρ_0, ρ'_0)/W₂(ρ_t, ρ'_t))/(λt) ≥ 1.
Bound approach_of_gaussians(SearchPoint& at) {
  constexpr Index d = 2;
  const Gaussian q = draw_target(at, d);
  const Gaussian first = draw_gaussian(at, "first", d);
  const Gaussian second = draw_centred(at, "second", d);
  const double time = at.log_uniform("time", 0.01, 5.0);
  const Gaussian p = ou_law(first, q, time);
  const Gaussian r = ou_law(second, q, time);
  const double rounding = 0.5 * (w2(p, p).upper + w2(r, r).upper);
  const Estimate after = max(0.0, widened(w2(p, r), rounding));
  return {.lhs = 1.0, .rhs = log(w2(first, second) / after) / time};
}

double spectral_norm(const Matrix& A) {
  return Eigen::JacobiSVD<Matrix>(A).singularValues()(0);
}

// Of two computed laws, each known up to its own rounding.
Estimate w2_of_computed(const Gaussian& p, const Gaussian& q) {
  return max(0.0, widened(w2(p, q), 0.5 * (w2(p, p).upper + w2(q, q).upper)));
}

// W₂(T_#p, T_#q) ≤ Lip(T)W₂(p, q); wrong with the geometric mean of T's stretches.
Statement lipschitz_images(bool geometric_mean) {
  return [=](SearchPoint& at) {
    constexpr Index d = 2;
    const Gaussian p = draw_gaussian(at, "first", d);
    const Gaussian q = draw_centred(at, "second", d);
    const AffineMap T{draw_matrix(at, "map", d, 2.0), Vector::Zero(d)};
    const double largest = spectral_norm(T.linear);
    const double determinant = T.linear(0, 0) * T.linear(1, 1) - T.linear(0, 1) * T.linear(1, 0);
    const double factor = geometric_mean ? std::sqrt(std::abs(determinant)) : largest;
    return Bound{.lhs = w2_of_computed(pushforward(T, p), pushforward(T, q)),
                 .rhs = Estimate::closed_form(factor, round_off(largest, d)) * w2(p, q)};
  };
}

// W₂(T_#p, S_#p) ≤ ‖T − S‖ in L²(p).
Bound two_images(SearchPoint& at) {
  constexpr Index d = 2;
  const Gaussian p = draw_gaussian(at, "law", d);
  const AffineMap T{draw_matrix(at, "first_map", d, 2.0), Vector::Zero(d)};
  const AffineMap S{draw_matrix(at, "second_map", d, 2.0), Vector::Zero(d)};
  const Matrix gap = T.linear - S.linear;
  const double value = std::hypot((gap * p.mean()).norm(), (gap * p.factor()).norm());
  const double size =
      (T.linear.norm() + S.linear.norm()) * (p.mean().norm() + std::sqrt(p.covariance().trace()));
  return {.lhs = w2_of_computed(pushforward(T, p), pushforward(S, p)),
          .rhs = Estimate::closed_form(value, round_off(size, d))};
}

Gaussian product(const Gaussian& p, const Gaussian& q) {
  const Index d = p.dimension();
  const Index k = q.dimension();
  Matrix covariance = Matrix::Zero(d + k, d + k);
  covariance.topLeftCorner(d, d) = p.covariance();
  covariance.bottomRightCorner(k, k) = q.covariance();
  return {(Vector(d + k) << p.mean(), q.mean()).finished(), covariance};
}

// A problem in the plane and one on the line, and both together.
struct GaussianProduct {
  Gaussian p, q;  // in the plane
  Gaussian p_line, q_line;
  double gamma = 1.0;

  explicit GaussianProduct(SearchPoint& at)
      : p(draw_gaussian(at, "plane", 2)),
        q(draw_target(at, 2)),
        p_line(draw_gaussian(at, "line", 1)),
        q_line(draw_centred(at, "line_target", 1)),
        gamma(draw_gaussian_step(at)) {}
};

using OfPair = std::function<Estimate(const Gaussian& p, const Gaussian& q, double gamma)>;

// f(p ⊗ p', q ⊗ q') = f(p, q) + factor f(p', q'), the factor being 1.
Statement adds(const OfPair& f, double factor = 1.0) {
  return [=](SearchPoint& at) {
    const GaussianProduct all(at);
    const Estimate whole = f(product(all.p, all.p_line), product(all.q, all.q_line), all.gamma);
    const Estimate sum = f(all.p, all.q, all.gamma) + factor * f(all.p_line, all.q_line, all.gamma);
    return within_rounding(whole - sum);
  };
}

Estimate squared_w2_of(const Gaussian& p, const Gaussian& q, double) {
  return squared_w2(p, q);
}
Estimate kl_of(const Gaussian& p, const Gaussian& q, double) {
  return kl(p, q);
}
Estimate fisher_of(const Gaussian& p, const Gaussian& q, double) {
  return fisher_information(p, q);
}
Estimate step_error_of(const Gaussian& p, const Gaussian& q, double gamma) {
  return first_order_error(p, Gaussian(q.mean(), 2.0 * q.covariance()), q, gamma).norm;
}
Estimate squared_step_error_of(const Gaussian& p, const Gaussian& q, double gamma) {
  return square(step_error_of(p, q, gamma));
}

// How far rounding may have moved the stored step from the exact one. What is farther off is no
// rounding: a wrong step does not widen what it is held to.
double step_rounding(const Gaussian& p, const Gaussian& next, const Gaussian& q, double gamma) {
  const double length =
      std::sqrt(p.covariance().trace() + q.covariance().trace()) + (p.mean() - q.mean()).norm();
  return std::min(gamma * first_order_error(p, next, q, gamma).norm.upper, 1e-9 * length);
}

// Two computed laws are the same, up to what rounding has moved each.
Bound same_law(const Gaussian& p, const Gaussian& q, double rounding) {
  const Estimate distance = w2(p, q);
  const double own = 0.5 * (w2(p, p).upper + w2(q, q).upper);
  return {.lhs = distance.value, .rhs = rounding + own + 0.5 * distance.width()};
}

// The step of a product is the product of the steps; wrong with another γ for one of the factors.
Statement factorwise(double factor) {
  return [=](SearchPoint& at) {
    const GaussianProduct all(at);
    const Gaussian p = product(all.p, all.p_line);
    const Gaussian q = product(all.q, all.q_line);
    const Gaussian whole = jko_step(p, q, all.gamma);
    const Gaussian left = jko_step(all.p, all.q, all.gamma);
    const Gaussian right = jko_step(all.p_line, all.q_line, factor * all.gamma);
    const double rounding = step_rounding(p, whole, q, all.gamma) +
                            step_rounding(all.p, left, all.q, all.gamma) +
                            step_rounding(all.p_line, right, all.q_line, factor * all.gamma);
    return same_law(whole, product(left, right), rounding);
  };
}

// The same rigid motion of p and q moves the step; wrong where only p is moved.
Statement rigid_motion(bool of_both) {
  return [=](SearchPoint& at) {
    constexpr Index d = 2;
    const Gaussian q = draw_target(at, d);
    const Gaussian p = draw_gaussian(at, "start", d);
    const double gamma = draw_gaussian_step(at);
    const double angle = at.uniform("angle", -std::numbers::pi, std::numbers::pi);
    const double side = at.uniform("reflected", -1.0, 1.0) > 0.0 ? -1.0 : 1.0;
    const Vector shift = draw_vector(at, "shift", d, 3.0);
    Matrix R(d, d);
    R << std::cos(angle), -side * std::sin(angle), std::sin(angle), side * std::cos(angle);
    const AffineMap motion{R, shift};
    const Gaussian moved_p = pushforward(motion, p);
    const Gaussian moved_q = of_both ? pushforward(motion, q) : q;
    const Gaussian next = jko_step(p, q, gamma);
    const Gaussian moved_next = jko_step(moved_p, moved_q, gamma);
    // The moved start and target are rounded too, and a step contracts both.
    const double moved =
        0.5 * w2(moved_p, moved_p).upper + 0.5 * q.condition_number() * w2(moved_q, moved_q).upper;
    return same_law(pushforward(motion, next), moved_next,
                    moved + step_rounding(p, next, q, gamma) +
                        step_rounding(moved_p, moved_next, moved_q, gamma));
  };
}

// JKO(q) = q; wrong for a law that is wider by a hundredth.
Statement at_rest(double variance_factor) {
  return [=](SearchPoint& at) {
    const Gaussian q = draw_gaussian(at, "target", 2);
    const double gamma = draw_gaussian_step(at);
    const Gaussian p(q.mean(), variance_factor * q.covariance());
    const Gaussian next = jko_step(p, q, gamma);
    return same_law(next, p, step_rounding(p, next, q, gamma));
  };
}

// W₂(p', q) ≤ W₂(p, q)/(1 + γλ) for large γ, S ≤ γ√I/(1 + γλ) for small; wrong with 1 + 1.1γλ.
// Stored steps are off by γε/(1 + γλ).
Statement long_step(double rate) {
  return [=](SearchPoint& at) {
    const Gaussian q = draw_target(at, 2);
    const Gaussian p = draw_gaussian(at, "start", 2);
    const double gamma = at.log_uniform("step_size", 1.0, 1e4);
    const Gaussian next = jko_step(p, q, gamma);
    const double rounding = step_rounding(p, next, q, gamma) / (1.0 + gamma);
    return Bound{.lhs = max(0.0, widened(w2(next, q), rounding)),
                 .rhs = w2(p, q) / (1.0 + rate * Estimate(gamma))};
  };
}
Statement short_step(double rate) {
  return [=](SearchPoint& at) {
    const Gaussian q = draw_target(at, 2);
    const Gaussian p = draw_gaussian(at, "start", 2);
    const double gamma = at.log_uniform("step_size", 1e-4, 1.0);
    const Gaussian next = jko_step(p, q, gamma);
    const double rounding = step_rounding(p, next, q, gamma) / (1.0 + gamma);
    return Bound{.lhs = max(0.0, widened(w2(next, p), rounding)),
                 .rhs = gamma * fisher_norm(p, q) / (1.0 + rate * Estimate(gamma))};
  };
}

// A translate of q along an eigenvector of ∇²V contracts by (1 + γaᵢ)⁻² in two steps; wrong: by
// 1/(1 + 2γaᵢ), one step of 2γ.
Statement two_blocks(bool one_of_both) {
  return [=](SearchPoint& at) {
    constexpr Index d = 2;
    const Gaussian q = draw_target(at, d);
    const double gamma = draw_gaussian_step(at);
    const double length = at.log_uniform("shift", 0.1, 10.0);
    const Index i = at.uniform("direction", -1.0, 1.0) > 0.0 ? 1 : 0;
    const Gaussian start(length * Vector::Unit(d, i), q.covariance());
    const Gaussian first = jko_step(start, q, gamma);
    const Gaussian second = jko_step(first, q, gamma);
    const double rounding = step_rounding(start, first, q, gamma) +
                            step_rounding(first, second, q, gamma) + 0.5 * w2(q, q).upper;
    const Estimate a = gamma / Estimate(q.covariance()(i, i));
    const Estimate factor = one_of_both ? 1.0 / (1.0 + 2.0 * a) : 1.0 / square(1.0 + a);
    const Estimate expected = factor * w2(start, q);
    return within_rounding(widened(w2(second, q) - expected, rounding));
  };
}

void add_maps(std::vector<SearchSpace>& spaces) {
  for (const Index d : {2, 3}) {
    spaces.push_back({.claim = "JKO-28(i)",
                      .part = fmt::format("Gaussians from below: d = {}", d),
                      .statement = gaussian_step(d, stretch_from_below),
                      .wrong = "1 + γ(1.1 λ − β)",
                      .control = gaussian_step(d, stretch_from_below_wrong)});
    spaces.push_back({.claim = "JKO-28(i)",
                      .part = fmt::format("Gaussians from above: d = {}", d),
                      .statement = gaussian_step(d, stretch_from_above),
                      .wrong = "1 + γ(Λ − 1.1 α)",
                      .control = gaussian_step(d, stretch_from_above_wrong)});
    spaces.push_back({.claim = "JKO-28(ii)",
                      .part = fmt::format("Gaussians: d = {}", d),
                      .statement = towards_isotropic(d, false),
                      .wrong = "(αₙ₊₁/αₙ)^{1/4}",
                      .control = towards_isotropic(d, true)});
  }
}

void add_toolbox(std::vector<SearchSpace>& spaces) {
  spaces.push_back({.claim = "JKO-39",
                    .part = "W₂ of Lipschitz images",
                    .statement = lipschitz_images(false),
                    .wrong = "|det T|^{1/d} for Lip(T)",
                    .control = lipschitz_images(true)});
  spaces.push_back({.claim = "JKO-39",
                    .part = "W₂ of two images",
                    .statement = two_images,
                    .wrong = "0.9 of the right side",
                    .control = with_right_side(two_images, 0.9)});
  const auto add_sum = [&](const char* part, const OfPair& f) {
    spaces.push_back({.claim = "JKO-39",
                      .part = part,
                      .statement = adds(f),
                      .wrong = "one term a millionth larger",
                      .control = adds(f, 1.0 + 1e-6)});
  };
  add_sum("W₂² adds", squared_w2_of);
  add_sum("KL adds", kl_of);
  add_sum("I adds", fisher_of);
  add_sum("ε² adds", squared_step_error_of);
  spaces.push_back({.claim = "JKO-39",
                    .part = "JKO acts factorwise",
                    .statement = factorwise(1.0),
                    .wrong = "2γ for one factor",
                    .control = factorwise(2.0)});
}

void add_relations(std::vector<SearchSpace>& spaces) {
  const auto add = [&](const char* part, const Statement& statement, const char* wrong,
                       const Statement& control) {
    spaces.push_back({.claim = "JKO-40",
                      .part = part,
                      .statement = statement,
                      .wrong = wrong,
                      .control = control});
  };
  add("(ii) rigid motion", rigid_motion(true), "only p₀ is moved", rigid_motion(false));
  add("(iii) products", factorwise(1.0), "2γ for one factor", factorwise(2.0));
  add("(iv) JKO(q) = q", at_rest(1.0), "at 1.01 of its variance", at_rest(1.01));
  add("(v) γ → ∞", long_step(1.0), "1 + 1.1γλ", long_step(1.1));
  add("(v) γ → 0", short_step(1.0), "1 + 1.1γλ", short_step(1.1));
  add("(vi) two blocks", two_blocks(false), "one block of 2γ", two_blocks(true));
}

}  // namespace

std::vector<SearchSpace> gaussian_search_spaces() {
  std::vector<SearchSpace> spaces;
  spaces.push_back({.claim = "JKO-07",
                    .part = "Gaussians in the plane",
                    .statement = gaussian_sum_of_steps,
                    .wrong = "0.9 of the right side",
                    .control = with_right_side(gaussian_sum_of_steps, 0.9)});
  add_maps(spaces);
  spaces.push_back({.claim = "JKO-31(iv)",
                    .part = "Gaussians in the plane",
                    .statement = approach_of_gaussians,
                    .wrong = "rate 1.1 λ",
                    .control = with_right_side(approach_of_gaussians, 1.0 / 1.1)});
  add_toolbox(spaces);
  add_relations(spaces);
  return spaces;
}

}  // namespace flowcheck
