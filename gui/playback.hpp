// Runs a session on a thread of its own: played at a speed, paused, stepped, run to an instant. The window tells it what to do and
// asks how it stands; both take a lock for a moment only, so the window never waits for the simulation.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lab/session/session.hpp"

namespace wirelab::gui {

/// How far one step goes.
enum class Step : unsigned char { event, packet, message, second };
/// Whether a record of this kind is where a step by packet or by message ends.
bool ends_step(Step step, Kind kind);

struct PlaybackStatus {
  Instant now;
  Instant end;  // the scenario's duration
  bool playing = false;
  bool busy = false;   // running to an instant, or stepping
  bool ended = false;  // at the end, or failed
  bool failed = false;
  double speed = 1;
  std::uint64_t events = 0;
  std::uint64_t seed = 1;
  std::size_t interventions = 0;
  std::string digest;   // of all that has happened so far; while it runs as of a moment ago
  std::string problem;  // why the run failed, or the last intervention was refused
};

class Playback {
 public:
  explicit Playback(std::unique_ptr<Session> session);
  ~Playback();
  Playback(const Playback&) = delete;
  Playback& operator=(const Playback&) = delete;

  /// `speed`: simulated seconds a second; 0: as fast as it goes.
  void play(double speed);
  void set_speed(double speed);
  void pause();
  void run_to(Instant at);
  void step(Step step);
  /// Until a condition holds (see Script::set_condition), looked at after every event.
  void run_until(const std::string& condition);
  /// Between two events, as soon as the thread comes to it.
  void intervene(Intervention what);
  /// Runs on the simulation's thread, between two events: for what needs the session itself.
  void ask(std::function<void(Session&)> what);
  /// The same for what only looks: it counts as no work, and what was told of the last one stays.
  void peek(std::function<void(Session&)> what);
  /// Waits until it neither plays nor has anything to do. For pictures and tests, never for a window.
  void wait();

  PlaybackStatus status() const;
  /// Set when the run is being closed: what was asked for and takes long should end soon then.
  const std::atomic<bool>& leaving() const { return leaving_; }
  const std::shared_ptr<TraceStore>& store() const { return store_; }

 private:
  void work();
  void note_progress(bool idle);
  bool step_is_over(Session& session, RecordNumber from) const;

  std::unique_ptr<Session> session_;  // of the thread
  std::shared_ptr<TraceStore> store_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<void(Session&)>> asked_;
  PlaybackStatus status_;
  Instant target_;  // of run_to()
  bool has_target_ = false;
  std::uint64_t order_ = 0;  // of what was asked for last: play, run, step
  bool stepping_ = false;
  Step step_ = Step::event;
  bool has_condition_ = false;
  bool restart_clock_ = true;
  bool quit_ = false;
  std::chrono::steady_clock::time_point digested_;  // of the thread
  std::atomic<bool> leaving_ = false;
  std::thread thread_;
};

}  // namespace wirelab::gui
