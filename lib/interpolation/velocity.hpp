#pragma once

#include "interpolation/data_law.hpp"
#include "interpolation/schedule.hpp"
#include "measures/mixture_posterior.hpp"

#include <optional>
#include <string_view>

namespace flowcheck {

/// Ways to write v(t, x) = E[ȧZ + ḃX₁ | X_t = x], the velocity of X_t = aZ + bX₁. With M = E[X₁|x],
/// s = ∇log p_t and Δ = aḃ − ȧb:
enum class VelocityForm {
  denoiser,  ///< F1: (ȧ/a)x + (Δ/a)M; loses |ȧ||x|/a units towards data
  score,     ///< F2: (ḃ/b)x + (aΔ/b)s; none at b = 0
  convolution,  ///< F3: (Ṡ/2S)x + (aΔ/S)E[W|x], ν = N(0, σ²I) * Law(W), S = a² + σ²b²; regular
  tilt,  ///< F4: (Ṡ/2S)x + (aΔ/S)E[∇h(X₁)|x], ν = e^h N(0, I), S = a² + b²; regular
  conditional,  ///< ḃM − aȧ s, regular where both are
};

std::string_view to_string(VelocityForm form);

/// |computed − exact| ≤ error, in the 2-norm or the operator norm, x being taken as exact.
struct VelocityValue {
  Vector value = {};
  double error = 0.0;
  VelocityForm form = VelocityForm::denoiser;
};
struct VelocityGradient {
  Matrix value = {};
  double error = 0.0;
  VelocityForm form = VelocityForm::denoiser;
};

/// The form that keeps its digits on the law's whole time interval: convolution, tilt or
/// conditional where the law has one, else denoiser.
VelocityForm best_form(const DataLaw& law);

/// v(t, x) in the best form. At the ends: v(0, x) = (ȧ₀/a₀)x + ḃ₀ E X₁ where b₀ = 0, and v(1, x) =
/// ḃ₁x − (aȧ)₁ ∇log p_ν(x) where ν is smooth.
/// @throws std::invalid_argument  another dimension, or t = 1 and ν not smooth
VelocityValue velocity(const DataLaw& law,
                       const Schedule& schedule,
                       const FlowTime& time,
                       const Vector& x);

/// The same in one form. @throws std::invalid_argument  the law has no such form, or not at t
VelocityValue velocity(const DataLaw& law,
                       const Schedule& schedule,
                       const FlowTime& time,
                       const Vector& x,
                       VelocityForm form);

/// ∇v(t, x), symmetric: (ȧ/a)I + (bΔ/a³)Cov[X₁|x], in the best form.
VelocityGradient velocity_jacobian(const DataLaw& law,
                                   const Schedule& schedule,
                                   const FlowTime& time,
                                   const Vector& x);
VelocityGradient velocity_jacobian(const DataLaw& law,
                                   const Schedule& schedule,
                                   const FlowTime& time,
                                   const Vector& x,
                                   VelocityForm form);

/// ∂ₜv(t, x): with K = Cov(X₁, |X₁|² | x)
///
///   ∂ₜM = ((aḃ − 2ȧb)/a³) Cov[X₁|x] x − (bΔ/a³) K,    ∂ₜv = (ȧ/a)˙x + (Δ/a)˙M + (Δ/a)∂ₜM,
///
/// and, where the law has a smooth part, the same of W or ∇h, or the derivative of the conditional
/// form: regular on [0, 1].
/// @throws std::invalid_argument  as velocity(), or the law does not know K
VelocityValue velocity_time_derivative(const DataLaw& law,
                                       const Schedule& schedule,
                                       const FlowTime& time,
                                       const Vector& x);
VelocityValue denoiser_time_derivative(const DataLaw& law,
                                       const Schedule& schedule,
                                       const FlowTime& time,
                                       const Vector& x);  ///< ∂ₜM

/// v at each column of `points`, d × n; mixtures and points through MixturePosterior.
Matrix velocities(const DataLaw& law,
                  const Schedule& schedule,
                  const FlowTime& time,
                  const Matrix& points);
/// v and ∇v there, into memory that is used again.
void velocities_and_jacobians(const DataLaw& law,
                              const Schedule& schedule,
                              const FlowTime& time,
                              const Matrix& points,
                              PointwiseMoments& result);

}  // namespace flowcheck
