#include "flows/flow.hpp"

#include "flows/dormand_prince8.hpp"
#include "numerics/require.hpp"

#include <Eigen/LU>
// odeint has to come before its own Eigen header.
#include <boost/math/quadrature/gauss.hpp>
#include <boost/numeric/odeint.hpp>
#include <boost/numeric/odeint/external/eigen/eigen.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

namespace flowcheck {
namespace {

namespace odeint = boost::numeric::odeint;
namespace dp8 = dormand_prince8;

using FlowSystem = std::function<void(const Vector& x, Vector& rate, double t)>;

// What a step leaves: where it arrives, the velocity there and half way (if it has a dense output),
// and the error estimates (if it has any).
struct FlowStep {
  Vector to = {};
  Vector velocity = {};
  Vector middle = {};
  Vector error = {};
  Vector coarse_error = {};  // of dormand_prince8: order 3
};

// One method. A step starts where the velocity is known already.
class FlowStepper {
 public:
  virtual ~FlowStepper() = default;
  virtual void step(const FlowSystem& system,
                    const Vector& x,
                    const Vector& velocity,
                    double t,
                    double h,
                    FlowStep& result) = 0;
};

template <class Method>
class ClassicalStepper : public FlowStepper {
 public:
  void step(const FlowSystem& system,
            const Vector& x,
            const Vector& velocity,
            double t,
            double h,
            FlowStep& result) override {
    result.to.resize(x.size());
    method_.do_step(system, x, velocity, t, result.to, h);
  }

 private:
  Method method_;
};

template <template <class...> class Method>
using OnVectors = Method<Vector, double, Vector, double, odeint::vector_space_algebra>;

using MidpointStepper =
    odeint::explicit_generic_rk<2, 2, Vector, double, Vector, double, odeint::vector_space_algebra>;
using KuttaStepper =
    odeint::explicit_generic_rk<3, 3, Vector, double, Vector, double, odeint::vector_space_algebra>;

class Midpoint : public MidpointStepper {
 public:
  Midpoint()
      : MidpointStepper(boost::fusion::make_vector(boost::array<double, 1>{{0.5}}),
                        boost::array<double, 2>{{0.0, 1.0}},
                        boost::array<double, 2>{{0.0, 0.5}}) {}
};

class Kutta3 : public KuttaStepper {
 public:
  Kutta3()
      : KuttaStepper(boost::fusion::make_vector(boost::array<double, 1>{{0.5}},
                                                boost::array<double, 2>{{-1.0, 2.0}}),
                     boost::array<double, 3>{{1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0}},
                     boost::array<double, 3>{{0.0, 0.5, 1.0}}) {}
};

class DormandPrince5 : public FlowStepper {
 public:
  void step(const FlowSystem& system,
            const Vector& x,
            const Vector& velocity,
            double t,
            double h,
            FlowStep& result) override {
    for (Vector* v : {&result.to, &result.velocity, &result.middle, &result.error}) {
      v->resize(x.size());
    }
    method_.do_step(system, x, velocity, t, result.to, result.velocity, h, result.error);
    method_.calc_state(t + 0.5 * h, result.middle, x, velocity, t, result.to, result.velocity,
                       t + h);
  }

 private:
  OnVectors<odeint::runge_kutta_dopri5> method_;
};

class DormandPrince8 : public FlowStepper {
 public:
  void step(const FlowSystem& system,
            const Vector& x,
            const Vector& velocity,
            double t,
            double h,
            FlowStep& result) override {
    k_[0] = velocity;
    for (std::size_t i = 1; i < k_.size(); ++i) {
      x_ = x;
      for (std::size_t j = 0; j < i; ++j) {
        if (dp8::stages[i][j] != 0.0) x_ += (h * dp8::stages[i][j]) * k_[j];
      }
      system(x_, k_[i], t + h * dp8::nodes[i]);
    }
    result.to = x + h * combination(dp8::weights);
    result.error = h * combination(dp8::error5);
    result.coarse_error = h * combination(dp8::error3);
  }

 private:
  Vector combination(const double* weights) const {
    Vector sum = Vector::Zero(k_[0].size());
    for (std::size_t j = 0; j < k_.size(); ++j) {
      if (weights[j] != 0.0) sum += weights[j] * k_[j];
    }
    return sum;
  }

  std::array<Vector, dp8::stage_count> k_;
  Vector x_;
};

std::unique_ptr<FlowStepper> flow_stepper(FlowMethod method) {
  switch (method) {
    case FlowMethod::euler:
      return std::make_unique<ClassicalStepper<OnVectors<odeint::euler>>>();
    case FlowMethod::midpoint:
      return std::make_unique<ClassicalStepper<Midpoint>>();
    case FlowMethod::kutta3:
      return std::make_unique<ClassicalStepper<Kutta3>>();
    case FlowMethod::runge_kutta4:
      return std::make_unique<ClassicalStepper<OnVectors<odeint::runge_kutta4>>>();
    case FlowMethod::dormand_prince5:
      return std::make_unique<DormandPrince5>();
    case FlowMethod::dormand_prince8:
      return std::make_unique<DormandPrince8>();
  }
  return nullptr;
}

// The error over what it may be, in the norm √Σ (x_i/(1 + |x_i|))²; NaN where anything is. The
// estimate of order 8 is that of the vector kernels, which says why it has a floor.
double flow_error_ratio(const FlowStep& step, const Vector& x, double tolerance) {
  const Vector scale = 1.0 + x.array().abs().max(step.to.array().abs());
  const double fine = step.error.cwiseQuotient(scale).norm();
  if (!(fine < infinity) || !step.to.allFinite()) return std::nan("");
  if (step.coarse_error.size() == 0) return fine / tolerance;
  const double coarse = step.coarse_error.cwiseQuotient(scale).norm();
  const double change = (step.to - x).cwiseQuotient(scale).norm();
  const double estimate = fine > 0.0 ? fine * fine / std::hypot(fine, 0.1 * coarse) : 0.0;
  const double floor = change > 0.0 ? 0.03 * coarse * coarse / change : 0.0;
  return std::max(estimate, floor) / tolerance;
}

// Drives the steps of one trajectory.
class FlowRun {
 public:
  FlowRun(const FlowSystem& system, const Vector& x0, double t0, double t1, const FlowOptions& o)
      : system_(system), options_(o), stepper_(flow_stepper(o.method)), x_(x0), t0_(t0), t1_(t1) {}

  void run() {
    evaluate(x_, velocity_, t0_);
    if (!velocity_.allFinite()) return finish(Termination::not_finite);
    if (t0_ == t1_) return finish(Termination::converged);
    options_.steps > 0 ? run_equal_steps() : run_adaptive();
  }

  const Vector& x() const { return x_; }
  template <class Result>
  void report(Result& result) const {
    result.evaluations = evaluations_;
    result.steps = steps_;
    result.rejected = rejected_;
    result.termination = termination_;
  }
  Trajectory take_trajectory() { return std::move(trajectory_); }

 private:
  void finish(Termination termination) { termination_ = termination; }

  // The last stage's t + h may round to beyond the end, where the field need not exist.
  void evaluate(const Vector& x, Vector& rate, double t) {
    ++evaluations_;
    system_(x, rate, std::clamp(t, std::min(t0_, t1_), std::max(t0_, t1_)));
  }

  void try_step(double t, double h) {
    next_.coarse_error.resize(0);
    const FlowSystem counted = [this](const Vector& x, Vector& rate, double time) {
      evaluate(x, rate, time);
    };
    stepper_->step(counted, x_, velocity_, t, h, next_);
  }

  void accept(double t, double h) {
    const bool has_velocity = options_.method == FlowMethod::dormand_prince5;
    if (!has_velocity) {
      next_.velocity.resize(x_.size());
      evaluate(next_.to, next_.velocity, t + h);
    }
    if (options_.dense) {
      if (!has_velocity) {
        next_.middle = 0.5 * (x_ + next_.to) + 0.125 * h * (velocity_ - next_.velocity);
      }
      trajectory_.add({.start = t,
                       .length = h,
                       .from = x_,
                       .velocity_from = velocity_,
                       .middle = next_.middle,
                       .to = next_.to,
                       .velocity_to = next_.velocity});
    }
    x_.swap(next_.to);
    velocity_.swap(next_.velocity);
    ++steps_;
  }

  void run_equal_steps() {
    const double h = (t1_ - t0_) / options_.steps;
    for (int i = 0; i < options_.steps; ++i) {
      const double t = t0_ + i * h;  // not t += h, which would drift
      try_step(t, h);
      if (!next_.to.allFinite()) return finish(Termination::not_finite);
      accept(t, h);
    }
    finish(Termination::converged);
  }

  // A hundredth of the time in which the velocity would carry the point over its own scale.
  double first_step() const {
    const double speed = (velocity_.array() / (1.0 + x_.array().abs())).abs().maxCoeff();
    return std::copysign(std::min(std::abs(t1_ - t0_), 0.01 / std::max(speed, 1e-3)), t1_ - t0_);
  }

  void run_adaptive() {
    const double order = options_.method == FlowMethod::dormand_prince8 ? 8.0 : 5.0;
    double t = t0_;
    double h = first_step();
    bool last_rejected = false;
    while (steps_ + rejected_ < options_.step_limit) {
      const bool last = std::abs(t1_ - t) <= std::abs(h) * (1.0 + 1e-12);
      if (last) h = t1_ - t;
      try_step(t, h);
      const double ratio = flow_error_ratio(next_, x_, options_.tolerance);
      const double wish = 0.9 * std::pow(ratio, -1.0 / order);  // ∞ for a ratio of 0
      if (ratio <= 1.0) {
        accept(t, h);
        if (!velocity_.allFinite()) return finish(Termination::not_finite);
        if (last) return finish(Termination::converged);
        t += h;
        h *= std::clamp(wish, 0.2, last_rejected ? 1.0 : 4.0);
        last_rejected = false;
        continue;
      }
      ++rejected_;
      last_rejected = true;
      h *= std::isnan(ratio) ? 0.1 : std::max(wish, 0.1);
      if (t + 0.1 * h == t) {
        return finish(std::isnan(ratio) ? Termination::not_finite : Termination::stalled);
      }
    }
    finish(Termination::iteration_limit);
  }

  const FlowSystem& system_;
  const FlowOptions& options_;
  std::unique_ptr<FlowStepper> stepper_;
  Vector x_;
  Vector velocity_;
  FlowStep next_;
  double t0_;
  double t1_;
  int evaluations_ = 0;
  int steps_ = 0;
  int rejected_ = 0;
  Trajectory trajectory_;
  Termination termination_ = Termination::running;
};

void require_run(const Vector& x0, double t0, double t1, const FlowOptions& options) {
  require(options.steps >= 0, "integrate: steps must not be negative");
  require(options.steps > 0 || options.method >= FlowMethod::dormand_prince5,
          "integrate: this method has no error estimate and needs a number of steps");
  require(options.steps > 0 || options.tolerance > 0.0, "integrate: tolerance must be positive");
  require(std::isfinite(t0) && std::isfinite(t1), "integrate: the times must be finite");
  require(x0.size() > 0, "integrate: the starting point must not be empty");
}

}  // namespace

int order(FlowMethod method) {
  switch (method) {
    case FlowMethod::euler:
      return 1;
    case FlowMethod::midpoint:
      return 2;
    case FlowMethod::kutta3:
      return 3;
    case FlowMethod::runge_kutta4:
      return 4;
    case FlowMethod::dormand_prince5:
      return 5;
    case FlowMethod::dormand_prince8:
      return 8;
  }
  return 0;
}

FlowResult integrate(const VelocityField& field,
                     const Vector& x0,
                     double t0,
                     double t1,
                     const FlowOptions& options) {
  require_run(x0, t0, t1, options);
  const FlowSystem system = [&](const Vector& x, Vector& rate, double t) {
    rate = field(t, x);
    require(rate.size() == x.size(),
            "integrate: the field's value has another length than the point");
  };
  FlowRun run(system, x0, t0, t1, options);
  run.run();
  FlowResult result{.end = run.x(), .trajectory = run.take_trajectory()};
  run.report(result);
  return result;
}

TangentFlowResult integrate_tangent(
    const TangentField& field, const Vector& x0, double t0, double t1, const FlowOptions& options) {
  require_run(x0, t0, t1, options);
  require(!options.dense, "integrate_tangent: keeps no trajectory");
  const Index d = x0.size();

  // One state for the stepper: x, then F column by column, then ℓ.
  Vector state(d + d * d + 1);
  state << x0, Matrix::Identity(d, d).reshaped(), 0.0;
  const FlowSystem system = [&](const Vector& y, Vector& rate, double t) {
    const LocalFlow local = field(t, y.head(d));
    const Matrix& Dv = local.jacobian;
    require(local.velocity.size() == d,
            "integrate: the field's value has another length than the point");
    require(Dv.rows() == d && Dv.cols() == d, "integrate_tangent: the Jacobian must be d x d");
    rate.resize(y.size());
    rate.head(d) = local.velocity;
    rate.segment(d, d * d).reshaped(d, d).noalias() = Dv * y.segment(d, d * d).reshaped(d, d);
    rate(d + d * d) = Dv.trace();
  };
  FlowRun run(system, state, t0, t1, options);
  run.run();
  TangentFlowResult result{.end = run.x().head(d),
                           .jacobian = run.x().segment(d, d * d).reshaped(d, d),
                           .divergence_integral = run.x()(d + d * d)};
  run.report(result);
  return result;
}

TangentFlowResult integrate_tangent(const VelocityField& field,
                                    const VelocityJacobian& jacobian,
                                    const Vector& x0,
                                    double t0,
                                    double t1,
                                    const FlowOptions& options) {
  return integrate_tangent(
      [&](double t, const Vector& x) -> LocalFlow {
        return {field(t, x), jacobian(t, x)};
      },
      x0, t0, t1, options);
}

double log_abs_determinant(const Matrix& F) {
  require(F.rows() == F.cols(), "log_abs_determinant: the matrix must be square");
  const Eigen::PartialPivLU<Matrix> lu(F);
  return lu.matrixLU().diagonal().cwiseAbs().array().log().sum();
}

Estimate defect_integral(const VelocityField& field,
                         const std::function<double(double s)>& lipschitz_to_end,
                         const Trajectory& trajectory) {
  require(!trajectory.empty(), "defect_integral: the trajectory is empty");
  const auto defect = [&](double s) {
    return lipschitz_to_end(s) * (trajectory.rate(s) - field(s, trajectory.at(s))).norm();
  };
  double fine = 0.0;
  double coarse = 0.0;
  const std::vector<double>& times = trajectory.times();
  for (std::size_t k = 1; k < times.size(); ++k) {
    const double a = std::min(times[k - 1], times[k]);
    const double b = std::max(times[k - 1], times[k]);
    fine += boost::math::quadrature::gauss<double, 10>::integrate(defect, a, b);
    coarse += boost::math::quadrature::gauss<double, 5>::integrate(defect, a, b);
  }
  return Estimate::converged(fine, std::abs(fine - coarse));
}

}  // namespace flowcheck
