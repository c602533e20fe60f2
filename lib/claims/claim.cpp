#include "claims/claim.hpp"

#include <array>
#include <utility>

namespace flowcheck {

Bound identity(Estimate lhs, Estimate rhs, std::string part, double scale) {
  return {.lhs = lhs,
          .rhs = rhs,
          .relation = Relation::identity,
          .part = std::move(part),
          .scale = scale};
}

Bound order(Estimate slope, double predicted, std::string part) {
  return {.lhs = slope, .rhs = predicted, .relation = Relation::order, .part = std::move(part)};
}

Bound left_out(std::string part, std::string hypothesis) {
  return {.part = std::move(part), .failed_hypothesis = std::move(hypothesis)};
}

Outcome Outcome::not_applicable(std::string hypothesis) {
  Outcome result;
  result.failed_hypothesis = std::move(hypothesis);
  return result;
}

std::string_view to_string(Relation relation) {
  constexpr std::array<std::string_view, 3> words = {"bound", "identity", "order"};
  return words.at(static_cast<std::size_t>(relation));
}

std::string_view to_string(Scale scale) {
  constexpr std::array<std::string_view, 3> words = {"quick", "standard", "paper"};
  return words.at(static_cast<std::size_t>(scale));
}

std::string_view to_string(Provenance provenance) {
  constexpr std::array<std::string_view, 3> words = {"quoted", "recalled", "derived"};
  return words.at(static_cast<std::size_t>(provenance));
}

}  // namespace flowcheck
