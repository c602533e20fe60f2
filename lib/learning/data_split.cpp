#include "learning/data_split.hpp"

#include "numerics/require.hpp"
#include "numerics/rng.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace flowcheck {

DataSplit split_data(const Matrix& points, const SplitShares& shares, std::uint64_t seed) {
  require(shares.validation > 0.0 && shares.test > 0.0 && shares.validation + shares.test < 1.0,
          "split_data: the shares are positive and their sum is below 1");
  const Index n = points.cols();
  const auto part = [n](double share) {
    return static_cast<Index>(std::floor(share * static_cast<double>(n)));
  };
  const Index test = part(shares.test);
  const Index validation = part(shares.validation);
  require(std::min(test, validation) >= 2 && n - test - validation >= 2,
          "split_data: each part needs two points");

  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  Rng rng(seed);
  for (Index i = n - 1; i > 0; --i) {
    std::swap(order[static_cast<std::size_t>(i)],
              order[static_cast<std::size_t>(rng.uniform_index(i + 1))]);
  }
  const auto take = [&](Index first, Index count) -> Matrix {
    const auto begin = order.begin() + first;
    return points(Eigen::all, std::vector<Index>(begin, begin + count));
  };
  return {.train = take(test + validation, n - test - validation),
          .validation = take(test, validation),
          .test = take(0, test)};
}

}  // namespace flowcheck
