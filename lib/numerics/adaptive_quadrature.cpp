#include "numerics/adaptive_quadrature.hpp"

#include "numerics/round_off.hpp"

#include <boost/math/quadrature/gauss_kronrod.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace flowcheck {
namespace {

struct Rules {
  PanelArray nodes = {};    // in [−1, 1], ascending
  PanelArray kronrod = {};  // weights
  PanelArray gauss = {};    // zero at the nodes that are Kronrod's alone

  Rules() {
    using Pair = boost::math::quadrature::gauss_kronrod<double, panel_nodes>;
    using Single = boost::math::quadrature::gauss<double, 15>;
    const auto& x = Pair::abscissa();  // 0 first, Gauss nodes at the even places
    const auto& w = Pair::weights();
    const auto& g = Single::weights();
    constexpr std::size_t middle = panel_nodes / 2;
    for (std::size_t i = 0; i <= middle; ++i) {
      nodes[middle + i] = x[i];
      nodes[middle - i] = -x[i];
      kronrod[middle + i] = kronrod[middle - i] = w[i];
      gauss[middle + i] = gauss[middle - i] = i % 2 == 0 ? g[i / 2] : 0.0;
    }
  }
};

const Rules& rules() {
  static const Rules shared;
  return shared;
}

struct Panel {
  double a = 0.0;
  double b = 0.0;
  double value = 0.0;
  double difference = 0.0;
  double round_off = 0.0;
};

void evaluate(Panel& panel, const PanelIntegrand& f) {
  const Rules& rule = rules();
  const double h = 0.5 * (panel.b - panel.a);
  PanelArray x;
  for (std::size_t i = 0; i < panel_nodes; ++i) {
    // From the nearer end, so that a node keeps its digits relative to it.
    const double t = rule.nodes[i];
    x[i] = t <= 0.0 ? panel.a + h * (1.0 + t) : panel.b - h * (1.0 - t);
  }
  PanelValues at;
  f(x, at);
  double fine = 0.0;
  double coarse = 0.0;
  double noise = 0.0;
  double variation = 0.0;
  for (std::size_t i = 0; i < panel_nodes; ++i) {
    fine += rule.kronrod[i] * at.values[i];
    coarse += rule.gauss[i] * at.values[i];
    noise += rule.kronrod[i] * (at.errors[i] + 4.0 * unit_round_off * std::abs(at.values[i]));
    if (i > 0) variation += std::abs(at.values[i] - at.values[i - 1]);
  }
  const double far = std::max(std::abs(panel.a), std::abs(panel.b));
  panel.value = h * fine;
  panel.difference = h * std::abs(fine - coarse);
  // The nodes lie u|x| beside where they should: as if the integrand were shifted by that much.
  panel.round_off = h * noise + unit_round_off * far * variation;
}

}  // namespace

QuadratureResult adaptive_quadrature(const PanelIntegrand& f,
                                     const std::vector<double>& marks,
                                     const QuadratureOptions& options) {
  std::vector<Panel> done;
  std::vector<Panel> open;
  for (std::size_t i = 0; i + 1 < marks.size(); ++i) {
    if (!(marks[i] < marks[i + 1])) continue;
    open.push_back({.a = marks[i], .b = marks[i + 1]});
    evaluate(open.back(), f);
  }

  const auto infinite = [](const std::vector<Panel>& panels) {
    return std::any_of(panels.begin(), panels.end(), [](const Panel& panel) {
      return std::isinf(panel.value) || std::isnan(panel.value);
    });
  };
  while (!open.empty() && !infinite(open)) {
    double total = 0.0;
    for (const Panel& panel : done) total += std::abs(panel.value);
    for (const Panel& panel : open) total += std::abs(panel.value);
    const double tolerance =
        std::max(options.relative_tolerance * total, options.absolute_tolerance);

    std::vector<Panel> next;
    for (const Panel& panel : open) {
      const double width = panel.b - panel.a;
      const double far = std::max(std::abs(panel.a), std::abs(panel.b));
      const bool resolved = panel.difference <= std::max(tolerance, panel.round_off) ||
                            width <= 256.0 * unit_round_off * far;
      if (resolved || done.size() + open.size() + next.size() >= options.most_panels) {
        done.push_back(panel);
        continue;
      }
      const double middle = panel.a + 0.5 * width;
      for (Panel part : {Panel{.a = panel.a, .b = middle}, Panel{.a = middle, .b = panel.b}}) {
        evaluate(part, f);
        next.push_back(part);
      }
    }
    open = std::move(next);
  }
  done.insert(done.end(), open.begin(), open.end());  // what is not finite
  std::sort(done.begin(), done.end(), [](const Panel& x, const Panel& y) { return x.a < y.a; });

  QuadratureResult result{.panels = done.size()};
  for (const Panel& panel : done) {
    result.value += panel.value;
    result.discretisation += panel.difference;
    result.round_off += panel.round_off;
  }
  result.round_off +=
      unit_round_off * std::sqrt(static_cast<double>(done.size())) * 4.0 * std::abs(result.value);
  return result;
}

Estimate quadrature(const std::function<Estimate(double x)>& f,
                    const std::vector<double>& marks,
                    const QuadratureOptions& options) {
  const auto pointwise = [&f](const PanelArray& x, PanelValues& at) {
    for (std::size_t i = 0; i < panel_nodes; ++i) {
      const Estimate here = f(x[i]);
      at.values[i] = here.value;
      at.errors[i] = std::max(here.upper - here.value, here.value - here.lower);
    }
  };
  const QuadratureResult result = adaptive_quadrature(pointwise, marks, options);
  return Estimate::converged(result.value, result.discretisation, result.round_off);
}

}  // namespace flowcheck
