#include "flows/line_map_slope.hpp"

#include "measures/gaussian_mixture.hpp"
#include "measures/line_laws.hpp"
#include "numerics/best_first.hpp"
#include "numerics/require.hpp"
#include "numerics/round_off.hpp"
#include "numerics/special_functions.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace flowcheck {
namespace {

struct Kernel {
  double weight = 0.0;
  double mean = 0.0;
  double deviation = 0.0;
};

// Components of bX₁ + aZ; those that coincide there are one.
std::vector<Kernel> kernels_at(const GaussianMixture& p, const NoiseLevel& level) {
  std::vector<Kernel> result;
  for (Index k = 0; k < p.size(); ++k) {
    if (p.weights()(k) == 0.0) continue;
    result.push_back(
        {p.weights()(k), level.data_scale * p.means()(0, k),
         std::hypot(level.noise, level.data_scale * std::sqrt(p.covariance(k)(0, 0)))});
  }
  const auto place = [](const Kernel& k) { return std::pair(k.deviation, k.mean); };
  std::ranges::sort(result, {}, place);
  std::vector<Kernel> distinct;
  for (const Kernel& kernel : result) {
    if (!distinct.empty() && place(distinct.back()) == place(kernel)) {
      distinct.back().weight += kernel.weight;
    } else {
      distinct.push_back(kernel);
    }
  }
  return distinct;
}

LineMeasure law_of(const std::vector<Kernel>& kernels) {
  std::vector<double> weights, means, deviations;
  for (const Kernel& kernel : kernels) {
    weights.push_back(kernel.weight);
    means.push_back(kernel.mean);
    deviations.push_back(kernel.deviation);
  }
  return gaussian_mixture_law(std::move(weights), std::move(means), std::move(deviations));
}

struct Interval {
  double from = -infinity;
  double to = infinity;
};

double distance_below(const Interval& x, double mean) {
  return std::max({0.0, x.from - mean, mean - x.to});
}

double distance_above(const Interval& x, double mean) {
  return std::max(std::abs(x.from - mean), std::abs(x.to - mean));
}

// Σ wₖ φ((x − mₖ)/σₖ)/σₖ with every distance replaced by the one given.
template <class Distance>
double density_by(const std::vector<Kernel>& kernels, const Interval& x, Distance distance) {
  double sum = 0.0;
  for (const Kernel& k : kernels) {
    sum += k.weight * normal_density(distance(x, k.mean) / k.deviation) / k.deviation;
  }
  return sum;
}

// Of a law's tail beyond `x`, to the right (side = 1) or left (−1): the widest component, the
// outermost of several, and by how much the others add to its density and its mass there.
struct Tail {
  double weight = 0.0;
  double deviation = 0.0;
  double distance = 0.0;  // from x to its mean, in its deviations
  double others = 0.0;    // relative to it, at most; +∞ where they may still grow
};

Tail tail_beyond(const std::vector<Kernel>& kernels, double x, double side) {
  const auto [widest, distance] = [&] {
    const Kernel* best = &kernels.front();
    for (const Kernel& k : kernels) {
      if (std::pair(k.deviation, side * k.mean) > std::pair(best->deviation, side * best->mean)) {
        best = &k;
      }
    }
    return std::pair(*best, side * (x - best->mean) / best->deviation);
  }();
  Tail tail{widest.weight, widest.deviation, distance};
  const double density = normal_density(distance) / widest.deviation;
  for (const Kernel& k : kernels) {
    if (k.mean == widest.mean && k.deviation == widest.deviation) continue;
    const double z = side * (x - k.mean) / k.deviation;
    if (z / k.deviation < distance / widest.deviation) return {.others = infinity};
    tail.others += k.weight * normal_density(z) / k.deviation / (widest.weight * density);
  }
  return tail;
}

// Between two normal quantiles of the mass, which the map keeps.
struct SlopeCell {
  Interval z = {};
  Interval x = {};
  Interval y = {};
  double bound = infinity;
};

class SlopeSearch {
 public:
  SlopeSearch(const GaussianMixture& p, const NoiseLevel& from, const NoiseLevel& to)
      : source_(kernels_at(p, from)),
        image_(kernels_at(p, to)),
        source_law_(law_of(source_)),
        image_law_(law_of(image_)) {}

  double above(double seen) {
    constexpr double accuracy = 1e-3;
    const std::size_t most =
        std::min<std::size_t>(20'000, 4'000'000 / (source_.size() + image_.size()));
    std::size_t cells = 0;
    const SearchGoal goal{.accuracy = accuracy * seen};
    const auto is_done = [&](double open) { return cells >= most || goal.is_met(seen, open); };
    const auto halves = [&](const SlopeCell& whole) {
      cells += 2;
      const double middle = split_of(whole.z);
      // Neither half is bounded where double has no such mass.
      if (std::abs(middle) > farthest) return std::vector{whole};
      const auto [x, y] = places(middle);
      SlopeCell left = whole;
      SlopeCell right = whole;
      left.z.to = right.z.from = middle;
      left.x.to = right.x.from = x;
      left.y.to = y.to;
      right.y.from = y.from;
      return std::vector{bounded(left), bounded(right)};
    };
    return best_first(std::vector{SlopeCell{}}, 1.0, is_done, halves);
  }

 private:
  static constexpr double farthest = 32.0;

  static double split_of(const Interval& z) {
    if (z.from == -infinity && z.to == infinity) return 0.0;
    if (z.to == infinity) return std::max(2.0 * z.from, 2.0);
    if (z.from == -infinity) return std::min(2.0 * z.to, -2.0);
    return 0.5 * (z.from + z.to);
  }

  // x with F_s(x) = Φ(z) nearly, and an interval that holds X(x).
  std::pair<double, Interval> places(double z) const {
    const double x = source_law_.quantile_of_both(normal_cdf(z), normal_cdf(-z));
    const double below = source_law_.cdf(x);
    const double above = source_law_.survival(x);
    const double y = image_law_.quantile_of_both(below, above);
    const double relative = source_law_.relative_error(x) + image_law_.relative_error(y);
    const double error =
        relative * std::min(below, above) / image_law_.density(y) + round_off(std::abs(y), 1);
    return {x, {y - error, y + error}};
  }

  SlopeCell bounded(SlopeCell cell) const {
    double slope = infinity;
    if (cell.z.to == infinity) {
      slope =
          tail_slope(tail_beyond(source_, cell.x.from, 1.0), tail_beyond(image_, cell.y.from, 1.0));
    } else if (cell.z.from == -infinity) {
      slope =
          tail_slope(tail_beyond(source_, cell.x.to, -1.0), tail_beyond(image_, cell.y.to, -1.0));
    } else {
      slope =
          density_by(source_, cell.x, distance_below) / density_by(image_, cell.y, distance_above);
    }
    const double rounding = round_off(1.0 + cell_exponent(cell), 1);
    cell.bound = std::min(cell.bound, slope * (1.0 + rounding));
    return cell;
  }

  // Of e^{−ζ²/2}, whose exponent is rounded.
  static double cell_exponent(const SlopeCell& cell) {
    const double z = std::min(std::abs(cell.z.from), std::abs(cell.z.to));
    return z * z;
  }

  // (σ_t/σ_s) h(ζ_s)/h(ζ_t) (1 + others_s)(1 + others_t), h the normal hazard, increasing with h′ <
  // 1 and h(ζ) > ζ: ζ_s is ahead of ζ_t by at most log(w_s(1 + others_s)/w_t)/h(ζ_t).
  static double tail_slope(const Tail& source, const Tail& image) {
    if (!(source.others < infinity && image.others < infinity && image.distance > 0.0)) {
      return infinity;
    }
    const double ahead = std::log(source.weight * (1.0 + source.others) / image.weight);
    const double hazards = 1.0 + std::max(0.0, ahead) / (image.distance * image.distance);
    return image.deviation / source.deviation * hazards * (1.0 + source.others) *
           (1.0 + image.others);
  }

  std::vector<Kernel> source_;
  std::vector<Kernel> image_;
  LineMeasure source_law_;
  LineMeasure image_law_;
};

}  // namespace

LineMeasure line_law_at(const GaussianMixture& p, const NoiseLevel& level) {
  return law_of(kernels_at(p, level));
}

double line_slope_above(const GaussianMixture& p,
                        const NoiseLevel& from,
                        const NoiseLevel& to,
                        double seen) {
  require(p.dimension() == 1, "line_slope_above: the mixture is not on the line");
  return SlopeSearch(p, from, to).above(seen);
}

}  // namespace flowcheck
