#include "measures/mixture_posterior.hpp"

#include "measures/mixture_kernel.hpp"
#include "numerics/require.hpp"
#include "numerics/spd.hpp"

#include <Eigen/QR>
#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

// exp(−45) = 2.9e-20 is what the components left out may add up to.
constexpr double kept_exponent = 45.0;
constexpr double largest_cut = 700.0;  // exp stays a normal number
constexpr double smallest_deviation = 1e-70;
// What a block keeps of its points, ℓₖ and Rₖδₖ, is meant to stay in the second-level cache.
constexpr std::size_t numbers_per_block = 32'768;
constexpr std::size_t largest_block = 256;
// Below this dimension bringing points together costs more than it saves.
constexpr std::size_t sorting_dimension = 4;

bool is_diagonal(const Matrix& S) {
  return S == Matrix(S.diagonal().asDiagonal());
}

// Σ = Q diag(λ) Qᵀ. A diagonal Σ keeps its own axes, whatever order its entries have.
SymmetricEigen axes(const Gaussian& kernel) {
  if (!is_diagonal(kernel.covariance())) {
    return {.values = kernel.eigenvalues(), .vectors = kernel.eigenvectors()};
  }
  const Index d = kernel.dimension();
  const double smallest = kernel.rank() > 0 ? kernel.eigenvalues()(d - kernel.rank()) : 1.0;
  const Vector diagonal = kernel.covariance().diagonal();
  return {.values = (diagonal.array() >= smallest).select(diagonal, 0.0),
          .vectors = Matrix::Identity(d, d)};
}

// V = a²I + b²Σ = Q diag(s²) Qᵀ and what is made of it.
struct Channel {
  SymmetricEigen sigma = {};
  Vector s = {};
  Matrix gain = {};       // ΣV⁻¹
  Matrix precision = {};  // V⁻¹

  Channel(const Gaussian& kernel, double b, double a) : sigma(axes(kernel)) {
    const Vector root = sigma.values.cwiseSqrt();
    s = root.unaryExpr([a, b](double r) { return std::hypot(a, b * r); });
    require(s.minCoeff() >= smallest_deviation,
            "MixturePosterior: a component of x has a singular covariance");
    const Matrix& Q = sigma.vectors;
    gain = symmetrised(Q * root.cwiseQuotient(s).cwiseAbs2().asDiagonal() * Q.transpose());
    precision = symmetrised(Q * s.cwiseInverse().cwiseAbs2().asDiagonal() * Q.transpose());
  }
};

void append(std::vector<double>& to, const Matrix& values) {
  to.insert(to.end(), values.data(), values.data() + values.size());
}

// Upper triangular R with RᵀR = V⁻¹: half the work of Qᵀ and a division.
Matrix whitening_factor(const Channel& channel) {
  const Matrix W = channel.s.cwiseInverse().asDiagonal() * channel.sigma.vectors.transpose();
  return is_diagonal(W) ? W : Matrix(Eigen::HouseholderQR<Matrix>(W).matrixQR());
}

// R and Rᵀ in the panels of mixture_kernel.hpp.
void append_panels(const Matrix& R, std::vector<double>& upper, std::vector<double>& lower) {
  const Index d = R.rows();
  for (Index i = 0, rows = 0; i < d; i += rows) {
    rows = i + mixture_panel <= d ? Index{mixture_panel} : Index{1};
    for (Index l = i; l < d; ++l) {
      for (Index u = i; u < std::min(l + 1, i + rows); ++u) upper.push_back(R(u, l));
    }
    for (Index l = 0; l < i + rows; ++l) {
      for (Index u = std::max(i, l); u < i + rows; ++u) lower.push_back(R(l, u));
    }
  }
}

void append_triangle(std::vector<double>& to, const Matrix& symmetric) {
  for (Index i = 0; i < symmetric.rows(); ++i) {
    for (Index l = 0; l <= i; ++l) to.push_back(symmetric(i, l));
  }
}

}  // namespace

struct MixturePosterior::Factors {
  std::size_t dimension = 0;
  std::size_t components = 0;  // of positive weight
  bool common = false;
  bool much_data = false;  // 2b ≥ a: values are Vₖ⁻¹δₖ, else mₖ
  double cut = 0.0;
  std::vector<double> log_weights;
  std::vector<double> means;                // μₖ
  std::vector<double> centres;              // bμₖ, rotated where there is a rotation
  std::vector<double> whitening;            // Rₖ in panels
  std::vector<double> transposed;           // Rₖᵀ in panels
  std::vector<double> rotation;             // Qᵀ of a common covariance that is not diagonal
  std::vector<double> gains;                // ΣₖVₖ⁻¹
  std::vector<double> precision;            // common: V⁻¹
  std::vector<double> gain_triangles;       // ΣₖVₖ⁻¹, lower triangles
  std::vector<double> precision_triangles;  // Vₖ⁻¹, lower triangles
  std::vector<double> pulls;                // common: V⁻¹μₖ

  Factors(const GaussianMixture& p, double b, double a);
  void add_common(const GaussianMixture& p, const std::vector<Index>& kept, double b, double a);
  void add_distinct(const GaussianMixture& p, const std::vector<Index>& kept, double b, double a);
  void choose_cut(const GaussianMixture& p, const std::vector<Index>& kept, double b, double a);

  MixtureBlock block() const;
  MixtureBlock moments(double b, double a) const;
  MixtureBlock means_and_jacobians(double b, double a) const;
  MixtureBlock scores_and_hessians(double b) const;
};

MixturePosterior::Factors::Factors(const GaussianMixture& p, double b, double a)
    : dimension(static_cast<std::size_t>(p.dimension())), common(p.has_common_covariance()) {
  std::vector<Index> kept;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0) kept.push_back(k);
  }
  components = kept.size();
  for (const Index k : kept) append(means, p.means().col(k));
  if (common) {
    add_common(p, kept, b, a);
  } else {
    add_distinct(p, kept, b, a);
  }
  choose_cut(p, kept, b, a);
}

void MixturePosterior::Factors::add_common(const GaussianMixture& p,
                                           const std::vector<Index>& kept,
                                           double b,
                                           double a) {
  const Channel channel(p.kernel(0), b, a);
  const bool rotated = !is_diagonal(channel.sigma.vectors);
  append(gains, channel.gain);
  append(precision, channel.precision);
  append_triangle(gain_triangles, channel.gain);
  append_triangle(precision_triangles, channel.precision);
  append(whitening, channel.s.cwiseInverse());
  if (rotated) append(rotation, channel.sigma.vectors);  // columns of Q are rows of Qᵀ
  const double log_scale = channel.s.array().log().sum();
  for (const Index k : kept) {
    const Vector mu = p.means().col(k);
    log_weights.push_back(std::log(p.weights()(k)) - log_scale);
    append(centres, rotated ? Vector(b * (channel.sigma.vectors.transpose() * mu)) : b * mu);
    append(pulls, channel.precision * mu);
  }
}

void MixturePosterior::Factors::add_distinct(const GaussianMixture& p,
                                             const std::vector<Index>& kept,
                                             double b,
                                             double a) {
  much_data = 2.0 * b >= a;
  for (const Index k : kept) {
    const Channel channel(p.kernel(k), b, a);
    log_weights.push_back(std::log(p.weights()(k)) - channel.s.array().log().sum());
    append(centres, b * p.means().col(k));
    append_panels(whitening_factor(channel), whitening, transposed);
    if (!much_data) append(gains, channel.gain);
    append_triangle(gain_triangles, channel.gain);
    append_triangle(precision_triangles, channel.precision);
  }
}

// Components of relative weight e^{−cut} or less are left out. Together they have e^{−45} of the
// heaviest; the logarithm that is added makes that hold for their part of a covariance as well,
// which is at most (spread of the values hₖ)², against the part within the narrowest component.
// Values are taken within 20 standard deviations: beyond, weights fall faster than squares grow.
void MixturePosterior::Factors::choose_cut(const GaussianMixture& p,
                                           const std::vector<Index>& kept,
                                           double b,
                                           double a) {
  const Vector centre = p.mean();
  double radius = 0.0;
  double widest = 0.0;          // of Σₖ
  double largest = 0.0;         // of Vₖ
  double smallest = infinity;   // of Vₖ
  double narrowest = infinity;  // of Σₖ, its widest direction
  for (const Index k : kept) {
    const Vector& lambda = p.kernel(k).eigenvalues();
    const Index last = lambda.size() - 1;
    radius = std::max(radius, (p.means().col(k) - centre).norm());
    widest = std::max(widest, lambda(last));
    narrowest = std::min(narrowest, lambda(last));
    largest = std::max(largest, std::hypot(a, b * std::sqrt(lambda(last))));
    smallest = std::min(smallest, std::hypot(a, b * std::sqrt(lambda(0))));
  }
  double ratio = 40.0 * largest / smallest;  // of standard deviations: Hessians
  if (a > 0.0) {
    const double inner = narrowest > 0.0
                             ? a * std::sqrt(narrowest) / std::hypot(a, b * std::sqrt(narrowest))
                             : a / std::max(b, a);
    const double spread = 2.0 * radius + 40.0 * std::sqrt(widest);
    const double spread_of_pulls = b > 0.0 ? 40.0 * (a / b) * (a / smallest) : spread;
    ratio = std::max(ratio, (common ? spread : std::min(spread, spread_of_pulls)) / inner);
  }
  cut = kept_exponent + std::log(static_cast<double>(components)) +
        2.0 * std::log(std::max(1.0, ratio));
  cut = std::min(cut, largest_cut);
}

MixtureBlock MixturePosterior::Factors::block() const {
  return {.dimension = dimension,
          .components = components,
          .common = common,
          .centres = centres.data(),
          .whitening = whitening.data(),
          .log_weights = log_weights.data(),
          .rotation = rotation.empty() ? nullptr : rotation.data(),
          .cut = cut,
          .means = means.data(),
          .sort = components > 1 && dimension >= sorting_dimension};
}

// Where there is much data, b mₖ = x − a²gₖ with gₖ = Vₖ⁻¹δₖ: the values mₖ agree ever better for
// a → 0, so that b/a² Cov(mₖ) would divide what has cancelled, and gₖ = Rₖᵀ(Rₖδₖ) costs half of mₖ.
MixtureBlock MixturePosterior::Factors::moments(double b, double a) const {
  MixtureBlock plan = block();
  plan.matrices = gain_triangles.data();
  plan.matrix_scale = a * a;
  plan.vector_scale = 1.0;
  if (common) {
    plan.data_scale = b;
    plan.offsets = pulls.data();
    plan.covariance_scale = (a * a) * (a * a);
    plan.x_matrix = gains.data();
    plan.x_scale = b;
  } else if (much_data) {
    plan.transposed = transposed.data();
    plan.sort = false;  // what was kept would have to be gathered
    plan.x_scale = 1.0 / b;
    plan.vector_scale = -(a * a) / b;
    plan.covariance_scale = (a * a / b) * (a * a / b);
  } else {
    plan.offsets = means.data();
    plan.gains = gains.data();
    plan.gain_scale = b;
    plan.covariance_scale = 1.0;
  }
  return plan;
}

MixtureBlock MixturePosterior::Factors::means_and_jacobians(double b, double a) const {
  MixtureBlock plan = moments(b, a);
  plan.matrix_scale = b;
  if (common) {
    plan.covariance_scale = b * (a * a);
  } else {
    plan.covariance_scale = much_data ? a * a / b : b / (a * a);
  }
  return plan;
}

MixtureBlock MixturePosterior::Factors::scores_and_hessians(double b) const {
  MixtureBlock plan = block();
  plan.matrices = precision_triangles.data();
  plan.matrix_scale = -1.0;
  if (common) {
    plan.data_scale = b;
    plan.offsets = pulls.data();
    plan.covariance_scale = b * b;
    plan.x_matrix = precision.data();
    plan.x_scale = -1.0;
  } else {
    plan.transposed = transposed.data();
    plan.sort = false;  // what was kept would have to be gathered
    plan.vector_scale = -1.0;
    plan.covariance_scale = 1.0;
  }
  return plan;
}

namespace {

void run(VectorForm form, const MixtureBlock& block) {
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return mixture_block_avx512(block);
  if (form == VectorForm::avx2) return mixture_block_avx2(block);
#endif
  mixture_block_portable(block);
}

// Memory for one block, used again by the thread that has it.
struct Scratch {
  std::vector<double> doubles = {};
  std::vector<std::uint32_t> integers = {};

  void lend_to(MixtureBlock& block) {
    constexpr std::size_t widest = 8;
    const std::size_t d = block.dimension;
    const std::size_t K = block.components;
    const std::size_t n = block.capacity;
    const std::size_t rows = std::max(d * mixture_block_step, (d * (d + 1) / 2 + 3 * d) * widest);
    const std::size_t kept = block.transposed != nullptr ? K * d * n : 0;
    doubles.resize(2 * d * n + kept + K * n + K * d * widest + K * widest + rows + 3 * n);
    integers.resize(K + n + (K + 1));
    double* next = doubles.data();
    const auto take = [&next](std::size_t count) { return std::exchange(next, next + count); };
    block.coordinates = take(d * n);
    block.rotated = take(d * n);
    block.logs = take(K * n);
    block.whitened = kept > 0 ? take(kept) : nullptr;
    block.values = take(K * d * widest);
    block.weights = take(K * widest);
    block.rows = take(rows);
    block.heaviest = take(n);
    block.largest = take(n);
    block.sums = take(n);
    block.active = integers.data();
    block.order = block.active + K;
    block.positions = block.order + n;
  }
};

// Runs the plan over all points, block by block; use(first point, block) sees each when it is done.
template <class Use>
void for_each_block(VectorForm form,
                    const MixtureBlock& plan,
                    const Matrix& points,
                    double* vectors,
                    double* triangles,
                    const Use& use) {
  require(points.rows() == static_cast<Index>(plan.dimension),
          "MixturePosterior: the points have another dimension");
  require(points.allFinite(), "MixturePosterior: the points must be finite");
  constexpr std::size_t step = mixture_block_step;
  const std::size_t per_point = plan.components * (plan.transposed != nullptr ? plan.dimension : 1);
  const std::size_t capacity =
      std::clamp(numbers_per_block / per_point / step * step, step, largest_block);
  const std::size_t n = static_cast<std::size_t>(points.cols());
  const std::size_t d = plan.dimension;
  tbb::enumerable_thread_specific<Scratch> scratches;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, (n + capacity - 1) / capacity),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      MixtureBlock block = plan;
                      block.capacity = capacity;
                      scratches.local().lend_to(block);
                      for (std::size_t i = range.begin(); i < range.end(); ++i) {
                        const std::size_t first = i * capacity;
                        block.count = std::min(capacity, n - first);
                        block.points = points.data() + first * d;
                        if (vectors != nullptr) block.vectors = vectors + first * d;
                        if (triangles != nullptr)
                          block.triangles = triangles + first * (d * (d + 1) / 2);
                        run(form, block);
                        use(first, block);
                      }
                    });
}

// Of the points from `begin` to `end`, while a block's results are near.
void combine(const AffineCombination& combination,
             const Matrix& points,
             Index begin,
             Index end,
             PointwiseMoments& result) {
  for (Index j = begin; j < end; ++j) {
    result.vectors.col(j) =
        combination.point * points.col(j) + combination.result * result.vectors.col(j);
    result.matrices.col(j) *= combination.result;
    for (Index i = 0; i < points.rows(); ++i) {
      result.matrices(i * (i + 3) / 2, j) += combination.point;
    }
  }
}

void evaluate(VectorForm form,
              const MixtureBlock& plan,
              const Matrix& points,
              PointwiseMoments& result,
              const AffineCombination& combination = {}) {
  const auto d = static_cast<Index>(plan.dimension);
  result.vectors.resize(d, points.cols());
  result.matrices.resize(d * (d + 1) / 2, points.cols());
  const bool unchanged = combination.point == 0.0 && combination.result == 1.0;
  for_each_block(form, plan, points, result.vectors.data(), result.matrices.data(),
                 [&](std::size_t first, const MixtureBlock& block) {
                   if (unchanged) return;
                   const auto begin = static_cast<Index>(first);
                   combine(combination, points, begin, begin + static_cast<Index>(block.count),
                           result);
                 });
}

Matrix evaluate_vectors(VectorForm form, const MixtureBlock& plan, const Matrix& points) {
  Matrix result(static_cast<Index>(plan.dimension), points.cols());
  for_each_block(form, plan, points, result.data(), nullptr,
                 [](std::size_t, const MixtureBlock&) {});
  return result;
}

}  // namespace

Matrix PointwiseMoments::matrix(Index j) const {
  const Index d = vectors.rows();
  Matrix result(d, d);
  for (Index i = 0, e = 0; i < d; ++i) {
    for (Index l = 0; l <= i; ++l, ++e) result(i, l) = result(l, i) = matrices(e, j);
  }
  return result;
}

MixturePosterior::MixturePosterior(const GaussianMixture& mixture,
                                   double data_scale,
                                   double noise,
                                   VectorForm form)
    : dimension_(mixture.dimension()), data_scale_(data_scale), noise_(noise), form_(form) {
  require(std::isfinite(data_scale) && data_scale >= 0.0,
          "MixturePosterior: the data's scale must be finite, not negative");
  require(std::isfinite(noise) && noise >= 0.0,
          "MixturePosterior: the noise must be finite, not negative");
  require(is_supported(form), "MixturePosterior: this processor has no such vectors");
  factors_ = std::make_shared<const Factors>(mixture, data_scale, noise);
}

void MixturePosterior::moments(const Matrix& points, PointwiseMoments& result) const {
  evaluate(form_, factors_->moments(data_scale_, noise_), points, result);
}

PointwiseMoments MixturePosterior::moments(const Matrix& points) const {
  PointwiseMoments result;
  moments(points, result);
  return result;
}

void MixturePosterior::means_and_jacobians(const Matrix& points,
                                           PointwiseMoments& result,
                                           const AffineCombination& combination) const {
  evaluate(form_, factors_->means_and_jacobians(data_scale_, noise_), points, result, combination);
}

PointwiseMoments MixturePosterior::means_and_jacobians(const Matrix& points) const {
  PointwiseMoments result;
  means_and_jacobians(points, result);
  return result;
}

Matrix MixturePosterior::means(const Matrix& points) const {
  return evaluate_vectors(form_, factors_->moments(data_scale_, noise_), points);
}

void MixturePosterior::scores_and_hessians(const Matrix& points,
                                           PointwiseMoments& result,
                                           const AffineCombination& combination) const {
  evaluate(form_, factors_->scores_and_hessians(data_scale_), points, result, combination);
}

PointwiseMoments MixturePosterior::scores_and_hessians(const Matrix& points) const {
  PointwiseMoments result;
  scores_and_hessians(points, result);
  return result;
}

Matrix MixturePosterior::scores(const Matrix& points) const {
  return evaluate_vectors(form_, factors_->scores_and_hessians(data_scale_), points);
}

Vector MixturePosterior::log_densities(const Matrix& points) const {
  Vector result(points.cols());
  const double log_unit = 0.5 * static_cast<double>(dimension_) * std::log(2.0 * std::numbers::pi);
  for_each_block(form_, factors_->block(), points, nullptr, nullptr,
                 [&](std::size_t first, const MixtureBlock& block) {
                   for (std::size_t j = 0; j < block.count; ++j) {
                     result(static_cast<Index>(first + j)) =
                         block.largest[j] + std::log(block.sums[j]) - log_unit;
                   }
                 });
  return result;
}

}  // namespace flowcheck
