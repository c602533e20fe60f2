#include "report/report_page.hpp"

#include "report/markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>

namespace flowcheck {
namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --text: #1c1c1e; --soft: #5b5b62; --ground: #ffffff;
  --panel: #f5f6f8; --line: #d9dbe0; --good: #0b6b4b; --bad: #b3261e; --doubt: #8a5a00;
  --link: #0a58a8; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8ea; --soft: #a9abb3;
  --ground: #17181b; --panel: #212328; --line: #3a3d44; --good: #58c79b; --bad: #ff8a80;
  --doubt: #f0b95b; --link: #7db9ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; color: var(--text);
  background: var(--ground); font: 1rem/1.5 "DejaVu Sans", system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.1rem; margin: 2.25rem 0 .25rem; }
p { margin: .4rem 0; max-width: 65rem; }
a { color: var(--link); }
.soft { color: var(--soft); }
code, pre { font-family: "DejaVu Sans Mono", ui-monospace, monospace; font-size: .85em; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 4px;
  padding: .5rem .75rem; overflow-x: auto; margin: .5rem 0; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid var(--line); }
.verdicts > tbody > tr > td:nth-child(2) { width: 60%; }
td code { overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; }
thead th { background: var(--panel); white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th[scope=row] { white-space: nowrap; font-weight: 600; }
.verdict { white-space: nowrap; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .doubt { color: var(--doubt); }
details summary { cursor: pointer; }
ul { margin: .25rem 0; padding-left: 1.25rem; }
figure { margin: .75rem 0; }
figure img { width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line);
  border-radius: 4px; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: .5rem 0;
  list-style: none; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .25rem 0;
  font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 46rem) {
  table.verdicts, .verdicts tbody, .verdicts tr, .verdicts th, .verdicts td { display: block; }
  .verdicts thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%); }
  .verdicts tr { border-bottom: 1px solid var(--line); padding: .5rem .6rem; }
  .verdicts tbody tr > * { border: 0; padding: .1rem 0; text-align: left; }
  .verdicts [data-label]::before { content: attr(data-label) ": "; color: var(--soft);
    font-weight: 400; }
}
@media print { .wide { overflow: visible; } body { max-width: none; } }
)";

// How good the news is: colour is never alone, the word stands beside it.
std::string_view mood(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
    case Verdict::tight:
      return "good";
    case Verdict::violated:
    case Verdict::powerless:
    case Verdict::numerical_failure:
      return "bad";
    case Verdict::inconclusive:
    case Verdict::not_applicable:
      break;
  }
  return "doubt";
}

std::string spelled(Verdict verdict) {
  std::string word(to_string(verdict));
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

// Table cells are read by people; verdicts.json has all digits.
std::string short_number(double value) {
  return std::isnan(value) ? "–" : fmt::format("{:.6g}", value);
}

std::string in_browser(const std::string& folder, const std::string& file) {
  return escape_markup(folder + "/" + file);
}

std::string check_row(const CheckResult& check) {
  return fmt::format(
      "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td>"
      "<td class=\"number\">{}</td><td class=\"number\">{}</td>"
      "<td class=\"verdict\">{}</td></tr>\n",
      escape_markup(check.instance), to_string(check.kind), escape_markup(check.part),
      check.draws > 0 ? short_number(check.lhs.value) : "–",
      check.draws > 0 ? short_number(check.rhs.value) : "–", short_number(check.tightness),
      spelled(check.verdict));
}

std::string check_table(const ClaimResult& result) {
  std::string rows;
  for (const CheckResult& check : result.checks) rows += check_row(check);
  for (const CheckResult& control : result.controls) rows += check_row(control);
  return fmt::format(
      "<details><summary>{} checks, {} controls</summary>\n<table><thead><tr>"
      "<th scope=\"col\">Instance</th><th scope=\"col\">Kind</th><th scope=\"col\">Part</th>"
      "<th scope=\"col\">Left side</th><th scope=\"col\">Right side</th>"
      "<th scope=\"col\">Tightness</th><th scope=\"col\">Verdict</th></tr></thead><tbody>\n"
      "{}</tbody></table></details>",
      result.checks.size(), result.controls.size(), rows);
}

std::string claim_row(const ClaimResult& result) {
  const Claim& claim = result.claim;
  const auto caught = std::count_if(
      result.controls.begin(), result.controls.end(),
      [](const CheckResult& control) { return control.verdict == Verdict::violated; });
  const std::string id = escape_markup(claim.id);
  std::string hypotheses;
  for (const std::string& hypothesis : claim.hypotheses) {
    hypotheses += fmt::format("{}{}", hypotheses.empty() ? "" : "; ", escape_markup(hypothesis));
  }
  const std::string_view word = to_string(claim.provenance);
  const std::string provenance = claim.source == word ? "" : fmt::format(" ({})", word);
  return fmt::format(
      "<tr id=\"{0}\"><th scope=\"row\">{0}</th>"
      "<td><div>{1}</div><div class=\"soft\">{2}{3}{4}{5} · <code>{14}</code></div>{6}</td>"
      "<td class=\"verdict {7}\" data-label=\"Verdict\">{8}{9}</td>"
      "<td data-label=\"Grade\">{10}</td><td class=\"number\" data-label=\"Tightness\">{11}</td>"
      "<td data-label=\"Controls\">{12} of {13} caught</td></tr>\n",
      id, escape_markup(claim.statement), hypotheses, hypotheses.empty() ? "" : " · ",
      escape_markup(claim.source), provenance, check_table(result), mood(result.verdict),
      spelled(result.verdict), result.reason.empty() ? "" : ": " + escape_markup(result.reason),
      to_string(result.grade()), short_number(result.tightness()), caught, result.controls.size(),
      escape_markup(claim.file));
}

std::string check_command(const CheckSettings& run) {
  std::string command =
      fmt::format("flowcheck check --scale {} --seed {}", to_string(run.scale), run.seed);
  if (run.least_grade != Grade::sampled) {
    command += fmt::format(" --min-grade {}", to_string(run.least_grade));
  }
  if (!run.target.empty()) {
    command +=
        fmt::format(" --target {} --gamma {} --epsilon {}", run.target, run.step_size, run.error);
    if (!run.treatment.empty()) command += " " + run.treatment;
    if (!run.reference.empty()) command += " --reference " + run.reference;
    if (!run.schedule.empty()) command += " --schedule " + run.schedule;
  }
  if (!run.replay.empty()) command += fmt::format(" --replay '{}'", run.replay);
  return command;
}

std::string verdict_section(const VerdictFile& file) {
  std::map<Verdict, int> counts;
  std::string rows;
  for (const ClaimResult& result : file.claims) {
    ++counts[result.verdict];
    rows += claim_row(result);
  }
  std::string summary;
  for (const auto& [verdict, count] : counts) {
    summary += fmt::format("{}<span class=\"{}\">{} {}</span>", summary.empty() ? "" : ", ",
                           mood(verdict), count, spelled(verdict));
  }
  return fmt::format(
      "<section aria-labelledby=\"claims\">\n<h2 id=\"claims\">Claims</h2>\n"
      "<p>{} {}: {}. Tightness is the left side over the right side, at most 1 where a bound "
      "holds. A control is the same check with one thing wrong; a check counts only if it catches "
      "every one of its controls.</p>\n"
      "<p>Check all again: </p><pre><code>{}</code></pre>\n"
      "<p>or one of them by naming it: <code>flowcheck check {}</code>. All numbers: "
      "<a href=\"verdicts.json\">verdicts.json</a>.</p>\n"
      "<div class=\"wide\"><table class=\"verdicts\"><thead><tr><th scope=\"col\">Claim</th>"
      "<th scope=\"col\">Statement</th><th scope=\"col\">Verdict</th><th scope=\"col\">Grade</th>"
      "<th scope=\"col\">Tightness</th><th scope=\"col\">Controls</th>"
      "</tr></thead><tbody>\n{}</tbody></table></div>\n</section>\n",
      file.claims.size(), file.claims.size() == 1 ? "claim" : "claims", summary,
      escape_markup(check_command(file.run)),
      file.claims.empty() ? "ID" : escape_markup(file.claims.front().claim.id), rows);
}

std::string claim_links(const Manifest& manifest, const ResultsFolder& results) {
  std::string links;
  for (const std::string& id : manifest.claims) {
    const bool listed =
        results.verdicts &&
        std::any_of(results.verdicts->claims.begin(), results.verdicts->claims.end(),
                    [&id](const ClaimResult& result) { return result.claim.id == id; });
    const std::string text = escape_markup(id);
    links += fmt::format("{}{}", links.empty() ? "" : ", ",
                         listed ? fmt::format("<a href=\"#{0}\">{0}</a>", text) : text);
  }
  return links;
}

std::string experiment_section(const Manifest& manifest, const ResultsFolder& results) {
  const std::string name = escape_markup(manifest.experiment);
  std::string settings;
  for (const auto& [key, value] : manifest.settings) {
    settings += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_markup(key), escape_markup(value));
  }
  const std::string verdict =
      manifest.verdict == Verdict::not_applicable
          ? std::string("<span class=\"soft\">measured; nothing in it is put to a vote</span>")
          : fmt::format("<span class=\"verdict {}\">{}</span>", mood(manifest.verdict),
                        spelled(manifest.verdict));
  const std::string links = claim_links(manifest, results);
  const std::string claims = links.empty() ? "" : fmt::format("Claims: {}. ", links);
  return fmt::format(
      "<section aria-labelledby=\"{0}\">\n<h3 id=\"{0}\">{0}</h3>\n<p>{1}</p>\n"
      "<figure><img src=\"{2}\" alt=\"Figure of {0}: {1} The numbers are in data.csv.\">"
      "</figure>\n"
      "<p>{3}Measured points against predictions: {4}.</p>\n"
      "<pre><code>{5}</code></pre>\n"
      "<ul class=\"links\"><li><a href=\"{6}\">data.csv</a></li>"
      "<li><a href=\"{7}\">figure.pdf</a></li><li><a href=\"{8}\">figure.gp</a></li>"
      "<li><a href=\"{9}\">manifest.json</a></li></ul>\n"
      "<details><summary>Settings</summary>\n<dl><dt>scale</dt><dd>{10}</dd>\n"
      "<dt>seed</dt><dd>{11}</dd>\n{12}</dl></details>\n</section>\n",
      name, escape_markup(manifest.question), in_browser(manifest.experiment, "figure.svg"), claims,
      verdict, escape_markup(manifest.command), in_browser(manifest.experiment, "data.csv"),
      in_browser(manifest.experiment, "figure.pdf"), in_browser(manifest.experiment, "figure.gp"),
      in_browser(manifest.experiment, "manifest.json"), to_string(manifest.scale), manifest.seed,
      settings);
}

}  // namespace

std::string report_page(const ResultsFolder& results) {
  std::string body;
  if (results.verdicts) body += verdict_section(*results.verdicts);
  if (!results.experiments.empty()) {
    body +=
        "<h2 id=\"experiments\">Experiments</h2>\n"
        "<p class=\"soft\">Points are measured, lines are predictions. A hollow point is below "
        "its noise floor and does not vote.</p>\n";
    for (const Manifest& manifest : results.experiments) {
      body += experiment_section(manifest, results);
    }
  }
  std::string places;
  if (results.verdicts) places += "<a href=\"#claims\">Claims</a>";
  if (!results.experiments.empty()) places += "<a href=\"#experiments\">Experiments</a>";
  for (const Manifest& manifest : results.experiments) {
    places += fmt::format("<a href=\"#{0}\">{0}</a>", escape_markup(manifest.experiment));
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>flowcheck: verdicts and figures</title>\n<style>{}</style>\n</head>\n<body>\n"
      "<header><h1>flowcheck: verdicts and figures</h1>\n"
      "<p class=\"soft\">Theorems about flow-based generative models, run: measured against "
      "predicted.</p>\n<nav aria-label=\"On this "
      "page\">{}</nav></header>\n<main>\n{}</main>\n</body>\n</html>\n",
      style, places, body);
}

}  // namespace flowcheck
