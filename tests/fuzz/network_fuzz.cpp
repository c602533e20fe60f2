// A network's header: a shape within the limits or refused, never anything else; what is read is
// written and read again.
#include "fuzz/fuzz.hpp"
#include "learning/network_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace flowcheck;
  read_or_refuse([&] {
    const NetworkShape shape = parse_network_header(text_of(data, size), "x.json", fuzz_limits);
    must(static_cast<std::uintmax_t>(parameter_count(shape)) <= fuzz_limits.values);
    must(parse_network_header(network_header(shape), "again.json") == shape);
  });
  return 0;
}
