#pragma once

#include <cstddef>
#include <cstdint>

namespace flowcheck {

/// One block of trajectories of dz/dφ = Σ rₖμₖ, rₖ ∝ wₖ e^{φ⟨z, μₖ⟩ − φ²|μₖ|²/2}: what the vector
/// kernels are given. Plain pointers, for the sources compiled with wide instructions share nothing
/// inline with the rest.
struct EnsembleBlock {
  std::size_t dimension = 0;             // d
  std::size_t components = 0;            // K
  const double* centres = nullptr;       // μₖ, K × d
  const double* half_squares = nullptr;  // |μₖ|²/2
  const double* log_weights = nullptr;   // log wₖ
  double start = 0.0;                    // φ
  double end = 0.0;
  double direction = 1.0;    // of time, ±1
  double most_missed = 0.0;  // by a step before it is corrected, relative to 1 + max |z_i|
  double log2_step = 0.0;    // log₂ of a step, in radii of convergence
  std::uint32_t step_limit = 0;

  std::size_t count = 0;
  double* points = nullptr;          // d × count, column-major: z at `start`, then at `end`
  std::uint32_t* steps = nullptr;    // count
  unsigned char* outcome = nullptr;  // count: an EnsembleOutcome
  double* scratch = nullptr;         // see EnsembleScratch
  double* last_steps = nullptr;      // (2 + 2 d) × count, see EnsembleLastStep
  std::uint32_t* pending = nullptr;  // count
};

enum { ensemble_row = 8 };     // the widest vector
enum { ensemble_order = 12 };  // of the Taylor expansions

enum EnsembleOutcome : unsigned char {
  ensemble_converged,
  ensemble_step_limit,
  ensemble_stalled,
  ensemble_not_finite,
};

void ensemble_block_portable(const EnsembleBlock& block);
void ensemble_block_avx2(const EnsembleBlock& block);
void ensemble_block_avx512(const EnsembleBlock& block);

}  // namespace flowcheck
