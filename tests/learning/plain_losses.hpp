#pragma once

// The losses in plain form, for any scalar.

#include "learning/plain_network.hpp"
#include "learning/training.hpp"

namespace flowcheck {

template <class Scalar>
Scalar plain_regression_loss(const NetworkShape& shape,
                             const PlainVector<Scalar>& parameters,
                             const RegressionBatch& batch) {
  Scalar sum(0.0);
  for (Index j = 0; j < batch.points.cols(); ++j) {
    const PlainVector<Scalar> x = batch.points.col(j).template cast<Scalar>();
    const PlainVector<Scalar> v =
        plain_pass(shape, parameters, Scalar(batch.times[j]), x, x).velocity;
    for (Index i = 0; i < x.size(); ++i) {
      const Scalar miss = v[i] - batch.targets(i, j);
      sum += miss * miss;
    }
  }
  return sum / static_cast<double>(batch.points.cols());
}

/// ∂v and its divergence or eᵀ∂v e, the latter for a column of `probes` that is not empty.
template <class Scalar>
struct PlainRate {
  PlainVector<Scalar> velocity = {};
  Scalar divergence = {};
};

template <class Scalar>
PlainRate<Scalar> plain_rate(const NetworkShape& shape,
                             const PlainVector<Scalar>& parameters,
                             double t,
                             const PlainVector<Scalar>& x,
                             const Matrix& probes) {
  PlainRate<Scalar> rate{{}, Scalar(0.0)};
  for (Index k = 0; k < probes.cols(); ++k) {
    const PlainVector<Scalar> e = probes.col(k).template cast<Scalar>();
    const PlainPass<Scalar> pass = plain_pass(shape, parameters, Scalar(t), x, e);
    rate.velocity = pass.velocity;
    for (Index i = 0; i < x.size(); ++i) rate.divergence += e[i] * pass.tangent[i];
  }
  return rate;
}

template <class Scalar>
Scalar plain_block_loss(const NetworkShape& shape,
                        const PlainVector<Scalar>& parameters,
                        const Matrix& points,
                        const JkoBlockLoss& loss,
                        const Matrix& probes) {
  const double h = 1.0 / static_cast<double>(loss.steps);
  Scalar sum(0.0);
  for (Index j = 0; j < points.cols(); ++j) {
    const Matrix e = loss.exact_divergence ? Matrix(Matrix::Identity(points.rows(), points.rows()))
                                           : Matrix(probes.col(j));
    const PlainVector<Scalar> start = points.col(j).template cast<Scalar>();
    PlainVector<Scalar> x = start;
    Scalar divergence(0.0);
    for (Index s = 0; s < loss.steps; ++s) {
      const double t = static_cast<double>(s) * h;
      const auto rate = [&](double at, const PlainVector<Scalar>& y) {
        return plain_rate(shape, parameters, at, y, e);
      };
      const PlainRate<Scalar> k1 = rate(t, x);
      const PlainRate<Scalar> k2 =
          rate(t + 0.5 * h, PlainVector<Scalar>(x + Scalar(0.5 * h) * k1.velocity));
      const PlainRate<Scalar> k3 =
          rate(t + 0.5 * h, PlainVector<Scalar>(x + Scalar(0.5 * h) * k2.velocity));
      const PlainRate<Scalar> k4 = rate(t + h, PlainVector<Scalar>(x + Scalar(h) * k3.velocity));
      x += Scalar(h / 6.0) *
           (k1.velocity + Scalar(2.0) * k2.velocity + Scalar(2.0) * k3.velocity + k4.velocity);
      divergence +=
          (h / 6.0) * (k1.divergence + 2.0 * k2.divergence + 2.0 * k3.divergence + k4.divergence);
    }
    for (Index i = 0; i < x.size(); ++i) {
      const Scalar moved = x[i] - start[i];
      sum += 0.5 * x[i] * x[i] + moved * moved / (2.0 * loss.step_size);
    }
    sum -= divergence;
  }
  return sum / static_cast<double>(points.cols());
}

}  // namespace flowcheck
