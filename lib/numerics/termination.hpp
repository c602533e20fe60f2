#pragma once

namespace flowcheck {

/// Why an iteration stopped. Everything but `converged` makes its answer unfit for a verdict.
enum class Termination {
  running,
  converged,
  iteration_limit,
  not_finite,
};

}  // namespace flowcheck
