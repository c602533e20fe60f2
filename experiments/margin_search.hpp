#pragma once

#include "claims/claim.hpp"
#include "report/experiment.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck {

/// What a search pushes down, on [−1, 1]^k; +∞ where there is nothing to look at.
using Objective = std::function<double(const Vector& x)>;

/// Random steps of normal size s, kept inside the box: s grows by half with a success and shrinks
/// so that one success in five keeps it. At 1e-5 it starts again where it is. Until the objective
/// is finite for the first time, points are drawn from the whole box.
struct Descent {
  Vector at = {};
  double value = infinity;
  double size = 0.3;
  int evaluations = 0;
  int instances = 0;  ///< of them, those with something to look at

  void step(const Objective& objective, Rng& rng);
};

/// A descent of so many evaluations from a random point. `visit` sees it after 1, 2, 4, … of them
/// and after the last; it ends early where the value falls below `enough`.
Descent descend(const Objective& objective,
                Index coordinates,
                int evaluations,
                Rng& rng,
                const std::function<void(const Descent&)>& visit,
                double enough = -infinity);

/// A point of the box as a statement reads it: coordinate after coordinate, each under a name.
class SearchPoint {
 public:
  /// Coordinates beyond the length of x are 0.
  explicit SearchPoint(Vector x) : x_(std::move(x)) {}

  double uniform(const std::string& name, double lower, double upper);
  double log_uniform(const std::string& name, double lower, double upper);

  /// What was read, in order.
  const std::vector<std::pair<std::string, double>>& read() const { return read_; }

 private:
  double next();

  Vector x_;
  std::vector<std::pair<std::string, double>> read_;
};

/// Both sides of lhs ≤ rhs at a point, or the hypothesis that fails there. The number of
/// coordinates read is the same everywhere.
using Statement = std::function<Bound(SearchPoint& at)>;

/// Where counterexamples of one part of a claim are looked for.
struct SearchSpace {
  std::string claim;  ///< "JKO-28(i)"
  std::string part;
  Statement statement;
  std::string wrong;       ///< what the control says instead
  Statement control;       ///< on the same points
  Statement careful = {};  ///< where `statement` is an approximation: what is enclosed
};

/// 1 − lhs/rhs with rhs > 0: what is left of the right side, a counterexample being a margin below
/// 0 beyond its enclosure. Where rhs may be 0: −∞ if lhs is larger all the same, +∞ otherwise, as
/// where a hypothesis fails.
Estimate relative_margin(const Bound& bound);

Index coordinates(const Statement& statement);
Estimate margin_at(const Statement& statement, const Vector& x);

/// The same statement with the right side times `factor`.
Statement with_right_side(Statement statement, double factor);

/// |difference| ≤ what rounding explains of it: an identity as a statement.
Bound within_rounding(const Estimate& difference);

struct SearchOptions {
  int starts = 1;
  int evaluations = 1;  ///< of each start
};

/// The columns of what record_search() adds.
std::vector<std::string> search_columns();

/// Searches a space and records
///
///   kind descent   the least margin of all starts after so many evaluations of each,
///   kind best      margin, ratio = 1 − margin with its verdict, how many starts, how many of their
///                  points had something to look at, and the instance, name by name,
///   kind control   the margin that the wrong statement was found to have, after how many
///                  evaluations in all, at most 20 starts of 2000, and the instance.
///
/// What is pushed down is the upper end of a margin's enclosure, so that rounding is no success.
void record_search(RunRecord& record,
                   const SearchSpace& space,
                   const SearchOptions& options,
                   const RunContext& context);

}  // namespace flowcheck
