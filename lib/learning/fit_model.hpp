#pragma once

#include "learning/data_split.hpp"
#include "learning/flow_model.hpp"
#include "learning/training.hpp"
#include "learning/velocity_network.hpp"
#include "numerics/termination.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace flowcheck {

/// By what the best parameters of a block are told, on the validation points.
enum class Selection {
  loss,  ///< what the block trains: regression, or the JKO step's
  nll,   ///< −mean log p of the model that ends with the block, in nats and the data's own units:
         ///< what overfitting shows in
};
std::string_view to_string(Selection selection);

struct FitOptions {
  ModelMethod method = ModelMethod::fm;
  Scaling scaling = Scaling::whiten;
  std::vector<Index> hidden = {128, 128, 128};  ///< widths of the velocity networks
  Index frequencies = 0;  ///< sines and cosines of the point that a network sees besides it
  double highest_frequency = 16.0;  ///< of them, in radians a unit of the model's coordinates
  int blocks = 0;                   ///< 0: the method's own, 1 (fm), 4 (lfm), 6 (jko)
  double step_size = 0.0;           ///< γ_1 or h_1; 0: 0.15 (lfm), 0.25 (jko)
  double step_ratio = 0.0;          ///< γ_{n+1}/γ_n; 0: 1.3 (lfm), 1.4 (jko)
  Index iterations = 10'000;        ///< of Adam, a block
  Index batch = 512;
  double learning_rate = 2e-3;  ///< falls to 0 by a cosine
  double average = 0.999;  ///< of the parameters' exponential moving average, less where it would
                           ///< remember a twentieth of the iterations; 0: the last ones
  int validations = 20;    ///< of a block, at equal distances; its best parameters are kept
  Selection selection = Selection::loss;
  int patience = 8;  ///< validations without a new best after which a block stops
  std::uint64_t seed = 1;
};

/// Draws of a validation point, a time and noise that Selection::loss is a mean over: a tenth of
/// those that the training takes between two validations, from 4096 to 131072; of jko, whose loss
/// takes each point once, no more than there are. Near the end of a
/// training, parameters a twentieth of it apart differ in loss by some 3e-4, with a deviation of
/// 0.025 a draw, and by 1e-3 nats: of 4096 draws a third choose others than the best, at a loss of
/// up to 0.05 nats, of 25600, which the defaults give, one in twenty, at one of 0.003.
/// @param points  to validate on
Index validation_draws(const FitOptions& options, Index points);

/// The steps γ_1 ρ^{n−1} of the blocks; the last one of lfm, and the one of fm, is +∞, free.
/// @throws std::invalid_argument  options out of range
std::vector<double> block_step_sizes(const FitOptions& options);

/// Reparametrised steps: JKO blocks move p_n by unequal amounts. With the times τ_n = h_1 + … + h_n
/// and the lengths S_n = m_1 + … + m_n, each τ_n goes the share η of its way to the time at which
/// the piecewise linear S is n/N of S_N; Σ h_n stays, and all h_n where nothing moved.
/// [XuChengXie2023]
/// @param moved  m_n ≥ 0, what each block moved
/// @throws std::invalid_argument  sizes differ, h_n ≤ 0, m_n < 0, or η not in [0, 1]
std::vector<double> reparametrised_step_sizes(const std::vector<double>& step_sizes,
                                              const std::vector<double>& moved,
                                              double eta);

/// How the training of one block went.
struct BlockFit {
  Index iterations = 0;              ///< done
  double first_validation = 0.0;     ///< by FitOptions::selection, before the first iteration
  double identity_validation = 0.0;  ///< of a block that moves nothing
  double best_validation = 0.0;      ///< of the parameters that were kept
  Index best_iteration = 0;          ///< where they were found
  double train_loss = 0.0;           ///< smoothed, of the last batches
  bool out_of_time = false;          ///< the training ended with the block's share of the time
  bool not_finite = false;           ///< the training ended where a loss or gradient was not
  double first_train_loss = 0.0;     ///< of the better of what it began from and no movement, over
                                     ///< validation_draws() of the training points
  double last_train_loss = 0.0;      ///< of the last parameters, over the same, while untrained()
  double train_gain_error = infinity;  ///< standard error of what it fell by, over those draws

  /// Nothing that training began from or found was better on the validation points than no
  /// movement.
  bool untrained() const { return best_iteration == 0 && !(best_validation < identity_validation); }
  /// That, while it became better on the training points, by more than their draws differ.
  bool overfitted() const {
    return untrained() && first_train_loss - last_train_loss > 3.0 * train_gain_error;
  }
};

/// A fit that is under way: all that the rest of it depends on beside data, options and step sizes.
/// To go on from it gives the bytes that a fit without a break would have given.
struct FitState {
  std::vector<VelocityNetwork> networks = {};  ///< of the trained blocks
  std::vector<BlockFit> blocks = {};           ///< of those, and of the one in training, if any
  TrainingState training = {};                 ///< of that one
  VelocityNetwork best = {};                   ///< of it so far, on the validation points
  int since_best = 0;                          ///< validations without a new best
  double seconds = 0.0;                        ///< of training so far, where a clock is watched

  bool in_training() const { return blocks.size() > networks.size(); }
};

/// What fit_model() asks of a state that it goes on from: as many blocks and networks of the shape
/// that the options say, and no count beyond what they let pass.
/// @param dimension  of the points
/// @param blocks     how many the fit is of
/// @throws std::invalid_argument  what does not fit
void require_fit_state(const FitState& state,
                       const FitOptions& options,
                       Index dimension,
                       std::size_t blocks);

struct FitResult {
  FlowModel model = {};
  std::vector<BlockFit> blocks = {};
  /// converged: every block trained to its end; not_finite: before the first iteration of a block
  /// no loss on the validation points was finite.
  Termination termination = Termination::running;
};

/// What goes on beside a fit.
struct FitWatch {
  std::function<void(double)> progress = {};  ///< done so far, 0 … 1
  const std::atomic<bool>* stop = nullptr;    ///< becomes true: returns early, `running`
  std::function<double()> seconds = {};       ///< passed since the call, by a clock; or none
  /// Seconds of training, those of the state among them. Of N blocks the n-th trains until n/N of
  /// them have passed. The result then depends on the machine.
  double time_limit = infinity;
  /// Called after each validation, each 1000 iterations and each block, and before an early return.
  std::function<void(const FitState&)> checkpoint = {};
};

/// Blocks are fitted one after the other, each to the points that the ones before have moved.
/// The scaling is that of the training points alone. Of each block the parameters are kept that are
/// best on the validation points, the identity among them: no block is worse there than none. A
/// training that leaves the finite numbers ends its block, and no other.
///
/// fm    one free block with trigonometric interpolants between independent ends: for the whitened
///       data a field of zero is the Gaussian fit, where networks start
/// lfm   linear interpolants to the dependent OU step; then such a free block
/// jko   autonomous fields; a block starts from the one before
///
/// @param step_sizes  overrides those of the options, if not empty
/// @param from        goes on from there
/// @throws std::invalid_argument  options out of range, a state of other ones, or what scaling_of()
///                                refuses
[[nodiscard]] FitResult fit_model(const DataSplit& data,
                                  const FitOptions& options,
                                  const std::vector<double>& step_sizes = {},
                                  const FitWatch& watch = {},
                                  const FitState& from = {});

}  // namespace flowcheck
