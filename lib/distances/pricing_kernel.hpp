#pragma once

#include "distances/pricing_kernel_scan.hpp"
#include "numerics/types.hpp"
#include "numerics/vector_form.hpp"

#include <cstdint>
#include <vector>

namespace flowcheck {

/// Points in ℝᵈ with one number each, laid out for wide arithmetic: coordinate by coordinate, each
/// row padded to whole vectors. The padding's potential is −∞, so that it is never least.
class PricedPoints {
 public:
  explicit PricedPoints(const Matrix& points);  ///< d × n; potentials zero

  Index dimension() const { return dimension_; }
  Index size() const { return size_; }
  Index stride() const { return stride_; }  ///< a multiple of 8
  const double* coordinate(Index k) const { return coordinates_.data() + k * stride_; }
  const double* potentials() const { return potentials_.data(); }
  void set_potential(Index j, double v) { potentials_[static_cast<std::size_t>(j)] = v; }

 private:
  Index dimension_;
  Index size_;
  Index stride_;
  std::vector<double> coordinates_;
  std::vector<double> potentials_;
};

/// For each of `rows` points xᵢ, the at most `most` least of
///
///   factor · |xᵢ − yⱼ|² − vⱼ  <  thresholds[i],    j = 0 … m − 1,
///
/// by value. Every operation is rounded on its own and the order is the same in every form, so the
/// forms agree to the last bit; among equals those come first that the scan meets first.
///
/// @param x           column-major d × rows
/// @param thresholds  length rows
/// @param arcs        out: rows × most, arcs[i·most + r] the r-th least of row i
/// @param counts      out: how many there are, length rows
/// @throws std::invalid_argument  this processor does not run the form
void least_priced(const double* x,
                  Index rows,
                  const PricedPoints& y,
                  const double* thresholds,
                  double factor,
                  Index most,
                  PricedArc* arcs,
                  std::int32_t* counts,
                  VectorForm form);

}  // namespace flowcheck
