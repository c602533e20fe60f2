#include "numerics/huge_pages.hpp"

#include <catch2/catch.hpp>

namespace flowcheck::huge_pages_test {

TEST_CASE("large vectors keep their entries when their neighbours ask for pages",
          "[numerics][property]") {
  const Index least = (Index{1} << 22) / 8;  // of entries, for which pages are asked for
  for (const Index size : {Index{0}, Index{1}, least - 1, least, least + 1, 3 * least + 7}) {
    CAPTURE(size);
    Vector first = large_vector(size);
    REQUIRE(first.size() == size);
    first.setLinSpaced(1.0, 2.0);
    const Vector copy = first;
    large_vector(size).setZero();
    Vector second = large_vector(size);
    second.setZero();
    CHECK(first == copy);
    CHECK(second.isZero(0.0));
  }
}

}  // namespace flowcheck::huge_pages_test
