#include "margin_search.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace flowcheck {
namespace {

// Margins that round-off alone decides count as none, which is what a tight instance has.
constexpr double tolerance = 1e-6;

bool is_milestone(int evaluation, int last) {
  return evaluation == last || (evaluation & (evaluation - 1)) == 0;
}

Vector draw_point(Rng& rng, Index coordinates) {
  return Vector::NullaryExpr(coordinates, [&] { return rng.uniform(-1.0, 1.0); });
}

bool is_stopped(const RunContext& context) {
  return context.stop != nullptr && *context.stop;
}

// The upper end of the margin, +∞ where there is none, and at once where the run is to stop.
Objective objective_of(const Statement& statement, const RunContext& context) {
  return [&statement, &context](const Vector& x) {
    if (is_stopped(context)) return infinity;
    const Estimate margin = margin_at(statement, x);
    if (std::isnan(margin.value) || std::isnan(margin.upper)) {
      throw std::runtime_error("a margin is not a number");
    }
    return margin.upper;
  };
}

const Statement& enclosed(const SearchSpace& space) {
  return space.careful ? space.careful : space.statement;
}

std::uint64_t seed_of(const SearchSpace& space,
                      const RunContext& context,
                      const char* kind,
                      int i) {
  return derive_seed(context.seed, fmt::format("{}, {}, {}", space.claim, space.part, kind),
                     static_cast<std::uint64_t>(i));
}

void add_instance(RunRecord& record,
                  const std::vector<Parameter>& where,
                  const Statement& statement,
                  const Vector& x) {
  SearchPoint at(x);
  static_cast<void>(statement(at));
  for (const auto& [name, number] : at.read()) record.add(where, name, number);
}

// What a control may cost; it ends where it is caught.
constexpr SearchOptions control_options = {.starts = 20, .evaluations = 2'000};

// Where a descent was at its milestones.
using Trace = std::vector<Descent>;

// The same by what is enclosed: of the places up to a milestone the one with the least margin. What
// a descent has found of an approximation may be where that is worst.
Trace enclosed_trace(const Statement& careful, const RunContext& context, Trace trace) {
  const Objective objective = objective_of(careful, context);
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const bool moved = i == 0 || trace[i].at != trace[i - 1].at;
    trace[i].value = moved ? objective(trace[i].at) : infinity;
    if (i > 0 && !(trace[i].value < trace[i - 1].value)) {
      trace[i].at = trace[i - 1].at;
      trace[i].value = trace[i - 1].value;
    }
  }
  return trace;
}

std::vector<Trace> traces(const SearchSpace& space,
                          const SearchOptions& options,
                          const RunContext& context) {
  const Index k = coordinates(space.statement);
  std::vector<Trace> result(static_cast<std::size_t>(options.starts));
  tbb::parallel_for(0, options.starts, [&](int start) {
    if (is_stopped(context)) return;
    Rng rng(seed_of(space, context, "start", start));
    Trace& trace = result[static_cast<std::size_t>(start)];
    descend(objective_of(space.statement, context), k, options.evaluations, rng,
            [&](const Descent& search) { trace.push_back(search); });
    if (space.careful) trace = enclosed_trace(space.careful, context, std::move(trace));
  });
  return result;
}

const Descent& least_at(const std::vector<Trace>& all, std::size_t milestone) {
  const auto less = [=](const Trace& a, const Trace& b) {
    return a[milestone].value < b[milestone].value;
  };
  return (*std::min_element(all.begin(), all.end(), less))[milestone];
}

void record_descents(RunRecord& record,
                     const SearchSpace& space,
                     const SearchOptions& options,
                     const RunContext& context) {
  const std::vector<Trace> all = traces(space, options, context);
  if (is_stopped(context)) return;
  for (std::size_t i = 0; i < all.front().size(); ++i) {
    const Descent& least = least_at(all, i);
    record.add({space.claim, space.part, "descent", least.evaluations}, "margin",
               margin_at(enclosed(space), least.at));
  }
  const Descent& best = least_at(all, all.front().size() - 1);
  const Estimate margin = margin_at(enclosed(space), best.at);
  const std::vector<Parameter> where = {space.claim, space.part, "best", best.evaluations};
  record.add(where, "margin", margin);
  std::int64_t instances = 0;
  for (const Trace& trace : all) instances += trace.back().instances;
  // Where nothing was found to look at, nothing holds.
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Estimate ratio = instances > 0 ? 1.0 - margin : Estimate(none);
  record.add(where, "ratio", {.lhs = ratio, .rhs = 1.0}, tolerance);
  record.add(where, "starts", options.starts);
  record.add(where, "instances", static_cast<double>(instances));
  add_instance(record, where, space.statement, best.at);
}

// One start after the other, until the wrong statement is caught.
void record_control(RunRecord& record, const SearchSpace& space, const RunContext& context) {
  const SearchOptions& options = control_options;
  const Objective objective = objective_of(space.control, context);
  const Index k = coordinates(space.control);
  int evaluations = 0;
  Descent search;
  for (int start = 0; start < options.starts && !(search.value < 0.0); ++start) {
    if (is_stopped(context)) return;
    Rng rng(seed_of(space, context, "control", start));
    const Descent next = descend(
        objective, k, options.evaluations, rng, [](const Descent&) {}, 0.0);
    evaluations += next.evaluations;
    if (start == 0 || next.value < search.value) search = next;
  }
  const std::vector<Parameter> where = {space.claim, space.part, "control", evaluations};
  record.add(where, "margin", {.lhs = margin_at(space.control, search.at), .rhs = 0.0}, 0.0);
  add_instance(record, where, space.control, search.at);
}

}  // namespace

void Descent::step(const Objective& objective, Rng& rng) {
  const Vector moved =
      value == infinity
          ? draw_point(rng, at.size())
          : Vector((at + size * rng.normal_vector(at.size())).cwiseMax(-1.0).cwiseMin(1.0));
  const double there = objective(moved);
  ++evaluations;
  if (there < infinity) ++instances;
  if (value == infinity) {
    at = moved;
    value = there;
    return;
  }
  const bool lower = there < value;
  if (lower) {
    at = moved;
    value = there;
  }
  size *= lower ? 1.5 : std::pow(1.5, -0.25);
  if (size < 1e-5) size = 0.3;
}

Descent descend(const Objective& objective,
                Index coordinates,
                int evaluations,
                Rng& rng,
                const std::function<void(const Descent&)>& visit,
                double enough) {
  Descent search{.at = draw_point(rng, coordinates)};
  search.value = objective(search.at);
  search.evaluations = 1;
  search.instances = search.value < infinity ? 1 : 0;
  for (;;) {
    const bool last = search.evaluations == evaluations || search.value < enough;
    if (last || is_milestone(search.evaluations, evaluations)) visit(search);
    if (last) return search;
    search.step(objective, rng);
  }
}

double SearchPoint::next() {
  const auto i = static_cast<Index>(read_.size());
  return i < x_.size() ? x_[i] : 0.0;
}

double SearchPoint::uniform(const std::string& name, double lower, double upper) {
  const double t = 0.5 * (1.0 + next());
  const double value = (1.0 - t) * lower + t * upper;
  read_.emplace_back(name, value);
  return value;
}

double SearchPoint::log_uniform(const std::string& name, double lower, double upper) {
  const double t = 0.5 * (1.0 + next());
  const double value = std::exp((1.0 - t) * std::log(lower) + t * std::log(upper));
  read_.emplace_back(name, value);
  return value;
}

Estimate relative_margin(const Bound& bound) {
  if (!bound.failed_hypothesis.empty()) return infinity;
  if (bound.rhs.lower <= 0.0) return bound.lhs.lower > bound.rhs.upper ? -infinity : infinity;
  return 1.0 - bound.lhs / bound.rhs;
}

Index coordinates(const Statement& statement) {
  SearchPoint middle{Vector()};
  static_cast<void>(statement(middle));
  return static_cast<Index>(middle.read().size());
}

Estimate margin_at(const Statement& statement, const Vector& x) {
  SearchPoint at(x);
  return relative_margin(statement(at));
}

Statement with_right_side(Statement statement, double factor) {
  return [statement = std::move(statement), factor](SearchPoint& at) {
    Bound bound = statement(at);
    bound.rhs = factor * bound.rhs;
    return bound;
  };
}

Bound within_rounding(const Estimate& difference) {
  return {.lhs = Estimate::closed_form(std::abs(difference.value), 0.0),
          .rhs = Estimate::closed_form(0.5 * difference.width(), 0.0)};
}

std::vector<std::string> search_columns() {
  return {"claim", "part", "kind", "evaluation"};
}

void record_search(RunRecord& record,
                   const SearchSpace& space,
                   const SearchOptions& options,
                   const RunContext& context) {
  record_descents(record, space, options, context);
  record_control(record, space, context);
}

}  // namespace flowcheck
