#pragma once

#include <Eigen/Core>

#include <limits>

namespace flowcheck {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;  ///< a sample of n points in ℝᵈ is d × n, one point per column
using Index = Eigen::Index;

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace flowcheck
