#pragma once

#include "measures/measure_file.hpp"
#include "numerics/estimate.hpp"
#include "numerics/rng.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flowcheck {

/// How the two sides of a Bound are compared.
enum class Relation {
  bound,     ///< lhs ≤ rhs
  identity,  ///< lhs = rhs
  order,     ///< lhs, an observed slope with its interval, has the predicted rhs inside
};

std::string_view to_string(Relation relation);

/// Both sides of one inequality (or identity, or order) on one instance.
struct Bound {
  Estimate lhs = {};
  Estimate rhs = {};
  Relation relation = Relation::bound;
  std::string part = {};  ///< which of the claim's statements, "" where there is one
  double scale = 0.0;     ///< size of the largest term in it, where that exceeds both sides
  bool auxiliary =
      false;  ///< a step of the proof or a cross-check: its tightness is not the claim's
  std::string failed_hypothesis = {};  ///< of this part alone; nothing was compared then
  std::string place = {};  ///< where on the instance: "linear, t = 0.95"; "" where there is one
};

Bound identity(Estimate lhs, Estimate rhs, std::string part = {}, double scale = 0.0);
Bound order(Estimate slope, double predicted, std::string part = {});

/// A part of the statement that the instance at hand says nothing about, and why.
Bound left_out(std::string part, std::string hypothesis);

/// What evaluating a claim on an instance gives: bounds, or the hypothesis that the instance fails.
struct Outcome {
  std::vector<Bound> bounds = {};
  std::string failed_hypothesis = {};

  Outcome(Bound bound) : bounds{std::move(bound)} {}
  Outcome(std::vector<Bound> all) : bounds(std::move(all)) {}
  static Outcome not_applicable(std::string hypothesis);

  bool applies() const { return failed_hypothesis.empty(); }

 private:
  Outcome() = default;
};

/// How much work is wanted: of a claim a fraction of a second, seconds, minutes.
enum class Scale { quick, standard, paper };

std::string_view to_string(Scale scale);

/// What a draw is given: its own random stream, so that it replays alone, and its share of the
/// run's false-alarm budget.
struct Trial {
  Rng rng;
  Scale scale = Scale::quick;
  double false_alarm = 1e-6;  ///< probability at which each confidence interval of it may miss
};

using Draw = std::function<Outcome(Trial&)>;

/// A family of instances. Random families are drawn many times, a fixed instance once.
struct Instance {
  std::string name;
  Draw draw;
  bool repeat = true;            ///< drawn once if false
  int confidence_intervals = 0;  ///< statistical intervals in one draw, for the false-alarm budget
};

/// A user's own problem: how far does a chain from `start` towards `reference` keep what is
/// claimed? A start that is not Gaussian is on the line, or a mixture on the plane; points are
/// their empirical measure.
struct Target {
  Measure start;
  Gaussian reference;
  double step_size = 0.5;     ///< γ
  double error = 0.1;         ///< ε
  std::string schedule = {};  ///< name of one interpolation schedule; empty: all that are checked
  /// δ, a mixture on the plane being replaced by (p + δU)/(1 + δ), U uniform on the steps'
  /// rectangle; none: the least with which its steps are found.
  std::optional<double> start_floor = {};
};

/// Where a claim's constants come from.
enum class Provenance {
  quoted,    ///< the statement was seen
  recalled,  ///< constants not checked against the paper, re-derived here
  derived,   ///< proved in this project
};

std::string_view to_string(Provenance provenance);

/// A theorem as something that runs: where it must hold, where it is attained, and a wrong variant
/// that must break.
struct Claim {
  std::string id;         ///< "JKO-11"
  std::string statement;  ///< one line of Unicode mathematics
  std::string source;
  Provenance provenance = Provenance::derived;
  std::vector<std::string> hypotheses = {};
  std::string scope = "instances";
  double tolerance =
      1e-8;  ///< relative width below which overlapping sides count as equal; cause: round-off
  double order_tolerance = 0.2;  ///< largest acceptable width of an observed order's interval
  std::vector<Instance> instances = {};
  std::vector<Instance> tight = {};     ///< instances that attain it
  std::vector<Instance> controls = {};  ///< one thing wrong in each; must be violated
  std::function<Outcome(const Target&)> on_target =
      {};                            ///< empty: no way to check a user's measure
  std::string file = {};             ///< __FILE__ of its source
  Grade grade = Grade::closed_form;  ///< weakest evidence among its checks; a label to select by
  bool costly = false;               ///< takes more than a second at quick scale
  bool without_error = false;  ///< knows no ε: the check of a target with one is "target, no ε"
};

}  // namespace flowcheck
