#include "gui/playback.hpp"

#include <algorithm>
#include <chrono>

namespace wirelab::gui {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kSlice = 2000;  // events between two looks at what the window wants

}  // namespace

bool ends_step(Step step, Kind kind) {
  switch (step) {
    case Step::packet: return kind == Kind::packet_sent || kind == Kind::packet_arrived;
    case Step::message: return kind == Kind::mqtt_sent || kind == Kind::mqtt_received;
    default: return false;
  }
}

Playback::Playback(std::unique_ptr<Session> session) : session_(std::move(session)), store_(session_->store()) {
  status_.end = session_->end();
  status_.seed = session_->setup().seed;
  status_.speed = 1;
  note_progress(true);
  thread_ = std::thread([this] { work(); });
}

Playback::~Playback() {
  {
    const std::lock_guard lock(mutex_);
    quit_ = true;
    leaving_.store(true, std::memory_order_relaxed);
  }
  session_->give_up();
  wake_.notify_all();
  thread_.join();
}

void Playback::play(double speed) {
  const std::lock_guard lock(mutex_);
  if (!status_.failed) status_.problem.clear();
  status_.speed = speed;
  status_.playing = !status_.ended;
  has_target_ = stepping_ = has_condition_ = false;
  restart_clock_ = true;
  ++order_;
  wake_.notify_all();
}

void Playback::set_speed(double speed) {
  const std::lock_guard lock(mutex_);
  status_.speed = speed;
  restart_clock_ = true;
  wake_.notify_all();
}

void Playback::pause() {
  const std::lock_guard lock(mutex_);
  status_.playing = has_target_ = stepping_ = has_condition_ = false;
  wake_.notify_all();
}

void Playback::run_to(Instant at) {
  const std::lock_guard lock(mutex_);
  target_ = at;
  has_target_ = status_.busy = true;
  ++order_;
  status_.playing = stepping_ = has_condition_ = false;
  wake_.notify_all();
}

void Playback::step(Step step) {
  const std::lock_guard lock(mutex_);
  step_ = step;
  stepping_ = status_.busy = true;
  ++order_;
  status_.playing = has_target_ = has_condition_ = false;
  wake_.notify_all();
}

void Playback::run_until(const std::string& condition) {
  {
    const std::lock_guard lock(mutex_);
    status_.playing = has_target_ = stepping_ = false;
  }
  ask([this, condition](Session& session) {
    const auto set = session.script().set_condition(condition);
    const std::lock_guard lock(mutex_);
    status_.problem = set ? "" : set.error();
    has_condition_ = set.has_value();
    ++order_;
    status_.playing = has_target_ = stepping_ = false;
    status_.busy = has_condition_;
  });
}

void Playback::peek(std::function<void(Session&)> what) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(std::move(what));
  wake_.notify_all();
}

void Playback::ask(std::function<void(Session&)> what) {
  const std::lock_guard lock(mutex_);
  if (!status_.failed) status_.problem.clear();
  asked_.push_back(std::move(what));
  status_.busy = true;
  wake_.notify_all();
}

void Playback::intervene(Intervention what) {
  ask([this, what = std::move(what)](Session& session) {
    const auto done = session.intervene(what);
    const std::lock_guard lock(mutex_);
    status_.problem = done ? "" : done.error();
  });
}

void Playback::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return asked_.empty() && !status_.playing && !status_.busy; });
}

PlaybackStatus Playback::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

// Called by the thread, or before it begins.
void Playback::note_progress(bool idle) {
  constexpr auto kRefreshed = std::chrono::milliseconds(200);
  const bool due = idle || Clock::now() >= digested_ + kRefreshed;
  std::string digest = due ? session_->world().trace().digest().everything : std::string();
  if (due) digested_ = Clock::now();
  const std::lock_guard lock(mutex_);
  status_.now = session_->now();
  status_.events = session_->world().executed();
  status_.interventions = session_->world().journal().size();
  if (due) status_.digest = std::move(digest);
}

// Whether a record after `from` is what this kind of step waits for.
bool Playback::step_is_over(Session& session, RecordNumber from) const {
  if (step_ == Step::event) return true;
  const TraceStore::Reader reader(*session.store());
  for (RecordNumber n = from + 1; n <= reader.last(); ++n) {
    if (ends_step(step_, reader.record(n).kind)) return true;
  }
  return false;
}

void Playback::work() {
  Clock::time_point clock_began;
  Instant simulation_began;
  bool noted_idle = true;
  for (;;) {
    std::function<void(Session&)> asked;
    Instant goal;
    bool one_step = false;
    bool until = false;
    std::uint64_t order = 0;
    {
      std::unique_lock lock(mutex_);
      if (!quit_ && asked_.empty() && !status_.playing && !has_target_ && !stepping_ && !has_condition_) {
        if (!noted_idle) {
          lock.unlock();
          note_progress(true);
          noted_idle = true;
          continue;
        }
        status_.busy = false;
        idle_.notify_all();
        wake_.wait(lock, [&] {
          return quit_ || !asked_.empty() || status_.playing || has_target_ || stepping_ || has_condition_;
        });
      }
      if (quit_) return;
      order = order_;
      if (!asked_.empty()) {
        asked = std::move(asked_.front());
      } else if (stepping_) {
        one_step = step_ != Step::second;
        goal = step_ == Step::second ? session_->now() + Duration::seconds(1) : status_.end;
      } else if (has_condition_) {
        until = true;
        goal = status_.end;
      } else if (has_target_) {
        goal = std::min(target_, status_.end);
      } else if (status_.speed == 0) {
        goal = status_.end;
      } else {
        if (restart_clock_) clock_began = Clock::now(), simulation_began = session_->now(), restart_clock_ = false;
        const double passed = std::chrono::duration<double>(Clock::now() - clock_began).count();
        const double ahead = std::min(passed * status_.speed * 1e9, 9e17);
        goal = std::min(simulation_began + Duration::nanoseconds(static_cast<std::int64_t>(ahead)), status_.end);
        if (goal <= session_->now() && session_->now() < status_.end) {
          wake_.wait_for(lock, std::chrono::milliseconds(4));
          continue;
        }
      }
    }
    noted_idle = false;
    if (asked) {
      asked(*session_);
      note_progress(false);
      const std::lock_guard lock(mutex_);
      asked_.pop_front();
      restart_clock_ = true;
      continue;
    }
    bool over = false;
    tl::expected<bool, ScriptError> reached = false;
    std::string problem;
    if (until) {
      for (std::uint64_t i = 0; i < kSlice && !over && reached && !*reached; ++i) {
        reached = session_->run(goal, 1);
        const auto holds = session_->script().condition_holds();
        over = !holds || *holds;
        if (!holds) problem = holds.error();
      }
    } else if (one_step) {
      const TraceStore::Reader before(*session_->store());
      const RecordNumber from = before.last();
      for (std::uint64_t i = 0; i < kSlice && !over && reached && !*reached; ++i) {
        reached = session_->run(goal, 1);
        over = step_is_over(*session_, from);
      }
    } else {
      reached = session_->run(goal, kSlice);
      over = reached && *reached;
    }
    note_progress(false);
    const std::lock_guard lock(mutex_);
    if (!reached) status_.problem = reached.error().text, status_.failed = true;
    if (!problem.empty()) status_.problem = problem;
    status_.ended = !reached || (*reached && goal >= status_.end && !((one_step || until) && over));
    if (status_.ended) {
      status_.playing = has_target_ = stepping_ = has_condition_ = false;
    } else if (over && order == order_) {  // something else may have been asked for meanwhile
      has_target_ = stepping_ = has_condition_ = false;
    }
  }
}

}  // namespace wirelab::gui
