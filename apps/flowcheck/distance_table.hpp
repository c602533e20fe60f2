#pragma once

#include "measures/measure_file.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace flowcheck {

/// What came out, and what it took.
struct DistanceResult {
  Estimate estimate = {};
  std::int64_t iterations = 0;  ///< 0 where the method has none
};

/// One method of one kind of distance, for one pair of types of measures.
struct DistanceMethod {
  std::string kind = {};
  std::string method = {};  ///< a few words: "closed form", "optimal assignment"
  std::string first = {};   ///< type_name()
  std::string second = {};
  /// The hypothesis that a pair of these types fails, or "".
  std::function<std::string(const Measure&, const Measure&)> failed_hypothesis = {};
  std::function<DistanceResult(const Measure&, const Measure&)> compute = {};
};

/// Everything that runs; the order is that of help and messages.
const std::vector<DistanceMethod>& distance_methods();

std::vector<std::string> distance_kinds();  ///< each once

/// "gaussian and gaussian, points and points": what a kind has methods for.
std::string pairs_of(const std::string& kind);

/// The method for a pair of measures; nullptr where the kind has none for their types. A Gaussian
/// is taken for a mixture of one where there is no method of its own.
const DistanceMethod* find_distance(const std::string& kind,
                                    const Measure& first,
                                    const Measure& second);

}  // namespace flowcheck
