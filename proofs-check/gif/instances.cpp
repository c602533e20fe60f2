#include "gif/instances.hpp"

#include "interpolation/covariance_extremes.hpp"
#include "measures/line_laws.hpp"
#include "measures/planar_curvature.hpp"
#include "measures/random_gaussian.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/require.hpp"
#include "numerics/rng.hpp"
#include "numerics/round_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

Matrix centres_on_line(double R) {
  return Matrix{{-R, R}};
}

GaussianMixture turned_mixture() {
  return {Vector{{0.3, 0.7}},
          Matrix{{-0.5, 0.6}, {0.2, 0.1}},
          {Matrix{{0.5, 0.2}, {0.2, 0.3}}, Matrix{{0.2, -0.1}, {-0.1, 0.8}}}};
}

Gaussian turned_gaussian() {
  const Vector axis = Vector{{1.0, -2.0, 2.0}} / 3.0;
  const Matrix Q = Matrix::Identity(3, 3) - 2.0 * axis * axis.transpose();  // a reflection
  return {Vector{{0.5, -0.2, 0.1}}, Q * Vector{{0.25, 1.0, 4.0}}.asDiagonal() * Q};
}

Matrix octahedron(double R) {
  Matrix result(3, 6);
  result << R * Matrix::Identity(3, 3), -R * Matrix::Identity(3, 3);
  return result;
}

Matrix tilts(double L) {
  return L * Matrix{{1.0, -0.6, 0.0, 0.0}, {0.0, 0.8, -0.28, -0.6}, {0.0, 0.0, 0.96, -0.8}};
}

void add_mixtures(std::vector<NamedLaw>& laws) {
  const auto add = [&laws](std::string name, LawFamily family, DataLawPointer law) {
    laws.push_back({std::move(name), family, std::move(law)});
  };
  add("Gaussian, d = 1", LawFamily::gaussian, data_law(Gaussian(Vector{{0.3}}, Matrix{{0.25}})));
  add("Gaussian, d = 3", LawFamily::gaussian, data_law(turned_gaussian()));
  add("shift", LawFamily::shift, data_law(Gaussian(Vector{{0.6, -0.8}}, Matrix::Identity(2, 2))));
  add("centres ±0.6, σ = 1", LawFamily::two_centres, two_centre_data(0.6, 1.0));
  add("centres ±1.5, σ = 1", LawFamily::two_centres, two_centre_data(1.5, 1.0));
  add("centres ±1, σ = 0.6", LawFamily::two_centres, two_centre_data(1.0, 0.6));
  add("centres ±1, σ = 0.3", LawFamily::two_centres, two_centre_data(1.0, 0.3));
  add("centres ±1, weights 0.1 and 0.9", LawFamily::two_centres, two_centre_data(1.0, 0.6, 0.9));
  add("plane, three centres", LawFamily::mixture,
      data_law(GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                          Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.16)));
  add("six centres on a sphere", LawFamily::mixture,
      data_law(GaussianMixture::isotropic(Vector::Constant(6, 1.0 / 6.0), octahedron(1.0), 0.25)));
  add("plane, two covariances", LawFamily::general_mixture, data_law(turned_mixture()));
  add("tilts of length 1, d = 3", LawFamily::tilt_mixture,
      data_law(GaussianMixture::isotropic(Vector::Constant(4, 0.25), tilts(1.0), 1.0)));
}

void add_points(std::vector<NamedLaw>& laws) {
  const auto add = [&laws](std::string name, Matrix points, Vector weights) {
    laws.push_back({std::move(name), LawFamily::points,
                    data_law(PointCloud(std::move(points), std::move(weights)))});
  };
  const double half = std::sqrt(0.75);
  add("points ±1", centres_on_line(1.0), Vector{{0.5, 0.5}});
  add("points ±1, weights 0.3 and 0.7", centres_on_line(1.0), Vector{{0.3, 0.7}});
  add("points −1/3 and 1", Matrix{{-1.0 / 3.0, 1.0}}, Vector{{0.5, 0.5}});
  add("triangle", Matrix{{1.0, -0.5, -0.5}, {0.0, half, -half}}, Vector{{0.25, 0.25, 0.5}});
  add("square", Matrix{{1.0, 1.0, -1.0, -1.0}, {1.0, -1.0, 1.0, -1.0}}, Vector::Constant(4, 0.25));
}

void add_bounded(std::vector<NamedLaw>& laws) {
  for (const double kappa : {4.0, 1.0, 0.0, -4.0, -10.0}) {
    laws.push_back({kappa == 0.0 ? "uniform on [−1, 1]" : fmt::format("κ = {} on [−1, 1]", kappa),
                    LawFamily::truncated_gaussian, truncated_gaussian_data(kappa, 1.0)});
  }
  laws.push_back({"κ = −4 on a thin rectangle", LawFamily::truncated_gaussian,
                  truncated_gaussian_data(-4.0, Vector{{1.0, 0.02}})});
  for (const Index d : {2, 3, 10}) {
    laws.push_back({fmt::format("uniform ball, d = {}", d), LawFamily::ball,
                    data_law(UniformBall(Vector::Zero(d), 1.0))});
  }
}

void add_cusps(std::vector<NamedLaw>& laws) {
  for (const double L : {0.5, 1.0, 2.0}) {
    laws.push_back({fmt::format("cusp, L = {}", L), LawFamily::cusp, cusp_data(L)});
    laws.push_back({fmt::format("cusp down, L = {}", L), LawFamily::cusp, cusp_data(-L)});
  }
  laws.push_back({"cusp, L = 1, d = 3", LawFamily::cusp, cusp_data(1.0, 3)});
}

Vector random_law_weights(Rng& rng, Index count) {
  Vector result(count);
  for (double& w : result) w = rng.uniform(0.1, 1.0);
  return result / result.sum();
}

Matrix random_law_centres(Rng& rng, Index d, Index count, double radius) {
  Matrix result = rng.normal_matrix(d, count);
  for (Index k = 0; k < count; ++k) {
    result.col(k) *= radius * rng.uniform(0.3, 1.0) / result.col(k).norm();
  }
  return result;
}

int probe_count(Scale scale) {
  return scale == Scale::quick ? 2 : scale == Scale::standard ? 6 : 40;
}

FlowProblem fixed_problem(const NamedLaw& law, Trial& trial) {
  FlowProblem problem = flow_problem(law.law, trial.rng, trial.scale);
  if (law.family == LawFamily::ball || law.family == LawFamily::heavy ||
      law.family == LawFamily::gap) {
    problem.schedules = {linear_schedule()};
    problem.noises.conservativeResize(Eigen::NoChange, 1);
    problem.data.conservativeResize(Eigen::NoChange, 1);
    if (trial.scale == Scale::quick) {
      problem.times = {FlowTime::from_start(0.7)};
    }
  }
  return problem;
}

double certain(const Estimate& constant, double safe_end, double none) {
  return constant.grade < Grade::converged || std::isnan(safe_end) ? none : safe_end;
}

// Mass on planes, neither points nor a density: an eigenvalue 0 of Σ is computed as anything up to
// u|Σ|, of which a² + b²λ keeps nine digits only while a is not small.
bool is_singular(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  return p != nullptr && p->common_variance() < 0.0 && !p->has_density();
}

double least_noise(const FlowProblem& problem) {
  if (!is_singular(*problem.law)) return 0.0;
  const Index d = problem.law->dimension();
  return std::sqrt(round_off(problem.spread * problem.spread, d) / 1e-9);
}

}  // namespace

const std::vector<NamedLaw>& interpolation_laws() {
  static const std::vector<NamedLaw> laws = [] {
    std::vector<NamedLaw> result;
    add_mixtures(result);
    add_points(result);
    add_bounded(result);
    add_cusps(result);
    result.push_back({"Laplace", LawFamily::heavy, data_law(laplace_law())});
    result.push_back(
        {"uniform on two intervals", LawFamily::gap, data_law(two_interval_law(0.5, 1.0))});
    return result;
  }();
  return laws;
}

std::vector<NamedLaw> interpolation_laws(const std::vector<LawFamily>& families) {
  std::vector<NamedLaw> result;
  for (const NamedLaw& law : interpolation_laws()) {
    if (std::ranges::find(families, law.family) != families.end()) result.push_back(law);
  }
  return result;
}

const NamedLaw& interpolation_law(std::string_view name) {
  const std::vector<NamedLaw>& laws = interpolation_laws();
  const auto found = std::ranges::find(laws, name, &NamedLaw::name);
  require(found != laws.end(), fmt::format("there is no law \"{}\"", name));
  return *found;
}

DataLawPointer random_isotropic_mixture(Rng& rng) {
  const Index d = 1 + rng.uniform_index(3);
  const Index K = 2 + rng.uniform_index(5);
  const double sigma = rng.log_uniform(0.3, 1.2);
  return data_law(GaussianMixture::isotropic(random_law_weights(rng, K),
                                             random_law_centres(rng, d, K, 1.5), sigma * sigma));
}

DataLawPointer random_points(Rng& rng) {
  const Index d = 1 + rng.uniform_index(3);
  const Index K = 2 + rng.uniform_index(5);
  const Vector weights = random_law_weights(rng, K);
  return data_law(PointCloud(random_law_centres(rng, d, K, 1.5), weights));
}

DataLawPointer random_gaussian_data(Rng& rng) {
  return data_law(random_gaussian(rng, 1 + rng.uniform_index(3)));
}

DataLawPointer random_general_mixture(Rng& rng) {
  const Index d = 1 + rng.uniform_index(3);
  const Index K = 2 + rng.uniform_index(3);
  const Vector weights = random_law_weights(rng, K);
  const Matrix centres = random_law_centres(rng, d, K, 1.5);
  std::vector<Matrix> covariances;
  for (Index k = 0; k < K; ++k) {
    const Matrix B = rng.normal_matrix(d, d);
    covariances.push_back(0.1 * Matrix::Identity(d, d) + 0.3 * B * B.transpose());
  }
  return data_law(GaussianMixture(weights, centres, std::move(covariances)));
}

DataLawPointer random_tilt_mixture(Rng& rng) {
  const Index d = 1 + rng.uniform_index(3);
  const Index K = 2 + rng.uniform_index(5);
  const Vector weights = random_law_weights(rng, K);
  return data_law(GaussianMixture::isotropic(
      weights, random_law_centres(rng, d, K, rng.uniform(0.2, 2.5)), 1.0));
}

DataLawPointer two_centre_data(double R, double sigma, double right) {
  return data_law(
      GaussianMixture::isotropic(Vector{{1.0 - right, right}}, centres_on_line(R), sigma * sigma));
}

Vector steepest_point(const DataLaw& law, double r) {
  const GaussianMixture* p = law.mixture();
  if (p == nullptr || p->common_variance() < 0.0 || r == 0.0) {
    return Vector::Zero(law.dimension());
  }
  const Matrix centres = distinct_centres(*p);
  if (centres.cols() == 1) return r * law.mean();
  if (centres.cols() > 2) return Vector::Zero(law.dimension());
  return even_odds(*p, centres.col(0), centres.col(1), r);
}

FlowProblem flow_problem(DataLawPointer law, Rng& rng, Scale scale) {
  const Index d = law->dimension();
  const Index near = probe_count(scale);
  const Index far = 1;
  FlowProblem problem{.law = std::move(law)};
  problem.noises = rng.normal_matrix(d, near + far);
  problem.data = problem.law->sample(near + far, rng);
  problem.noises.rightCols(far) *= 8.0;
  if (scale == Scale::quick) {
    const std::vector<FlowTime>& all = checked_times();
    problem.times = {all[0], all[2], all[4], all[7]};
  }
  problem.spread = std::sqrt(problem.law->second_moment());
  return problem;
}

std::string place_of(const Schedule& schedule, const FlowTime& time) {
  const bool at_the_end = time.remaining > 0.0 && time.remaining < 1e-3;
  return at_the_end ? fmt::format("{}, t = 1 − {:.3g}", schedule.name(), time.remaining)
                    : fmt::format("{}, t = {:.3g}", schedule.name(), time.t);
}

void set_place(std::vector<Bound>& bounds, std::size_t first, const std::string& place) {
  for (std::size_t i = first; i < bounds.size(); ++i) {
    if (bounds[i].place.empty()) bounds[i].place = place;
  }
}

std::string FlowPoint::place() const {
  return place_of(schedule, time);
}

double FlowPoint::length(const FlowProblem& problem) const {
  return x.norm() + values.a + values.b * problem.spread;
}

void visit(const FlowProblem& problem, const std::function<void(const FlowPoint&)>& f) {
  const double least = least_noise(problem);
  for (const Schedule& schedule : problem.schedules) {
    for (const FlowTime& time : problem.times) {
      const ScheduleValues s = schedule.values(time);
      if (s.a < least) continue;
      for (Index j = 0; j < problem.noises.cols(); ++j) {
        f({schedule, time, s, s.a * problem.noises.col(j) + s.b * problem.data.col(j)});
      }
      if (problem.steepest) f({schedule, time, s, s.a * steepest_point(*problem.law, s.r())});
    }
  }
}

void visit(const FlowProblem& problem,
           std::vector<Bound>& bounds,
           const std::function<void(const FlowPoint&)>& f) {
  visit(problem, [&](const FlowPoint& at) {
    const std::size_t before = bounds.size();
    f(at);
    set_place(bounds, before, at.place());
  });
}

std::vector<Instance> law_instances(const std::vector<LawFamily>& families,
                                    const EvaluateFlow& evaluate) {
  std::vector<Instance> result;
  for (const NamedLaw& law : interpolation_laws(families)) {
    result.push_back(law_instance(law.name, evaluate));
  }
  return result;
}

Instance law_instance(std::string_view law, const EvaluateFlow& evaluate, std::string name) {
  return {
      .name = name.empty() ? std::string(law) : std::move(name),
      .draw = [law = std::string(law), evaluate](
                  Trial& trial) { return evaluate(fixed_problem(interpolation_law(law), trial)); },
      .repeat = false};
}

Instance random_laws(std::string name,
                     DataLawPointer (*draw)(Rng& rng),
                     const EvaluateFlow& evaluate) {
  return {.name = std::move(name), .draw = [draw, evaluate](Trial& trial) {
            DataLawPointer law = draw(trial.rng);
            return evaluate(flow_problem(std::move(law), trial.rng));
          }};
}

std::function<Outcome(const Target&)> on_flow_target(const EvaluateFlow& evaluate) {
  return [evaluate](const Target& target) -> Outcome {
    Rng rng(1);
    FlowProblem problem = flow_problem(data_law(target.start), rng);
    problem.times = checked_times();
    if (!target.schedule.empty()) problem.schedules = {schedule_named(target.schedule)};
    return evaluate(problem);
  };
}

double known_curvature_lower(const Regularity& constants) {
  return certain(constants.curvature_lower, constants.curvature_lower.lower, -infinity);
}

double known_curvature_upper(const Regularity& constants) {
  return certain(constants.curvature_upper, constants.curvature_upper.upper, infinity);
}

double known_half_diameter(const Regularity& constants) {
  return certain(constants.half_diameter, constants.half_diameter.upper, infinity);
}

double known_log_lipschitz(const Regularity& constants) {
  return certain(constants.log_lipschitz, constants.log_lipschitz.upper, infinity);
}

KnownMixture known_mixture(const Regularity& constants) {
  if (!(constants.mixture_scale.lower > 0.0)) return {};
  return {constants.mixture_scale.lower, constants.mixture_radius.upper};
}

std::string unmet_or_unknown(const DataLaw& law, const std::string& hypothesis) {
  const GaussianMixture* p = law.mixture();
  const auto has_enclosure = [p] {
    return p->has_common_covariance() || p->dimension() == 1 ||
           (p->dimension() == 2 && encloses_planar_curvature(*p));
  };
  const bool computed = p == nullptr || p->size() == 1 || p->common_variance() >= 0.0 ||
                        (p->has_density() && has_enclosure());
  if (computed) return hypothesis;
  return p->has_density()
             ? "left out: not known of mixtures of different covariances: " + hypothesis
             : "left out: not known of mixtures without a density: " + hypothesis;
}

std::string no_positive_curvature(const DataLaw& law) {
  const Estimate& kappa = law.regularity().curvature_lower;
  if (kappa.lower < kappa.upper && kappa.upper > 0.0) return "left out: not known of ν: κ > 0";
  return unmet_or_unknown(law, "κ > 0");
}

double largest_centre(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  if (p == nullptr || p->common_variance() < 0.0) return infinity;
  double largest = 0.0;
  for (Index k = 0; k < p->size(); ++k) {
    if (p->weights()(k) > 0.0) largest = std::max(largest, p->means().col(k).norm());
  }
  return largest;
}

double support_radius(const DataLaw& law) {
  const GaussianMixture* p = law.mixture();
  if (p == nullptr) return known_half_diameter(law.regularity());
  return p->common_variance() == 0.0 ? largest_centre(law) : infinity;
}

}  // namespace flowcheck
