#include "learning/time_panels.hpp"

#include <boost/math/quadrature/gauss.hpp>

#include <algorithm>
#include <cstddef>

namespace flowcheck {

std::vector<double> equal_panels(int count) {
  std::vector<double> ends;
  for (int i = 0; i <= count; ++i) ends.push_back(static_cast<double>(i) / count);
  return ends;
}

std::vector<double> graded_panels(const std::function<double(double t)>& scale, int count) {
  std::vector<double> ends{0.0};
  const std::function<void(double, double, int)> add = [&](double from, double to, int depth) {
    const double a = scale(from);
    const double b = scale(to);
    const double middle = 0.5 * (from + to);
    const double c = scale(middle);
    if (depth < 60 && std::max({a, b, c}) > 2.0 * std::min({a, b, c})) {
      add(from, middle, depth + 1);
      add(middle, to, depth + 1);
      return;
    }
    ends.push_back(to);
  };
  for (int i = 0; i < count; ++i) {
    add(static_cast<double>(i) / count, static_cast<double>(i + 1) / count, 0);
  }
  return ends;
}

std::vector<double> halved(const std::vector<double>& ends) {
  std::vector<double> result{ends.front()};
  for (std::size_t i = 1; i < ends.size(); ++i) {
    result.push_back(0.5 * (ends[i - 1] + ends[i]));
    result.push_back(ends[i]);
  }
  return result;
}

TimeRule gauss_rule(const std::vector<double>& ends) {
  using Rule = boost::math::quadrature::gauss<double, 10>;
  TimeRule result;
  for (std::size_t i = 1; i < ends.size(); ++i) {
    const double middle = 0.5 * (ends[i - 1] + ends[i]);
    const double half = 0.5 * (ends[i] - ends[i - 1]);
    for (std::size_t j = 0; j < Rule::abscissa().size(); ++j) {
      for (const double sign : {-1.0, 1.0}) {
        result.times.push_back(middle + sign * half * Rule::abscissa()[j]);
        result.weights.push_back(half * Rule::weights()[j]);
      }
    }
  }
  return result;
}

}  // namespace flowcheck
