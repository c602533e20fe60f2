#pragma once

#include "numerics/types.hpp"

#include <queue>
#include <vector>

namespace flowcheck {

/// When branch and bound of a supremum may end: the one rule of the searches in double arithmetic.
/// Of an infimum, everything with its sign turned.
struct SearchGoal {
  double accuracy = 0.0;      ///< how far above what has been seen the rest may be left open
  double round_off = 0.0;     ///< the same, where rounding hides more: no more places close it
  double enough = -infinity;  ///< all being proved to lie below this is an answer too

  /// open ≤ enough, open ≤ seen + round_off, or open ≤ seen + accuracy with seen > enough: while
  /// nothing above `enough` has been seen, whether anything is there is still to be decided.
  bool is_met(double seen, double open) const {
    return open <= enough || open <= seen + round_off || (seen > enough && open <= seen + accuracy);
  }
};

/// Best-first branch and bound for sup f (outward = 1) or inf f (outward = −1): always the cell
/// whose bound is the outermost is split.
///
/// @param first    cells that cover everything, at least one, with a member `bound` of f on them
/// @param is_done  of the outermost bound, whether to end there
/// @param split    of a cell, a range of cells that cover it
/// @return         the outermost bound of all that is left
template <class Cell, class IsDone, class Split>
double best_first(const std::vector<Cell>& first, double outward, IsDone is_done, Split split) {
  const auto less_urgent = [outward](const Cell& a, const Cell& b) {
    return outward * a.bound < outward * b.bound;
  };
  std::priority_queue<Cell, std::vector<Cell>, decltype(less_urgent)> cells(less_urgent);
  for (const Cell& cell : first) cells.push(cell);
  while (!is_done(cells.top().bound)) {
    const Cell outermost = cells.top();
    cells.pop();
    for (const Cell& part : split(outermost)) cells.push(part);
  }
  return cells.top().bound;
}

}  // namespace flowcheck
