#include "report/figure.hpp"

#include "report/atomic_file.hpp"

#include <catch2/catch.hpp>

namespace flowcheck::figure_test {

using Catch::Contains;
using Catch::StartsWith;

namespace {
constexpr const char* data = "n,quantity,measured,verdict\n1,a,2,holds\n2,a,3,\n1,b,5,holds\n";
constexpr const char* commands =
    "plot 'data.csv' using (is(\"quantity\", \"a\") && !is_empty(\"verdict\") ? column(\"n\") : "
    "NaN)"
    ":(column(\"measured\")) with points title 'λ'\n";
}  // namespace

TEST_CASE("A figure is the same bytes every time", "[report][property]") {
  const Figure first = draw_figure(data, commands);
  const Figure second = draw_figure(data, commands);
  CHECK_THAT(first.svg, Contains("<svg") && Contains("λ"));
  CHECK_THAT(first.pdf, StartsWith("%PDF"));
  CHECK_THAT(first.script, Contains(commands));
  CHECK(first.svg == second.svg);
  CHECK(first.pdf == second.pdf);
  CHECK(draw_figure("n,quantity,measured,verdict\n1,a,4,holds\n2,a,3,holds\n", commands).svg !=
        first.svg);
}

TEST_CASE("Commands that gnuplot does not accept are refused in one line",
          "[report][precondition]") {
  CHECK_THROWS_WITH(draw_figure(data, "plot nonsense(\n"),
                    StartsWith("figure: gnuplot failed") && !Contains("\n"));
}

}  // namespace flowcheck::figure_test
