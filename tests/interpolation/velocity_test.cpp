#include "interpolation/velocity.hpp"

#include "measures/line_laws.hpp"
#include "measures/line_measure.hpp"
#include "measures/uniform_body.hpp"
#include "numerics/rng.hpp"
#include "support/estimates.hpp"
#include "support/high_precision.hpp"
#include "support/mixtures.hpp"

#include <boost/math/constants/constants.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flowcheck::velocity_test {

using Catch::Matchers::WithinAbs;
using high_precision::Real;
using high_precision::RealVector;

struct Reference {
  double velocity;
  double slope;
};

DataLawPointer two_points(double weight) {
  return data_law(PointCloud(Matrix{{-1.0, 1.0}}, Vector{{weight, 1.0 - weight}}));
}
GaussianMixture two_centres(double R, double sigma) {
  return GaussianMixture::isotropic(Vector{{0.5, 0.5}}, Matrix{{-R, R}}, sigma * sigma);
}
GaussianMixture plane_mixture() {
  return GaussianMixture::isotropic(Vector{{0.2, 0.5, 0.3}},
                                    Matrix{{-1.0, 1.2, 0.0}, {0.5, 0.3, -1.4}}, 0.16);
}

std::vector<VelocityForm> forms_of(const DataLaw& law) {
  std::vector<VelocityForm> result = {VelocityForm::denoiser, VelocityForm::score,
                                      VelocityForm::conditional};
  const VelocityForm best = best_form(law);
  if (best == VelocityForm::convolution || best == VelocityForm::tilt) result.push_back(best);
  return result;
}

// GIF C.8, t = .35, x = .4: linear, Föllmer, trigonometric, VP, VE.
TEST_CASE("Velocity and slope have the dossier's 15 digits in every form",
          "[interpolation][reference]") {
  using Row = std::pair<DataLawPointer, std::array<Reference, 5>>;
  const std::vector<Row> rows = {{data_law(Gaussian(Vector{{0.3}}, Matrix{{0.25}})),
                                  {{{-.0662068965517241, -1.24137931034483},
                                    {.214728148657949, -.289057123193393},
                                    {.241256969095594, -.659979273178418},
                                    {.0726343622975237, -.779355348045444},
                                    {-.144355336212215, -1.44355336212215}}}},
                                 {data_law(two_centres(1.0, 0.6)),
                                  {{{-.0433375599686542, -.166776966862724},
                                    {.0663540477790287, .159660920550253},
                                    {.185347958723032, .421608090862131},
                                    {.336969857999144, .582887114826382},
                                    {-.427522376243091, -1.07086925470619}}}},
                                 {two_points(0.3),
                                  {{{.366351182624966, -.782968377105881},
                                    {.438726335316043, -.0695932885344183},
                                    {.741307398359707, -.133450608713242},
                                    {1.05211181490943, -.51682554840546},
                                    {.129993979354624, -1.22884193917436}}}},
                                 {truncated_gaussian_data(0.0, 1.0),
                                  {{{-.453034370223142, -1.13804044082927},
                                    {-.100156365008204, -.250876075916087},
                                    {-.218005602476243, -.549160061974011},
                                    {-.16981549767717, -.498449384446285},
                                    {-.563342425425477, -1.40853553111053}}}},
                                 {cusp_data(1.0),
                                  {{{.186838915343416, .392525005201332},
                                    {.18459506265837, .451723559046315},
                                    {.383257874845316, .909357687600011},
                                    {.344432897558671, .707233974786042},
                                    {-.348693814826972, -.874488173967169}}}},
                                 {cusp_data(-1.0),
                                  {{{-.410477444813164, -1.02113680148344},
                                    {-.0802952266197532, -.200211737274331},
                                    {-.181759093833249, -.450886202055556},
                                    {-.216966985709082, -.513807301599075},
                                    {-.549672507213941, -1.37401248104595}}}}};
  const Vector x{{0.4}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [law, values] = rows[i];
    for (std::size_t k = 0; k < 5; ++k) {
      const Schedule& schedule = checked_schedules()[k];
      const FlowTime time = FlowTime::from_start(0.35);
      for (const VelocityForm form : forms_of(*law)) {
        CAPTURE(i, schedule.name(), to_string(form));
        const VelocityValue v = velocity(*law, schedule, time, x, form);
        const VelocityGradient slope = velocity_jacobian(*law, schedule, time, x, form);
        CHECK_THAT(v.value(0), WithinAbs(values[k].velocity, 5e-15 + v.error));
        CHECK_THAT(slope.value(0, 0), WithinAbs(values[k].slope, 1e-14 + slope.error));
        CHECK(v.error < 5e-14);
        CHECK(slope.error < 2e-13);
      }
    }
  }
}

enum class Clock { linear, foellmer, trigonometric };

struct RealClock {
  Real a, b, a_dot, b_dot;
};

RealClock real_clock(Clock clock, const Real& tau) {
  const Real t = 1 - tau;
  if (clock == Clock::linear) return {tau, t, -1, 1};
  if (clock == Clock::foellmer) {
    const Real a = sqrt(Real(tau * (1 + t)));
    return {a, t, Real(-t / a), 1};
  }
  const Real c = boost::math::constants::half_pi<Real>();
  return {Real(sin(Real(c * tau))), Real(cos(Real(c * tau))), Real(-c * cos(Real(c * tau))),
          Real(c * sin(Real(c * tau)))};
}

// ȧE[Z|x] + ḃE[X₁|x] for a mixture with diagonal covariances, by the textbook.
RealVector real_velocity(const GaussianMixture& p,
                         Clock clock,
                         const Real& tau,
                         const RealVector& x,
                         bool denoiser = false) {
  const RealClock s = real_clock(clock, tau);
  const Index d = p.dimension();
  std::vector<Real> exponents;
  std::vector<RealVector> values;
  for (Index k = 0; k < p.size(); ++k) {
    Real exponent = log(Real(p.weights()(k)));
    RealVector value(d);
    for (Index i = 0; i < d; ++i) {
      const Real mu = p.means()(i, k);
      const Real lambda = p.covariance(k)(i, i);
      const Real V = s.a * s.a + s.b * s.b * lambda;
      const Real rest = x(i) - s.b * mu;
      exponent -= rest * rest / (2 * V) + log(V) / 2;
      const Real mean = mu + s.b * lambda * rest / V;
      value(i) = denoiser ? mean : Real(s.a_dot * s.a * rest / V + s.b_dot * mean);
    }
    exponents.push_back(exponent);
    values.push_back(value);
  }
  const Real largest = *std::max_element(exponents.begin(), exponents.end());
  RealVector sum = RealVector::Zero(d);
  Real mass = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const Real weight = exp(Real(exponents[k] - largest));
    sum += weight * values[k];
    mass += weight;
  }
  return sum / mass;
}

double distance(const Vector& computed, const RealVector& exact) {
  Real sum = 0;
  for (Index i = 0; i < computed.size(); ++i) {
    sum += (computed(i) - exact(i)) * (computed(i) - exact(i));
  }
  return static_cast<double>(sqrt(sum));
}

const Schedule& schedule_of(Clock clock) {
  return checked_schedules()[static_cast<std::size_t>(clock)];
}

// Differences in 50 digits, which lose 18 of them.
const Real step = Real("1e-18");
constexpr double difference_error = 1e-30;

GaussianMixture diagonal_mixture(Rng& rng) {
  std::vector<Matrix> covariances;
  for (int k = 0; k < 4; ++k) {
    covariances.push_back(Vector{{rng.uniform(0.05, 1.5), rng.uniform(0.05, 1.5)}}.asDiagonal());
  }
  return {Vector{{0.1, 0.4, 0.3, 0.2}}, rng.normal_matrix(2, 4), std::move(covariances)};
}

TEST_CASE("Velocities, Jacobians and time derivatives err by no more than they say",
          "[interpolation][reference]") {
  const auto clock = GENERATE(Clock::linear, Clock::foellmer, Clock::trigonometric);
  const auto kind = GENERATE(0, 1, 2);
  const auto tau = GENERATE(0.99, 0.6, 0.05, 1e-4, 1e-9, 1e-15);
  Rng rng(21, static_cast<std::uint64_t>(kind));
  const GaussianMixture p =
      kind == 2 ? diagonal_mixture(rng)
                : GaussianMixture::isotropic(Vector{{0.1, 0.4, 0.3, 0.2}}, rng.normal_matrix(2, 4),
                                             kind == 0 ? 0.0 : 0.2);
  const DataLawPointer law = data_law(p);
  const Schedule& schedule = schedule_of(clock);
  const FlowTime time = FlowTime::from_end(tau);
  CAPTURE(schedule.name(), kind, tau);
  for (const double size : {0.3, 1.0, 5.0}) {
    const Vector x = size * rng.normal_vector(2);
    const RealVector exact_x = x.cast<Real>();
    const RealVector exact = real_velocity(p, clock, tau, exact_x);
    for (const VelocityForm form : forms_of(*law)) {
      CAPTURE(to_string(form), x);
      const VelocityValue v = velocity(*law, schedule, time, x, form);
      CHECK(distance(v.value, exact) <= v.error);
      const VelocityGradient jacobian = velocity_jacobian(*law, schedule, time, x, form);
      for (Index j = 0; j < 2; ++j) {
        RealVector up = exact_x;
        RealVector down = exact_x;
        const Real h = kind == 0 ? Real(step * tau) : step;
        up(j) += h;
        down(j) -= h;
        const RealVector column =
            (real_velocity(p, clock, tau, up) - real_velocity(p, clock, tau, down)) / Real(2 * h);
        CHECK(distance(jacobian.value.col(j), column) <=
              jacobian.error + difference_error / (tau * tau));
      }
      if (kind == 0) continue;
      // A smooth law's best form has lost nothing, wherever it is looked at.
      if (form == best_form(*law)) {
        CHECK(v.error <= 5e-13 * (1.0 + x.norm()) * (1.0 + std::abs(schedule.values(time).a_dot)));
      }
    }
    const Real h = step * tau;
    const auto difference = [&](bool denoiser) -> RealVector {
      return (real_velocity(p, clock, Real(tau - h), exact_x, denoiser) -
              real_velocity(p, clock, Real(tau + h), exact_x, denoiser)) /
             Real(2 * h);
    };
    const VelocityValue rate = velocity_time_derivative(*law, schedule, time, x);
    const double error = difference_error / (tau * tau);
    CHECK(distance(rate.value, difference(false)) <= rate.error + error);
    const VelocityValue denoiser = denoiser_time_derivative(*law, schedule, time, x);
    CHECK(distance(denoiser.value, difference(true)) <= denoiser.error + error);
    if (kind > 0 && clock == Clock::linear) CHECK(rate.error <= 1e-10 * (1.0 + x.squaredNorm()));
  }
}

TEST_CASE("The denoiser form loses |ȧ||x|/a units towards data, the convolution form none",
          "[interpolation][reference]") {
  const DataLawPointer law = data_law(two_centres(1.0, 0.5));
  const Vector x{{0.3}};
  for (const Clock clock : {Clock::linear, Clock::trigonometric}) {
    double largest_share = 0.0;
    for (const double tau : {1e-6, 1e-9, 1e-12, 1e-15}) {
      const FlowTime time = FlowTime::from_end(tau);
      const Schedule& schedule = schedule_of(clock);
      CAPTURE(schedule.name(), tau);
      const VelocityValue plain = velocity(*law, schedule, time, x, VelocityForm::denoiser);
      const VelocityValue chosen = velocity(*law, schedule, time, x);
      const RealVector exact = real_velocity(two_centres(1.0, 0.5), clock, tau, x.cast<Real>());
      const double lost = distance(plain.value, exact);
      const double units = unit_round_off * x(0) / tau;  // 3.3e-11 at 1e-6
      CHECK(lost <= plain.error);
      CHECK(lost <= 8.0 * units);
      CHECK(plain.error <= 64.0 * units);
      largest_share = std::max(largest_share, lost / units);
      CHECK(chosen.form == VelocityForm::convolution);
      CHECK(distance(chosen.value, exact) <= 1e-14 * std::abs(chosen.value(0)));
    }
    CHECK(largest_share > 0.03);  // such digits are lost indeed
  }
}

TEST_CASE("A velocity has its boundary values exactly", "[interpolation][exact]") {
  const FlowTime start = FlowTime::from_start(0.0);
  const FlowTime end = FlowTime::from_end(0.0);
  const GaussianMixture p = plane_mixture();
  const DataLawPointer law = data_law(p);
  const Vector x{{0.7, -0.2}};
  SECTION("noise: (ȧ/a)x + ḃ E X₁, the Jacobian a multiple of the identity") {
    for (const char* name : {"linear", "foellmer", "trigonometric", "polynomial"}) {
      CAPTURE(name);
      const Schedule schedule = schedule_named(name);
      const ScheduleValues s = schedule.values(start);
      for (const VelocityForm form : {VelocityForm::denoiser, VelocityForm::convolution}) {
        const VelocityValue v = velocity(*law, schedule, start, x, form);
        CHECK((v.value - s.a_dot * x - s.b_dot * p.mean()).norm() <= v.error);
        CHECK(velocity_jacobian(*law, schedule, start, x, form).value ==
              s.a_dot * Matrix::Identity(2, 2));
      }
    }
    CHECK_THROWS_AS(velocity(*law, linear_schedule(), start, x, VelocityForm::score),
                    std::invalid_argument);
  }
  SECTION("data: ḃx − aȧ ∇log ν") {
    const Vector score = p.score(x);
    CHECK((velocity(*law, linear_schedule(), end, x).value - x).norm() <= 1e-15);
    CHECK(velocity(*law, trigonometric_schedule(), end, x).value.norm() == 0.0);
    const VelocityValue foellmer = velocity(*law, foellmer_schedule(), end, x);
    CHECK((foellmer.value - x - score).norm() <= foellmer.error + 1e-14 * score.norm());
    const Matrix hessian = p.log_density_hessian(x) + Matrix::Identity(2, 2);
    const VelocityGradient slope = velocity_jacobian(*law, foellmer_schedule(), end, x);
    CHECK((slope.value - hessian).norm() <= slope.error + 1e-13 * hessian.norm());
    CHECK_THROWS_AS(velocity(*two_points(0.5), linear_schedule(), end, Vector{{0.1}}),
                    std::invalid_argument);
  }
  SECTION("data: cusps, one sided slopes ±L of h") {
    const DataLawPointer cusp = cusp_data(0.8, 2);
    const VelocityValue v = velocity(*cusp, foellmer_schedule(), end, x);  // x + (−x + L sgn)
    CHECK((v.value - Vector{{0.8, 0.0}}).norm() <= v.error);
    CHECK((velocity(*cusp, linear_schedule(), end, x).value - x).norm() <= 1e-15);
  }
  SECTION("data: any covariances") {
    const GaussianMixture general(
        {Vector{{0.5, 0.5}},
         Matrix{{0.0, 1.0}, {0.3, -1.0}},
         {Matrix{{1.0, 0.4}, {0.4, 0.5}}, Matrix{{0.3, 0.0}, {0.0, 2.0}}}});
    const VelocityValue v = velocity(*data_law(general), foellmer_schedule(), end, x);
    CHECK(v.form == VelocityForm::conditional);
    CHECK((v.value - x - general.score(x)).norm() <= v.error + 1e-14);
  }
}

TEST_CASE("Forms agree within their errors on every schedule, time and law",
          "[interpolation][property]") {
  Rng rng(22);
  std::vector<DataLawPointer> laws = {
      data_law(random_mixture(rng, 3, 4, 1.5, 0.1, 1.0)),
      data_law(plane_mixture()),
      data_law(Gaussian(Vector{{0.3, -1.0}}, Matrix{{2.0, 0.7}, {0.7, 0.4}})),
      cusp_data(2.0),
      cusp_data(-0.5, 3),
      data_law(GaussianMixture::isotropic(Vector::Constant(5, 0.2), rng.normal_matrix(3, 5), 1.0))};
  for (std::size_t i = 0; i < laws.size(); ++i) {
    const DataLaw& law = *laws[i];
    for (const Schedule& schedule : checked_schedules()) {
      for (const FlowTime& time : checked_times()) {
        CAPTURE(i, schedule.name(), time.t);
        const Vector x = 2.0 * rng.normal_vector(law.dimension());
        const VelocityValue best = velocity(law, schedule, time, x);
        const VelocityGradient slope = velocity_jacobian(law, schedule, time, x);
        CHECK(slope.value == slope.value.transpose());
        for (const VelocityForm form : forms_of(law)) {
          CAPTURE(to_string(form));
          const VelocityValue other = velocity(law, schedule, time, x, form);
          CHECK((other.value - best.value).norm() <= other.error + best.error);
          const VelocityGradient other_slope = velocity_jacobian(law, schedule, time, x, form);
          CHECK((other_slope.value - slope.value).norm() <=
                std::sqrt(3.0) * (other_slope.error + slope.error));
        }
      }
    }
  }
}

TEST_CASE("A cusp's time derivative is that of its velocity", "[interpolation][order]") {
  const DataLawPointer cusp = cusp_data(1.0, 2);
  for (const Schedule& schedule : checked_schedules()) {
    CAPTURE(schedule.name());
    const Vector x{{0.2, -0.6}};
    const double h = 1e-4;
    const Vector up = velocity(*cusp, schedule, FlowTime::from_start(0.6 + h), x).value;
    const Vector down = velocity(*cusp, schedule, FlowTime::from_start(0.6 - h), x).value;
    const VelocityValue rate =
        velocity_time_derivative(*cusp, schedule, FlowTime::from_start(0.6), x);
    CHECK(rate.form == VelocityForm::tilt);
    CHECK(((up - down) / (2.0 * h) - rate.value).norm() <= 2e-6);
  }
}

TEST_CASE("Batches are the single evaluations", "[interpolation][property]") {
  const double t = GENERATE(0.3, 0.8);  // noise prevails, data prevails
  Rng rng(23);
  const Matrix points = rng.normal_matrix(2, 20);
  const std::vector<DataLawPointer> laws = {data_law(plane_mixture()),
                                            data_law(random_mixture(rng, 2, 3, 1.0, 0.2, 1.0)),
                                            data_law(PointCloud(rng.normal_matrix(2, 7))),
                                            cusp_data(1.0, 2),
                                            truncated_gaussian_data(-1.0, Vector{{1.0, 0.5}}),
                                            data_law(UniformBall(Vector{{0.2, 0.1}}, 1.0))};
  for (std::size_t i = 0; i < laws.size(); ++i) {
    const FlowTime time = FlowTime::from_start(t);
    const bool slow = laws[i]->mixture() == nullptr;
    const Matrix some = points.leftCols(slow ? 1 : points.cols());
    const Matrix v = velocities(*laws[i], foellmer_schedule(), time, some);
    PointwiseMoments both;
    velocities_and_jacobians(*laws[i], foellmer_schedule(), time, some, both);
    for (Index j = 0; j < both.vectors.cols(); ++j) {
      CAPTURE(i, j);
      const VelocityValue single = velocity(*laws[i], foellmer_schedule(), time, points.col(j));
      const VelocityGradient slope =
          velocity_jacobian(*laws[i], foellmer_schedule(), time, points.col(j));
      CHECK((v.col(j) - single.value).norm() <= 2e-14 * (1.0 + single.value.norm()));
      CHECK((both.vectors.col(j) - single.value).norm() <= 2e-14 * (1.0 + single.value.norm()));
      CHECK((both.matrix(j) - slope.value).norm() <= 1e-13 * (1.0 + slope.value.norm()));
    }
  }
}

TEST_CASE("Laws on the line agree with their closed forms", "[interpolation][property]") {
  const FlowTime time = FlowTime::from_start(0.5);
  const std::vector<std::pair<DataLawPointer, DataLawPointer>> pairs = {
      {data_law(truncated_gaussian_law(-2.0, 1.0)), truncated_gaussian_data(-2.0, 1.0)},
      {data_law(cusp_law(1.5)), cusp_data(1.5)},
      {data_law(gaussian_mixture_law({0.5, 0.5}, {-1.0, 1.0}, {0.6, 0.6})),
       data_law(two_centres(1.0, 0.6))},
      {data_law(UniformBall(Vector{{0.0}}, 1.0)), truncated_gaussian_data(0.0, 1.0)}};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    CAPTURE(i);
    const auto& [p, q] = pairs[i];
    const Vector x{{0.37}};
    const VelocityValue v = velocity(*p, linear_schedule(), time, x);
    const VelocityValue w = velocity(*q, linear_schedule(), time, x);
    CHECK_THAT(v.value(0), WithinAbs(w.value(0), 1e-13 + v.error));
    if (i == 3) continue;  // the ball does not know third moments
    const VelocityValue rate = velocity_time_derivative(*p, linear_schedule(), time, x);
    const VelocityValue same = velocity_time_derivative(*q, linear_schedule(), time, x);
    CHECK_THAT(rate.value(0), WithinAbs(same.value(0), 1e-12 + rate.error));
    CHECK_THAT(p->log_marginal(0.5, 0.5, x)->value,
               WithinAbs(q->log_marginal(0.5, 0.5, x)->value, 1e-12));
    CHECK_THAT(p->second_moment(), WithinAbs(q->second_moment(), 1e-12));
  }
}

// Clock r from 0 to 1, dy/dr = M(r, y), then clock ε from 1 to 0, du/dε = (u − M)/ε, which for
// N(0, σ²I) * ρ is ε(u − E[W|u])/(ε² + σ²). Runge–Kutta of order 4, with the variational equation.
struct Carried {
  Vector point;
  Matrix jacobian;
};

Carried reference_flow(const DataLaw& law, const Vector& start, int steps) {
  using Rate = Carried;
  const auto forward = [&](double r, const Carried& y) -> Rate {
    const LatentMoments m = law.posterior(r, 1.0, y.point);
    return {m.mean, r * m.covariance * y.jacobian};
  };
  const auto backward = [&](double epsilon, const Carried& u) -> Rate {
    const SmoothPart W = *law.smooth_part(1.0, epsilon, u.point);
    const double S = epsilon * epsilon + W.variance;
    const Matrix slope = u.jacobian - W.moments.covariance * u.jacobian / S;
    return {epsilon / S * (u.point - W.moments.mean), epsilon / S * slope};
  };
  const auto moved = [](const Carried& z, double h, const Rate& rate) -> Carried {
    return {z.point + h * rate.point, z.jacobian + h * rate.jacobian};
  };
  const auto run = [&](const auto& rate, double from, double to, Carried z) {
    const double h = (to - from) / steps;
    for (int i = 0; i < steps; ++i) {
      const double s = from + h * i;
      const double next = i + 1 == steps ? to : s + h;
      const Rate k1 = rate(s, z);
      const Rate k2 = rate(s + 0.5 * h, moved(z, 0.5 * h, k1));
      const Rate k3 = rate(s + 0.5 * h, moved(z, 0.5 * h, k2));
      const Rate k4 = rate(next, moved(z, h, k3));
      z = moved(moved(moved(moved(z, h / 6.0, k1), h / 3.0, k2), h / 3.0, k3), h / 6.0, k4);
    }
    return z;
  };
  const Index d = start.size();
  return run(backward, 1.0, 0.0, run(forward, 0.0, 1.0, {start, Matrix::Identity(d, d)}));
}

TEST_CASE("The flow of the plane's mixture has the dossier's end points and Jacobians",
          "[interpolation][reference]") {
  struct Row {
    Vector start;
    Vector end;
    Matrix jacobian;
  };
  const std::array<Row, 3> rows = {
      {{Vector{{0.0, 0.0}}, Vector{{.8431606800623, .0582262374067}},
        Matrix{{.79713442184, .21534369684}, {.22485946537, .77803674293}}},
       {Vector{{1.0, -0.5}}, Vector{{1.38354845212, -.1032726871652}},
        Matrix{{.54372788050, .14207506031}, {.14513881993, .61971435038}}},
       {Vector{{-0.3, 1.7}}, Vector{{.5513674080813, .9484885347767}},
        Matrix{{2.25448666324, -.13503594862}, {-.15685038292, .45202788864}}}}};
  const DataLawPointer law = data_law(plane_mixture());
  for (const Row& row : rows) {
    CAPTURE(row.start);
    const Carried coarse = reference_flow(*law, row.start, 200);
    const Carried fine = reference_flow(*law, row.start, 400);
    const double error = (fine.point - coarse.point).norm() / 8.0;
    const double slope_error = (fine.jacobian - coarse.jacobian).norm() / 8.0;
    CHECK(error < 1e-9);
    CHECK((fine.point - row.end).norm() <= error + 1e-13);
    CHECK((fine.jacobian - row.jacobian).norm() <= slope_error + 1e-11);
  }
}

TEST_CASE("Velocities refuse what has no meaning", "[interpolation][precondition]") {
  const FlowTime time = FlowTime::from_start(0.5);
  const DataLawPointer uniform = truncated_gaussian_data(0.0, 1.0);
  const DataLawPointer ball = data_law(UniformBall(Vector::Zero(2), 1.0));
  CHECK_THROWS_AS(velocity(*uniform, linear_schedule(), time, Vector::Zero(2)),
                  std::invalid_argument);
  CHECK_THROWS_AS(
      velocity(*uniform, linear_schedule(), time, Vector::Zero(1), VelocityForm::convolution),
      std::invalid_argument);
  CHECK_THROWS_AS(velocity(*cusp_data(1.0), linear_schedule(), time, Vector::Zero(1),
                           VelocityForm::convolution),
                  std::invalid_argument);
  CHECK_THROWS_AS(velocity_time_derivative(*ball, linear_schedule(), time, Vector::Zero(2)),
                  std::invalid_argument);
  CHECK_THROWS_AS(uniform->posterior(-1.0, 1.0, Vector::Zero(1)), std::invalid_argument);
  CHECK_THROWS_AS(cusp_data(infinity), std::invalid_argument);
}

}  // namespace flowcheck::velocity_test
