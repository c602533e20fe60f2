#pragma once

namespace flowcheck {

/// Why an iteration stopped. Everything but `converged` makes its answer unfit for a verdict.
enum class Termination {
  running,
  converged,
  iteration_limit,
  stalled,  ///< at its floor, above what was asked for
  not_finite,
};

}  // namespace flowcheck
