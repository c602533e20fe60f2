// What does an interpolation flow do to the plane?
//
// Claims:  GIF-24, the stretch of the flow map is at most that of the class; GIF-20
// Run:     flow_picture --lines 13 --trajectories 40
// Writes:  results/flow_picture/: curves, and at every node of the grid what the map does there
//
// From N(0, I) at t = 0 to three Gaussians of width 0.55 at t = 1. A picture for people: the
// trajectories of draws from N(0, I) by the linear schedule (the map itself does not depend on it),
// a square grid and its image, and how much the map stretches. Each number in it is checked all
// the same: the change of variables log p₀(z) = log p₁(X(z)) + log|det ∇X(z)| at every node, and
// ‖∇X(z)‖ against the bound of mixtures with centres in a ball.

#include "experiments.hpp"
#include "flows/reference_flow.hpp"
#include "interpolation/covariance_envelope.hpp"
#include "measures/enclosing_ball.hpp"
#include "measures/gaussian_mixture.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <Eigen/SVD>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

namespace flowcheck {
namespace {

struct Settings {
  int lines = 13;         // of the grid, each way
  int trajectories = 40;  // drawn from N(0, I)
};

Settings settings_for(Scale scale) {
  if (scale == Scale::quick) return {.lines = 9, .trajectories = 16};
  if (scale == Scale::standard) return {};
  return {.lines = 41, .trajectories = 200};
}

constexpr double sigma = 0.55;
constexpr double half_width = 2.4;       // of the grid
constexpr int line_pieces = 96;          // of a line at least, so that no chord looks like one
constexpr int times = 24;                // of a trajectory
constexpr double fine = 1e-12;           // tolerances of the integrator; their
constexpr double coarse = 1e-10;         // difference is the error
constexpr double map_tolerance = 1e-8;   // what is asked of a coordinate
constexpr double final_gap = 1.0 / 512;  // no picture needs to be nearer to t = 1, where a = 0

GaussianMixture target() {
  return GaussianMixture::isotropic(Vector{{0.35, 0.4, 0.25}},
                                    Matrix{{-1.5, 1.6, 0.2}, {-0.7, -0.5, 1.7}}, sigma * sigma);
}

NoiseLevel linear_level(double t) {
  return {.noise = 1.0 - t, .data_scale = t};
}

double standard_log_density(const Vector& z) {
  return -0.5 * z.squaredNorm() - std::log(2.0 * std::numbers::pi);
}

// X_{s,t}(x) with the error of its end, of the logarithm of its determinant and of its norm.
struct Image {
  Estimate x;
  Estimate y;
  Estimate log_determinant;
  Estimate stretch;
  Vector end;
};

double spectral_norm(const Matrix& A) {
  return Eigen::JacobiSVD<Matrix>(A).singularValues()(0);
}

class Picture {
 public:
  Image image(const Vector& x, const NoiseLevel& from, const NoiseLevel& to) const {
    const TangentFlowResult at = flow(x, from, to, fine);
    const TangentFlowResult other = flow(x, from, to, coarse);
    const double rounding = round_off(1.0 + at.end.norm(), 100);
    const auto estimate = [&](double value, double again) {
      return Estimate::converged(value, std::abs(value - again),
                                 rounding * (1.0 + at.jacobian.norm()));
    };
    return {.x = estimate(at.end(0), other.end(0)),
            .y = estimate(at.end(1), other.end(1)),
            .log_determinant = estimate(at.divergence_integral, other.divergence_integral),
            .stretch = estimate(spectral_norm(at.jacobian), spectral_norm(other.jacobian)),
            .end = at.end};
  }

  double log_density(const Vector& x) const { return target_.log_density(x); }
  /// Of log p₁ near x: |∇log p₁| ≤ max |x − mₖ|/σ².
  double steepness(const Vector& x) const {
    return (target_.means().colwise() - x).colwise().norm().maxCoeff() / (sigma * sigma);
  }
  Estimate stretch_bound() const {
    const double R = enclosing_ball(target_.means()).radius.upper;
    return exp(mixture_bound(sigma, R).log_stretch(0.0, infinity));
  }

 private:
  TangentFlowResult flow(const Vector& x,
                         const NoiseLevel& from,
                         const NoiseLevel& to,
                         double tolerance) const {
    TangentFlowResult result = reference_flow(fields_, from, to, x, {.tolerance = tolerance});
    require(result.termination == Termination::converged,
            "flow_picture: the flow did not converge");
    return result;
  }

  GaussianMixture target_ = target();
  ClockFields fields_ = clock_fields(target_);
};

void record_point(
    RunRecord& record, const std::string& curve, int line, double along, const Image& image) {
  const std::vector<Parameter> where = {curve, std::int64_t{line}, along};
  record.add(where, "x", image.x);
  record.add(where, "y", image.y);
}

void record_node(RunRecord& record,
                 const Picture& picture,
                 int line,
                 double along,
                 const Vector& z,
                 const Image& image,
                 const Estimate& bound) {
  const std::vector<Parameter> where = {std::string("node"), std::int64_t{line}, along};
  record.add(where, "x", image.x);
  record.add(where, "y", image.y);
  record.add(where, "stretch", {.lhs = image.stretch, .rhs = bound}, map_tolerance);
  const double log_p = picture.log_density(image.end);
  const double moved = picture.steepness(image.end) * (image.x.width() + image.y.width());
  const double start = standard_log_density(z);
  const double rounding = round_off(1.0 + std::abs(log_p) + std::abs(start), 50);
  record.add(where, "log_density",
             {.lhs = Estimate::converged(log_p, moved, rounding) + image.log_determinant,
              .rhs = Estimate::closed_form(start, rounding),
              .relation = Relation::identity,
              .scale = 1.0 + std::abs(start)},
             map_tolerance);
}

// Lines of the grid, first the upright ones, and their images.
void record_grid(RunRecord& record,
                 const Picture& picture,
                 const Settings& settings,
                 const RunContext& context) {
  const Estimate bound = picture.stretch_bound();
  const int gaps = settings.lines - 1;  // of nodes
  const int pieces = (line_pieces + gaps - 1) / gaps;
  const int points = pieces * gaps + 1;
  for (int line = 0; line < 2 * settings.lines; ++line) {
    if (context.stop != nullptr && *context.stop) return;
    context.progress(0.8 * line / (2.0 * settings.lines));
    const bool upright = line < settings.lines;
    const int place = upright ? line : line - settings.lines;
    const double fixed = half_width * (2.0 * place / gaps - 1.0);
    for (int i = 0; i < points; ++i) {
      const double along = half_width * (2.0 * i / (points - 1) - 1.0);
      const Vector z = upright ? Vector{{fixed, along}} : Vector{{along, fixed}};
      const Image image = picture.image(z, linear_level(0.0), linear_level(1.0));
      record_point(record, "image", line, along, image);
      if (upright && i % pieces == 0) {
        record_node(record, picture, line, along, z, image, bound);
      }
    }
  }
}

void record_trajectories(RunRecord& record,
                         const Picture& picture,
                         const Settings& settings,
                         const RunContext& context) {
  for (int line = 0; line < settings.trajectories; ++line) {
    if (context.stop != nullptr && *context.stop) return;
    context.progress(0.8 + 0.2 * line / settings.trajectories);
    Rng rng(context.seed, static_cast<std::uint64_t>(line));
    const Vector start = rng.normal_vector(2);
    for (int i = 0; i <= times; ++i) {
      const double t =
          i == times ? 1.0 : std::fmin(static_cast<double>(i) / times, 1.0 - final_gap);
      record_point(record, "trajectory", line, t,
                   picture.image(start, linear_level(0.0), linear_level(t)));
    }
  }
}

void record_centres(RunRecord& record) {
  const GaussianMixture p = target();
  for (Index k = 0; k < p.size(); ++k) {
    const std::vector<Parameter> where = {std::string("centre"), std::int64_t{k}, 0.0};
    record.add(where, "x", p.means()(0, k));
    record.add(where, "y", p.means()(1, k));
  }
}

RunRecord run(const Settings& settings, const RunContext& context) {
  require(settings.lines >= 2 && settings.lines <= 201, "--lines: expected 2 to 201");
  require(settings.trajectories >= 1 && settings.trajectories <= 1'000,
          "--trajectories: expected 1 to 1000");
  RunRecord record({"curve", "line", "along"}, context.seed);
  const Picture picture;
  record_grid(record, picture, settings, context);
  record_trajectories(record, picture, settings, context);
  record_centres(record);
  return record;
}

// A point is two rows, first x and then y.
constexpr const char* figure = R"(
set terminal svg size 1150,430 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
set output 'figure.svg'
px = NaN
on(curve) = is("curve", curve) && is("quantity", "x") ? (px = column("measured"), NaN) : is("curve", curve) && is("quantity", "y") ? column("measured") : NaN
stats 'data.csv' using (is("curve", "image") ? column("line") : NaN) name "grid" nooutput
stats 'data.csv' using (is("curve", "trajectory") ? column("line") : NaN) name "drawn" nooutput
set multiplot layout 1,3 margins 0.04,0.93,0.17,0.9 spacing 0.05,0.1
set size ratio -1
set xrange [-3.4:3.4]
set yrange [-3.4:3.4]
set xlabel 'x_1'
set ylabel 'x_2' offset 1,0
set key top right samplen 1 font ',10'
set title 'Trajectories from N(0, I) to three Gaussians'
plot for [i = 0:drawn_max] 'data.csv' using (column("line") == i ? on("trajectory") : NaN, px):(column("line") == i ? on("trajectory") : NaN) with lines linewidth 0.8 linecolor rgb '#60444444' notitle, \
  '' using (column("along") == 0 ? on("trajectory") : NaN, px):(column("along") == 0 ? on("trajectory") : NaN) with points pointtype 7 pointsize 0.35 linecolor rgb '#1b6ca8' title 't = 0', \
  '' using (column("along") == 1 ? on("trajectory") : NaN, px):(column("along") == 1 ? on("trajectory") : NaN) with points pointtype 7 pointsize 0.35 linecolor rgb '#c0392b' title 't = 1'
set title 'A square grid, pushed to t = 1'
plot for [i = 0:grid_max] 'data.csv' using (column("line") == i ? on("image") : NaN, px):(column("line") == i ? on("image") : NaN) with lines linewidth 0.8 linecolor rgb '#1b6ca8' notitle, \
  '' using (on("centre"), px):(on("centre")) with points pointtype 2 pointsize 1 linewidth 2 linecolor rgb '#c0392b' title 'centres'
set title 'Largest singular value of ∇X at its nodes'
set logscale cb
set palette defined (0 '#dfe9f3', 1 '#1b6ca8', 2 '#0b2e4f')
qx = NaN
qy = NaN
plot 'data.csv' using (is("curve", "node") && is("quantity", "x") ? (qx = column("measured"), NaN) : is("curve", "node") && is("quantity", "y") ? (qy = column("measured"), NaN) : is("curve", "node") && is("quantity", "stretch") ? qx : NaN):(qy):(column("measured")) with points pointtype 7 pointsize 0.6 palette notitle
unset multiplot
)";

}  // namespace

Experiment flow_picture() {
  return {
      .name = "flow_picture",
      .question = "What does an interpolation flow do to the plane?",
      .claims = {"GIF-20", "GIF-24"},
      .prepare =
          [](Scale scale) {
            auto settings = std::make_shared<Settings>(settings_for(scale));
            return PreparedRun{
                .options = {{"--lines", "of the grid, each way", &settings->lines},
                            {"--trajectories", "of draws from noise", &settings->trajectories}},
                .run = [settings](const RunContext& context) { return run(*settings, context); }};
          },
      .figure = figure,
      .relative_tolerance = 1e-6,
      .absolute_tolerance = 1e-9};
}

}  // namespace flowcheck
