// A measure as JSON: read or refused, never anything else; and its components made.
#include "fuzz/fuzz.hpp"
#include "measures/gaussian.hpp"
#include "measures/measure_text.hpp"

#include <cmath>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace flowcheck;
  read_or_refuse([&] {
    const MeasureText text = parse_measure_text(text_of(data, size), "x.json", fuzz_limits);
    must(text.file.empty() == !text.covariances.empty());
    const std::vector<double>& weights = text.treatment.weights;
    must(weights.size() <= fuzz_limits.values);
    must(std::all_of(weights.begin(), weights.end(),
                     [](double w) { return w >= 0.0 && std::isfinite(w); }));
    must(weights.empty() || text.treatment.weight_column.empty());
    for (const Matrix& covariance : text.covariances) {
      try {
        const Gaussian component(text.means.col(0), covariance);
        must(component.eigenvalues().allFinite() && component.eigenvalues().minCoeff() >= 0.0);
      } catch (const std::invalid_argument&) {
        // not symmetric, or not positive semidefinite: the reader says so with the line
      }
    }
  });
  return 0;
}
