#pragma once

#include "measures/data_treatment.hpp"
#include "measures/input_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <string_view>

// What the fuzz targets have in common.
namespace flowcheck {

/// Small enough that an input of a few kilobytes meets them.
inline constexpr InputLimits fuzz_limits{.file_bytes = 1u << 16,
                                         .data_bytes = 1u << 16,
                                         .values = 1u << 12,
                                         .dimension = 16,
                                         .components = 8};

inline void must(bool condition) {
  if (!condition) std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Runs a reader. An InputError has to be one line with file and line; nothing else may leave it.
template <class Read>
void read_or_refuse(const Read& read) {
  try {
    read();
  } catch (const InputError& error) {
    const std::string_view what = error.what();
    must(what.starts_with("x.") && what.find('\n') == std::string_view::npos);
    must(what.size() < 1000);
  }
}

/// Reads points as they are, and with every treatment; what comes out is finite.
template <class Read>
void with_treatments(const unsigned char* data, std::size_t size, const Read& read) {
  for (const DataTreatment& treatment :
       {DataTreatment{}, DataTreatment{.columns = {"2", "x"}, .drop_missing = true},
        DataTreatment{.drop_missing = true, .dequantise = true, .standardise = true},
        DataTreatment{.drop_missing = true, .standardise = true, .weight_column = "1"},
        DataTreatment{.weights = {0.5, 3.0}}}) {
    read_or_refuse([&] {
      const TreatedPoints points = read(text_of(data, size), treatment);
      must(points.points.size() > 0 && points.points.allFinite());
      const Vector& weights = points.weights;
      if (weights.size() == 0) return;
      must(weights.size() == points.points.cols() && weights.minCoeff() >= 0.0);
      must(std::abs(weights.sum() - 1.0) <= 1e-9);
    });
  }
}

}  // namespace flowcheck
