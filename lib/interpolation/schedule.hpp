#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// A time t ∈ [0, 1] of a flow with τ = 1 − t beside it, each with its own digits: what happens
/// near data is a matter of τ, which t has lost.
struct FlowTime {
  double t = 0.0;
  double remaining = 1.0;  ///< τ

  /// @throws std::invalid_argument  not in [0, 1]
  static FlowTime from_start(double t);
  static FlowTime from_end(double tau);
};

/// What a schedule is at one time. Everything regular at t = 1 is finite there, also where ȧ is
/// not: the velocity's smooth forms need no other.
struct ScheduleValues {
  double a = 1.0;                     ///< noise, falling to 0
  double b = 0.0;                     ///< data, rising to 1
  double a_dot = 0.0;                 ///< ȧ ≤ 0; −∞ at t = 1 for Föllmer's
  double b_dot = 0.0;                 ///< ḃ ≥ 0
  double a_second = 0.0;              ///< ä
  double b_second = 0.0;              ///< b̈
  double half_variance_rate = 0.0;    ///< aȧ = ½(a²)˙, finite on [0, 1]
  double half_variance_second = 0.0;  ///< (aȧ)˙ = ȧ² + aä

  double wronskian() const { return a * b_dot - a_dot * b; }  ///< Δ = aḃ − ȧb ≥ 0
  double a_wronskian() const {  ///< aΔ = a²ḃ − aȧ b, no cancellation
    return a * a * b_dot - half_variance_rate * b;
  }
  double a_wronskian_dot() const {  ///< (aΔ)˙ = aȧ ḃ + a²b̈ − (aȧ)˙ b
    return half_variance_rate * b_dot + a * a * b_second - half_variance_second * b;
  }
  double r() const { return b / a; }  ///< root of the signal-to-noise ratio
  double r_dot() const { return a_wronskian() / (a * a * a); }  ///< Δ/a²
};

/// X_t = a_t Z + b_t X₁: ȧ ≤ 0, ḃ ≥ 0, a₁ = 0, b₁ = 1, both positive inside. A value.
class Schedule {
 public:
  using Values = std::function<ScheduleValues(const FlowTime&)>;

  /// Trusts `values`; see custom_schedule() for functions that are to be checked.
  Schedule(std::string name, Values values);

  const std::string& name() const { return name_; }
  ScheduleValues values(const FlowTime& time) const { return values_(time); }
  ScheduleValues at(double t) const { return values_(FlowTime::from_start(t)); }
  bool starts_from_noise() const;  ///< a₀ = 1, b₀ = 0: X₀ ~ N(0, I)

 private:
  std::string name_;
  Values values_;
};

Schedule linear_schedule();         ///< τ, t
Schedule foellmer_schedule();       ///< √(τ(1 + t)), t
Schedule trigonometric_schedule();  ///< sin(πτ/2), sin(πt/2)
Schedule polynomial_schedule();  ///< τ²(1 + 2t), t²(3 − 2t): the linear one in another clock
/// α = noise·τ, √(1 − α²). @param noise  α₀ in (0, 1); X₀ is not pure noise
Schedule variance_preserving_schedule(double noise = 0.9);
/// α = noise·τ, 1. @param noise  α₀ > 0; X₀ = X₁ + α₀Z
Schedule variance_exploding_schedule(double noise = 3.0);

/// A user's a and b with first and second derivatives, as functions of (t, τ).
struct ScheduleFunctions {
  using Function = std::function<double(const FlowTime&)>;
  std::string name = "custom";
  Function a = {}, b = {};
  Function a_dot = {}, b_dot = {};
  Function a_second = {}, b_second = {};
  Function half_variance_rate = {};    ///< aȧ, where ȧ₁ is infinite; else may be left out
  Function half_variance_second = {};  ///< (aȧ)˙ likewise
};

/// @throws std::invalid_argument  in one line: an end value, a sign or a derivative does not fit,
/// the
///                                latter by central differences with their own error
Schedule custom_schedule(const ScheduleFunctions& functions);

/// The six that every claim is checked on: linear, foellmer, trigonometric, vp, ve, polynomial.
const std::vector<Schedule>& checked_schedules();
/// t = 0.02, 0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 0.99.
const std::vector<FlowTime>& checked_times();

/// One of checked_schedules(). @throws std::invalid_argument  listing the names, if there is none
Schedule schedule_named(std::string_view name);

}  // namespace flowcheck
