#include "distances/pricing_kernel.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace flowcheck {
namespace {

ScanFunction scan_for(VectorForm form, Index dimension) {
#if defined(__x86_64__)
  if (form == VectorForm::avx512) return scan_avx512(dimension);
  if (form == VectorForm::avx2) return scan_avx2(dimension);
#endif
  static_cast<void>(form);
  return scan_portable(dimension);
}

// About the golden section of the list, so that the places visited first are spread evenly.
Index step_for(Index stride) {
  const Index blocks = stride / scan_block;
  Index step = std::max<Index>(1, blocks * 618 / 1000);
  while (std::gcd(step, blocks) != 1) ++step;
  return step % blocks * scan_block;
}

std::size_t padded(Index n) {
  return static_cast<std::size_t>((n + scan_block - 1) / scan_block * scan_block);
}

}  // namespace

PricedPoints::PricedPoints(const Matrix& points)
    : dimension_(points.rows()),
      size_(points.cols()),
      stride_(static_cast<Index>(padded(points.cols()))),
      coordinates_(static_cast<std::size_t>(dimension_ * stride_), 0.0),
      potentials_(static_cast<std::size_t>(stride_), -infinity) {
  for (Index k = 0; k < dimension_; ++k) {
    for (Index j = 0; j < size_; ++j) {
      coordinates_[static_cast<std::size_t>(k * stride_ + j)] = points(k, j);
    }
  }
  std::fill_n(potentials_.begin(), size_, 0.0);
}

void least_priced(const double* x,
                  Index rows,
                  const PricedPoints& y,
                  const double* thresholds,
                  double factor,
                  Index most,
                  PricedArc* arcs,
                  std::int32_t* counts,
                  VectorForm form) {
  require(is_supported(form), "least_priced: this processor does not run the vector form");
  const Index d = y.dimension();
  const ScanFunction scan = scan_for(form, d);
  const Index step = step_for(y.stride());
  std::vector<double> last_rows(static_cast<std::size_t>(d * scan_rows), 0.0);
  for (Index first = 0; first < rows; first += scan_rows) {
    const Index present = std::min<Index>(scan_rows, rows - first);
    // Rows that are not there ask for nothing: no value is below −∞.
    std::array<PricedRow, scan_rows> block;
    for (Index r = 0; r < scan_rows; ++r) {
      const bool there = r < present;
      block[static_cast<std::size_t>(r)] = {.arcs = there ? arcs + (first + r) * most : nullptr,
                                            .most = most,
                                            .count = 0,
                                            .threshold = there ? thresholds[first + r] : -infinity};
    }
    const double* points = x + first * d;
    if (present < scan_rows) {
      std::copy_n(points, d * present, last_rows.begin());
      points = last_rows.data();
    }
    scan({.x = points,
          .dimension = d,
          .y = y.coordinate(0),
          .stride = y.stride(),
          .step = step,
          .potentials = y.potentials(),
          .factor = factor,
          .rows = block.data()});
    for (Index r = 0; r < present; ++r) {
      counts[first + r] = static_cast<std::int32_t>(block[static_cast<std::size_t>(r)].count);
    }
  }
}

}  // namespace flowcheck
