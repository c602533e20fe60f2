#include "numerics/taylor_series.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <utility>

namespace flowcheck {
namespace {

constexpr std::array<int, 6> highest_orders = {16, 16, 10, 7, 5, 4};  // of d = 1 … 6

using Exponents = std::vector<int>;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

int degree_of(const Exponents& exponents) {
  int degree = 0;
  for (const int e : exponents) degree += e;
  return degree;
}

// Every monomial of one degree in the variables from `first` on, behind those already chosen.
void append_degree(int degree, std::size_t first, Exponents& chosen, std::vector<Exponents>& all) {
  if (first + 1 == chosen.size()) {
    chosen[first] = degree;
    all.push_back(chosen);
    return;
  }
  for (int e = degree; e >= 0; --e) {
    chosen[first] = e;
    append_degree(degree - e, first + 1, chosen, all);
  }
}

}  // namespace

// The monomials of d variables up to the highest order, by degree.
struct TaylorSeries::Monomials {
  struct Product {
    Index left = 0;
    Index right = 0;
    Index result = 0;
  };

  Index variables = 1;
  std::vector<Exponents> exponents = {};
  std::vector<Index> count = {};                // of degree ≤ r
  std::vector<std::vector<Index>> raised = {};  // [i][k]: where h_i h^{α_k} is
  std::vector<Product> products = {};           // by the degree of the result
  std::vector<std::size_t> product_count = {};  // whose result has degree ≤ r

  explicit Monomials(Index d);
};

TaylorSeries::Monomials::Monomials(Index d) : variables(d) {
  const int highest = highest_orders[at(d - 1)];
  for (int degree = 0; degree <= highest; ++degree) {
    Exponents chosen(at(d), 0);
    append_degree(degree, 0, chosen, exponents);
    count.push_back(static_cast<Index>(exponents.size()));
  }
  std::map<Exponents, Index> index;
  for (std::size_t k = 0; k < exponents.size(); ++k) index[exponents[k]] = static_cast<Index>(k);
  const auto index_of_sum = [&](Exponents a, const Exponents& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return index.at(a);
  };

  for (Index i = 0; i < d; ++i) {
    Exponents one(at(d), 0);
    one[at(i)] = 1;
    std::vector<Index>& of_i = raised.emplace_back();
    for (Index k = 0; k < count[at(highest) - 1]; ++k) {
      of_i.push_back(index_of_sum(exponents[at(k)], one));
    }
  }
  for (int degree = 0; degree <= highest; ++degree) {
    for (std::size_t a = 0; a < exponents.size(); ++a) {
      const int rest = degree - degree_of(exponents[a]);
      if (rest < 0) break;
      const std::size_t begin = rest == 0 ? 0 : at(count[at(rest) - 1]);
      for (std::size_t b = begin; b < at(count[at(rest)]); ++b) {
        products.push_back({static_cast<Index>(a), static_cast<Index>(b),
                            index_of_sum(exponents[a], exponents[b])});
      }
    }
    product_count.push_back(products.size());
  }
}

std::shared_ptr<const TaylorSeries::Monomials> TaylorSeries::monomials_of(Index variables) {
  static std::mutex mutex;
  static std::array<std::shared_ptr<const Monomials>, highest_orders.size()> tables;
  const std::scoped_lock lock(mutex);
  std::shared_ptr<const Monomials>& table = tables[at(variables - 1)];
  if (!table) table = std::make_shared<const Monomials>(variables);
  return table;
}

TaylorSeries::TaylorSeries(Index variables, int order, double constant) : order_(order) {
  require(variables >= 1 && at(variables) <= highest_orders.size(),
          "TaylorSeries: from 1 to 6 variables");
  require(order >= 0 && order <= highest_orders[at(variables - 1)],
          "TaylorSeries: the order is negative or too high");
  monomials_ = monomials_of(variables);
  coefficients_ = Vector::Zero(monomials_->count[at(order)]);
  coefficients_(0) = constant;
}

TaylorSeries::TaylorSeries(std::shared_ptr<const Monomials> monomials,
                           int order,
                           Vector coefficients)
    : monomials_(std::move(monomials)), order_(order), coefficients_(std::move(coefficients)) {}

TaylorSeries TaylorSeries::variable(Index variables, int order, Index i, double at_point) {
  TaylorSeries result(variables, order, at_point);
  require(i >= 0 && i < variables, "TaylorSeries::variable: there is no such variable");
  require(order >= 1, "TaylorSeries::variable: of order 0 it would be a constant");
  result.coefficients_(1 + i) = 1.0;
  return result;
}

Index TaylorSeries::variables() const {
  return monomials_->variables;
}

TaylorSeries TaylorSeries::derivative(Index i) const {
  require(i >= 0 && i < variables(), "TaylorSeries::derivative: there is no such variable");
  require(order_ >= 1, "TaylorSeries::derivative: a series of order 0 has none");
  Vector result(monomials_->count[at(order_ - 1)]);
  for (Index k = 0; k < result.size(); ++k) {
    const int power = monomials_->exponents[at(k)][at(i)] + 1;
    result(k) = power * coefficients_(monomials_->raised[at(i)][at(k)]);
  }
  return {monomials_, order_ - 1, std::move(result)};
}

TaylorSeries TaylorSeries::operator-() const {
  return {monomials_, order_, -coefficients_};
}

TaylorSeries operator+(const TaylorSeries& a, const TaylorSeries& b) {
  require(a.variables() == b.variables(), "TaylorSeries: the numbers of variables differ");
  const Index n = std::min(a.coefficients_.size(), b.coefficients_.size());
  return {a.monomials_, std::min(a.order_, b.order_),
          a.coefficients_.head(n) + b.coefficients_.head(n)};
}

TaylorSeries operator-(const TaylorSeries& a, const TaylorSeries& b) {
  return a + (-b);
}

TaylorSeries operator*(const TaylorSeries& a, const TaylorSeries& b) {
  require(a.variables() == b.variables(), "TaylorSeries: the numbers of variables differ");
  const int order = std::min(a.order_, b.order_);
  Vector result = Vector::Zero(a.monomials_->count[at(order)]);
  const std::size_t count = a.monomials_->product_count[at(order)];
  for (std::size_t k = 0; k < count; ++k) {
    const auto& [left, right, place] = a.monomials_->products[k];
    result(place) += a.coefficients_(left) * b.coefficients_(right);
  }
  return {a.monomials_, order, std::move(result)};
}

TaylorSeries operator+(const TaylorSeries& a, double b) {
  TaylorSeries result = a;
  result.coefficients_(0) += b;
  return result;
}

TaylorSeries operator*(double a, const TaylorSeries& b) {
  return {b.monomials_, b.order_, a * b.coefficients_};
}

// Σ_k outer_k (f − f(x))^k by Horner's rule: f's increment is nilpotent.
TaylorSeries TaylorSeries::composed(const Vector& outer) const {
  const TaylorSeries increment = *this + (-value());
  TaylorSeries result(variables(), order_, outer(order_));
  for (int k = order_ - 1; k >= 0; --k) result = result * increment + outer(k);
  return result;
}

TaylorSeries exp(const TaylorSeries& a) {
  Vector outer(a.order_ + 1);
  outer(0) = std::exp(a.value());
  for (int k = 1; k <= a.order_; ++k) outer(k) = outer(k - 1) / k;
  return a.composed(outer);
}

TaylorSeries log(const TaylorSeries& a) {
  Vector outer(a.order_ + 1);
  outer(0) = std::log(a.value());
  double power = -1.0;
  for (int k = 1; k <= a.order_; ++k) {
    power /= -a.value();
    outer(k) = power / k;
  }
  return a.composed(outer);
}

TaylorSeries reciprocal(const TaylorSeries& a) {
  Vector outer(a.order_ + 1);
  outer(0) = 1.0 / a.value();
  for (int k = 1; k <= a.order_; ++k) outer(k) = -outer(k - 1) / a.value();
  return a.composed(outer);
}

TaylorSeries cos(const TaylorSeries& a) {
  const double c = std::cos(a.value());
  const double s = std::sin(a.value());
  const std::array<double, 4> derivatives = {c, -s, -c, s};
  Vector outer(a.order_ + 1);
  double factorial = 1.0;
  for (int k = 0; k <= a.order_; ++k) {
    outer(k) = derivatives[static_cast<std::size_t>(k % 4)] / factorial;
    factorial *= k + 1;
  }
  return a.composed(outer);
}

SeriesVector variables_at(const Vector& x, int order) {
  SeriesVector result;
  for (Index i = 0; i < x.size(); ++i) {
    result.push_back(TaylorSeries::variable(x.size(), order, i, x(i)));
  }
  return result;
}

Vector values(const SeriesVector& f) {
  Vector result(static_cast<Index>(f.size()));
  for (std::size_t i = 0; i < f.size(); ++i) result(static_cast<Index>(i)) = f[i].value();
  return result;
}

SeriesVector gradient(const TaylorSeries& f) {
  SeriesVector result;
  for (Index i = 0; i < f.variables(); ++i) result.push_back(f.derivative(i));
  return result;
}

SeriesMatrix jacobian(const SeriesVector& f) {
  SeriesMatrix result;
  for (const TaylorSeries& row : f) result.push_back(gradient(row));
  return result;
}

TaylorSeries dot(const SeriesVector& a, const SeriesVector& b) {
  require(!a.empty() && a.size() == b.size(), "dot: the lengths differ, or are zero");
  TaylorSeries sum = a[0] * b[0];
  for (std::size_t i = 1; i < a.size(); ++i) sum = sum + a[i] * b[i];
  return sum;
}

SeriesFactors::SeriesFactors(SeriesMatrix A) : factors_(std::move(A)) {
  const std::size_t n = factors_.size();
  require(n > 0, "SeriesFactors: the matrix is empty");
  for (const SeriesVector& row : factors_) {
    require(row.size() == n, "SeriesFactors: the matrix is not square");
  }
  rows_.resize(n);
  std::iota(rows_.begin(), rows_.end(), std::size_t{0});
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t largest = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::abs(factors_[i][k].value()) > std::abs(factors_[largest][k].value())) largest = i;
    }
    if (largest != k) {
      std::swap(factors_[k], factors_[largest]);
      std::swap(rows_[k], rows_[largest]);
      positive_ = !positive_;
    }
    if (factors_[k][k].value() < 0.0) positive_ = !positive_;
    inverse_pivots_.push_back(reciprocal(factors_[k][k]));
    for (std::size_t i = k + 1; i < n; ++i) {
      factors_[i][k] = factors_[i][k] * inverse_pivots_[k];
      for (std::size_t j = k + 1; j < n; ++j) {
        factors_[i][j] = factors_[i][j] - factors_[i][k] * factors_[k][j];
      }
    }
  }
}

TaylorSeries SeriesFactors::log_determinant() const {
  TaylorSeries sum(factors_[0][0].variables(), factors_[0][0].order(), 0.0);
  for (std::size_t k = 0; k < factors_.size(); ++k) {
    const TaylorSeries& pivot = factors_[k][k];
    sum = sum + log(pivot.value() < 0.0 ? -pivot : pivot);
  }
  return positive_ ? sum : sum + std::numeric_limits<double>::quiet_NaN();
}

SeriesVector SeriesFactors::solve(const SeriesVector& b) const {
  const std::size_t n = factors_.size();
  require(b.size() == n, "SeriesFactors::solve: the vector has another length");
  SeriesVector x;
  for (std::size_t i = 0; i < n; ++i) {
    x.push_back(b[rows_[i]]);
    for (std::size_t j = 0; j < i; ++j) x[i] = x[i] - factors_[i][j] * x[j];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) x[i] = x[i] - factors_[i][j] * x[j];
    x[i] = x[i] * inverse_pivots_[i];
  }
  return x;
}

}  // namespace flowcheck
