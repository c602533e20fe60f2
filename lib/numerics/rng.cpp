#include "numerics/rng.hpp"

#include "numerics/require.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>

namespace flowcheck {
namespace {

std::array<std::uint64_t, 4> philox(const std::array<std::uint64_t, 4>& counter,
                                    const std::array<std::uint64_t, 2>& key) {
  const r123::Philox4x64::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x64::key_type k = {{key[0], key[1]}};
  const r123::Philox4x64::ctr_type block = r123::Philox4x64()(c, k);
  return {block[0], block[1], block[2], block[3]};
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::uint64_t stream) : key_{seed, stream} {}

std::uint64_t Rng::bits() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

double Rng::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

double Rng::uniform(double lower, double upper) {
  return lower + (upper - lower) * uniform();
}

double Rng::log_uniform(double lower, double upper) {
  require(lower > 0.0 && upper >= lower, "Rng::log_uniform: needs 0 < lower <= upper");
  return std::exp(uniform(std::log(lower), std::log(upper)));
}

Index Rng::uniform_index(Index count) {
  require(count > 0, "Rng::uniform_index: count must be positive");
  const auto n = static_cast<std::uint64_t>(count);
  const std::uint64_t rejected = (0 - n) % n;  // 2⁶⁴ mod n: the words that would be one too many
  std::uint64_t word = bits();
  while (word < rejected) word = bits();
  return static_cast<Index>(word % n);
}

double Rng::normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));  // 1 − U is in (0, 1]
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_normal_ = true;
  return radius * std::cos(angle);
}

Vector Rng::normal_vector(Index dimension) {
  return normal_matrix(dimension, 1);
}

Matrix Rng::normal_matrix(Index rows, Index columns) {
  Matrix result(rows, columns);
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) result(i, j) = normal();
  }
  return result;
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view name, std::uint64_t number) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a of the name; Philox then mixes
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return philox({hash, number, name.size(), 0}, {seed, 0x666c6f77636865})[0];
}

}  // namespace flowcheck
