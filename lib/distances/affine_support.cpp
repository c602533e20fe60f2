#include "distances/affine_support.hpp"

#include "numerics/require.hpp"
#include "numerics/round_off.hpp"

#include <boost/multiprecision/cpp_int.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
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

void append(std::vector<Column>& columns, const Matrix& A) {
  for (Index j = 0; j < A.cols(); ++j) columns.push_back(whole(A.col(j), least_exponent(A.col(j))));
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

bool same_exactly(const Gaussian& p, const Gaussian& q) {
  if (p.dimension() > largest_exact_dimension) return false;
  std::vector<Column> first;
  append(first, p.covariance());
  if (exact_rank(first) != p.rank()) return false;
  std::vector<Column> second;
  append(second, q.covariance());
  if (exact_rank(second) != q.rank()) return false;

  const int exponent = std::min(least_exponent(p.mean()), least_exponent(q.mean()));
  Column gap = whole(p.mean(), exponent);
  const Column other = whole(q.mean(), exponent);
  for (std::size_t i = 0; i < gap.size(); ++i) gap[i] -= other[i];
  first.insert(first.end(), second.begin(), second.end());
  first.push_back(std::move(gap));
  return exact_rank(std::move(first)) == p.rank();
}

// λ_max over the least positive eigenvalue.
double condition_on_range(const Gaussian& p) {
  const Index d = p.dimension();
  return p.eigenvalues()(d - 1) / p.eigenvalues()(d - p.rank());
}

}  // namespace

SupportRelation compare_supports(const Gaussian& p, const Gaussian& q) {
  require(p.dimension() == q.dimension(), "compare_supports: the measures differ in dimension");
  const Index d = p.dimension();
  const Index r = p.rank();
  if (r != q.rank()) return SupportRelation::different;
  if (r == d) return SupportRelation::same;
  if (r == 0) return p.mean() == q.mean() ? SupportRelation::same : SupportRelation::different;

  const Matrix N = q.eigenvectors().leftCols(d - r);
  const Vector gap = p.mean() - q.mean();
  const double turned = (N.transpose() * p.eigenvectors().rightCols(r)).norm();
  const double kappa = condition_on_range(q);
  if (turned > round_off(condition_on_range(p) + kappa, d) ||
      (N.transpose() * gap).norm() >
          round_off(kappa * gap.norm() + p.mean().norm() + q.mean().norm(), d)) {
    return SupportRelation::different;
  }
  return same_exactly(p, q) ? SupportRelation::same : SupportRelation::unknown;
}

std::vector<Index> supporting_coordinates(const GaussianMixture& p, const GaussianMixture& q) {
  require(p.dimension() == q.dimension(),
          "supporting_coordinates: the measures differ in dimension");
  const Index d = p.dimension();
  Matrix A = Matrix::Zero(d, d);
  Index rank = 0;
  for (const GaussianMixture* mixture : {&p, &q}) {
    for (Index k = 0; k < (mixture->has_common_covariance() ? 1 : mixture->size()); ++k) {
      const Gaussian& kernel = mixture->kernel(k);
      rank = std::max(rank, kernel.rank());
      if (kernel.rank() > 0) A += kernel.covariance() / kernel.eigenvalues()(d - 1);
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
  std::vector<Matrix> covariances;
  for (Index k = 0; k < (p.has_common_covariance() ? 1 : p.size()); ++k) {
    covariances.emplace_back(p.covariance(k)(coordinates, coordinates));
  }
  return {p.weights(), p.means()(coordinates, Eigen::all), std::move(covariances)};
}

}  // namespace flowcheck
