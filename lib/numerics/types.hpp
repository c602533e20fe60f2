#pragma once

#include <Eigen/Core>

namespace flowcheck {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;  ///< a sample of n points in ℝᵈ is d × n, one point per column
using Index = Eigen::Index;

}  // namespace flowcheck
