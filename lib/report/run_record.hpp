#pragma once

#include "claims/verdict.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace flowcheck {

/// A parameter of a row: a count, a number, or a word.
using Parameter = std::variant<std::int64_t, double, std::string>;

/// One point: where it was taken, what was measured, what was predicted.
struct Row {
  std::vector<Parameter> parameters;  ///< one for each of the record's parameter columns
  std::string quantity;               ///< "w2_squared", "kl", …
  Estimate measured;
  Estimate predicted;   ///< NaN where nothing is predicted
  std::string verdict;  ///< "" where the row does not vote, a Verdict's word elsewhere
};

/// The rows of one run, tidy: one point a row. data.csv has the columns
///
///   <parameters…>, quantity, seed, measured, lower, upper, predicted, verdict, grade
///
/// numbers with 17 significant digits, infinities as inf and -inf, "not predicted" as an empty
/// field.
class RunRecord {
 public:
  /// @param parameters  names of the parameter columns, each [a-z0-9_]+
  explicit RunRecord(std::vector<std::string> parameters, std::uint64_t seed = 1);

  /// A point that was measured and is not compared with anything.
  void add(std::vector<Parameter> parameters, std::string quantity, const Estimate& measured);
  /// A point with its prediction; `bound` says how they are compared. A measured point below its
  /// noise floor does not vote: pass `votes = false`.
  void add(std::vector<Parameter> parameters,
           std::string quantity,
           const Bound& bound,
           double tolerance,
           bool votes = true);

  const std::vector<std::string>& parameters() const { return parameters_; }
  const std::vector<Row>& rows() const { return rows_; }
  std::uint64_t seed() const { return seed_; }
  Verdict verdict() const;  ///< worst of the rows that vote; not_applicable if none does

  std::string csv() const;  ///< the whole of data.csv

 private:
  std::vector<std::string> parameters_;
  std::uint64_t seed_;
  std::vector<Row> rows_;
};

}  // namespace flowcheck
