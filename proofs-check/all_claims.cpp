#include "all_claims.hpp"

#include "jko/jko_claims.hpp"

namespace flowcheck {

std::vector<Claim> all_claims() {
  return {
      jko_11_w2_contraction(),
  };
}

}  // namespace flowcheck
