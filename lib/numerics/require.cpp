#include "numerics/require.hpp"

#include <stdexcept>
#include <string>

namespace flowcheck {

void require(bool condition, std::string_view message) {
  if (!condition) throw std::invalid_argument(std::string(message));
}

}  // namespace flowcheck
