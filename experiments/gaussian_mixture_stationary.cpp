// How far from its target is a gradient flow when published methods measure how well they have
// found the target, and how much of what they report is that?
//
// Claims:  JKO-06, KL(p' ‖ q) + W₂²(p, p')/(2h) ≤ KL(p ‖ q) of an exact step whatever V
// Run:     gaussian_mixture_stationary --repeats 5 --cells 96
// Writes:  results/gaussian_mixture_stationary/; seconds at --scale quick, a minute at standard
//
// The benchmark of [MokrovEtAl2021] in the plane: from N(0, 16 I) towards an equal mixture of five
// N(c, I), c in [−5, 5]², 40 JKO steps of h = 0.1, five targets. The measure of error is SymKL(a,
// b) = KL(a ‖ b) + KL(b ‖ a), to the target: at t = 4 it is not zero, for mass passes slowly
// between modes.
//
//  exact_jko      the scheme without a network, plane_jko_step() on a window that shrinks with p
//  fokker_planck  ∂ₜρ = ∇·(ρ∇V) + Δρ, by finite volumes that have the target as their steady state
//  others         the published results, stored with the project, at t = 4
//
// Both are computed twice, on coarser grids, the scheme in a smaller window and with a higher floor
// too: the differences are the enclosures. The floor is what holds the scheme back, for the first
// steps would need log q down to −200. entropic_jko_step() is no way around: its kernel would need
// 300 cells a side.
//
// The descent of the exact scheme votes. Published numbers do not: their estimators' errors are not
// stored. The median of five draws lies between their extremes but for one time in sixteen.

#include "experiments.hpp"
#include "measures/csv_table.hpp"
#include "measures/data_file.hpp"
#include "numerics/confidence.hpp"
#include "numerics/require.hpp"
#include "proximal/plane_jko.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

constexpr int targets = 5;
constexpr double last_time = 4.0;
constexpr double start_variance = 16.0;
constexpr double miss_probability = 0.0625;  // of the extremes of five draws

struct Settings {
  int repeats = 2;
  int cells = 64;
  int check_cells = 48;
  int flow_cells = 96;
  double step_size = 0.1;
};

Settings settings_for(Scale scale) {
  if (scale == Scale::quick) return {};
  if (scale == Scale::standard)
    return {.repeats = targets, .cells = 96, .check_cells = 64, .flow_cells = 192};
  return {.repeats = targets, .cells = 128, .check_cells = 96, .flow_cells = 384};
}

void check_settings(const Settings& settings) {
  require(settings.repeats >= 1 && settings.repeats <= targets, "--repeats: expected 1 to 5");
  require(settings.cells % 4 == 0 && settings.cells >= 48 && settings.cells <= 512,
          "--cells: expected a multiple of 4 from 48 to 512");
  require(settings.check_cells % 4 == 0 && settings.check_cells >= 40 &&
              settings.check_cells < settings.cells,
          "--check-cells: expected a multiple of 4 from 40 to less than --cells");
  require(settings.flow_cells % 2 == 0 && settings.flow_cells >= 64 && settings.flow_cells <= 512,
          "--flow-cells: expected an even number from 64 to 512");
  const double steps = last_time / settings.step_size;
  require(settings.step_size >= 0.02 && settings.step_size <= 0.5 &&
              std::abs(steps - std::round(steps)) < 1e-9 * steps,
          "--step-size: expected a number from 0.02 to 0.5 that divides 4");
}

// ---- Targets -----------------------------------------------------------------------------------

using Centre = std::array<double, 2>;
using Mixture = std::vector<Centre>;  // equal weights, covariances I

std::vector<Mixture> plane_targets() {
  const std::string path = data_file("gaussian_mixtures/gmm_centres.csv");
  const CsvTable table = read_csv_table(path);
  const std::vector<int> dimension = table.integers("dim");
  const std::vector<int> repeat = table.integers("exp");
  const std::vector<int> component = table.integers("component");
  const std::vector<int> coordinate = table.integers("coord");
  const std::vector<double> value = table.numbers("value");
  std::vector<Mixture> result(targets);
  std::size_t found = 0;
  for (std::size_t k = 0; k < table.rows(); ++k) {
    if (dimension[k] != 2) continue;
    if (repeat[k] < 0 || repeat[k] >= targets || component[k] < 0 || component[k] > 99 ||
        coordinate[k] < 0 || coordinate[k] > 1) {
      throw InputError(
          fmt::format("{}:{}: expected exp < 5, component < 100, coord < 2", path, k + 2));
    }
    Mixture& mixture = result[static_cast<std::size_t>(repeat[k])];
    const auto c = static_cast<std::size_t>(component[k]);
    if (mixture.size() <= c) mixture.resize(c + 1);
    mixture[c][static_cast<std::size_t>(coordinate[k])] = value[k];
    ++found;
  }
  std::size_t entries = 0;
  for (const Mixture& mixture : result) entries += 2 * mixture.size();
  if (found != entries ||
      std::any_of(result.begin(), result.end(), [](const Mixture& m) { return m.empty(); })) {
    throw InputError(
        fmt::format("{}:1: expected every centre of five mixtures in the plane", path));
  }
  return result;
}

// V = −log q, of mass 1.
PlaneFunction potential_of(Mixture mixture) {
  return [mixture = std::move(mixture)](double x, double y) {
    double least = infinity;
    for (const auto& [cx, cy] : mixture)
      least = std::min(least, 0.5 * ((x - cx) * (x - cx) + (y - cy) * (y - cy)));
    double sum = 0.0, sum_x = 0.0, sum_y = 0.0;
    for (const auto& [cx, cy] : mixture) {
      const double part = std::exp(least - 0.5 * ((x - cx) * (x - cx) + (y - cy) * (y - cy)));
      sum += part;
      sum_x += part * (x - cx);
      sum_y += part * (y - cy);
    }
    const double scale = 2.0 * std::numbers::pi * static_cast<double>(mixture.size());
    return PlaneValue{.value = least - std::log(sum / scale), .dx = sum_x / sum, .dy = sum_y / sum};
  };
}

PlaneValue log_start(double x, double y) {
  const double top = -std::log(2.0 * std::numbers::pi * start_variance);
  return {.value = top - 0.5 * (x * x + y * y) / start_variance,
          .dx = -x / start_variance,
          .dy = -y / start_variance};
}

// Where the law of variance s² and its share `arrived` of the way to the centres has all but its
// tails of so many deviations.
Rectangle window(const Mixture& mixture, double variance, double arrived, double deviations) {
  const double margin = deviations * std::sqrt(variance);
  Rectangle r{.left = 0.0, .right = 0.0, .bottom = 0.0, .top = 0.0};
  for (const auto& [x, y] : mixture) {
    r.left = std::min(r.left, arrived * x);
    r.right = std::max(r.right, arrived * x);
    r.bottom = std::min(r.bottom, arrived * y);
    r.top = std::max(r.top, arrived * y);
  }
  return {.left = r.left - margin,
          .right = r.right + margin,
          .bottom = r.bottom - margin,
          .top = r.top + margin};
}

// ---- Computed ----------------------------------------------------------------------------------

// At one time: both divergences to the target, and the step that led there.
struct Point {
  double kl = 0.0;
  double reverse_kl = 0.0;
  double squared_w2 = 0.0;
  bool solved = true;  // it and all before

  double symkl() const { return kl + reverse_kl; }
};

using Curve = std::vector<Point>;  // at t = 0, h, 2h, …

Point divergences(const PlaneArray& log_p, const PlaneArray& log_q, double cell_area) {
  const PlaneArray ratio = log_p - log_q;
  return {.kl = (log_p.exp() * ratio).sum() * cell_area,
          .reverse_kl = -(log_q.exp() * ratio).sum() * cell_area};
}

PlaneArray values(const PlaneGrid& grid, const PlaneFunction& f) {
  return grid.sample([&](double x, double y) { return f(x, y).value; });
}

struct Resolution {
  int cells = 0;
  double deviations = 0.0;  // half the window, beyond the centres
  double floor = 0.0;
};

constexpr double check_deviations = 5.5;
constexpr double check_floor = 1e-30;

Curve scheme(const Mixture& mixture,
             const Resolution& resolution,
             double h,
             const std::atomic<bool>* stop) {
  const PlaneFunction V = potential_of(mixture);
  const auto steps = static_cast<int>(std::lround(last_time / h));
  PlaneFunction log_p = log_start;
  double variance = start_variance;
  double arrived = 0.0;
  Point step;
  Curve curve;
  for (int k = 0;; ++k) {
    const Rectangle rectangle = window(mixture, variance, arrived, resolution.deviations);
    const PlaneGrid grid(rectangle, resolution.cells);
    Point point = divergences(values(grid, log_p), -values(grid, V), grid.cell_area());
    point.squared_w2 = step.squared_w2;
    point.solved = step.solved;
    curve.push_back(point);
    if (k == steps || (stop != nullptr && *stop)) return curve;

    const PlaneJkoResult next = plane_jko_step(log_p, V,
                                               {.rectangle = rectangle,
                                                .cells = resolution.cells,
                                                .step_size = h,
                                                .floor = resolution.floor});
    log_p = next.log_density;
    step.squared_w2 = next.squared_w2.value;
    step.solved = point.solved && next.termination == Termination::converged;
    // The exact step to one component.
    const double c = variance / (1.0 + h);
    variance = (h + 0.5 * c + 0.5 * std::sqrt(c * (c + 4.0 * h))) / (1.0 + h);
    arrived = (arrived + h) / (1.0 + h);
  }
}

// B(δ) = δ/(e^δ − 1).
PlaneArray bernoulli(const PlaneArray& delta) {
  return (delta.abs() < 1e-8).select(1.0 - 0.5 * delta, delta / delta.unaryExpr([](double d) {
    return std::expm1(d);
  }));
}

// Scharfetter and Gummel's fluxes, B(δ)ρ₁ − B(−δ)ρ₂ over h² from cell to cell with δ = V₂ − V₁:
// none for ρ ∝ e^{−V}, upwind where the drift dominates. No flux through the sides.
class FluxForm {
 public:
  FluxForm(const PlaneGrid& grid, const PlaneArray& V) : n_(grid.cells()) {
    const PlaneArray along_x = V.bottomRows(n_ - 1) - V.topRows(n_ - 1);
    const PlaneArray along_y = V.rightCols(n_ - 1) - V.leftCols(n_ - 1);
    const double a = 1.0 / (grid.step_x() * grid.step_x());
    const double b = 1.0 / (grid.step_y() * grid.step_y());
    up_ = a * bernoulli(along_x);
    down_ = a * bernoulli(-along_x);
    right_ = b * bernoulli(along_y);
    left_ = b * bernoulli(-along_y);
    largest_rate_ = up_.maxCoeff() + down_.maxCoeff() + right_.maxCoeff() + left_.maxCoeff();
  }
  double largest_rate() const { return largest_rate_; }  // Euler's steps below 1/rate keep ρ > 0
  PlaneArray operator()(const PlaneArray& rho) const {
    const PlaneArray x = up_ * rho.topRows(n_ - 1) - down_ * rho.bottomRows(n_ - 1);
    const PlaneArray y = right_ * rho.leftCols(n_ - 1) - left_ * rho.rightCols(n_ - 1);
    PlaneArray slope = PlaneArray::Zero(n_, n_);
    slope.topRows(n_ - 1) -= x;
    slope.bottomRows(n_ - 1) += x;
    slope.leftCols(n_ - 1) -= y;
    slope.rightCols(n_ - 1) += y;
    return slope;
  }

 private:
  Index n_;
  PlaneArray up_, down_, right_, left_;
  double largest_rate_ = 0.0;
};

// Third order in time, of Euler steps and averages: positive as those are.
Curve flow(const Mixture& mixture, int cells, double h, const std::atomic<bool>* stop) {
  const PlaneGrid grid(window(mixture, start_variance, 0.0, 6.0), cells);
  const PlaneArray V = values(grid, potential_of(mixture));
  const FluxForm slope(grid, V);
  const int inner = static_cast<int>(std::ceil(h * slope.largest_rate()));
  const double dt = h / inner;
  const auto steps = static_cast<int>(std::lround(last_time / h));
  PlaneArray rho = values(grid, log_start).exp();
  Curve curve;
  for (int k = 0;; ++k) {
    curve.push_back(divergences(rho.log(), -V, grid.cell_area()));
    if (k == steps) return curve;
    for (int i = 0; i < inner; ++i) {
      if (stop != nullptr && *stop) return curve;
      const PlaneArray first = rho + dt * slope(rho);
      const PlaneArray second = 0.75 * rho + 0.25 * (first + dt * slope(first));
      rho = (rho + 2.0 * (second + dt * slope(second))) / 3.0;
    }
  }
}

struct Computed {
  Curve scheme = {}, check = {};
  Curve flow = {}, coarse_flow = {};
};

// ---- Rows --------------------------------------------------------------------------------------

std::vector<Parameter> place(const std::string& method, const Parameter& repeat, double time) {
  return {method, repeat, time};
}

// The scheme's points: at second order the fine grid errs by the difference to the other one over
// (n/m)² − 1. And of the flow's those of second order extrapolated.
Estimate of_scheme(double fine, double check, bool solved, const Settings& settings) {
  const double ratio = static_cast<double>(settings.cells) / settings.check_cells;
  const double share = std::max(1.0, 1.0 / (ratio * ratio - 1.0));
  return Estimate::converged(fine, solved ? share * std::abs(fine - check) : infinity);
}

Estimate of_flow(double fine, double coarse) {
  return Estimate::converged(fine + (fine - coarse) / 3.0, std::abs(fine - coarse));
}

void add_divergences(RunRecord& record, const Computed& run, int repeat, const Settings& settings) {
  const double h = settings.step_size;
  for (std::size_t k = 0; k < run.scheme.size(); ++k) {
    const double t = h * static_cast<double>(k);
    const auto jko = place("exact_jko", std::int64_t{repeat}, t);
    const auto fokker_planck = place("fokker_planck", std::int64_t{repeat}, t);
    const Point& a = run.scheme[k];
    const Point& b = run.check[k];
    const Point& c = run.flow[k];
    const Point& d = run.coarse_flow[k];
    const bool solved = a.solved && b.solved;
    record.add(jko, "symkl", of_scheme(a.symkl(), b.symkl(), solved, settings));
    record.add(jko, "kl", of_scheme(a.kl, b.kl, solved, settings));
    record.add(fokker_planck, "symkl", of_flow(c.symkl(), d.symkl()));
    record.add(fokker_planck, "kl", of_flow(c.kl, d.kl));
    if (k == 0) continue;
    const double drop = run.scheme[k - 1].kl - a.kl;
    const double check_drop = run.check[k - 1].kl - b.kl;
    record.add(jko, "descent",
               {.lhs = of_scheme(a.squared_w2, b.squared_w2, solved, settings) / (2.0 * h),
                .rhs = of_scheme(drop, check_drop, solved, settings)},
               0.0);
  }
}

// Order statistics are monotone: the medians of the ends enclose the median of the values.
Estimate median_of_targets(const std::vector<Estimate>& values) {
  std::vector<double> value, lower, upper;
  for (const Estimate& x : values) {
    value.push_back(x.value);
    lower.push_back(x.lower);
    upper.push_back(x.upper);
  }
  return Estimate::between(median(value), median(lower), median(upper), Grade::converged);
}

void add_published(RunRecord& record) {
  const CsvTable table =
      read_csv_table(data_file("gaussian_mixtures/mokrov2021_stationary_symkl.csv"));
  const std::vector<std::string>& method = table.text("method");
  const std::vector<int> dimension = table.integers("dim");
  const std::vector<int> repeat = table.integers("exp");
  const std::vector<double> fit_true = table.numbers("kl_fit_true");
  const std::vector<double> true_fit = table.numbers("kl_true_fit");
  std::map<std::string, std::vector<double>> values;
  for (std::size_t k = 0; k < table.rows(); ++k) {
    if (dimension[k] != 2) continue;
    const double symkl = fit_true[k] + true_fit[k];
    values[method[k]].push_back(symkl);
    record.add(place(method[k], std::int64_t{repeat[k]}, last_time), "symkl",
               Estimate::statistical(symkl, infinity));
  }
  for (const auto& [name, all] : values) {
    record.add(place(name, std::string(), last_time), "median_symkl",
               sample_median(all, miss_probability));
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  check_settings(settings);
  const std::vector<Mixture> mixtures = plane_targets();
  const auto repeats = static_cast<std::size_t>(settings.repeats);
  std::vector<Computed> runs(repeats);
  const Resolution fine{.cells = settings.cells, .deviations = 6.0, .floor = 1e-35};
  const Resolution check{
      .cells = settings.check_cells, .deviations = check_deviations, .floor = check_floor};
  std::atomic<std::size_t> done = 0;
  tbb::parallel_for(std::size_t{0}, 4 * repeats, [&](std::size_t i) {
    const Mixture& mixture = mixtures[i / 4];
    Computed& result = runs[i / 4];
    const double h = settings.step_size;
    if (i % 4 == 0) result.scheme = scheme(mixture, fine, h, context.stop);
    if (i % 4 == 1) result.check = scheme(mixture, check, h, context.stop);
    if (i % 4 == 2) result.flow = flow(mixture, settings.flow_cells, h, context.stop);
    if (i % 4 == 3) result.coarse_flow = flow(mixture, settings.flow_cells / 2, h, context.stop);
    context.progress(static_cast<double>(++done) / static_cast<double>(4 * repeats));
  });

  RunRecord record({"method", "repeat", "t"}, context.seed);
  if (context.stop != nullptr && *context.stop) return record;
  std::vector<Estimate> of_scheme_last, of_flow_last;
  for (std::size_t i = 0; i < repeats; ++i) {
    add_divergences(record, runs[i], static_cast<int>(i), settings);
    const Point& a = runs[i].scheme.back();
    const Point& b = runs[i].check.back();
    of_scheme_last.push_back(of_scheme(a.symkl(), b.symkl(), a.solved && b.solved, settings));
    of_flow_last.push_back(
        of_flow(runs[i].flow.back().symkl(), runs[i].coarse_flow.back().symkl()));
  }
  record.add(place("exact_jko", std::string(), last_time), "median_symkl",
             median_of_targets(of_scheme_last));
  record.add(place("fokker_planck", std::string(), last_time), "median_symkl",
             median_of_targets(of_flow_last));
  add_published(record);
  return record;
}

constexpr const char* figure = R"gp(
at(m, r) = is("quantity", "symkl") && is("method", m) && column("repeat") == r
curve(m, r) = at(m, r) ? column("t") : NaN
last(m) = is("quantity", "symkl") && is("method", m) && column("t") > 3.999
middle(m) = is("quantity", "median_symkl") && is("method", m)
set multiplot
set logscale y
set format y '10^{%T}'
set yrange [1e-3:10]
set ylabel 'SymKL to the target' offset 1

set lmargin at screen 0.075
set rmargin at screen 0.500
set bmargin at screen 0.130
set tmargin at screen 0.930
set title 'From N(0, 16 I) to mixtures in the plane'
set xlabel 'time {/:Italic t}'
set xrange [0:4.25]
set key at graph 0.98,0.98 right top
plot for [r = 0:4] 'data.csv' using (curve("exact_jko", r)):"measured" with lines \
    linestyle r + 1 notitle, \
  for [r = 0:4] '' using (curve("fokker_planck", r)):"measured" with lines linestyle r + 1 \
    linewidth 1.2 dashtype 3 notitle, \
  for [r = 0:4] '' using (curve("icnn_jko", r) + 0.1):"measured" with points linestyle r + 1 \
    pointsize 1 notitle, \
  NaN with lines linecolor '#606060' linewidth 1.8 title 'exact JKO steps', \
  NaN with lines linecolor '#606060' linewidth 1.2 dashtype 3 title 'Fokker–Planck', \
  NaN with points linecolor '#606060' pointtype 7 title 'ICNN-JKO, published'

methods = "fokker_planck exact_jko icnn_jko em_50k em_10k em_1k em_proxrec_1k em_proxrec_400"
names = "'Fokker–Planck' 'exact JKO' 'ICNN-JKO' 'EM 50k' 'EM 10k' 'EM 1k' 'ProxRec 1k' 'ProxRec 400'"
set lmargin at screen 0.580
set rmargin at screen 0.985
set bmargin at screen 0.210
set title '{/:Italic t} = 4: each target, and the median'
unset xlabel
unset ylabel
set key off
set xrange [0.4:8.6]
set xtics ('' 0) rotate by 35 right
do for [i = 1:8] { set xtics add (word(names, i) i) }
plot for [i = 1:8] 'data.csv' using (middle(word(methods, i)) ? i : NaN):"measured":(0.3) \
    with xerrorbars linecolor '#404040' linewidth 2.4 pointtype 0, \
  for [i = 1:8] for [r = 0:4] '' \
    using (last(word(methods, i)) && column("repeat") == r ? i + 0.08 * (r - 2) : NaN):"measured" \
    with points linestyle r + 1 pointsize 0.9
unset multiplot
)gp";

}  // namespace

Experiment gaussian_mixture_stationary() {
  return {
      .name = "gaussian_mixture_stationary",
      .question =
          "How far from its target is a gradient flow when published methods measure how well they "
          "have found the target, and how much of what they report is that?",
      .claims = {"JKO-06"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--repeats", "number of targets, 1 to 5", &settings->repeats},
                            {"--cells", "cells a side of the steps", &settings->cells},
                            {"--check-cells", "cells a side of the steps they are compared with",
                             &settings->check_cells},
                            {"--flow-cells", "cells a side for the Fokker–Planck equation",
                             &settings->flow_cells},
                            {"--step-size", "h, which divides 4", &settings->step_size}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-4,
      .absolute_tolerance = 1e-7};
}

}  // namespace flowcheck
