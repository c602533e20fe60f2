// Points as a NumPy array: read or refused, never anything else; what is read is written and read
// again to the last bit.
#include "fuzz/fuzz.hpp"
#include "measures/npy.hpp"
#include "measures/points_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace flowcheck;
  with_treatments(data, size, [](std::string_view bytes, const DataTreatment& treatment) {
    TreatedPoints read = parse_npy_points(bytes, "x.npy", treatment, fuzz_limits);
    must(parse_npy(npy_bytes(read.points), "again.npy") == read.points);
    return read;
  });
  return 0;
}
