#pragma once

// The kernel of MixturePosterior, included by one source a VectorForm. Every loop runs over points
// by lanes and over everything else in an order that does not depend on the width.

#include "measures/mixture_kernel.hpp"
#include "numerics/vector_lanes.hpp"

namespace flowcheck {
namespace {

typedef std::size_t Size;

constexpr Size width = lane_count;
constexpr Size unrolled =
    4;  // vectors side by side: independent chains that hide the add's latency

// Row i of a symmetric matrix's lower triangle starts here.
FLOWCHECK_LANES_INLINE Size triangle(Size i) {
  return i * (i + 1) / 2;
}

// Coordinate by coordinate, the last point repeated up to a multiple of the step.
void read_points(const MixtureBlock& b, Size padded) {
  for (Size j = 0; j < padded; ++j) {
    const double* point = b.points + (j < b.count ? j : b.count - 1) * b.dimension;
    for (Size i = 0; i < b.dimension; ++i) b.coordinates[i * b.capacity + j] = point[i];
  }
}

void rotate_points(const MixtureBlock& b, Size padded) {
  const Size d = b.dimension;
  for (Size j = 0; j < padded; j += width) {
    for (Size i = 0; i < d; ++i) {
      Lanes sum = {};
      for (Size l = 0; l < d; ++l)
        sum += b.rotation[i * d + l] * load(b.coordinates + l * b.capacity + j);
      store(b.rotated + i * b.capacity + j, sum);
    }
  }
}

// |Rδ|² with R diagonal, at four vectors of points.
FLOWCHECK_LANES_INLINE void squares_common(
    const MixtureBlock& b, const double* coordinates, Size k, Size j, Lanes* squares) {
  const double* centre = b.centres + k * b.dimension;
  for (Size i = 0; i < b.dimension; ++i) {
    const double* x = coordinates + i * b.capacity + j;
    FLOWCHECK_UNROLL
    for (Size u = 0; u < unrolled; ++u) {
      const Lanes z = (load(x + u * width) - centre[i]) * b.whitening[i];
      squares[u] += z * z;
    }
  }
}

// One panel of Rδ at four vectors of points, two by two, so that a column of R is read for both.
template <Size rows>
FLOWCHECK_LANES_INLINE const double* whitening_panel(
    const MixtureBlock& b, const double* R, Size i, double* to, Lanes* squares) {
  constexpr Size row = unrolled * width;
  const Size d = b.dimension;
  const double* r = R;
  FLOWCHECK_UNROLL
  for (Size pair = 0; pair < unrolled; pair += 2) {
    r = R;
    Lanes sum[rows][2] = {};
    const double* delta = b.rows + i * row + pair * width;
    FLOWCHECK_UNROLL
    for (Size v = 0; v < rows; ++v, delta += row) {
      const Lanes left = load(delta);
      const Lanes right = load(delta + width);
      FLOWCHECK_UNROLL
      for (Size u = 0; u <= v; ++u, ++r) {
        sum[u][0] += *r * left;
        sum[u][1] += *r * right;
      }
    }
    for (Size l = i + rows; l < d; ++l, delta += row, r += rows) {
      const Lanes left = load(delta);
      const Lanes right = load(delta + width);
      FLOWCHECK_UNROLL
      for (Size u = 0; u < rows; ++u) {
        sum[u][0] += r[u] * left;
        sum[u][1] += r[u] * right;
      }
    }
    FLOWCHECK_UNROLL
    for (Size u = 0; u < rows; ++u) {
      squares[pair] += sum[u][0] * sum[u][0];
      squares[pair + 1] += sum[u][1] * sum[u][1];
      if (to == nullptr) continue;
      double* z = to + (i + u) * b.capacity + pair * width;
      store(z, sum[u][0]);
      store(z + width, sum[u][1]);
    }
  }
  return r;
}

// |Rδ|² with R upper triangular, and Rδ where it is kept.
FLOWCHECK_LANES_INLINE void squares_distinct(const MixtureBlock& b,
                                             Size k,
                                             Size j,
                                             Lanes* squares) {
  const Size d = b.dimension;
  constexpr Size row = unrolled * width;
  const double* centre = b.centres + k * d;
  for (Size i = 0; i < d; ++i) {
    const double* x = b.coordinates + i * b.capacity + j;
    FLOWCHECK_UNROLL
    for (Size u = 0; u < unrolled; ++u) {
      store(b.rows + i * row + u * width, load(x + u * width) - centre[i]);
    }
  }
  const double* R = b.whitening + k * triangle(d);
  double* to = b.whitened != nullptr ? b.whitened + k * d * b.capacity + j : nullptr;
  const Size tiled = d - d % mixture_panel;
  for (Size i = 0; i < tiled; i += mixture_panel) {
    R = whitening_panel<mixture_panel>(b, R, i, to, squares);
  }
  for (Size i = tiled; i < d; ++i) R = whitening_panel<1>(b, R, i, to, squares);
}

// ℓₖ of all components, their maximum, and which one attains it.
void log_weights(const MixtureBlock& b, Size padded) {
  const double* coordinates = b.rotation != nullptr ? b.rotated : b.coordinates;
  for (Size k = 0; k < b.components; ++k) {
    for (Size j = 0; j < padded; j += unrolled * width) {
      Lanes squares[unrolled] = {};
      if (b.common) {
        squares_common(b, coordinates, k, j, squares);
      } else {
        squares_distinct(b, k, j, squares);
      }
      FLOWCHECK_UNROLL
      for (Size u = 0; u < unrolled; ++u) {
        const Size at = j + u * width;
        const Lanes l = b.log_weights[k] - 0.5 * squares[u];
        store(b.logs + k * b.capacity + at, l);
        const Lanes before = load(b.largest + at);
        const Lanes heaviest = load(b.heaviest + at);
        store(b.heaviest + at, l > before ? broadcast(static_cast<double>(k)) : heaviest);
        store(b.largest + at, l > before ? l : before);
      }
    }
  }
}

// Counting sort of the points by their heaviest component, so that a vector of them has few active
// components. Lanes do not see each other, hence no result changes.
void order_points(const MixtureBlock& b, Size padded) {
  for (Size k = 0; k <= b.components; ++k) b.positions[k] = 0;
  for (Size j = 0; j < padded; ++j) ++b.positions[static_cast<Size>(b.heaviest[j]) + 1];
  for (Size k = 0; k < b.components; ++k) b.positions[k + 1] += b.positions[k];
  for (Size j = 0; j < padded; ++j) {
    b.order[b.positions[static_cast<Size>(b.heaviest[j])]++] = static_cast<std::uint32_t>(j);
  }
}

FLOWCHECK_LANES_INLINE Lanes gather(const MixtureBlock& b, const double* row, Size j) {
  if (!b.sort) return load(row + j);
  Lanes result = {};
  for (Size u = 0; u < width; ++u) result[u] = row[b.order[j + u]];
  return result;
}

// Relative weights of the components that count at one of the lanes; their number. The rest would
// add exact zeros.
Size active_components(const MixtureBlock& b, Size j, Lanes& sum) {
  const Lanes largest = gather(b, b.largest, j);
  Size count = 0;
  sum = Lanes{};
  for (Size k = 0; k < b.components; ++k) {
    const Lanes x = gather(b, b.logs + k * b.capacity, j) - largest;
    if (!any_positive(x + b.cut)) continue;
    const Lanes e = exp_of_nonpositive(x, -b.cut);
    store(b.weights + count * width, e);
    b.active[count++] = static_cast<std::uint32_t>(k);
    sum += e;
  }
  return count;
}

// out = M x for a d × d matrix, four rows at a time.
FLOWCHECK_LANES_INLINE void product(const double* M, const double* x, Size d, double* out) {
  Size i = 0;
  for (; i + unrolled <= d; i += unrolled) {
    Lanes sum[unrolled] = {};
    for (Size l = 0; l < d; ++l) {
      const Lanes x_l = load(x + l * width);
      FLOWCHECK_UNROLL
      for (Size u = 0; u < unrolled; ++u) sum[u] += M[(i + u) * d + l] * x_l;
    }
    FLOWCHECK_UNROLL
    for (Size u = 0; u < unrolled; ++u) store(out + (i + u) * width, sum[u]);
  }
  for (; i < d; ++i) {
    Lanes sum = {};
    for (Size l = 0; l < d; ++l) sum += M[i * d + l] * load(x + l * width);
    store(out + i * width, sum);
  }
}

// One panel of Rᵀz, z being `stride` apart.
template <Size rows>
FLOWCHECK_LANES_INLINE const double* transposed_panel(
    const double* R, const double* z, Size stride, Size i, double* to) {
  Lanes sum[rows] = {};
  for (Size l = 0; l < i; ++l, z += stride, R += rows) {
    const Lanes z_l = load(z);
    FLOWCHECK_UNROLL
    for (Size u = 0; u < rows; ++u) sum[u] += R[u] * z_l;
  }
  FLOWCHECK_UNROLL
  for (Size v = 0; v < rows; ++v, z += stride) {
    const Lanes z_l = load(z);
    FLOWCHECK_UNROLL
    for (Size u = v; u < rows; ++u, ++R) sum[u] += *R * z_l;
  }
  FLOWCHECK_UNROLL
  for (Size u = 0; u < rows; ++u) store(to + (i + u) * width, sum[u]);
  return R;
}

// hₖ = gRᵀ(Rδ) from the Rδ that was kept.
FLOWCHECK_LANES_INLINE void transposed_product(const MixtureBlock& b,
                                               Size k,
                                               Size j,
                                               double* value) {
  const Size d = b.dimension;
  const double* R = b.transposed + k * triangle(d);
  const double* z = b.whitened + k * d * b.capacity + j;
  const Size tiled = d - d % mixture_panel;
  for (Size i = 0; i < tiled; i += mixture_panel) {
    R = transposed_panel<mixture_panel>(R, z, b.capacity, i, value);
  }
  for (Size i = tiled; i < d; ++i) R = transposed_panel<1>(R, z, b.capacity, i, value);
}

// hₖ of the active components.
void active_values(const MixtureBlock& b, Size j, Size count, const double* x, double* offset) {
  const Size d = b.dimension;
  for (Size a = 0; a < count; ++a) {
    const Size k = b.active[a];
    double* value = b.values + a * d * width;
    if (b.transposed != nullptr) {
      transposed_product(b, k, j, value);
    } else if (b.gains != nullptr) {
      const double* centre = b.centres + k * d;
      for (Size i = 0; i < d; ++i) {
        store(offset + i * width, b.gain_scale * (load(x + i * width) - centre[i]));
      }
      product(b.gains + k * d * d, offset, d, value);
      if (b.offsets == nullptr) continue;
      for (Size i = 0; i < d; ++i) {
        store(value + i * width, load(value + i * width) + b.offsets[k * d + i]);
      }
    } else {
      for (Size i = 0; i < d; ++i) store(value + i * width, broadcast(b.offsets[k * d + i]));
    }
  }
}

template <Size rows>
FLOWCHECK_LANES_INLINE void mean_of_rows(const MixtureBlock& b, Size count, Size i, double* mean) {
  Lanes sum[rows] = {};
  for (Size a = 0; a < count; ++a) {
    const Lanes r = load(b.weights + a * width);
    const double* value = b.values + (a * b.dimension + i) * width;
    FLOWCHECK_UNROLL
    for (Size u = 0; u < rows; ++u) sum[u] += r * load(value + u * width);
  }
  FLOWCHECK_UNROLL
  for (Size u = 0; u < rows; ++u) store(mean + (i + u) * width, sum[u]);
}

void mean_of_values(const MixtureBlock& b, Size count, double* mean) {
  const Size tiled = b.dimension - b.dimension % unrolled;
  Size i = 0;
  for (; i < tiled; i += unrolled) mean_of_rows<unrolled>(b, count, i, mean);
  for (; i + 2 <= b.dimension; i += 2) mean_of_rows<2>(b, count, i, mean);
  if (i < b.dimension) mean_of_rows<1>(b, count, i, mean);
}

// The 0 that is added makes −0 a 0, as adding a covariance of 0 does, so that it does not matter
// whether that is done.
template <Size entries>
FLOWCHECK_LANES_INLINE void mean_of_entries(const MixtureBlock& b,
                                            Size count,
                                            Size e,
                                            double* out) {
  Lanes sum[entries] = {};
  for (Size a = 0; a < count; ++a) {
    const double* B = b.matrices + b.active[a] * triangle(b.dimension) + e;
    const Lanes r = load(b.weights + a * width);
    FLOWCHECK_UNROLL
    for (Size u = 0; u < entries; ++u) sum[u] += r * B[u];
  }
  FLOWCHECK_UNROLL
  for (Size u = 0; u < entries; ++u) store(out + (e + u) * width, b.matrix_scale * sum[u] + 0.0);
}

// matrix_scale Σ rₖBₖ, the lower triangle.
void mean_of_matrices(const MixtureBlock& b, Size count, double* out) {
  constexpr Size entries = 8;
  const Size length = triangle(b.dimension);
  if (b.common) {
    for (Size e = 0; e < length; ++e) {
      store(out + e * width, broadcast(b.matrix_scale * b.matrices[e] + 0.0));
    }
    return;
  }
  const Size tiled = length - length % entries;
  Size e = 0;
  for (; e < tiled; e += entries) mean_of_entries<entries>(b, count, e, out);
  for (; e + 3 <= length; e += 3) mean_of_entries<3>(b, count, e, out);
  for (; e < length; ++e) mean_of_entries<1>(b, count, e, out);
}

// Adds covariance_scale Σ rₖ(hₖ − h̄)(hₖ − h̄)ᵀ, the values being centred already: rank `count`
// update of a tile of rows × columns held in registers.
template <Size rows, Size columns>
FLOWCHECK_LANES_INLINE void add_tile(
    const MixtureBlock& b, Size count, Size i, Size l, double* out) {
  Lanes sum[rows][columns] = {};
  for (Size a = 0; a < count; ++a) {
    const Lanes r = load(b.weights + a * width);
    const double* value = b.values + a * b.dimension * width;
    Lanes right[columns];
    FLOWCHECK_UNROLL
    for (Size v = 0; v < columns; ++v) right[v] = load(value + (l + v) * width);
    FLOWCHECK_UNROLL
    for (Size u = 0; u < rows; ++u) {
      const Lanes left = r * load(value + (i + u) * width);
      FLOWCHECK_UNROLL
      for (Size v = 0; v < columns; ++v) sum[u][v] += left * right[v];
    }
  }
  FLOWCHECK_UNROLL
  for (Size u = 0; u < rows; ++u) {
    FLOWCHECK_UNROLL
    for (Size v = 0; v < columns; ++v) {
      if (l + v > i + u) break;
      double* to = out + (triangle(i + u) + l + v) * width;
      store(to, load(to) + b.covariance_scale * sum[u][v]);
    }
  }
}

void add_covariance(const MixtureBlock& b, Size count, const double* mean, double* out) {
  const Size d = b.dimension;
  for (Size a = 0; a < count; ++a) {
    for (Size i = 0; i < d; ++i) {
      double* value = b.values + (a * d + i) * width;
      store(value, load(value) - load(mean + i * width));
    }
  }
  const Size tiled = d - d % unrolled;
  Size i = 0;
  for (; i < tiled; i += unrolled) {
    for (Size l = 0; l <= i; l += unrolled) add_tile<unrolled, unrolled>(b, count, i, l, out);
  }
  for (; i + 2 <= d; i += 2) {
    for (Size l = 0; l <= i; l += 2) add_tile<2, 2>(b, count, i, l, out);
  }
  if (i < d) {
    for (Size l = 0; l <= i; ++l) add_tile<1, 1>(b, count, i, l, out);
  }
}

// Lanes to columns of the result.
void write_columns(const MixtureBlock& b, Size j, const double* from, Size length, double* to) {
  for (Size u = 0; u < width; ++u) {
    const Size column = b.sort ? b.order[j + u] : j + u;
    if (column >= b.count) continue;
    for (Size e = 0; e < length; ++e) to[column * length + e] = from[e * width + u];
  }
}

// X Σ rₖ(x − bμₖ), written to x's place, and Σ rₖμₖ. Offsets are taken before X, which may be huge,
// is applied: near an atom X x and X bμ would cancel.
void common_vectors(const MixtureBlock& b, Size count, double* x, double* mean, double* other) {
  const Size d = b.dimension;
  for (Size i = 0; i < d; ++i) {
    const Lanes x_i = load(x + i * width);
    Lanes offset = {};
    Lanes sum = {};
    for (Size a = 0; a < count; ++a) {
      const Lanes r = load(b.weights + a * width);
      const double mu = b.means[b.active[a] * d + i];
      offset += r * (x_i - b.data_scale * mu);
      sum += r * mu;
    }
    store(other + i * width, offset);
    store(mean + i * width, sum);
  }
  product(b.x_matrix, other, d, x);
}

void moments(const MixtureBlock& b, Size j, Size count) {
  const Size d = b.dimension;
  double* x = b.rows;
  double* mean = x + d * width;
  double* other = mean + d * width;  // a vector
  double* out = other + d * width;   // a triangle
  for (Size i = 0; i < d; ++i) store(x + i * width, gather(b, b.coordinates + i * b.capacity, j));
  if (!b.common || b.triangles != nullptr) {
    active_values(b, j, count, x, other);
    mean_of_values(b, count, mean);
  }
  if (b.triangles != nullptr) {
    mean_of_matrices(b, count, out);
    if (count > 1) add_covariance(b, count, mean, out);
    write_columns(b, j, out, triangle(d), b.triangles);
  }
  if (b.vectors != nullptr) {
    if (b.common) common_vectors(b, count, x, mean, other);
    for (Size i = 0; i < d; ++i) {
      const Lanes h = b.vector_scale * load(mean + i * width);
      store(mean + i * width, b.x_scale == 0.0 ? h : b.x_scale * load(x + i * width) + h);
    }
    write_columns(b, j, mean, d, b.vectors);
  }
}

void mixture_block(const MixtureBlock& b) {
  const Size step = mixture_block_step;
  const Size padded = (b.count + step - 1) / step * step;
  read_points(b, padded);
  if (b.rotation != nullptr) rotate_points(b, padded);
  for (Size j = 0; j < padded; ++j) {
    b.largest[j] = -__builtin_inf();
    b.heaviest[j] = 0.0;
  }
  log_weights(b, padded);
  if (b.sort) order_points(b, padded);

  for (Size j = 0; j < padded; j += width) {
    Lanes sum;
    const Size count = active_components(b, j, sum);
    for (Size u = 0; u < width; ++u) b.sums[b.sort ? b.order[j + u] : j + u] = sum[u];
    if (b.vectors == nullptr && b.triangles == nullptr) continue;
    const Lanes inverse = 1.0 / sum;
    for (Size a = 0; a < count; ++a) {
      double* r = b.weights + a * width;
      store(r, load(r) * inverse);
    }
    moments(b, j, count);
  }
}

}  // namespace
}  // namespace flowcheck
