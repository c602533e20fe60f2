#include "distances/pricing_kernel.hpp"

#include "numerics/require.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#define FLOWCHECK_WIDE_KERNELS
#endif

// Nothing of Eigen or of the standard library is called inside the functions compiled for wider
// vectors: an inline function instantiated there could be the copy the linker keeps for everybody.

namespace flowcheck {
namespace {

constexpr Index lanes = 8;         // of the widest vectors
constexpr Index rows_at_once = 4;  // share the loads of a target's coordinates

// The least arcs of one row, the greatest of them first out: what is below `threshold` is offered
// in order of j, so that what is kept does not depend on the width of the scan.
struct Row {
  PricedArc* arcs;
  Index most;
  Index count;
  double threshold;
};

void offer(Row& row, double value, std::int32_t to) {
  if (!(value < row.threshold)) return;
  Index place = row.count < row.most ? row.count++ : row.most - 1;
  for (; place > 0 && value < row.arcs[place - 1].value; --place) {
    row.arcs[place] = row.arcs[place - 1];
  }
  row.arcs[place] = {value, to};
  if (row.count == row.most) row.threshold = row.arcs[row.most - 1].value;
}

// Blocks of eight targets are visited `step` apart, around and around: neighbours in space are
// often neighbours in the list, and a scan that approaches its least value one neighbour at a time
// would take each of them up.
struct Scan {
  const double* x;  // d × rows_at_once
  Index dimension;
  const double* y;  // coordinates, `stride` apart
  Index stride;
  Index step;  // a multiple of 8 that has no common divisor with `stride` but 8
  const double* potentials;
  double factor;
  Row* rows;  // rows_at_once of them
};

Index next_block(const Scan& scan, Index block) {
  const Index next = block + scan.step;
  return next < scan.stride ? next : next - scan.stride;
}

template <int D>
void scan_portable(const Scan& scan) {
  const Index d = D > 0 ? D : scan.dimension;
  for (Index visited = 0, block = 0; visited < scan.stride; visited += lanes) {
    for (Index j = block; j < block + lanes; ++j) {
      for (Index r = 0; r < rows_at_once; ++r) {
        const double* x = scan.x + r * d;
        double cost = 0.0;
        for (Index k = 0; k < d; ++k) {
          const double difference = x[k] - scan.y[k * scan.stride + j];
          const double square = difference * difference;
          cost = k == 0 ? square : cost + square;
        }
        offer(scan.rows[r], scan.factor * cost - scan.potentials[j], static_cast<std::int32_t>(j));
      }
    }
    block = next_block(scan, block);
  }
}

#ifdef FLOWCHECK_WIDE_KERNELS

// The offers of a vector of values, for lanes the mask names.
void offer_lanes(Row& row, const double* values, unsigned mask, Index j) {
  for (; mask != 0; mask &= mask - 1) {
    const int lane = __builtin_ctz(mask);
    offer(row, values[lane], static_cast<std::int32_t>(j + lane));
  }
}

template <int D>
__attribute__((target("avx512f"))) void scan_avx512(const Scan& scan) {
  const Index d = D > 0 ? D : scan.dimension;
  const __m512d factor = _mm512_set1_pd(scan.factor);
  for (Index visited = 0, j = 0; visited < scan.stride; visited += lanes, j = next_block(scan, j)) {
    __m512d cost[rows_at_once];
    for (Index k = 0; k < d; ++k) {
      const __m512d y = _mm512_loadu_pd(scan.y + k * scan.stride + j);
#pragma GCC unroll 4
      for (Index r = 0; r < rows_at_once; ++r) {
        const __m512d difference = _mm512_sub_pd(_mm512_set1_pd(scan.x[r * d + k]), y);
        const __m512d square = _mm512_mul_pd(difference, difference);
        cost[r] = k == 0 ? square : _mm512_add_pd(cost[r], square);
      }
    }
    const __m512d potential = _mm512_loadu_pd(scan.potentials + j);
    unsigned masks[rows_at_once];
    unsigned any = 0;
#pragma GCC unroll 4
    for (Index r = 0; r < rows_at_once; ++r) {
      cost[r] = _mm512_sub_pd(_mm512_mul_pd(factor, cost[r]), potential);
      masks[r] = _mm512_cmp_pd_mask(cost[r], _mm512_set1_pd(scan.rows[r].threshold), _CMP_LT_OQ);
      any |= masks[r];
    }
    if (any == 0) continue;
    for (Index r = 0; r < rows_at_once; ++r) {
      if (masks[r] == 0) continue;
      double values[8];
      _mm512_storeu_pd(values, cost[r]);
      offer_lanes(scan.rows[r], values, masks[r], j);
    }
  }
}

template <int D>
__attribute__((target("avx2"))) void scan_avx2(const Scan& scan) {
  const Index d = D > 0 ? D : scan.dimension;
  const __m256d factor = _mm256_set1_pd(scan.factor);
  for (Index visited = 0, j = 0; visited < scan.stride; visited += 4) {
    // Both halves of a block, then the next one.
    if (visited > 0) j = visited % lanes != 0 ? j + 4 : next_block(scan, j - 4);
    __m256d cost[rows_at_once];
    for (Index k = 0; k < d; ++k) {
      const __m256d y = _mm256_loadu_pd(scan.y + k * scan.stride + j);
#pragma GCC unroll 4
      for (Index r = 0; r < rows_at_once; ++r) {
        const __m256d difference = _mm256_sub_pd(_mm256_set1_pd(scan.x[r * d + k]), y);
        const __m256d square = _mm256_mul_pd(difference, difference);
        cost[r] = k == 0 ? square : _mm256_add_pd(cost[r], square);
      }
    }
    const __m256d potential = _mm256_loadu_pd(scan.potentials + j);
    unsigned masks[rows_at_once];
    unsigned any = 0;
#pragma GCC unroll 4
    for (Index r = 0; r < rows_at_once; ++r) {
      cost[r] = _mm256_sub_pd(_mm256_mul_pd(factor, cost[r]), potential);
      const __m256d below =
          _mm256_cmp_pd(cost[r], _mm256_set1_pd(scan.rows[r].threshold), _CMP_LT_OQ);
      masks[r] = static_cast<unsigned>(_mm256_movemask_pd(below));
      any |= masks[r];
    }
    if (any == 0) continue;
    for (Index r = 0; r < rows_at_once; ++r) {
      if (masks[r] == 0) continue;
      double values[4];
      _mm256_storeu_pd(values, cost[r]);
      offer_lanes(scan.rows[r], values, masks[r], j);
    }
  }
}

#endif

using ScanFunction = void (*)(const Scan&);

template <int D>
ScanFunction scan_for(VectorForm form) {
#ifdef FLOWCHECK_WIDE_KERNELS
  if (form == VectorForm::avx512) return scan_avx512<D>;
  if (form == VectorForm::avx2) return scan_avx2<D>;
#endif
  static_cast<void>(form);
  return scan_portable<D>;
}

ScanFunction scan_for(VectorForm form, Index dimension) {
  if (dimension == 2) return scan_for<2>(form);
  if (dimension == 3) return scan_for<3>(form);
  return scan_for<0>(form);
}

// About the golden section of the list, so that the places visited first are spread evenly.
Index step_for(Index stride) {
  const Index blocks = stride / lanes;
  Index step = std::max<Index>(1, blocks * 618 / 1000);
  while (std::gcd(step, blocks) != 1) ++step;
  return step % blocks * lanes;
}

std::size_t padded(Index n) {
  return static_cast<std::size_t>((n + lanes - 1) / lanes * lanes);
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
  std::vector<double> last_rows(static_cast<std::size_t>(d * rows_at_once), 0.0);
  for (Index first = 0; first < rows; first += rows_at_once) {
    const Index present = std::min(rows_at_once, rows - first);
    // Rows that are not there ask for nothing: no value is below −∞.
    std::array<Row, rows_at_once> block;
    for (Index r = 0; r < rows_at_once; ++r) {
      const bool there = r < present;
      block[static_cast<std::size_t>(r)] = {.arcs = there ? arcs + (first + r) * most : nullptr,
                                            .most = most,
                                            .count = 0,
                                            .threshold = there ? thresholds[first + r] : -infinity};
    }
    const double* points = x + first * d;
    if (present < rows_at_once) {
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
