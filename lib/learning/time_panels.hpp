#pragma once

#include <functional>
#include <vector>

namespace flowcheck {

/// Ends of `count` equal panels on [0, 1].
std::vector<double> equal_panels(int count);

/// The same, each panel halved until `scale` > 0, at its ends and its middle, changes by no more
/// than a factor two; sixty times at most.
std::vector<double> graded_panels(const std::function<double(double t)>& scale, int count);

/// Every panel cut in two.
std::vector<double> halved(const std::vector<double>& ends);

struct TimeRule {
  std::vector<double> times = {};
  std::vector<double> weights = {};
};

/// Ten Gauss nodes on each panel.
TimeRule gauss_rule(const std::vector<double>& ends);

}  // namespace flowcheck
