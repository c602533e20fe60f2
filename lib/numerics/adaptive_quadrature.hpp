#pragma once

#include "numerics/estimate.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

namespace flowcheck {

inline constexpr std::size_t panel_nodes = 31;
using PanelArray = std::array<double, panel_nodes>;

/// What an integrand is at a panel's nodes: its values and bounds of their errors.
struct PanelValues {
  PanelArray values = {};
  PanelArray errors = {};
};

using PanelIntegrand = std::function<void(const PanelArray& x, PanelValues& f)>;

struct QuadratureOptions {
  double relative_tolerance = 2e-15;  ///< of a panel's error, to the whole integral
  double absolute_tolerance = 0.0;    ///< of a panel's error
  std::size_t most_panels = 20'000;   ///< what is unresolved then is counted as an error
};

struct QuadratureResult {
  double value = 0.0;           ///< +∞ where the integrand was
  double discretisation = 0.0;  ///< Σ over panels of |Kronrod − Gauss|
  double round_off = 0.0;       ///< ∫ of the integrand's errors, and of the nodes' rounding
  std::size_t panels = 0;
};

/// ∫ f by the Gauss–Kronrod rule of 31 nodes on panels between `marks` (ascending), halved until
/// the difference to the embedded Gauss rule of 15 nodes is below the tolerance or below the
/// integrand's own error. The difference is the error of the lesser rule: that of the value is far
/// smaller.
QuadratureResult adaptive_quadrature(const PanelIntegrand& f,
                                     const std::vector<double>& marks,
                                     const QuadratureOptions& options = {});

/// ∫ f of an integrand that encloses its own values: converged, the rules' difference and the
/// integral of those enclosures being the error.
Estimate quadrature(const std::function<Estimate(double x)>& f,
                    const std::vector<double>& marks,
                    const QuadratureOptions& options = {});

}  // namespace flowcheck
