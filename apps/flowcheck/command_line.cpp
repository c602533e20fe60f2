#include "command_line.hpp"

#include "distance_table.hpp"
#include "interpolation/schedule.hpp"
#include "names.hpp"
#include "report/manifest.hpp"
#include "report/run_info.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace flowcheck {
namespace {

constexpr const char* check_notes =
    "OUT/verdicts.json keeps the claims that are not checked again where version, seed, scale,\n"
    "--min-grade, --target with what its file holds and its options are as before, and starts\n"
    "afresh elsewhere. With --target or --replay nothing is put into OUT unless --out is given.\n";

constexpr const char* common_options =
    "Everywhere: --out DIR, --scale quick|standard|paper, --seed N, --jobs N, --quiet.\n";

constexpr const char* exit_codes =
    "Exit codes: 0 nothing failed; 1 violated or powerless, or a number moved (diff); 2 bad usage "
    "or input;\n3 numerical failure; 4 inconclusive, under --strict; 77 nothing applies to the "
    "target; 130 interrupted.";

constexpr Index most_points = 10'000'000;

// Words as they were typed; parsing into enums follows, with messages of our own.
struct Words {
  std::string scale = "quick";
  std::string seed = "1";
  std::string grade = "sampled";
  std::string method = "fm";
  std::string scaling = "whiten";
};

// CLI11 reads an empty word as 0.
std::string not_empty(const std::string& word) {
  return word.empty() ? "expected a number" : "";
}

// An unset variable of a shell is not "no such option".
std::string given(const std::string& word) {
  return word.empty() ? "expected a value, the word is empty" : "";
}

struct ExperimentParser {
  const Experiment* experiment = nullptr;
  PreparedRun prepared = {};
  CLI::App* app = nullptr;
  std::vector<CLI::Option*> options = {};
};

class Parser {
 public:
  Parser(CommandLine& line, const std::vector<Experiment>& experiments) : line_(line) {
    app_.set_version_flag("--version", "flowcheck " + version(), "print the version");
    app_.set_help_flag("--help", "print what can be asked");
    app_.footer(exit_codes);
    app_.fallthrough();
    add_common_options();
    add_list();
    add_show();
    add_check();
    add_run(experiments);
    add_report();
    add_diff();
    add_distance();
    add_fit();
    add_sample();
    add_logpdf();
  }

  void parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForVersion&) {
      line_.text = app_.version() + "\n";
      return;
    } catch (const CLI::Success&) {
      // Help of what is not there: what is left is said before the parser would.
      if (const auto rest = app_.remaining(true); !rest.empty()) complain_about(rest.front());
      line_.text = help();
      return;
    } catch (const CLI::ExtrasError&) {
      complain_about(app_.remaining(true).front());
    } catch (const CLI::ParseError& error) {
      std::string what = error.what();
      std::replace(what.begin(), what.end(), '\n', ' ');
      throw UsageError(what);
    }
    finish();
  }

 private:
  void add_common_options() {
    out_ = app_.add_option("--out", line_.out, "folder of the results")->capture_default_str();
    app_.add_option("--scale", words_.scale, "how much work: quick, standard or paper")
        ->capture_default_str();
    seed_ = app_.add_option("--seed", words_.seed, "of every random stream")->capture_default_str();
    jobs_ = app_.add_option("--jobs", line_.jobs, "threads; default: all the machine has");
    app_.add_flag("--quiet", line_.quiet, "no progress on standard error");
  }

  CLI::App* add_command(Command command, const std::string& name, const std::string& help) {
    CLI::App* sub = app_.add_subcommand(name, help);
    sub->set_help_flag("--help", "print what can be asked");
    sub->fallthrough();
    sub->footer(std::string(common_options) + exit_codes);
    commands_.emplace_back(sub, command);
    return sub;
  }

  void add_list() {
    CLI::App* sub = add_command(Command::list, "list", "what there is");
    sub->add_option("kind", line_.kind, "claims or experiments; default: both");
    sub->add_option("--paper", line_.paper, "only of this paper: the word before the id's number");
    sub->add_option("--format", line_.format, "table, json or ctest")->capture_default_str();
  }

  void add_show() {
    CLI::App* sub =
        add_command(Command::show, "show", "one claim or experiment, with its last verdict in OUT");
    sub->add_option("name", line_.names, "JKO-11")->required()->expected(1);
  }

  void add_check() {
    CLI::App* sub = add_command(Command::check, "check",
                                "check claims: verdict table, OUT/verdicts.json, exit code");
    sub->footer(std::string(check_notes) + common_options + exit_codes);
    sub->add_option("claims", line_.names, "ids or globs ('JKO-*'); default: all");
    target_ = sub->add_option(
        "--target", line_.target,
        "check this measure instead of the claims' own instances: JKO steps start there (a file of "
        "a "
        "Gaussian; on the line also of a mixture or of points, on the plane of a mixture), "
        "interpolation flows end there (any of these in dimension 16 or less)");
    target_->check(given);
    needs_target_ = {
        sub->add_option("--reference", line_.reference,
                        "the measure it is driven to (default: N(0, I))")
            ->check(given),
        sub->add_option("--gamma", line_.step_size, "step size γ > 0 (default: 0.5)")
            ->check(not_empty),
        sub->add_option("--epsilon", line_.error, "first-order error ε ≥ 0 (default: 0.1)")
            ->check(not_empty),
        sub->add_option("--schedule", line_.schedule,
                        "of interpolation flows: linear, foellmer, trigonometric, vp, ve or "
                        "polynomial (default: all)")
            ->check(given)};
    add_treatment(*sub);
    sub->add_option("--json", line_.json,
                    "write the verdicts here too; - is standard output, the table then goes to "
                    "standard error")
        ->check(given);
    sub->add_option("--junit", line_.junit, "write JUnit XML here")->check(given);
    sub->add_flag("--strict", line_.strict, "inconclusive is a failure (exit code 4)");
    sub->add_option("--min-grade", words_.grade,
                    "weaker evidence counts as inconclusive: sampled, statistical, converged, "
                    "closed_form, certified or exact")
        ->capture_default_str();
    fresh_ = sub->add_flag("--fresh-seed", line_.fresh_seed, "a seed nobody has seen; recorded");
    sub->add_option("--replay", line_.replay, "ID:INSTANCE:SEED, one draw by itself")->check(given);
  }

  void add_run(const std::vector<Experiment>& experiments) {
    CLI::App* sub =
        add_command(Command::run, "run", "run experiments: data, figure, manifest in OUT/NAME/");
    for (const Experiment& experiment : experiments) {
      ExperimentParser parser{.experiment = &experiment,
                              .prepared = experiment.prepare(Scale::quick),
                              .app = sub->add_subcommand(experiment.name, experiment.question)};
      parser.app->set_help_flag("--help", "print what can be asked");
      parser.app->fallthrough();
      parser.app->footer(common_options);
      const auto defaults = settings_of(parser.prepared.options);
      for (std::size_t i = 0; i < defaults.size(); ++i) {
        const Option& option = parser.prepared.options[i];
        const std::string help = fmt::format("{} (quick: {})", option.help, defaults[i].second);
        parser.options.push_back(std::visit(
            [&](auto* value) { return add_setting(*parser.app, option.flag, *value, help); },
            option.value));
      }
      experiments_.push_back(std::move(parser));
    }
    all_ = sub->add_subcommand("all", "every experiment with its defaults");
    all_->fallthrough();
    run_ = sub;
  }

  template <class Value>
  static CLI::Option* add_setting(CLI::App& app,
                                  const std::string& flag,
                                  Value& value,
                                  const std::string& help) {
    return app.add_option(flag, value, help)->check(not_empty);
  }
  template <class Value>
  static CLI::Option* add_setting(CLI::App& app,
                                  const std::string& flag,
                                  std::vector<Value>& values,
                                  const std::string& help) {
    return app.add_option(flag, values, help)
        ->type_name("1,2,...")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(not_empty);
  }

  void add_report() {
    add_command(Command::report, "report", "write OUT/index.html from what OUT holds");
  }

  void add_diff() {
    CLI::App* sub = add_command(Command::diff, "diff",
                                "two result folders: what moved beyond the first one's "
                                "tolerances");
    sub->add_option("A", line_.first, "a results folder")->required();
    sub->add_option("B", line_.second, "another")->required();
    sub->add_flag("--common", line_.common,
                  "only the claims and experiments that both hold; else one that is missing moved");
  }

  void add_distance() {
    CLI::App* sub =
        add_command(Command::distance, "distance",
                    "how far two measures are apart: w2, sliced and hellinger are roots, "
                    "mmd and energy squares, sinkhorn the debiased regularised squared W₂");
    sub->add_option("KIND", line_.kind, fmt::format("{}", fmt::join(distance_kinds(), ", ")))
        ->required();
    sub->add_option("A", line_.first, "a measure: a file .json, .csv, .npy or .pgm")->required();
    sub->add_option("B", line_.second, "another")->required();
    add_treatment(*sub);
    add_setting(*sub, "--regularisation", line_.distance.regularisation,
                "of sinkhorn, in units of |x - y|^2 (default: 0.05 of the median)");
    add_setting(*sub, "--bandwidth", line_.distance.bandwidth,
                "of mmd's Gaussian kernel (default: 0.1 of B's median distance)");
    add_setting(*sub, "--false-alarm", line_.distance.false_alarm,
                "probability that the interval of what is drawn misses (default: 0.05)");
    sub->add_option("--json", line_.json,
                    "write the result here too; - is standard output, the line then goes to "
                    "standard error")
        ->check(given);
  }

  void add_fit() {
    CLI::App* sub = add_command(Command::fit, "fit",
                                "fit a flow to data: OUT/model/, OUT/samples.npy, OUT/test.npy "
                                "and OUT/fit.json with what was measured on the test points");
    sub->add_option("DATA", line_.first,
                    "a file .csv, .npy, .pgm or .json, or toy:NAME, a planar test density")
        ->required();
    sub->add_option("--method", words_.method,
                    "fm: one flow to N(0, I); lfm: Ornstein-Uhlenbeck steps, then one flow; jko: "
                    "JKO steps")
        ->capture_default_str();
    add_columns(*sub);
    add_row_treatment(*sub);
    sub->add_flag("--drop-constant", line_.treatment.drop_constant,
                  "leave out columns with one value");
    sub->add_option("--scaling", words_.scaling,
                    "by the moments of the training rows: whiten, standardise or none")
        ->capture_default_str();
    add_setting(*sub, "--split", shares_, "shares of validation and test (default: 0.1,0.1)");
    draws_ = add_setting(*sub, "--draws", line_.count,
                         "points drawn from a law: a picture, a mixture, a toy density (default: "
                         "500000, at --scale quick 50000)");
    FitOptions& fit = line_.fit;
    add_setting(*sub, "--hidden", fit.hidden, "widths of the network (default: 128,128,128)");
    frequencies_ =
        add_setting(*sub, "--frequencies", fit.frequencies,
                    "sines and cosines of the point that the network of fm and lfm sees "
                    "too (default: 64 in two dimensions of 10000 rows to train or more, else 0)");
    add_setting(*sub, "--highest-frequency", fit.highest_frequency,
                "of them, radians a unit of the scaled data (default: 16)");
    blocks_ = add_setting(*sub, "--blocks", fit.blocks, "blocks of lfm (default: 4), jko (6)");
    step_ = add_setting(*sub, "--step-size", fit.step_size,
                        "first step of lfm (default: 0.15), jko (0.25)");
    ratio_ = add_setting(*sub, "--step-ratio", fit.step_ratio,
                         "from a step to the next, lfm (default: 1.3), jko (1.4)");
    iterations_ =
        add_setting(*sub, "--iterations", fit.iterations,
                    "of a block's training (default: 10000, at --scale quick 2000, jko 200)");
    add_setting(*sub, "--batch", fit.batch, "points a batch (default: 512)");
    add_setting(*sub, "--learning-rate", fit.learning_rate, "of Adam (default: 0.002)");
    add_setting(*sub, "--patience", fit.patience,
                "twentieths of the iterations without progress on the validation rows after which "
                "a block stops (default: 8)");
    time_limit_ = add_setting(*sub, "--time-limit", line_.time_limit,
                              "seconds that training may take, over all resumptions, each block an "
                              "equal share of them, "
                              "looked at every 50 iterations or less; the bytes of the result then "
                              "depend on the machine (default: none)");
    sub->add_flag("--restart", line_.restart,
                  "drop the unfinished fit in OUT/unfinished/; without it the same command goes on "
                  "from there, and ends with the bytes of a run without a break");
  }

  void add_sample() {
    CLI::App* sub = add_command(Command::sample, "sample",
                                "draw from a fitted model: CSV on standard output, or "
                                "OUT/samples.npy where --out is given");
    sub->add_option("MODEL", line_.first, "the folder that fit wrote")->required();
    sub->add_option("-n,--count", line_.count, "how many points")->check(not_empty)->required();
  }

  void add_logpdf() {
    CLI::App* sub = add_command(Command::logpdf, "logpdf",
                                "log density of a fitted model at each row, nats in the data's own "
                                "units: one a line on standard output, under its name");
    sub->add_option("MODEL", line_.first, "the folder that fit wrote")->required();
    sub->add_option("DATA", line_.second, "points: a file .csv, .npy or .json")->required();
    add_row_treatment(*sub);
    sub->add_option("--json", line_.json, "write their mean with its interval here");
  }

  // Of every command that compares or fits data.
  void add_columns(CLI::App& command) {
    add_setting(command, "--columns", line_.treatment.columns,
                "only these columns of the data, by name or number from 1")
        ->type_name("NAME,2,...");
  }
  // Of every command that reads data.
  void add_row_treatment(CLI::App& command) {
    DataTreatment& treatment = line_.treatment;
    command.add_flag("--drop-missing", treatment.drop_missing,
                     "leave out rows with a missing value");
    command.add_flag("--dequantise", treatment.dequantise,
                     "add uniform noise of each column's quantum, its smallest gap");
  }
  void add_treatment(CLI::App& command) {
    DataTreatment& treatment = line_.treatment;
    add_columns(command);
    add_row_treatment(command);
    command.add_flag("--standardise", treatment.standardise,
                     "bring each column to mean 0 and standard deviation 1");
  }

  std::string help() {
    for (const ExperimentParser& parser : experiments_) {
      if (parser.app->parsed()) return parser.app->help("flowcheck run");
    }
    for (const auto& [sub, command] : commands_) {
      if (sub->parsed()) return sub->help("flowcheck");
    }
    return app_.help();
  }

  [[noreturn]] void complain_about(const std::string& word) {
    if (word.starts_with("-")) {
      std::vector<std::string> flags;
      const auto add_flags = [&flags](const CLI::App& app) {
        for (const CLI::Option* option : app.get_options()) {
          if (!option->nonpositional()) continue;
          flags.push_back(option->get_name());
        }
      };
      add_flags(app_);
      for (const auto& [sub, command] : commands_) {
        if (sub->parsed()) add_flags(*sub);
      }
      for (const ExperimentParser& parser : experiments_) {
        if (parser.app->parsed()) add_flags(*parser.app);
      }
      const std::string flag = word.substr(0, word.find('='));
      throw UsageError(fmt::format("unknown option {}{}", flag, did_you_mean(flag, flags)));
    }
    std::vector<std::string> known;
    if (run_->parsed()) {
      for (const ExperimentParser& parser : experiments_) known.push_back(parser.experiment->name);
      known.push_back(all_->get_name());
      const std::string nearest = did_you_mean(word, known);
      throw UsageError(fmt::format(
          "unknown experiment {}{}", word,
          nearest.empty() ? fmt::format("; expected one of {}", fmt::join(known, ", ")) : nearest));
    }
    for (const auto& [sub, command] : commands_) {
      if (sub->parsed()) throw UsageError(fmt::format("unexpected argument {}", word));
      known.push_back(sub->get_name());
    }
    throw UsageError(fmt::format("unknown command {}{}", word, did_you_mean(word, known)));
  }

  // What CLI11 has read, checked and turned into what the commands work with.
  void finish() {
    for (const auto& [sub, command] : commands_) {
      if (!sub->parsed()) continue;
      if (line_.command != Command::nothing) throw UsageError("one command at a time");
      line_.command = command;
    }
    if (line_.command == Command::nothing) {
      throw UsageError(
          "expected a command: list, show, check, run, report, diff, distance, fit, sample or "
          "logpdf "
          "(--help)");
    }
    line_.out_given = out_->count() > 0;
    line_.scale = word_to("--scale", words_.scale, {Scale::quick, Scale::standard, Scale::paper});
    const char* end = words_.seed.data() + words_.seed.size();
    if (std::from_chars(words_.seed.data(), end, line_.seed) !=
        std::from_chars_result{end, std::errc{}}) {
      throw UsageError(fmt::format("--seed {}: expected a number from 0 to 2^64 - 1", words_.seed));
    }
    line_.least_grade = word_to("--min-grade", words_.grade,
                                {Grade::sampled, Grade::statistical, Grade::converged,
                                 Grade::closed_form, Grade::certified, Grade::exact});
    if (jobs_->count() > 0 && (line_.jobs < 1 || line_.jobs > 1024)) {
      throw UsageError(fmt::format("--jobs {}: expected a number from 1 to 1024", line_.jobs));
    }
    if (line_.command == Command::list) finish_list();
    if (line_.command == Command::check) finish_check();
    if (line_.command == Command::run) finish_run();
    if (line_.command == Command::distance) finish_distance();
    if (line_.command == Command::fit) finish_fit();
    if (line_.command == Command::sample && (line_.count < 1 || line_.count > most_points)) {
      throw UsageError(fmt::format("-n {}: expected 1 to {}", line_.count, most_points));
    }
    line_.treatment.seed = line_.seed;
    line_.distance.seed = line_.seed;
  }

  template <class Enum>
  static Enum word_to(const char* flag, const std::string& word, std::initializer_list<Enum> all) {
    std::string expected;
    for (const Enum candidate : all) {
      if (to_string(candidate) == word) return candidate;
      expected += fmt::format("{}{}", expected.empty() ? "" : ", ", to_string(candidate));
    }
    throw UsageError(fmt::format("{} {}: expected one of {}", flag, word, expected));
  }

  void finish_list() const {
    if (!line_.kind.empty() && line_.kind != "claims" && line_.kind != "experiments") {
      throw UsageError(fmt::format("list {}: expected claims or experiments", line_.kind));
    }
    if (line_.format != "table" && line_.format != "json" && line_.format != "ctest") {
      throw UsageError(fmt::format("--format {}: expected table, json or ctest", line_.format));
    }
    if (line_.format == "ctest" && line_.kind == "experiments") {
      throw UsageError("--format ctest: lists claims, experiments have no test of this kind");
    }
  }

  void finish_check() {
    const auto is_given = [this](const char* option) {
      return app_.get_subcommand("check")->get_option(option)->count() > 0;
    };
    line_.step_given = is_given("--gamma") || is_given("--epsilon");
    if (!(line_.step_size > 0.0) || !std::isfinite(line_.step_size)) {
      throw UsageError(fmt::format("--gamma {}: expected a step size above 0", line_.step_size));
    }
    if (!(line_.error >= 0.0) || !std::isfinite(line_.error)) {
      throw UsageError(fmt::format("--epsilon {}: expected an error of 0 or more", line_.error));
    }
    if (!line_.schedule.empty()) {
      try {
        static_cast<void>(schedule_named(line_.schedule));
      } catch (const std::invalid_argument& error) {
        throw UsageError(fmt::format("--schedule: {}", error.what()));
      }
    }
    for (const CLI::Option* option : needs_target_) {
      if (option->count() > 0 && target_->count() == 0) {
        throw UsageError(fmt::format("{}: only with --target", option->get_name()));
      }
    }
    if (!line_.replay.empty() && (target_->count() > 0 || !line_.names.empty())) {
      throw UsageError("--replay: names its claim itself; give no claims and no --target with it");
    }
    if (line_.fresh_seed && (seed_->count() > 0 || !line_.replay.empty())) {
      throw UsageError("--fresh-seed: not together with --seed or --replay");
    }
  }

  void finish_distance() const {
    const std::vector<std::string> kinds = distance_kinds();
    if (std::find(kinds.begin(), kinds.end(), line_.kind) == kinds.end()) {
      throw UsageError(fmt::format("unknown kind {}{}; there are {}", line_.kind,
                                   did_you_mean(line_.kind, kinds), fmt::join(kinds, ", ")));
    }
    finish_distance_setting("--regularisation", "sinkhorn", line_.distance.regularisation);
    finish_distance_setting("--bandwidth", "mmd", line_.distance.bandwidth);
    const double false_alarm = line_.distance.false_alarm;
    if (!(false_alarm > 0.0 && false_alarm < 1.0)) {
      throw UsageError(
          fmt::format("--false-alarm {}: expected a number between 0 and 1", false_alarm));
    }
  }

  void finish_distance_setting(const char* flag, std::string_view kind, double value) const {
    if (commands_given(flag) == 0) return;
    if (line_.kind != kind) throw UsageError(fmt::format("{}: belongs to {}", flag, kind));
    if (!(value > 0.0 && std::isfinite(value))) {
      throw UsageError(fmt::format("{} {}: expected a positive number", flag, value));
    }
  }

  void finish_fit() {
    FitOptions& fit = line_.fit;
    fit.method =
        word_to("--method", words_.method, {ModelMethod::fm, ModelMethod::lfm, ModelMethod::jko});
    fit.scaling = word_to("--scaling", words_.scaling,
                          {Scaling::none, Scaling::standardise, Scaling::whiten});
    fit.seed = line_.seed;
    const bool quick = line_.scale == Scale::quick;
    if (draws_->count() == 0) line_.count = quick ? 50'000 : 500'000;
    // An iteration of jko pushes its points through the block: ten of the others.
    const Index quick_iterations = fit.method == ModelMethod::jko ? 200 : 2'000;
    if (iterations_->count() == 0) fit.iterations = quick ? quick_iterations : 10'000;
    if (frequencies_->count() == 0) fit.frequencies = -1;  // by the dimension, once it is known
    require_between("--draws", line_.count, Index{100}, most_points);
    require_between("--iterations", fit.iterations, Index{1}, Index{10'000'000});
    require_between("--batch", fit.batch, Index{1}, Index{1'000'000});
    require_between("--patience", fit.patience, 1, 1'000);
    if (frequencies_->count() > 0) {
      require_between("--frequencies", fit.frequencies, Index{0}, Index{4096});
    }
    if (blocks_->count() > 0) require_between("--blocks", fit.blocks, 1, 1000);
    require_positive("--highest-frequency", fit.highest_frequency);
    require_positive("--learning-rate", fit.learning_rate);
    if (time_limit_->count() > 0) require_positive("--time-limit", line_.time_limit);
    if (step_->count() > 0) require_positive("--step-size", fit.step_size);
    if (ratio_->count() > 0) require_positive("--step-ratio", fit.step_ratio);
    for (const Index width : fit.hidden) require_between("--hidden", width, Index{1}, Index{4096});
    if (fit.method == ModelMethod::fm) require_one_block();
    if (shares_.size() != 2 || !(shares_[0] > 0.0) || !(shares_[1] > 0.0) ||
        !(shares_[0] + shares_[1] < 1.0)) {
      throw UsageError(fmt::format("--split {}: expected two positive shares whose sum is below 1",
                                   fmt::join(shares_, ",")));
    }
    line_.split = {.validation = shares_[0], .test = shares_[1]};
  }

  void require_one_block() const {
    if (blocks_->count() > 0 && line_.fit.blocks != 1) {
      throw UsageError(fmt::format("--blocks {}: fm has one block", line_.fit.blocks));
    }
    for (const CLI::Option* option : {step_, ratio_}) {
      if (option->count() > 0) {
        throw UsageError(fmt::format("{}: fm has one block", option->get_name()));
      }
    }
  }

  template <class Number>
  static void require_between(const char* flag, Number value, Number least, Number most) {
    if (value >= least && value <= most) return;
    throw UsageError(fmt::format("{} {}: expected {} to {}", flag, value, least, most));
  }
  static void require_positive(const char* flag, double value) {
    if (value > 0.0 && std::isfinite(value)) return;
    throw UsageError(fmt::format("{} {}: expected a positive number", flag, value));
  }

  // How often an option of the command that was called is on the line.
  std::size_t commands_given(const char* flag) const {
    for (const auto& [sub, command] : commands_) {
      if (sub->parsed()) return sub->get_option(flag)->count();
    }
    return 0;
  }

  void finish_run() {
    for (const ExperimentParser& parser : experiments_) {
      if (parser.app->parsed() || all_->parsed()) line_.calls.push_back(call_of(parser));
    }
    if (line_.calls.empty()) {
      throw UsageError("run: expected an experiment's name or all (flowcheck list experiments)");
    }
  }

  // Options were read into the quick settings; another scale's settings take over what was given.
  ExperimentCall call_of(const ExperimentParser& parser) const {
    ExperimentCall call{.experiment = parser.experiment,
                        .prepared = parser.experiment->prepare(line_.scale)};
    for (std::size_t i = 0; i < parser.options.size(); ++i) {
      if (parser.options[i]->count() == 0) continue;
      call.changed = true;
      std::visit(
          [&](auto* value) { *std::get<decltype(value)>(call.prepared.options[i].value) = *value; },
          parser.prepared.options[i].value);
    }
    return call;
  }

  CommandLine& line_;
  CLI::App app_{"Theorems about flow-based generative models, run.", "flowcheck"};
  Words words_;
  std::vector<std::pair<CLI::App*, Command>> commands_;
  std::vector<ExperimentParser> experiments_;
  CLI::App* run_ = nullptr;
  CLI::App* all_ = nullptr;
  CLI::Option* out_ = nullptr;
  CLI::Option* seed_ = nullptr;
  CLI::Option* jobs_ = nullptr;
  CLI::Option* time_limit_ = nullptr;
  CLI::Option* target_ = nullptr;
  CLI::Option* fresh_ = nullptr;
  CLI::Option* draws_ = nullptr;
  CLI::Option* frequencies_ = nullptr;
  CLI::Option* blocks_ = nullptr;
  CLI::Option* step_ = nullptr;
  CLI::Option* ratio_ = nullptr;
  CLI::Option* iterations_ = nullptr;
  std::vector<double> shares_ = {0.1, 0.1};
  std::vector<CLI::Option*> needs_target_;
};

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& words,
                               const std::vector<Experiment>& experiments) {
  CommandLine line;
  Parser(line, experiments).parse(words);
  return line;
}

}  // namespace flowcheck
