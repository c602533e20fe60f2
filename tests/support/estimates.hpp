#pragma once

#include "numerics/estimate.hpp"
#include "numerics/round_off.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <sstream>
#include <string>

namespace flowcheck {

/// The enclosure of an estimate contains the true value.
class Encloses : public Catch::MatcherBase<Estimate> {
 public:
  explicit Encloses(double truth) : truth_(truth) {}
  bool match(const Estimate& a) const override { return a.lower <= truth_ && truth_ <= a.upper; }
  std::string describe() const override {
    std::ostringstream out;
    out.precision(17);
    out << "encloses " << truth_;
    return out.str();
  }

 private:
  double truth_;
};

/// Equal to `expected` up to round_off(scale, dimension), the scale being |expected| at least.
inline Catch::Matchers::Floating::WithinAbsMatcher WithinRoundOff(double expected,
                                                                  Index dimension,
                                                                  double scale = 0.0) {
  return Catch::Matchers::WithinAbs(expected,
                                    round_off(std::max(std::abs(expected), scale), dimension));
}

/// Equal to a reference number printed with `decimals` decimals: half a unit of the last one.
inline Catch::Matchers::Floating::WithinAbsMatcher WithinPrinted(double expected, int decimals) {
  return Catch::Matchers::WithinAbs(expected, 0.5000001 * std::pow(10.0, -decimals));
}

}  // namespace flowcheck
