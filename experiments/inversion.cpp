// What does inverting the blocks of a flow numerically cost, and does a round trip show it?
//
// Claims:  LFM-17, orders of the inverse and of the round trip; LFM-18, errors of generation
// Run:     inversion --blocks 3
// Writes:  results/inversion/ with rows per method and number of steps; a few seconds
//
// Perfect blocks of Local Flow Matching from .3N(−1.2, .1) + .7N(.8, .2), linear and dependent.
// On the line the exact block is F*⁻¹∘F. All errors are root mean squares:
//
//   inverse_error  of T_1⁻¹ by equal steps, under T_1#p_0
//   round_trip     |S_1(T̂_1(x)) − x| under p_0, both ways by the same steps
//   w2             W₂(q₀, q̃₀) of the generation from N(0, 1) through all blocks, against
//                  Σₙ ηₙ Π_{j<n} Lip(Tⱼ⁻¹), ηₙ measured under q̃ₙ

#include "distances/monotone_transport.hpp"
#include "experiments.hpp"
#include "learning/block_path.hpp"
#include "numerics/require.hpp"
#include "numerics/special_functions.hpp"
#include "solver_orders.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int blocks = 3;
  double step_size = 1.0;  // γ
  int refinements = 5;     // of every method's number of steps
};

Settings settings_for(Scale scale) {
  return {.refinements = scale == Scale::quick ? 5 : scale == Scale::standard ? 6 : 8};
}

void check_settings(const Settings& settings) {
  require(settings.blocks >= 1 && settings.blocks <= 20, "--blocks: expected 1 to 20");
  require(settings.step_size >= 0.01 && settings.step_size <= 5.0, "--gamma: expected 0.01 to 5");
  require(settings.refinements >= 4 && settings.refinements <= 10,
          "--refinements: expected 4 to 10");
}

constexpr std::array<SolverMethod, 4> methods = {
    {{"euler", FlowMethod::euler, 40, 1.0},
     {"midpoint", FlowMethod::midpoint, 20, 3.0},
     {"kutta3", FlowMethod::kutta3, 20, 3.0},
     {"runge_kutta4", FlowMethod::runge_kutta4, 10, 5.0}}};

// The trapezoidal rule of N(0, 1), fine enough for maps as steep as those across a valley; what
// every second node would have given says how good it is.
struct NormalRule {
  Vector nodes;
  Vector weights;

  NormalRule() {
    constexpr Index count = 2049;
    nodes = Vector::LinSpaced(count, -8.0, 8.0);
    weights = nodes.unaryExpr([](double z) { return normal_density(z); });
  }
  /// The error is what halving the nodes changes.
  Estimate root_mean_square(const Vector& values) const {
    const double fine = std::sqrt(values.cwiseAbs2().dot(weights) / weights.sum());
    const Index half = (nodes.size() + 1) / 2;
    const auto every_second = Eigen::seqN(0, half, 2);
    const double coarse = std::sqrt(values(every_second).cwiseAbs2().dot(weights(every_second)) /
                                    weights(every_second).sum());
    return Estimate::converged(fine, std::abs(fine - coarse), 0.0);
  }
};

// One perfect block with its exact inverse.
class Block {
 public:
  Block(const GaussianMixture& data, double step_size)
      : path_(data, step_size, Interpolant::linear, Coupling::dependent),
        back_(line_measure(path_.right()), line_measure(data)) {}

  const GaussianMixture& right() const { return path_.right(); }

  /// All points at once, by equal steps.
  Vector by_steps(
      const SolverMethod& method, int steps, const Vector& x, double t0, double t1) const {
    const auto field = [this](double t, const Vector& at) -> Vector {
      return path_.at(t).velocities(at.transpose()).transpose();
    };
    return integrate(field, x, t0, t1, {.method = method.method, .steps = steps}).end;
  }
  Vector exact_inverse(const Vector& y) const {
    return y.unaryExpr([this](double at) { return back_(at); });
  }
  double inverse_error_bound(const Vector& y) const {
    double largest = 0.0;
    for (const double at : y) largest = std::max(largest, back_.error(at));
    return largest;
  }
  /// Largest slope of T⁻¹ among points: a lower bound of its Lipschitz constant.
  double lipschitz(const Vector& y) const {
    double largest = 0.0;
    for (const double at : y) largest = std::max(largest, back_.slope(at));
    return largest;
  }

 private:
  BlockPath path_;
  MonotoneTransport back_;
};

class Inversion {
 public:
  explicit Inversion(const Settings& settings) {
    GaussianMixture law(Vector{{0.3, 0.7}}, Matrix{{-1.2, 0.8}},
                        {Matrix::Constant(1, 1, 0.1), Matrix::Constant(1, 1, 0.2)});
    const MonotoneTransport to_data(line_measure(GaussianMixture(Gaussian::standard(1))),
                                    line_measure(law));
    data_ = rule_.nodes.unaryExpr([&](double z) { return to_data(z); });
    for (int n = 0; n < settings.blocks; ++n) {
      blocks_.emplace_back(law, settings.step_size);
      law = blocks_.back().right();
    }
    const MonotoneTransport to_end(line_measure(GaussianMixture(Gaussian::standard(1))),
                                   line_measure(blocks_.front().right()));
    ends_ = rule_.nodes.unaryExpr([&](double z) { return to_end(z); });
  }

  /// Root mean square of |S_1 − T_1⁻¹| under the law of the first block's end.
  Estimate inverse_error(const SolverMethod& method, int steps) const {
    const Block& block = blocks_.front();
    const Vector by_steps = block.by_steps(method, steps, ends_, 1.0, 0.0);
    return converged(rule_.root_mean_square(by_steps - block.exact_inverse(ends_)),
                     block.inverse_error_bound(ends_), steps);
  }

  Estimate round_trip(const SolverMethod& method, int steps) const {
    const Block& block = blocks_.front();
    const Vector there = block.by_steps(method, steps, data_, 0.0, 1.0);
    const Vector back = block.by_steps(method, steps, there, 1.0, 0.0);
    return converged(rule_.root_mean_square(back - data_), 0.0, steps);
  }

  /// W₂(q₀, q̃₀) ≤ Σₙ ηₙ Π_{j<n} Lip(Tⱼ⁻¹). The steps keep the order of the points, so that q₀ and
  /// q̃₀ are coupled best by a common z. Lip as large as it is seen: the bound is not below that.
  Bound generation(const SolverMethod& method, int steps) const {
    Vector exact = rule_.nodes;
    Vector inexact = rule_.nodes;
    Estimate sum = 0.0;
    double table_error = 0.0;
    for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
      const double of_table =
          std::max(block->inverse_error_bound(exact), block->inverse_error_bound(inexact));
      const double lipschitz = std::max(block->lipschitz(exact), block->lipschitz(inexact));
      const Vector next = block->by_steps(method, steps, inexact, 1.0, 0.0);
      const Estimate eta = rule_.root_mean_square(next - block->exact_inverse(inexact));
      sum = Estimate(lipschitz) * sum + converged(eta, of_table, steps);
      table_error = lipschitz * table_error + of_table;
      exact = block->exact_inverse(exact);
      inexact = next;
    }
    for (Index i = 1; i < inexact.size(); ++i) {
      require(inexact(i) > inexact(i - 1),
              "inversion: more steps, these change the order of points");
    }
    return {.lhs = converged(rule_.root_mean_square(exact - inexact), table_error, steps),
            .rhs = sum,
            .scale = 1.0};
  }

 private:
  // A mean square with the errors of the exact inverse and of rounding.
  static Estimate converged(const Estimate& mean, double table_error, int steps) {
    return max(0.0, mean + Estimate::converged(0.0, table_error, trajectory_round_off(steps)));
  }

  NormalRule rule_;
  std::vector<Block> blocks_;
  Vector data_;  // quantiles of p_0 at the rule's
  Vector ends_;  // and of p_1*
};

void record_method(RunRecord& record,
                   const Inversion& inversion,
                   const SolverMethod& method,
                   const Settings& settings) {
  std::vector<double> sizes;
  std::vector<double> inverse_errors;
  std::vector<double> residuals;
  std::vector<double> distances;
  for (int k = 0; k < settings.refinements; ++k) {
    const int n = method.coarsest << k;
    const std::vector<Parameter> where = {std::string(method.name), std::int64_t{n}};
    const Estimate inverse_error = inversion.inverse_error(method, n);
    const Estimate residual = inversion.round_trip(method, n);
    const Bound generation = inversion.generation(method, n);
    record.add(where, "inverse_error", inverse_error);
    record.add(where, "round_trip", residual);
    record.add(where, "w2", generation, 1e-9);
    sizes.push_back(1.0 / n);
    inverse_errors.push_back(inverse_error.value);
    residuals.push_back(residual.value);
    distances.push_back(generation.lhs.value);
  }
  const double p = order(method.method);
  record_order(record, method, "order_of_inverse", sizes, inverse_errors, p);
  record_order(record, method, "order_of_round_trip", sizes, residuals, method.residual_order);
  record_order(record, method, "order_of_w2", sizes, distances, p);
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  RunRecord record({"method", "steps"}, context.seed);
  const Inversion inversion(settings);
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (context.stop != nullptr && *context.stop) return record;
    context.progress(static_cast<double>(i) / static_cast<double>(methods.size()));
    record_method(record, inversion, methods.at(i), settings);
  }
  return record;
}

constexpr const char* figure = R"(
set terminal svg size 1100,420 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
at(method, quantity) = is("method", method) && is("quantity", quantity) ? column("steps") : NaN
names = "euler midpoint kutta3 runge_kutta4"
titles = "Euler midpoint Kutta RK4"
set multiplot layout 1,3 margins 0.075,0.97,0.17,0.9 spacing 0.07,0.1
set logscale xy
set format xy '10^{%L}'
set ylabel 'root mean square' offset 1,0
set xlabel 'steps a block'
set yrange [1e-13:10]
set key bottom left Left reverse font ',10' samplen 1.5
set title 'Error of the inverse of a block'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "inverse_error")):(column("measured")) with linespoints linestyle i title word(titles, i)
set title 'Round trip through it'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "round_trip")):(column("measured")) with linespoints linestyle i notitle
set title 'W₂ of the generated law, and its bound'
plot for [i = 1:4] 'data.csv' using (at(word(names, i), "w2")):(column("measured")) with linespoints linestyle i notitle, \
  for [i = 1:4] '' using (at(word(names, i), "w2")):(column("predicted")) with lines linestyle i dashtype 2 notitle, \
  NaN with lines linecolor '#909090' dashtype 2 title 'Σ η exp(Σκ)'
unset multiplot
)";

}  // namespace

Experiment inversion() {
  return {
      .name = "inversion",
      .question =
          "What does inverting the blocks of a flow numerically cost, and does a round "
          "trip show it?",
      .claims = {"LFM-17", "LFM-18"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--blocks", "perfect blocks to invert", &settings->blocks},
                            {"--gamma", "γ of each block", &settings->step_size},
                            {"--refinements", "of every method", &settings->refinements}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-3,
      .absolute_tolerance = 1e-12};
}

}  // namespace flowcheck
