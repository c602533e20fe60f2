// Points as comma separated text: read or refused, never anything else.
#include "fuzz/fuzz.hpp"
#include "measures/points_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  flowcheck::with_treatments(data, size, [](std::string_view text, const auto& treatment) {
    return flowcheck::parse_csv_points(text, "x.csv", treatment, flowcheck::fuzz_limits);
  });
  return 0;
}
