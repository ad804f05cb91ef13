#include "cli/scenario.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "cli/command.hpp"
#include "lab/system/files.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {

// Beside the program's sources, where the working directory has none; the bootstrap says where those are.
std::string scenario_folder() {
  std::error_code ignored;
  const char* const root = std::getenv("WIRELAB_ROOT");
  return std::filesystem::is_directory("scenarios", ignored) || root == nullptr ? std::string("scenarios")
                                                                                : std::string(root) + "/scenarios";
}

std::string lesson_folder() {
  return (std::filesystem::path(scenario_folder()).parent_path() / "lessons").string();
}

namespace {

// A scenario by path, or by its name among the scenarios that come with Wirelab.
tl::expected<std::string, CommandError> find_scenario(const std::string& given) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_regular_file(given, ignored)) return given;
  const std::string folder_of_ours = scenario_folder();
  const std::string beside = folder_of_ours + "/" + given + (given.ends_with(".lua") ? "" : ".lua");
  if (!given.starts_with('/') && !given.starts_with('.') && fs::is_regular_file(beside, ignored)) return beside;
  if (fs::is_directory(given, ignored))
    return tl::unexpected(CommandError{kBadInput, fmt::format("{}: is a folder; a scenario is a .lua file", given)});
  std::vector<std::string> names;
  const fs::path folder = fs::path(given).has_parent_path() ? fs::path(given).parent_path() : fs::path(folder_of_ours);
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".lua") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string wanted = fs::path(given).filename().string();
  std::string_view near = nearest(wanted, views);
  if (near.empty()) near = nearest(wanted + ".lua", views);
  std::string text = fmt::format("{}: there is no such file", given);
  if (!near.empty()) text += fmt::format("; did you mean {}?", (folder / std::string(near)).string());
  return tl::unexpected(CommandError{kBadInput, text});
}

tl::expected<std::map<std::string, std::string>, CommandError> parse_settings(
    const std::vector<std::string>& settings) {
  std::map<std::string, std::string> values;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return tl::unexpected(
          CommandError{kBadInput, fmt::format("--set {}: write NAME=VALUE, as in --set loss=0.05", setting)});
    }
    values[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return values;
}

// Simulated time against the whole, on a terminal only.
class Progress {
 public:
  explicit Progress(Duration whole) : whole_(whole), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }
  void at(Instant now, std::chrono::steady_clock::time_point begin) {
    if (!shown_ || std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(700)) return;
    const double part = whole_.ns() == 0 ? 1.0 : now.in_seconds() / whole_.in_seconds();
    std::fprintf(stderr, "\r\x1b[K  %5.1f %%  %s of %s", part * 100, format_duration(now - Instant()).c_str(),
                 format_duration(whole_).c_str());
    std::fflush(stderr);
    drawn_ = true;
  }

 private:
  Duration whole_;
  bool shown_;
  bool drawn_ = false;
};

// The rest of a longer trace is dropped from its beginning, with a note.
constexpr std::size_t kTraceMemory = std::size_t{4} << 30;

// A journal replays only what it was recorded with.
std::string journal_mismatch(const Journal& journal, const std::string& path, const std::string& source) {
  namespace fs = std::filesystem;
  if (fs::path(journal.scenario).filename() != fs::path(path).filename())
    return fmt::format("this journal was recorded with {}, not with {}", journal.scenario, path);
  if (!journal.scenario_hash.empty() && journal.scenario_hash != scenario_hash(source))
    return fmt::format("{} has changed since this journal was recorded, so it would not replay", path);
  return {};
}

CommandError script_error(const ScriptError& error) { return {error.limit ? kLimitReached : kBadInput, error.text}; }

}  // namespace

CLI::Validator whole_number() {
  return CLI::Validator(
      [](std::string& text) {
        const bool digits =
            !text.empty() && text.size() <= 20 && text.find_first_not_of("0123456789") == std::string::npos;
        const bool fits = digits && (text.size() < 20 || text <= "18446744073709551615");
        return fits ? std::string() : fmt::format("{} is no whole number from 0 to 2^64 - 1", text);
      },
      "");
}

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--seed", options.seed, "What all chance is drawn from (default 1)")->check(whole_number());
  command.add_option("--until", options.until,
                     "End at this simulated time instead of the scenario's duration, as in 90s");
  command.add_option("--set", options.settings, "Set a parameter of the scenario: NAME=VALUE; may be repeated")
      ->take_all();
  command.add_option("--journal", options.journal, "Apply the interventions of this journal");
}

int report(const CommandError& error) {
  std::fprintf(stderr, "%s\n", error.text.c_str());
  return error.status;
}

bool is_trace_file(const std::string& path) {
  constexpr std::string_view kBegins = "{\"wirelab_trace\"";
  std::string begins(kBegins.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  return file.read(begins.data(), static_cast<std::streamsize>(begins.size())) && begins == kBegins;
}

tl::expected<ScenarioInput, CommandError> load_setup(const RunOptions& options) {
  auto settings = parse_settings(options.settings);
  if (!settings) return tl::unexpected(settings.error());
  const auto path = find_scenario(options.scenario);
  if (!path) return tl::unexpected(path.error());
  const auto source = read_file(*path);
  if (!source) return tl::unexpected(CommandError{kBadInput, fmt::format("{}: {}", *path, source.error())});
  ScenarioInput input;
  SessionSetup& setup = input.setup;
  setup.path = *path;
  setup.source = *source;
  setup.seed = options.seed.value_or(1);
  setup.parameters = *settings;
  if (options.journal.empty()) return input;
  const auto text = read_file(options.journal);
  if (!text) return tl::unexpected(CommandError{kBadInput, fmt::format("{}: {}", options.journal, text.error())});
  auto journal = parse_journal(*text);
  if (!journal)
    return tl::unexpected(
        CommandError{kBadInput, fmt::format("{}:{}: {}", options.journal, journal.error().line, journal.error().what)});
  for (const auto& [name, value] : journal->parameters) setup.parameters.try_emplace(name, value);
  if (!options.seed) setup.seed = journal->seed;
  if (const auto wrong = journal_mismatch(*journal, setup.path, setup.source); !wrong.empty())
    return tl::unexpected(CommandError{kBadInput, fmt::format("{}:1: {}", options.journal, wrong)});
  input.journal = std::move(*journal);
  return input;
}

tl::expected<FinishedRun, CommandError> run_scenario(const RunOptions& options, std::optional<LayerMask> store,
                                                     LogFunction log) {
  auto input = load_setup(options);
  if (!input) return tl::unexpected(input.error());
  const auto& [setup, journal] = *input;

  FinishedRun run;
  run.seed = setup.seed;
  ScriptOptions script_options;
  script_options.seed = run.seed;
  script_options.parameters = setup.parameters;
  script_options.log = std::move(log);
  auto script = Script::load(setup.source, setup.path, std::move(script_options));
  if (!script) return tl::unexpected(script_error(script.error()));
  run.script = std::move(*script);
  run.length = run.script->duration();
  if (!options.until.empty()) {
    const auto until = parse_duration(options.until);
    if (!until) return tl::unexpected(CommandError{kBadInput, "--until: " + until.error()});
    run.length = *until;
  }
  if (store) run.store = std::make_shared<TraceStore>(kTraceMemory, *store);
  const auto begin = std::chrono::steady_clock::now();
  if (const auto begun = run.script->begin(run.store); !begun) return tl::unexpected(script_error(begun.error()));
  if (journal) {
    for (const JournalEntry& entry : journal->entries) {
      // Of a station's link it shows only when it is made.
      const World& world = run.script->world();
      if (const auto possible = world.can_apply(entry.what); !possible && !world.may_become_possible(entry.what)) {
        return tl::unexpected(
            CommandError{kBadInput, fmt::format("{}:{}: {}", options.journal, entry.line, possible.error())});
      }
    }
    run.script->world().replay(journal->entries);
  }
  {
    Progress progress(run.length);
    constexpr int kSteps = 200;
    for (int i = 1; i <= kSteps; ++i) {
      const Instant end = Instant() + (i == kSteps ? run.length : Duration::nanoseconds(run.length.ns() / kSteps * i));
      if (const auto ran = run.script->run_until(end); !ran) return tl::unexpected(script_error(ran.error()));
      progress.at(run.script->world().now(), begin);
    }
  }
  const Instant end = run.script->world().now();
  if (const std::size_t late = run.script->scheduled_after(end); late > 0)
    std::fprintf(stderr, "note: the run ended before %zu of the scenario's at() calls\n", late);
  if (const std::size_t missed = run.script->world().not_replayed(); missed > 0)
    std::fprintf(stderr, "note: %zu of the journal's entries could not be done when their time came\n", missed);
  if (journal) {
    const auto late = std::count_if(journal->entries.begin(), journal->entries.end(),
                                    [&](const JournalEntry& entry) { return entry.at > end; });
    if (late > 0) std::fprintf(stderr, "note: the run ended before %td entries of the journal\n", late);
  }
  run.digest = run.script->world().trace().digest();
  run.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return run;
}

tl::expected<LoadedTrace, CommandError> load_run(const RunOptions& options) {
  if (is_trace_file(options.scenario)) {
    const auto text = read_file(options.scenario);
    if (!text) return tl::unexpected(CommandError{kBadInput, fmt::format("{}: {}", options.scenario, text.error())});
    auto trace = parse_trace(*text);
    if (!trace)
      return tl::unexpected(
          CommandError{kBadInput, fmt::format("{}:{}: {}", options.scenario, trace.error().line, trace.error().what)});
    if (options.seed || !options.until.empty() || !options.settings.empty() || !options.journal.empty())
      return tl::unexpected(CommandError{
          kBadInput,
          fmt::format("{} is a trace: --seed, --until, --set and --journal belong to a scenario", options.scenario)});
    return std::move(*trace);
  }
  auto run = run_scenario(options, kAllLayers, nullptr);
  if (!run) return tl::unexpected(run.error());
  if (run->store->dropped() > 0)
    std::fprintf(stderr, "note: the trace outgrew its memory; its first %llu records are left out\n",
                 static_cast<unsigned long long>(run->store->dropped()));
  LoadedTrace trace = load_trace(*run->store, {options.scenario, run->seed, run->digest.everything});
  run->script.reset();
  return trace;
}

}  // namespace wirelab
