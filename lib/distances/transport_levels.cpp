#include "distances/transport_levels.hpp"

#include <algorithm>
#include <numeric>

namespace flowcheck {
namespace {

// Ranges of `order`, as their first places and the end.
using Cuts = std::vector<std::int32_t>;

Index widest_coordinate(const Matrix& points, const std::vector<Index>& order, Index a, Index b) {
  Vector least = points.col(order[static_cast<std::size_t>(a)]);
  Vector most = least;
  for (Index k = a + 1; k < b; ++k) {
    least = least.cwiseMin(points.col(order[static_cast<std::size_t>(k)]));
    most = most.cwiseMax(points.col(order[static_cast<std::size_t>(k)]));
  }
  Index widest = 0;
  (most - least).maxCoeff(&widest);
  return widest;
}

Cuts cut_all(const Matrix& points, std::vector<Index>& order, const Cuts& cuts) {
  Cuts finer;
  finer.reserve(2 * cuts.size());
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    const std::int32_t a = cuts[c];
    const std::int32_t b = cuts[c + 1];
    finer.push_back(a);
    if (b - a < 2) continue;
    const std::int32_t middle = a + (b - a) / 2;
    const Index k = widest_coordinate(points, order, a, b);
    // Ties by index: the order must not depend on how nth_element goes about it.
    std::nth_element(order.begin() + a, order.begin() + middle, order.begin() + b,
                     [&](Index p, Index q) {
                       const double x = points(k, p);
                       const double y = points(k, q);
                       return x < y || (x == y && p < q);
                     });
    finer.push_back(middle);
  }
  finer.push_back(cuts.back());
  return finer;
}

MassCloud clusters(const Matrix& points,
                   const std::vector<std::int64_t>& masses,
                   const std::vector<Index>& order,
                   const Cuts& cuts) {
  MassCloud cloud{.points = Matrix::Zero(points.rows(), static_cast<Index>(cuts.size()) - 1)};
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    std::int64_t mass = 0;
    auto mean = cloud.points.col(static_cast<Index>(c));
    for (std::int32_t k = cuts[c]; k < cuts[c + 1]; ++k) {
      const Index point = order[to_size(k)];
      const std::int64_t part = masses[static_cast<std::size_t>(point)];
      mass += part;
      mean += (static_cast<double>(part) / static_cast<double>(mass)) * (points.col(point) - mean);
    }
    cloud.masses.push_back(mass);
  }
  return cloud;
}

// Deals the children of one cluster out to pieces of mass: children in order, pieces in order.
class Dealer {
 public:
  Dealer(const MassCloud& cloud, std::int32_t first) : cloud_(cloud), child_(first) {
    left_ = cloud.masses[to_size(first)];
  }

  template <class Take>
  void deal(std::int64_t mass, Take take) {
    while (mass > 0) {
      if (left_ == 0) left_ = cloud_.masses[to_size(++child_)];
      const std::int64_t part = std::min(mass, left_);
      take(child_, part);
      mass -= part;
      left_ -= part;
    }
  }

 private:
  const MassCloud& cloud_;
  std::int32_t child_;
  std::int64_t left_;
};

}  // namespace

int depth_of_cuts(Index count) {
  int depth = 0;
  while ((Index{1} << depth) < count) ++depth;
  return depth;
}

CloudLevels make_levels(const Matrix& points,
                        const std::vector<std::int64_t>& masses,
                        const std::vector<int>& depths) {
  CloudLevels levels;
  levels.order.resize(masses.size());
  std::iota(levels.order.begin(), levels.order.end(), Index{0});

  std::vector<Cuts> cuts;
  Cuts current = {0, static_cast<std::int32_t>(masses.size())};
  int depth = 0;
  for (const int wanted : depths) {
    for (; depth < wanted; ++depth) current = cut_all(points, levels.order, current);
    cuts.push_back(current);
  }
  for (std::size_t l = 0; l < cuts.size(); ++l) {
    levels.clouds.push_back(clusters(points, masses, levels.order, cuts[l]));
    if (l + 1 == cuts.size()) break;
    // Every cut of this level is one of the next.
    std::vector<std::int32_t>& first = levels.clouds.back().first_child;
    for (const std::int32_t cut : cuts[l]) {
      const auto place = std::lower_bound(cuts[l + 1].begin(), cuts[l + 1].end(), cut);
      first.push_back(static_cast<std::int32_t>(place - cuts[l + 1].begin()));
    }
  }
  // A mean of one point is that point, but only up to rounding.
  for (Index k = 0; k < points.cols(); ++k) {
    levels.clouds.back().points.col(k) = points.col(levels.order[static_cast<std::size_t>(k)]);
  }
  return levels;
}

std::vector<TransportFlow> refined_plan(const std::vector<TransportFlow>& coarse,
                                        const MassCloud& coarse_from,
                                        const MassCloud& coarse_to,
                                        const MassCloud& from,
                                        const MassCloud& to) {
  // From children to clusters, then those pieces, by cluster, to children.
  std::vector<Dealer> dealers;
  for (std::size_t c = 0; c < coarse_from.masses.size(); ++c) {
    dealers.emplace_back(from, coarse_from.first_child[c]);
  }
  std::vector<TransportFlow> pieces;
  for (const TransportFlow& flow : coarse) {
    dealers[to_size(flow.from)].deal(flow.mass, [&](std::int32_t child, std::int64_t part) {
      pieces.push_back({.from = child, .to = flow.to, .cost = 0, .mass = part});
    });
  }
  dealers.clear();
  for (std::size_t c = 0; c < coarse_to.masses.size(); ++c) {
    dealers.emplace_back(to, coarse_to.first_child[c]);
  }
  std::vector<TransportFlow> result;
  for (const TransportFlow& piece : pieces) {
    dealers[to_size(piece.to)].deal(piece.mass, [&](std::int32_t child, std::int64_t part) {
      result.push_back({.from = piece.from, .to = child, .cost = 0, .mass = part});
    });
  }
  return result;
}

std::vector<TransportFlow> plan_in_order(const MassCloud& from, const MassCloud& to) {
  std::vector<TransportFlow> result;
  Dealer dealer(to, 0);
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(from.masses.size()); ++i) {
    dealer.deal(from.masses[to_size(i)], [&](std::int32_t j, std::int64_t part) {
      result.push_back({.from = i, .to = j, .cost = 0, .mass = part});
    });
  }
  return result;
}

}  // namespace flowcheck
