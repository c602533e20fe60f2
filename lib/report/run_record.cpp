#include "report/run_record.hpp"

#include "numerics/require.hpp"
#include "report/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace flowcheck {
namespace {

std::string text_of(const Parameter& parameter) {
  struct Visitor {
    std::string operator()(std::int64_t count) const { return fmt::format("{}", count); }
    std::string operator()(double number) const { return csv_number(number); }
    std::string operator()(const std::string& word) const { return csv_field(word); }
  };
  return std::visit(Visitor{}, parameter);
}

bool is_column_name(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

}  // namespace

RunRecord::RunRecord(std::vector<std::string> parameters, std::uint64_t seed)
    : parameters_(std::move(parameters)), seed_(seed) {
  require(std::all_of(parameters_.begin(), parameters_.end(), is_column_name),
          "RunRecord: a column's name is made of a-z, 0-9 and _");
}

void RunRecord::add(std::vector<Parameter> parameters,
                    std::string quantity,
                    const Estimate& measured) {
  add(std::move(parameters), std::move(quantity),
      {.lhs = measured, .rhs = std::numeric_limits<double>::quiet_NaN()}, 0.0, false);
}

void RunRecord::add(std::vector<Parameter> parameters,
                    std::string quantity,
                    const Bound& bound,
                    double tolerance,
                    bool votes) {
  require(parameters.size() == parameters_.size(),
          "RunRecord: a row has one parameter for each column");
  std::string verdict;
  if (votes) verdict = to_string(judge(bound, tolerance));
  // A measurement that is not a number always has a say.
  if (bound.lhs.is_nan()) verdict = to_string(Verdict::numerical_failure);
  rows_.push_back({.parameters = std::move(parameters),
                   .quantity = std::move(quantity),
                   .measured = bound.lhs,
                   .predicted = bound.rhs,
                   .verdict = std::move(verdict)});
}

Verdict RunRecord::verdict() const {
  Verdict worst = Verdict::not_applicable;
  for (const Row& row : rows_) {
    if (!row.verdict.empty()) worst = std::max(worst, verdict_from_string(row.verdict));
  }
  return worst == Verdict::tight ? Verdict::holds : worst;
}

std::string RunRecord::csv() const {
  std::string text;
  const auto out = std::back_inserter(text);
  for (const std::string& name : parameters_) fmt::format_to(out, "{},", name);
  // A field that is never empty ends the line: gnuplot 5.4 takes an empty one at the end of a line
  // for what an earlier, longer line had there.
  text += "quantity,seed,measured,lower,upper,predicted,verdict,grade\n";
  for (const Row& row : rows_) {
    for (const Parameter& parameter : row.parameters)
      fmt::format_to(out, "{},", text_of(parameter));
    const double predicted = row.predicted.value;
    fmt::format_to(out, "{},{},{},{},{},{},{},{}\n", csv_field(row.quantity), seed_,
                   csv_number(row.measured.value), csv_number(row.measured.lower),
                   csv_number(row.measured.upper),
                   std::isnan(predicted) ? "" : csv_number(predicted), row.verdict,
                   to_string(row.measured.grade));
  }
  return text;
}

}  // namespace flowcheck
