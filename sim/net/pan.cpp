#include "sim/net/pan.hpp"

#include <algorithm>

namespace wirelab {
namespace {

// IEEE 802.15.4-2020, tables 8-93 and 8-94, in symbols of 16 us.
constexpr Duration kSymbol = PersonalAreaNetwork::kSymbol;
constexpr Duration kBackoffPeriod = kSymbol * 20;  // aUnitBackoffPeriod
constexpr Duration kListening = kSymbol * 8;       // CCA
constexpr Duration kTurnaround = kSymbol * 12;     // aTurnaroundTime
constexpr Duration kAnswerWait = kSymbol * 54;     // macAckWaitDuration
constexpr Duration kShortSpacing = kSymbol * 12, kLongSpacing = kSymbol * 40;
constexpr std::size_t kLongestShort = 18;  // aMaxSifsFrameSize
constexpr std::uint32_t kLeastExponent = 3, kMostExponent = 5, kMostBusy = 4, kMostRetries = 3;
constexpr std::size_t kAnswer = 5;  // bytes of an acknowledgement

}  // namespace

PersonalAreaNetwork::~PersonalAreaNetwork() {
  for (const Station& station : stations_) events_.release(station.timer);
}

PersonalAreaNetwork::Station& PersonalAreaNetwork::station(HopMember member) {
  while (stations_.size() < members_.size()) {
    const auto index = static_cast<HopMember>(stations_.size());
    Station& made = stations_.emplace_back();
    made.timer = events_.make_timer(on_timer, this, index);
    // The gateway's luck is named by what it sends to its first device.
    made.luck = RandomStream(seed_, trace_.names().text(direction(index, index == 0 ? 1 : 0)), "contention");
  }
  return stations_[member];
}

Instant PersonalAreaNetwork::expected(HopMember, HopMember, std::size_t bytes) const {
  // Half of the first back-off's range, then the frame.
  return events_.now() + kBackoffPeriod * ((1 << kLeastExponent) / 2) + kListening + kTurnaround +
         air_time(kHeader + bytes + kCheckSum);
}

void PersonalAreaNetwork::begin(HopMember from, HopMember) {
  if (station(from).phase == Phase::idle) next_message(from);
}

void PersonalAreaNetwork::next_message(HopMember member) {
  Station& own = station(member);
  own.phase = Phase::idle;
  if (members_[member].queue.empty()) return;
  own.tries = 0;
  own.delivered = false;
  own.busy = 0;
  own.exponent = kLeastExponent;
  back_off(member);
}

void PersonalAreaNetwork::arm(HopMember member, Phase phase, Duration after) {
  stations_[member].phase = phase;
  events_.arm(stations_[member].timer, events_.now() + after);
}

void PersonalAreaNetwork::back_off(HopMember member) {
  Station& own = stations_[member];
  const auto periods = static_cast<std::int64_t>(own.luck.below(std::uint64_t{1} << own.exponent));
  arm(member, Phase::listening, kBackoffPeriod * periods + kListening);
}

void PersonalAreaNetwork::on_timer(void* self, std::uint64_t member) {
  static_cast<PersonalAreaNetwork*>(self)->go_on(static_cast<HopMember>(member));
}

void PersonalAreaNetwork::go_on(HopMember member) {
  Station& own = stations_[member];
  switch (own.phase) {
    case Phase::idle: break;
    case Phase::listening:
      if (on_air_.empty()) {
        arm(member, Phase::turning, kTurnaround);
      } else if (++own.busy > kMostBusy) {
        finish(member, 0, HopFailure::channel_busy);
        next_message(member);
      } else {
        own.exponent = std::min(own.exponent + 1, kMostExponent);
        back_off(member);
      }
      break;
    case Phase::turning:
      take_air(member);
      ++members_[member].queue.front().frames;
      arm(member, Phase::sending, air_time(frame_bytes(members_[member].queue.front())));
      break;
    case Phase::sending: end_of_frame(member); break;
    case Phase::answer_due:
      take_air(member);
      arm(member, Phase::answering, air_time(kAnswer));
      break;
    case Phase::answering: end_of_answer(member); break;
    case Phase::unanswered: again(member); break;
    case Phase::spacing: next_message(member); break;
  }
}

// Whoever sends at the same time is hit, and hits.
void PersonalAreaNetwork::take_air(HopMember member) {
  stations_[member].hit = !on_air_.empty();
  for (const HopMember other : on_air_) stations_[other].hit = true;
  on_air_.push_back(member);
}

void PersonalAreaNetwork::leave_air(HopMember member) { std::erase(on_air_, member); }

void PersonalAreaNetwork::end_of_frame(HopMember member) {
  Station& own = stations_[member];
  leave_air(member);
  const Outgoing& message = members_[member].queue.front();
  const bool received = is_received(device_of(member), frame_bytes(message), kLongestFrame) && !own.hit;
  if (!received) {
    arm(member, Phase::unanswered, kAnswerWait);
    return;
  }
  const bool first = !own.delivered;
  own.delivered = true;
  arm(member, Phase::answer_due, kTurnaround);
  if (first) deliver(member, message.to, message);
}

void PersonalAreaNetwork::end_of_answer(HopMember member) {
  Station& own = stations_[member];
  leave_air(member);
  if (own.hit || !is_received(device_of(member), kAnswer, kLongestFrame)) {
    const Duration rest = kAnswerWait - kTurnaround - air_time(kAnswer);
    arm(member, Phase::unanswered, rest);
    return;
  }
  const bool is_short = frame_bytes(members_[member].queue.front()) <= kLongestShort;
  arm(member, Phase::spacing, is_short ? kShortSpacing : kLongSpacing);
  finish(member, 0, HopFailure::none);
}

void PersonalAreaNetwork::again(HopMember member) {
  Station& own = stations_[member];
  const Outgoing& message = members_[member].queue.front();
  trace_.emit(Kind::hop_frame, direction(member, message.to), 0,
              own.hit                       ? FrameFailure::collision
              : can_hear(device_of(member)) ? FrameFailure::noise
                                            : FrameFailure::no_answer,
              message.blob, own.tries);
  if (++own.tries > kMostRetries) {
    finish(member, 0, HopFailure::no_answer);  // even where it was received, and only the answers were not
    next_message(member);
    return;
  }
  own.busy = 0;
  own.exponent = kLeastExponent;
  back_off(member);
}

// Without power whatever it was doing is over; who waits for its answer finds that none comes.
void PersonalAreaNetwork::changed(HopMember member) {
  Station& own = station(member);
  if (members_[member].power) return;
  leave_air(member);
  events_.disarm(own.timer);
  own.phase = Phase::idle;
}

}  // namespace wirelab
