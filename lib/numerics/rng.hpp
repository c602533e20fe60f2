#pragma once

#include "numerics/types.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace flowcheck {

/// Stream of random numbers, the only source of randomness: Philox4x64-10 from Random123, keyed by
/// (seed, stream) and counted from zero, so any stream replays alone, on any thread.
///
/// Uniforms and normals are made here (the standard's distributions differ between libraries):
/// a uniform is the 53 high bits of one word, a normal is Box–Muller on two.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t bits();  ///< 64 independent bits
  double uniform();      ///< in [0, 1), a multiple of 2⁻⁵³
  double uniform(double lower, double upper);
  double log_uniform(double lower, double upper);   ///< log-uniform, 0 < lower < upper
  Index uniform_index(Index count);                 ///< 0 … count − 1, without modulo bias
  double normal();                                  ///< N(0, 1)
  Vector normal_vector(Index dimension);            ///< d independent N(0, 1)
  Matrix normal_matrix(Index rows, Index columns);  ///< filled column by column

 private:
  std::array<std::uint64_t, 2> key_;
  std::array<std::uint64_t, 4> counter_ = {};
  std::array<std::uint64_t, 4> block_ = {};
  int used_ = 4;
  double spare_normal_ = 0.0;
  bool has_spare_normal_ = false;
};

/// Seed of a named part of a run: mixes the parent's seed, a name and a number.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

}  // namespace flowcheck
