// One run as a person has it before them: a scenario with its seed and parameters, played piece by piece, interfered with, saved,
// and forked. What a person does is an intervention in the journal; forking makes another session by running the journal again
// up to an instant, so that both branches are kept and either can be saved and replayed.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "lab/script/script.hpp"

namespace wirelab {

struct SessionSetup {
  std::string path;    // of the scenario, as messages and the journal name it
  std::string source;  // its text
  std::uint64_t seed = 1;
  std::map<std::string, std::string> parameters;  // as --set gives them
  std::size_t trace_memory = std::size_t{4} << 30;
  /// Of programs' log lines: instant, device (empty for the scenario), text. A fork tells the past again.
  std::function<void(Instant, std::string_view, std::string_view)> log = nullptr;
};

class Session {
 public:
  /// Loads the scenario and starts the world at instant 0.
  static tl::expected<std::unique_ptr<Session>, ScriptError> begin(SessionSetup setup);
  /// The same, run to `at` with what a journal holds up to there. The journal must be of this scenario.
  /// While it runs it looks at `stop` now and then: set, it ends with an error.
  static tl::expected<std::unique_ptr<Session>, ScriptError> replay(SessionSetup setup,
                                                                    std::vector<JournalEntry> entries, Instant at,
                                                                    const std::atomic<bool>* stop = nullptr);

  /// Runs until `end`, at most `most` events; true once `end` is reached.
  tl::expected<bool, ScriptError> run(Instant end, std::uint64_t most) { return script_->run_some(end, most); }
  /// Between two events: applies it now and enters it into the journal. The error says what is wrong with it.
  tl::expected<void, std::string> intervene(const Intervention& what);
  /// Another session with the same past up to `at`: everything due then has happened, interventions included.
  tl::expected<std::unique_ptr<Session>, ScriptError> fork(Instant at, const std::atomic<bool>* stop = nullptr) const;

  Journal journal() const;
  const SessionSetup& setup() const { return setup_; }
  /// From any thread: nobody waits for it any more.
  void give_up() { script_->give_up(); }
  Script& script() { return *script_; }
  World& world() { return script_->world(); }
  const std::shared_ptr<TraceStore>& store() const { return store_; }
  Instant now() const { return script_->world().now(); }
  /// The scenario's duration.
  Instant end() const { return Instant() + script_->duration(); }

 private:
  Session(SessionSetup setup, std::unique_ptr<Script> script);
  SessionSetup setup_;
  std::shared_ptr<TraceStore> store_;
  std::unique_ptr<Script> script_;
};

}  // namespace wirelab
