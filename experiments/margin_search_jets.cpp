// Manufactured steps in the plane, p' = e^{−f} being the exact step from T_#p', T = Id +
// γ∇log(p'/q). What JKO-28(ii) and JKO-29 say of suprema is decided at the point x where p' attains
// its own, by derivatives of p' and q there: these are what is searched, under the conditions of an
// extremum, whatever p' and q are elsewhere. λ = 1 by scaling, and by rotation the extremum is
// along e₁.

#include "margin_spaces.hpp"
#include "numerics/round_off.hpp"
#include "numerics/spd.hpp"

#include <Eigen/LU>

#include <array>
#include <cmath>
#include <vector>

namespace flowcheck {
namespace {

using Matrix2 = Eigen::Matrix2d;
using Vector2 = Eigen::Vector2d;

// Symmetric tensors on the plane by the number of their indices that are 2.
using Third = std::array<double, 4>;
using Fourth = std::array<double, 5>;

template <class Tensor>
Matrix2 slice(const Tensor& t, std::size_t seconds) {
  return (Matrix2() << t[seconds], t[seconds + 1], t[seconds + 1], t[seconds + 2]).finished();
}

Matrix2 draw_positive(SearchPoint& at, double reach) {
  Matrix2 L = Matrix2::Zero();
  L(0, 0) = at.uniform("positive_factor_11", 0.0, reach);
  L(1, 0) = at.uniform("positive_factor_21", -reach, reach);
  L(1, 1) = at.uniform("positive_factor_22", 0.0, reach);
  return L * L.transpose();
}

// f at a least second derivative: f_11 = μ, f_12 = 0, f_11i = 0, f_11ij ⪰ 0.
struct LeastCurvature {
  double gamma = 1.0;
  Vector2 gradient = {};
  Matrix2 hessian = Matrix2::Zero();
  Third third = {};
  Fourth fourth = {};

  explicit LeastCurvature(SearchPoint& at) {
    gamma = at.log_uniform("step_size", 0.01, 100.0);
    // DT = (1 + γ) − γf_ii stays positive.
    const double largest = (1.0 + gamma) / gamma;
    const double least = largest * at.log_uniform("least_curvature", 1e-3, 0.95);
    const double share = at.uniform("other_curvature", 0.0, 0.95);
    hessian.diagonal() << least, least + share * (largest - least);
    gradient << at.uniform("gradient_1", -5.0, 5.0), at.uniform("gradient_2", -5.0, 5.0);
    third = {0.0, 0.0, at.uniform("third_122", -5.0, 5.0), at.uniform("third_222", -5.0, 5.0)};
    const Matrix2 P = draw_positive(at, 3.0);
    fourth = {P(0, 0), P(0, 1), P(1, 1), at.uniform("fourth_1222", -5.0, 5.0),
              at.uniform("fourth_2222", -5.0, 5.0)};
  }

  double curvature() const { return hessian(0, 0); }
  double stretch() const { return 1.0 + gamma - gamma * curvature(); }  // of T along e₁
};

struct PulledBack {
  Matrix2 matrix;
  double size = 0.0;  // of its terms
};

// −∇²log p at T(x), log p∘T = −f − log det DT with DT = (1 + γ)I − γ∇²f.
PulledBack curvature_before(const LeastCurvature& f) {
  const Matrix2 inverse = ((1.0 + f.gamma) * Matrix2::Identity() - f.gamma * f.hessian).inverse();
  std::array<Matrix2, 2> change;  // ∂ₖDT
  Vector2 log_det_slope;
  for (std::size_t k = 0; k < 2; ++k) {
    change[k] = -f.gamma * slice(f.third, k);
    log_det_slope[static_cast<Index>(k)] = (inverse * change[k]).trace();
  }
  Matrix2 log_det_curvature;
  double log_det_size = 0.0;
  for (std::size_t k = 0; k < 2; ++k) {
    for (std::size_t l = 0; l < 2; ++l) {
      const Matrix2 second = -f.gamma * slice(f.fourth, k + l);
      log_det_curvature(static_cast<Index>(k), static_cast<Index>(l)) =
          (inverse * second).trace() - (inverse * change[k] * inverse * change[l]).trace();
      log_det_size += inverse.norm() * second.norm() +
                      inverse.squaredNorm() * change[k].norm() * change[l].norm();
    }
  }
  const Vector2 score = -inverse * (f.gradient + log_det_slope);
  const Matrix2 bent = score[0] * change[0] + score[1] * change[1];
  const double score_size = inverse.norm() * (f.gradient.norm() + log_det_slope.norm());
  const double size =
      f.hessian.norm() + log_det_size + score_size * (change[0].norm() + change[1].norm());
  // DT's rounding relative to its own size is one of its inverse relative to the condition number.
  const double condition = (1.0 + f.gamma) * inverse.norm();
  return {inverse * (f.hessian + log_det_curvature + bent) * inverse,
          condition * inverse.squaredNorm() * size};
}

// With α' = f_11 least: α_n(1 + γ − γα')² ≤ α', α_n ≤ λ_min(−∇²log p_n) at T(x). Wrong with the
// fourth power, Lip(T) ≤ (α'/α)^{1/4}.
Statement log_concavity(int power) {
  return [=](SearchPoint& at) {
    const LeastCurvature f(at);
    const PulledBack before = curvature_before(f);
    const double value = smallest_eigenpair(before.matrix).value;
    const Estimate alpha = Estimate::closed_form(value, round_off(before.size, 4));
    const double terms = 1.0 + f.gamma;
    const Estimate stretch = Estimate::closed_form(f.stretch(), round_off(terms, 1));
    return Bound{.lhs = alpha * pow(stretch, power), .rhs = f.curvature()};
  };
}

// h = log(p'/q) at a largest |∇h|: ∇h = ℓe₁, h_1i = 0, ℓh_1ij + (h²)_ij ⪯ 0; and of V the slope
// there and what it changes by on the way to T(x), B∇h with B ⪰ λI.
Statement score_contraction(double rate) {
  return [=](SearchPoint& at) {
    const double gamma = at.log_uniform("step_size", 0.01, 100.0);
    const double slope = at.log_uniform("slope", 0.01, 100.0);
    // DT = I + γ∇²h stays positive.
    const double bend = at.uniform("curvature", -0.95, 5.0) / gamma;
    const Matrix2 P = draw_positive(at, 3.0);
    const double free = at.uniform("third_222", -5.0, 5.0);
    Vector2 force;
    force[0] = at.uniform("force_1", -5.0, 5.0);
    force[1] = at.uniform("force_2", -5.0, 5.0);
    const double stiffness = at.log_uniform("stiffness", 1.0, 100.0);
    const double angle = at.uniform("angle", -1.6, 1.6);
    const Matrix2 H = Vector2(0.0, bend).asDiagonal();
    const Matrix2 along = -(P + H * H) / slope;  // h_1ij
    const Third third = {along(0, 0), along(0, 1), along(1, 1), free};
    const Vector2 axis(std::cos(angle), std::sin(angle));
    const Matrix2 B = Matrix2::Identity() + (stiffness - 1.0) * axis * axis.transpose();
    const Matrix2 inverse = (Matrix2::Identity() + gamma * H).inverse();
    const Vector2 log_det_slope(gamma * (inverse * slice(third, 0)).trace(),
                                gamma * (inverse * slice(third, 1)).trace());
    const Vector2 gradient(slope, 0.0);
    const Vector2 change = gamma * (B * gradient);
    const Vector2 before = inverse * (gradient - force - log_det_slope) + force + change;
    const double size = inverse.norm() * (slope + force.norm() + log_det_slope.norm()) +
                        force.norm() + change.norm();
    return Bound{.lhs = (1.0 + rate * Estimate(gamma)) * slope,
                 .rhs = Estimate::closed_form(before.norm(), round_off(size, 2))};
  };
}

}  // namespace

std::vector<SearchSpace> jet_search_spaces() {
  return {{.claim = "JKO-28(ii)",
           .part = "manufactured steps in the plane",
           .statement = log_concavity(2),
           .wrong = "(αₙ₊₁/αₙ)^{1/4}",
           .control = log_concavity(4)},
          {.claim = "JKO-29",
           .part = "manufactured steps in the plane",
           .statement = score_contraction(1.0),
           .wrong = "rate 1/(1 + 1.1γλ)",
           .control = score_contraction(1.1)}};
}

}  // namespace flowcheck
