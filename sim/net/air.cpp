#include "sim/net/air.hpp"

#include <algorithm>

namespace wirelab {

Air::Air(ChannelHost& host, std::uint64_t seed, EntityId point, AirUser& user)
    : host_(host),
      point_(point),
      user_(user),
      luck_(seed, host.trace.names().text(point), "contention"),
      noise_(seed, host.trace.names().text(point), "noise"),
      timer_(host.events.make_timer(on_timer, this)),
      transmitters_(1) {}

Air::~Air() { host_.events.release(timer_); }

StationIndex Air::add_station(EntityId entity, Channel& from_station, Channel& to_station) {
  const auto index = static_cast<StationIndex>(stations_.size());
  stations_.push_back({entity, &from_station, &to_station});
  transmitters_.emplace_back();
  to_station.use_air(this, index << 1);
  from_station.use_air(this, (index << 1) | 1);
  return index;
}

void Air::set_signal(StationIndex station, double dbm) { stations_[station].dbm = dbm; }

void Air::set_joined(StationIndex station, bool joined, bool encrypted) {
  stations_[station].joined = joined;
  stations_[station].encrypted = encrypted;
}

void Air::set_up(bool up) { up_ = up; }

void Air::offer(Channel& channel, std::uint32_t port, PacketIndex packet) {
  const StationIndex station = port >> 1;
  const std::uint32_t transmitter = (port & 1) != 0 ? station + 1 : 0;
  if (transmitters_[transmitter].queue.size() >= channel.settings().queue_packets) {
    channel.drop_from_air(packet, DropReason::queue_full);
    return;
  }
  push(transmitter, {packet, station, 0, 0});
}

void Air::send_management(StationIndex station, std::uint16_t frame, std::uint32_t bytes, bool from_station) {
  push(from_station ? station + 1 : 0, {kNoPacket, station, frame, static_cast<std::uint16_t>(bytes)});
}

void Air::push(std::uint32_t index, const Frame& frame) {
  Transmitter& transmitter = transmitters_[index];
  transmitter.queue.push_back(frame);
  if (transmitter.queue.size() > 1) return;
  contenders_.push_back(index);
  if (state_ == State::busy) {
    transmitter.backoff = draw(transmitter);
    return;
  }
  // Who finds the air free for long enough sends at once.
  settle();
  const bool free = host_.events.now() >= idle_since_ + radio::kDifs;
  transmitter.backoff = free ? 0 : draw(transmitter);
  count_down();
}

// Takes the slots that have passed off everybody's count.
void Air::settle() {
  if (state_ != State::counting || host_.events.now() <= count_began_) return;
  const auto passed = static_cast<std::uint32_t>((host_.events.now() - count_began_).ns() / radio::kSlot.ns());
  for (const std::uint32_t index : contenders_)
    transmitters_[index].backoff -= std::min(transmitters_[index].backoff, passed);
  count_began_ = count_began_ + radio::kSlot * static_cast<std::int64_t>(passed);
}

void Air::count_down() {
  std::uint32_t least = ~0u;
  for (const std::uint32_t index : contenders_) least = std::min(least, transmitters_[index].backoff);
  const Instant now = host_.events.now();
  if (state_ != State::counting) count_began_ = std::max(now, idle_since_ + radio::kDifs);
  state_ = State::counting;
  host_.events.arm(timer_, std::max(now, count_began_ + radio::kSlot * static_cast<std::int64_t>(least)));
}

void Air::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<Air*>(target);
  if (self->state_ == State::counting) {
    self->begin_exchange();
  } else {
    self->end_exchange();
  }
}

void Air::begin_exchange() {
  std::uint32_t least = ~0u;
  for (const std::uint32_t index : contenders_) least = std::min(least, transmitters_[index].backoff);
  winners_.clear();
  for (const std::uint32_t index : contenders_) {
    transmitters_[index].backoff -= least;
    if (transmitters_[index].backoff == 0) winners_.push_back({index});
  }
  const bool alone = winners_.size() == 1;
  Duration longest;
  for (Winner& winner : winners_) longest = std::max(longest, attempt(winner, alone));
  // After a success the acknowledgement; after a failure as long a silence and a slot.
  const Duration whole = longest + radio::kSifs + radio::kAck + (winners_.front().success ? Duration{} : radio::kSlot);
  state_ = State::busy;
  host_.trace.state(point_, Field::air_time, busy_time_, busy_time_ + whole.ns());
  busy_time_ += whole.ns();
  host_.events.arm(timer_, host_.events.now() + whole);
}

// One transmission of the frame at the head of a queue: whether it is received. Returns how long it takes.
Duration Air::attempt(Winner& winner, bool alone) {
  const Transmitter& transmitter = transmitters_[winner.transmitter];
  const Frame& frame = transmitter.queue.front();
  const Station& station = stations_[frame.station];
  const bool data = frame.packet != kNoPacket;
  // Each second retry is one rate slower, as rate controls with a chain of retries do.
  std::size_t rate = 0;
  std::uint32_t bytes = frame.bytes;
  if (data) {
    const std::size_t best = radio::best_rate(station.dbm);
    rate = best - std::min<std::size_t>(best, transmitter.retries / 2);
    bytes =
        host_.packets[frame.packet].size + radio::kFrameOverhead + (station.encrypted ? radio::kEncryptionOverhead : 0);
  }
  const Duration takes = data ? radio::data_time(rate, bytes) : radio::management_time(bytes);
  const double dbm = station.dbm + fading_ * noise_.normal();
  const bool noise = noise_.chance(Probability::of(radio::frame_error(rate, dbm, bytes)));
  const bool heard = up_ && station.dbm > radio::kUnheard;
  if (station.radio != nullptr)
    tell_radio(station, winner.transmitter != 0, host_.events.now(), takes, alone && heard && !noise);
  if (alone && heard && !noise) {
    winner.success = true;
    winner.stranger = data && winner.transmitter != 0 && !station.joined;
    if (data && !winner.stranger) channel_of(winner.transmitter, frame).carry(frame.packet, host_.events.now() + takes);
    return takes;
  }
  const auto why = !alone ? FrameFailure::collision : !heard ? FrameFailure::no_answer : FrameFailure::noise;
  const EntityId sender = data                      ? channel_of(winner.transmitter, frame).entity()
                          : winner.transmitter == 0 ? point_
                                                    : station.entity;
  const Packet* packet = data ? &host_.packets[frame.packet] : nullptr;
  host_.trace.emit(Kind::frame_lost, sender, packet == nullptr ? 0 : packet->stream, why,
                   packet == nullptr ? 0 : packet->blob, transmitter.retries, takes.ns());
  return takes;
}

// A frame, and the acknowledgement that comes back a short time later.
void Air::tell_radio(const Station& station, bool from_station, Instant begin, Duration takes, bool acknowledged) {
  const Instant end = begin + takes;
  const Instant answer = end + radio::kSifs;
  if (from_station) {
    station.radio->transmits(begin, end);
    if (acknowledged) station.radio->receives(answer, answer + radio::kAck);
  } else if (station.dbm > radio::kUnheard) {
    station.radio->receives(begin, end);
    if (acknowledged) station.radio->transmits(answer, answer + radio::kAck);
  }
}

void Air::end_exchange() {
  idle_since_ = host_.events.now();
  state_ = State::idle;
  received_.clear();
  for (const Winner& winner : winners_) {
    Transmitter& transmitter = transmitters_[winner.transmitter];
    if (winner.success) {
      received_.push_back({transmitter.queue.front(), winner.transmitter != 0, winner.stranger});
      end_frame(winner.transmitter);
    } else if (++transmitter.retries > radio::kRetryLimit) {
      give_up(winner.transmitter);
    } else {
      transmitter.window = std::min(transmitter.window * 2 + 1, radio::kMostWindow);
      transmitter.backoff = draw(transmitter);
    }
  }
  if (!contenders_.empty()) count_down();
  // What follows from a frame may send others.
  for (const Received& done : received_) {
    if (done.frame.packet == kNoPacket) {
      user_.received(done.frame.station, done.frame.management, done.from_station);
    } else if (done.stranger) {
      stations_[done.frame.station].to_point->drop_from_air(done.frame.packet, DropReason::not_joined);
      user_.received_from_stranger(done.frame.station);
    }
  }
}

void Air::give_up(std::uint32_t index) {
  const Frame frame = transmitters_[index].queue.front();
  if (frame.packet != kNoPacket) channel_of(index, frame).drop_from_air(frame.packet, DropReason::no_answer);
  end_frame(index);
}

void Air::end_frame(std::uint32_t index) {
  Transmitter& transmitter = transmitters_[index];
  transmitter.queue.pop_front();
  transmitter.window = radio::kLeastWindow;
  transmitter.retries = 0;
  transmitter.backoff = draw(transmitter);
  if (transmitter.queue.empty()) std::erase(contenders_, index);
}

void Air::forget(StationIndex station) {
  // The access point's queue keeps what is for others; the frame that is being sent ends with its exchange.
  for (const std::uint32_t index : {std::uint32_t{0}, station + 1}) {
    Transmitter& transmitter = transmitters_[index];
    const bool sending = state_ == State::busy && std::any_of(winners_.begin(), winners_.end(),
                                                              [&](const Winner& w) { return w.transmitter == index; });
    for (std::uint32_t i = transmitter.queue.size(); i-- > (sending ? 1u : 0u);) {
      const Frame frame = transmitter.queue[i];
      if (frame.station != station) continue;
      if (frame.packet != kNoPacket) channel_of(index, frame).drop_from_air(frame.packet, DropReason::not_joined);
      transmitter.queue.erase(i);
    }
    if (transmitter.queue.empty()) std::erase(contenders_, index);
  }
  if (state_ == State::counting) {
    if (contenders_.empty()) {
      state_ = State::idle;
      host_.events.disarm(timer_);
    } else {
      settle();
      count_down();
    }
  }
}

void Air::visit_state(StateVisitor& visitor) const { visitor.value(point_, Field::air_time, 0, busy_time_); }

}  // namespace wirelab
