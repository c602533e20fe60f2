// A picture: read or refused, never anything else.
#include "fuzz/fuzz.hpp"
#include "measures/pgm.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace flowcheck;
  read_or_refuse([&] {
    const Matrix grey = parse_pgm(text_of(data, size), "x.pgm", fuzz_limits);
    must(grey.rows() >= 2 && grey.cols() >= 2);
    must(grey.minCoeff() >= 0.0 && grey.maxCoeff() > 0.0 && grey.maxCoeff() <= 65535.0);
  });
  return 0;
}
