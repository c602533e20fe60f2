#pragma once

#include "margin_search.hpp"

namespace flowcheck {

// What jko_margin_search looks through. All margins are 1 − lhs/rhs of the stated inequality; where
// two rates are compared, lhs is the proved one and rhs the one found.

/// Steps in transport coordinates on a small grid, for which everything said of them is exact:
/// JKO-07, JKO-18, JKO-31(iv), JKO-32.
std::vector<SearchSpace> line_search_spaces();

/// Pairs of Gaussians that do not commute: JKO-07, JKO-28, JKO-31(iv), JKO-39, JKO-40.
std::vector<SearchSpace> gaussian_search_spaces();

/// Manufactured steps in the plane, by the derivatives of their densities at the extremum that the
/// claim is about: JKO-28(ii), JKO-29.
std::vector<SearchSpace> jet_search_spaces();

/// Laws on finitely many points, and mixtures on the line: JKO-31(iv), JKO-39.
std::vector<SearchSpace> mixture_search_spaces();

/// What gif_covariance_search looks through: posterior covariances of laws on polygons and
/// intervals, GIF-09, and of log-Lipschitz ones on the line, the plane and in space, GIF-11.
std::vector<SearchSpace> covariance_search_spaces();

}  // namespace flowcheck
