#pragma once

#include "measures/measure_file.hpp"
#include "numerics/estimate.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace flowcheck {

/// What a user may set. The defaults leave the choice to the method.
struct DistanceOptions {
  double regularisation = 0.0;  ///< ε of sinkhorn; 0: 0.05 of the median squared distance
  double bandwidth = 0.0;  ///< scale s of mmd's kernel e^{−r²/2s²}; 0: 0.1 of B's median distance
  double false_alarm = 0.05;  ///< probability that a statistical interval misses
  std::uint64_t seed = 1;     ///< of what is drawn
};

/// What came out, and what it took.
struct DistanceResult {
  Estimate estimate = {};
  std::string method = {};      ///< the one that was used, of a method with several
  std::int64_t iterations = 0;  ///< 0 where the method has none
  /// Further numbers by name, in the order they are told.
  std::vector<std::pair<std::string, double>> details = {};
};

/// One method of one kind of distance, for one pair of types of measures.
struct DistanceMethod {
  std::string kind = {};
  std::string method = {};  ///< a few words: "closed form", "quadrature, in d > 2 draws"
  std::string first = {};   ///< type_name()
  std::string second = {};
  /// The hypothesis that a pair of these types fails, or "".
  std::function<std::string(const Measure&, const Measure&)> failed_hypothesis = {};
  std::function<DistanceResult(const Measure&, const Measure&, const DistanceOptions&)> compute =
      {};
};

/// Everything that runs; the order is that of help and messages.
const std::vector<DistanceMethod>& distance_methods();

std::vector<std::string> distance_kinds();  ///< each once

/// "gaussian and gaussian, points and points": what a kind has methods for.
std::string pairs_of(const std::string& kind);

/// The method for a pair of measures; nullptr where the kind has none for their types. A Gaussian
/// is taken for a mixture of one where there is no method of its own, and a mixture all of whose
/// mass is in one component for the Gaussian it is.
const DistanceMethod* find_distance(const std::string& kind,
                                    const Measure& first,
                                    const Measure& second);

}  // namespace flowcheck
