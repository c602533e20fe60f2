#pragma once

#include "jko/chain_problem.hpp"

#include <optional>
#include <string>
#include <vector>

namespace flowcheck {

/// A Gaussian chain and its measures, for claims that go on with the measures themselves.
struct MeasuredChain : ChainMeasures {
  JkoChain chain;
};

MeasuredChain measured(JkoChain chain);

/// An ε > 0 that the claims in terms of log(λW_0/ε) may assume: the problem's own, or λW_0/10 for
/// an exact chain, whose errors are below any ε. Zero where W_0 = 0 as well.
double assumed_error(const ChainProblem& problem);

/// The paper's number of steps, ⌈max(0, (8/(γλ)) log(λW_0/ε))⌉, and the sharp one,
/// ⌈max(0, log(λW_0/ε) / log(1 + γλ))⌉; the larger where rounding leaves a choice.
int paper_steps(const Estimate& lambda, double step_size, const Estimate& w2, double epsilon);
int sharp_steps(const Estimate& lambda, double step_size, const Estimate& w2, double epsilon);

/// A chain of the paper's number of steps, or a few more, and the ε its bound is in terms of: the
/// assumed one, or the measured one where rounding made that larger.
struct PaperRun {
  JkoChain chain;
  Estimate epsilon;
};

/// The run of paper_steps() + `extra` steps. The second form gives none where the statement has no
/// content (γλ ≥ 2, or ε = W_0 = 0), and none where it takes more than the problem's longest chain,
/// which is a matter of cost: such small γλ are left to other draws.
PaperRun paper_run(const GaussianProblem& problem, double epsilon, int extra);
std::optional<PaperRun> paper_run(const GaussianProblem& problem, int extra);

/// The same on the line; what it gives none for is as of the second form.
struct LinePaperRun {
  LineJkoChain chain;
  Estimate epsilon;
};

std::optional<LinePaperRun> paper_run(const LineJkoProblem& problem, int extra);

/// What W_N and Δ_N are at the end of such a run.
struct PaperEnd {
  Estimate w2;
  Estimate kl;
  Estimate epsilon;
};

PaperEnd paper_end(const ChainProblem& problem, double epsilon, int extra);
std::optional<PaperEnd> paper_end(const ChainProblem& problem, int extra);

/// Why there is none in those second forms, for left_out(); empty where there is one.
std::string no_paper_run(const ChainProblem& problem, int extra);

/// The same for any number of steps, `steps`, that a statement asks for.
std::string too_many(int steps, const ChainProblem& problem);

/// What the paper's constants guarantee after its number of steps: KL ≤ 9ε²/(2γλ²).
Estimate paper_kl_bound(const Estimate& lambda, double step_size, const Estimate& epsilon);

/// And by Pinsker's inequality TV ≤ 3ε/(2λ√γ).
Estimate paper_total_variation_bound(const Estimate& lambda,
                                     double step_size,
                                     const Estimate& epsilon);

/// The sharp one for √KL after n steps: (1 + γλ)^{−n} √Δ_0 + ε/√(2λ).
Estimate sharp_root_kl_bound(const Estimate& lambda,
                             double step_size,
                             int n,
                             const Estimate& initial_kl,
                             const Estimate& epsilon);

/// A chain of as many steps n as make (1 + γλ)^{−n}W_0 ≤ 10⁻³ε/λ, to whose end nothing is left of
/// the start, and that (1 + γλ)^{−n}.
struct SettledRun {
  ChainMeasures measures;
  Estimate decay;
};

/// @throws std::invalid_argument  it takes more steps than the problem's longest chain
SettledRun settled_run(const ChainProblem& problem);

/// p_0 and q on the line: their first marginals, the rest as it is.
GaussianProblem first_coordinate(const GaussianProblem& problem);

/// The families of gaussian_families() with every problem changed by `change` before it is
/// evaluated: to one dimension, to another target.
std::vector<Instance> gaussian_families(const Evaluate& evaluate,
                                        GaussianProblem (*change)(const GaussianProblem&));

/// The instance of the dossier's fixed numbers: p_0 = N(W_0, 1/λ), q = N(0, 1/λ), ξ = ε constant,
/// holding the mean back.
GaussianProblem line_translate(double distance,
                               double step_size,
                               double error,
                               double convexity = 1.0);

/// A translate in one or two dimensions with q = N(μ, I/λ), W_0 in [1, 5], λ in [0.3, 3], γλ in
/// [0.1, 1.9] and ε = `relative_error`·λW_0: cheap enough for the paper's number of steps.
GaussianProblem draw_short_translate(Rng& rng, double relative_error);

/// One draw of a family made of draw_short_translate().
Instance short_translate(std::string name, const Evaluate& evaluate, double relative_error);

/// An instance that is what it is: evaluated once.
Instance fixed_instance(std::string name, const Evaluate& evaluate, const GaussianProblem& problem);

}  // namespace flowcheck
