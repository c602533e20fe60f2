#pragma once

#include <stdexcept>

namespace flowcheck {

/// A LineMeasure's potential is in order as far as can be seen, but no table of it was found: it is
/// too rough, or without mass, or without a finite normaliser.
class NotTabulated : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace flowcheck
