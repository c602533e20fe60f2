#include "distances/affine_support.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <utility>

namespace flowcheck {
namespace {

using Integer = boost::multiprecision::cpp_int;
using Column = std::vector<Integer>;

constexpr Index largest_exact_dimension = 32;

// The least power of two of which all entries are whole multiples.
int least_exponent(const Vector& values) {
  int least = 2000;
  for (const double x : values) {
    if (x == 0.0) continue;
    int exponent = 0;
    std::frexp(x, &exponent);
    least = std::min(least, exponent - 53);
  }
  return least;
}

// The entries as multiples of 2^exponent.
Column whole(const Vector& values, int exponent) {
  Column result;
  for (const double x : values) {
    int own = 0;
    const auto digits = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &own), 53));
    result.emplace_back(digits);
    if (digits != 0) result.back() <<= own - 53 - exponent;
  }
  return result;
}

// The columns of a symmetric matrix in these coordinates, the others being zero.
void append(std::vector<Column>& columns, const Matrix& A, const std::vector<Index>& coordinates) {
  for (const Index j : coordinates) {
    const Vector column = A(coordinates, j);
    columns.push_back(whole(column, least_exponent(column)));
  }
}

// By Bareiss' elimination: every division leaves no remainder.
Index exact_rank(std::vector<Column> columns) {
  const std::size_t rows = columns.front().size();
  std::size_t rank = 0;
  Integer previous = 1;
  for (std::size_t c = 0; c < columns.size() && rank < rows; ++c) {
    const auto pivot_row = std::find_if(columns[c].begin() + static_cast<std::ptrdiff_t>(rank),
                                        columns[c].end(), [](const Integer& x) { return x != 0; });
    if (pivot_row == columns[c].end()) continue;
    const auto from = static_cast<std::size_t>(pivot_row - columns[c].begin());
    for (Column& column : columns) std::swap(column[rank], column[from]);
    const Integer pivot = columns[c][rank];
    for (std::size_t j = c + 1; j < columns.size(); ++j) {
      for (std::size_t i = rank + 1; i < rows; ++i) {
        columns[j][i] = (columns[j][i] * pivot - columns[c][i] * columns[j][rank]) / previous;
      }
    }
    previous = pivot;
    ++rank;
  }
  return static_cast<Index>(rank);
}

// By the number of coordinates where that is enough: the rank is no less than the numerical one.
bool is_rank_exact(const Gaussian& kernel, const std::vector<Index>& coordinates) {
  const auto count = static_cast<Index>(coordinates.size());
  if (count == kernel.rank()) return true;
  if (count > largest_exact_dimension) return false;
  std::vector<Column> columns;
  append(columns, kernel.covariance(), coordinates);
  return exact_rank(std::move(columns)) == kernel.rank();
}

bool same_exactly(const CovarianceRange& p,
                  const Vector& m,
                  const CovarianceRange& q,
                  const Vector& mu) {
  std::vector<Index> coordinates;
  std::set_union(p.coordinates.begin(), p.coordinates.end(), q.coordinates.begin(),
                 q.coordinates.end(), std::back_inserter(coordinates));
  Vector rest = m - mu;
  rest(coordinates).setZero();
  if (!rest.isZero(0.0)) return false;
  if (static_cast<Index>(coordinates.size()) == p.kernel->rank()) return true;
  if (static_cast<Index>(coordinates.size()) > largest_exact_dimension) return false;

  std::vector<Column> columns;
  append(columns, p.kernel->covariance(), coordinates);
  if (p.kernel != q.kernel) append(columns, q.kernel->covariance(), coordinates);
  const Vector first = m(coordinates);
  const Vector second = mu(coordinates);
  const int exponent = std::min(least_exponent(first), least_exponent(second));
  Column gap = whole(first, exponent);
  const Column other = whole(second, exponent);
  for (std::size_t i = 0; i < gap.size(); ++i) gap[i] -= other[i];
  columns.push_back(std::move(gap));
  return exact_rank(std::move(columns)) == p.kernel->rank();
}

// λ_max over the least positive eigenvalue.
double condition_on_range(const Gaussian& p) {
  const Index d = p.dimension();
  return p.eigenvalues()(d - 1) / p.eigenvalues()(d - p.rank());
}

// The kernels of the components that have weight, one where all share it.
std::vector<const Gaussian*> kernels_of(const GaussianMixture& mixture) {
  if (mixture.has_common_covariance()) return {&mixture.kernel(0)};
  std::vector<const Gaussian*> kernels;
  for (Index k = 0; k < mixture.size(); ++k) {
    if (mixture.weights()(k) > 0.0) kernels.push_back(&mixture.kernel(k));
  }
  return kernels;
}

}  // namespace

CovarianceRange::CovarianceRange(const Gaussian& of) : kernel(&of) {
  for (Index i = 0; i < of.dimension(); ++i) {
    if ((of.covariance().col(i).array() != 0.0).any()) coordinates.push_back(i);
  }
  has_exact_rank = of.has_density() || is_rank_exact(of, coordinates);
  if (!of.has_density()) {
    null_direction =
        of.eigenvectors().leftCols(of.dimension() - of.rank()).rowwise().sum().normalized();
  }
}

SupportRelation compare_supports(const CovarianceRange& p,
                                 const Vector& m,
                                 const CovarianceRange& q,
                                 const Vector& mu) {
  require(p.kernel->dimension() == q.kernel->dimension() && m.size() == mu.size() &&
              m.size() == p.kernel->dimension(),
          "compare_supports: the measures differ in dimension");
  const Index d = p.kernel->dimension();
  const Index r = p.kernel->rank();
  if (r != q.kernel->rank()) {
    // The rank that is less than the other's numerical one has to be exact, no more.
    const CovarianceRange& smaller = r < q.kernel->rank() ? p : q;
    return smaller.has_exact_rank ? SupportRelation::different : SupportRelation::unknown;
  }
  if (r == d) return SupportRelation::same;
  if (r == 0) return m == mu ? SupportRelation::same : SupportRelation::different;
  if (!p.has_exact_rank || !q.has_exact_rank) return SupportRelation::unknown;

  const auto N = q.kernel->eigenvectors().leftCols(d - r);
  const Vector gap = m - mu;
  const double kappa_p = condition_on_range(*p.kernel);
  const double kappa = condition_on_range(*q.kernel);
  const double off = round_off(kappa * gap.norm() + m.norm() + mu.norm(), d);
  // One null direction is most often enough, at O(d).
  if (std::abs(q.null_direction.dot(gap)) > off) return SupportRelation::different;
  const double turned =
      p.kernel == q.kernel ? 0.0 : (N.transpose() * p.kernel->eigenvectors().rightCols(r)).norm();
  if (turned > round_off(kappa_p + kappa, d) || (N.transpose() * gap).norm() > off) {
    return SupportRelation::different;
  }
  return same_exactly(p, m, q, mu) ? SupportRelation::same : SupportRelation::unknown;
}

SupportRelation compare_supports(const Gaussian& p, const Gaussian& q) {
  return compare_supports(CovarianceRange(p), p.mean(), CovarianceRange(q), q.mean());
}

std::vector<Index> supporting_coordinates(const GaussianMixture& p, const GaussianMixture& q) {
  require(p.dimension() == q.dimension(),
          "supporting_coordinates: the measures differ in dimension");
  const Index d = p.dimension();
  Matrix A = Matrix::Zero(d, d);
  Index rank = 0;
  for (const GaussianMixture* mixture : {&p, &q}) {
    for (const Gaussian* kernel : kernels_of(*mixture)) {
      rank = std::max(rank, kernel->rank());
      if (kernel->rank() > 0) A += kernel->covariance() / kernel->eigenvalues()(d - 1);
    }
  }
  std::vector<Index> coordinates;
  while (static_cast<Index>(coordinates.size()) < rank) {
    Index pivot = 0;
    if (!(A.diagonal().maxCoeff(&pivot) > 0.0)) break;
    coordinates.push_back(pivot);
    const Vector column = A.col(pivot);
    A -= column * column.transpose() / column(pivot);
    A.row(pivot).setZero();
    A.col(pivot).setZero();
  }
  std::sort(coordinates.begin(), coordinates.end());
  return coordinates;
}

GaussianMixture marginal(const GaussianMixture& p, const std::vector<Index>& coordinates) {
  std::vector<Index> kept;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) > 0.0) kept.push_back(k);
  }
  std::vector<Matrix> covariances;
  for (const Gaussian* kernel : kernels_of(p)) {
    covariances.emplace_back(kernel->covariance()(coordinates, coordinates));
  }
  return {p.weights()(kept), p.means()(coordinates, kept), std::move(covariances)};
}

}  // namespace flowcheck
