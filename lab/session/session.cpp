#include "lab/session/session.hpp"

#include <algorithm>

#include "sim/kernel/version.hpp"

namespace wirelab {

Session::Session(SessionSetup setup, std::unique_ptr<Script> script)
    : setup_(std::move(setup)), store_(std::make_shared<TraceStore>(setup_.trace_memory)), script_(std::move(script)) {}

tl::expected<std::unique_ptr<Session>, ScriptError> Session::begin(SessionSetup setup) {
  ScriptOptions options;
  options.seed = setup.seed;
  options.parameters = setup.parameters;
  options.log = setup.log;
  auto script = Script::load(setup.source, setup.path, std::move(options));
  if (!script) return tl::unexpected(script.error());
  std::unique_ptr<Session> session(new Session(std::move(setup), std::move(*script)));
  if (const auto begun = session->script_->begin(session->store_); !begun) return tl::unexpected(begun.error());
  return session;
}

tl::expected<std::unique_ptr<Session>, ScriptError> Session::replay(SessionSetup setup,
                                                                    std::vector<JournalEntry> entries, Instant at,
                                                                    const std::atomic<bool>* stop) {
  constexpr std::int64_t kSlices = 256;  // of the time up to `at`; before each it looks at `stop`
  auto session = begin(std::move(setup));
  if (!session) return session;
  std::erase_if(entries, [&](const JournalEntry& entry) { return entry.at > at; });
  (*session)->world().replay(std::move(entries));
  for (std::int64_t slice = 1; slice <= kSlices; ++slice) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return tl::unexpected(ScriptError{false, "given up"});
    const Instant to = slice == kSlices ? at : Instant::from_ns(at.ns() / kSlices * slice);
    if (const auto ran = (*session)->script_->run_until(to); !ran) return tl::unexpected(ran.error());
  }
  return session;
}

tl::expected<void, std::string> Session::intervene(const Intervention& what) {
  if (const auto possible = world().can_apply(what); !possible) return possible;
  world().intervene(what);
  world().trace().flush();
  return {};
}

tl::expected<std::unique_ptr<Session>, ScriptError> Session::fork(Instant at, const std::atomic<bool>* stop) const {
  return replay(setup_, script_->world().journal(), at, stop);
}

Journal Session::journal() const {
  Journal journal;
  journal.program_version = kVersion;
  journal.scenario = setup_.path;
  journal.scenario_hash = scenario_hash(setup_.source);
  journal.seed = setup_.seed;
  journal.parameters = setup_.parameters;
  journal.entries = script_->world().journal();
  return journal;
}

}  // namespace wirelab
