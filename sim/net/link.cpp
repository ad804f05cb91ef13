#include "sim/net/link.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/kernel/wide.hpp"
#include "sim/net/air.hpp"

namespace wirelab {

ChannelModel::ChannelModel(const ChannelSettings& given)
    : settings(given),
      loss(Probability::of(given.loss)),
      good_to_bad(Probability::of(given.burst.good_to_bad)),
      bad_to_good(Probability::of(given.burst.bad_to_good)),
      loss_good(Probability::of(given.burst.loss_good)),
      loss_bad(Probability::of(given.burst.loss_bad)),
      duplicate(Probability::of(given.duplicate)),
      corrupt(Probability::of(given.corrupt)),
      reorder(Probability::of(given.reorder)),
      plain(duplicate.never() && corrupt.never() && reorder.never()) {}

Channel::Channel(ChannelHost& host, std::uint64_t seed, EntityId entity, std::uint32_t to_node,
                 std::shared_ptr<const ChannelModel> model)
    : host_(host), entity_(entity), to_node_(to_node), model_(std::move(model)), seed_(seed) {
  host_.trace.state(entity_, Field::link_up, 0, 1);
  trace_settings();
}

Channel::Luck& Channel::luck() {
  if (luck_ == nullptr) luck_ = std::make_unique<Luck>(seed_, host_.trace.names().text(entity_));
  return *luck_;
}

Channel::~Channel() {
  if (idle_.valid()) host_.events.release(idle_);
}

void Channel::add_listener(PacketListener& listener) {
  if (listeners_ == nullptr) listeners_ = std::make_unique<std::vector<PacketListener*>>();
  listeners_->push_back(&listener);
}

bool Channel::is_encrypted() const { return air_ != nullptr && air_->is_encrypted(air_port_); }

void Channel::change(const ChannelSettings& settings) {
  trace_change(model_->settings, settings);
  const ChannelSettings& old = model_->settings;
  const bool same_pace = old.rate == settings.rate && old.overhead == settings.overhead && old.cell == settings.cell &&
                         old.cell_overhead == settings.cell_overhead;
  if (!same_pace) carry_ = 0;  // counted at the old rate
  if (settings.loss_kind != model_->settings.loss_kind) {
    host_.trace.set(entity_, Field::link_burst, burst_state_, std::uint8_t{0});
    state_ends_ = states_begin_ = host_.events.now();
  }
  model_ = std::make_shared<const ChannelModel>(settings);
}

namespace {

// The four that views show most have fields of their own; the others are told by their number.
constexpr Field field_of(LinkOption option) {
  switch (option) {
    case LinkOption::rate: return Field::link_rate;
    case LinkOption::delay: return Field::link_delay;
    case LinkOption::jitter: return Field::link_jitter;
    case LinkOption::loss: return Field::link_loss;
    default: return Field::link_option;
  }
}

template <typename F>
void for_each_option(F&& f) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::count_); ++i) {
    const auto option = static_cast<LinkOption>(i);
    const Field field = field_of(option);
    f(option, field, field == Field::link_option ? i : std::uint8_t{0});
  }
}

}  // namespace

void Channel::trace_change(const ChannelSettings& before, const ChannelSettings& after) {
  for_each_option([&](LinkOption option, Field field, std::uint8_t key) {
    host_.trace.state(entity_, field, value_of(before, option), value_of(after, option), key);
  });
}

// From nothing: a view that finds no value takes it for zero.
void Channel::trace_settings() {
  for_each_option([&](LinkOption option, Field field, std::uint8_t key) {
    host_.trace.state(entity_, field, 0, value_of(model_->settings, option), key);
  });
}

void Channel::send(PacketIndex index) {
  if (!up_) {
    drop(index, DropReason::link_down);
    return;
  }
  if (air_ != nullptr) {
    air_->offer(*this, air_port_, index);
    return;
  }
  const Packet& packet = host_.packets[index];
  if (queue_.empty() && busy_until_ <= host_.events.now()) {
    transmit(index);
    return;
  }
  const bool full = queue_.size() >= model_->settings.queue_packets ||
                    (model_->settings.queue_bytes != 0 && queue_bytes_ + packet.size > model_->settings.queue_bytes);
  if (full) {
    drop(index, DropReason::queue_full);
    return;
  }
  queue_.push_back(index);
  host_.trace.state(entity_, Field::queue_packets, queue_.size() - 1, queue_.size());
  host_.trace.set(entity_, Field::queue_bytes, queue_bytes_, queue_bytes_ + packet.size);
  if (!idle_timer_armed_) {
    idle_timer_armed_ = true;
    if (!idle_.valid()) idle_ = host_.events.make_timer(on_idle, this);
    host_.events.arm(idle_, busy_until_);
  }
}

// The transmitter has become free and a packet waits.
void Channel::on_idle(void* target, std::uint64_t) {
  auto* self = static_cast<Channel*>(target);
  self->idle_timer_armed_ = false;
  if (self->queue_.empty()) return;
  const PacketIndex index = self->queue_.front();
  self->queue_.pop_front();
  self->host_.trace.state(self->entity_, Field::queue_packets, self->queue_.size() + 1, self->queue_.size());
  self->host_.trace.set(self->entity_, Field::queue_bytes, self->queue_bytes_,
                        self->queue_bytes_ - self->host_.packets[index].size);
  self->transmit(index);
  if (!self->queue_.empty()) {
    self->idle_timer_armed_ = true;
    self->host_.events.arm(self->idle_, self->busy_until_);
  }
}

// ceil(bits x 10^9 / rate). Back to back, the part of a nanosecond that was rounded up is taken off the next packet.
Duration Channel::serialization(std::uint32_t bytes, bool back_to_back) {
  if (model_->settings.rate == 0) return {};
  std::uint64_t on_wire = static_cast<std::uint64_t>(bytes) + model_->settings.overhead;
  if (const std::uint64_t cell = model_->settings.cell; cell != 0)
    on_wire = (on_wire + cell - 1) / cell * (cell + model_->settings.cell_overhead);
  const std::uint64_t bits = on_wire * 8;
  const auto rate = static_cast<std::uint64_t>(model_->settings.rate);
  if (!back_to_back) carry_ = 0;
  const WideUnsigned exact = static_cast<WideUnsigned>(bits) * 1'000'000'000u;
  const WideUnsigned total = exact > carry_ ? exact - carry_ : 0;
  const WideUnsigned ns = (total + rate - 1) / rate;
  carry_ = static_cast<std::uint64_t>(ns * rate - total);
  return Duration::nanoseconds(static_cast<std::int64_t>(ns));
}

void Channel::transmit(PacketIndex index) {
  Packet& packet = host_.packets[index];
  const Instant now = host_.events.now();
  const Instant departure = now + serialization(packet.size, busy_until_ == now);
  busy_until_ = departure;
  if (!model_->plain) {
    transmit_oddly(index, departure);
    return;
  }
  carry(index, departure);
}

std::uint32_t Channel::queued_packets() const { return air_ != nullptr ? air_->queued(air_port_) : queue_.size(); }

void Channel::announce(const Packet& packet, Instant departure, Instant arrival) {
  host_.trace.emit_cause(Kind::packet_transmitted, entity_, packet.stream, std::uint16_t{0}, packet.blob,
                         departure.ns(), arrival.ns());
  if (listeners_ != nullptr) {
    for (PacketListener* const listener : *listeners_) listener->on_transmit(*this, packet.view());
  }
  if (air_ != nullptr) return;  // which tells of its frames, repeated ones among them
  const Instant now = host_.events.now();
  if (sender_radio_ != nullptr) sender_radio_->transmits(now, departure);
  if (receiver_radio_ != nullptr) receiver_radio_->receives(arrival - (departure - now), arrival);
}

void Channel::carry(PacketIndex index, Instant departure) {
  const Packet& packet = host_.packets[index];
  const Instant arrival = arrival_of(departure);
  CauseScope scope(host_.trace);
  announce(packet, departure, arrival);
  if (is_lost()) {
    drop(index, DropReason::loss);
    return;
  }
  link_in(index, arrival);
}

Instant Channel::arrival_of(Instant departure) {
  Instant arrival = departure + model_->settings.delay;
  if (model_->settings.jitter.ns() != 0) arrival = std::max(departure, arrival + jitter());
  if (model_->settings.in_order) arrival = std::max(arrival, last_arrival_);
  last_arrival_ = std::max(last_arrival_, arrival);
  return arrival;
}

// Each draw is its own, so that one setting does not change what another one hits. As in netem, a packet that is both lost and
// doubled arrives once.
void Channel::transmit_oddly(PacketIndex index, Instant departure) {
  const ChannelSettings& set = model_->settings;
  Packet& packet = host_.packets[index];
  Luck& drawn = luck();
  const auto draw = [&](Probability p, double correlation, bool& last) {
    return !p.never() && drawn.shared(correlation, last, [&] { return drawn.oddities.chance(p); });
  };
  // netem: the first gap - 1 packets after one that overtook are delayed in any case.
  const bool may_overtake = set.gap <= 1 || drawn.since_reordered >= set.gap - 1;
  const bool overtakes = may_overtake && draw(model_->reorder, set.reorder_correlation, drawn.last_reordered);
  drawn.since_reordered = overtakes ? 0 : drawn.since_reordered + 1;
  const Instant arrival = overtakes ? departure : arrival_of(departure);
  CauseScope scope(host_.trace);
  announce(packet, departure, arrival);
  const bool lost = is_lost();
  const bool doubled = draw(model_->duplicate, set.duplicate_correlation, drawn.last_duplicated);
  if (lost && !doubled) {
    drop(index, DropReason::loss);
    return;
  }
  if (doubled && !lost) send_copy(index, departure, arrival_of(departure));
  if (draw(model_->corrupt, set.corrupt_correlation, drawn.last_corrupted)) {
    const std::uint64_t bit = drawn.oddities.below(std::uint64_t{packet.size} * 8);
    packet.bytes()[bit / 8] = static_cast<std::uint8_t>(packet.bytes()[bit / 8] ^ (0x80u >> (bit % 8)));
    host_.trace.emit(Kind::packet_corrupted, entity_, packet.stream, std::uint16_t{0}, packet.blob,
                     static_cast<std::int64_t>(bit), 0);
  }
  link_in(index, arrival);
}

void Channel::send_copy(PacketIndex original, Instant departure, Instant arrival) {
  const PacketIndex copy = host_.packets.take(host_.packets[original].size);
  const Packet& from = host_.packets[original];
  Packet& made = host_.packets[copy];
  std::copy(from.view().begin(), from.view().end(), made.bytes());
  made.blob = from.blob;
  made.stream = from.stream;
  made.begin = from.begin;
  made.end = from.end;
  made.towards = from.towards;
  made.hop = from.hop;
  announce(made, departure, arrival);
  link_in(copy, arrival);
}

void Channel::link_in(PacketIndex index, Instant arrival) {
  Packet& packet = host_.packets[index];
  packet.previous = kNoPacket;
  packet.next = under_way_;
  if (under_way_ != kNoPacket) host_.packets[under_way_].previous = index;
  under_way_ = index;
  packet.arrives_at = arrival;
  packet.arrival = host_.events.schedule(arrival, on_arrival, this, index);
}

PacketIndex Channel::under_way_with(BlobNumber blob) const {
  PacketIndex index = under_way_;
  while (index != kNoPacket && host_.packets[index].blob != blob) index = host_.packets[index].next;
  return index;
}

bool Channel::drop_packet(BlobNumber blob) {
  if (const PacketIndex index = under_way_with(blob); index != kNoPacket) {
    host_.events.cancel(host_.packets[index].arrival);
    unlink(index);
    drop(index, DropReason::by_hand);
    return true;
  }
  for (std::uint32_t i = 0; i < queue_.size(); ++i) {
    const PacketIndex index = queue_[i];
    const std::uint32_t size = host_.packets[index].size;
    if (host_.packets[index].blob != blob) continue;
    queue_.erase(i);
    host_.trace.state(entity_, Field::queue_packets, queue_.size() + 1, queue_.size());
    host_.trace.set(entity_, Field::queue_bytes, queue_bytes_, queue_bytes_ - size);
    drop(index, DropReason::by_hand);
    return true;
  }
  return false;
}

bool Channel::delay_packet(BlobNumber blob, Duration by) {
  const PacketIndex index = under_way_with(blob);
  if (index == kNoPacket) return false;
  const Packet& packet = host_.packets[index];
  const Instant before = packet.arrives_at;
  host_.events.cancel(packet.arrival);
  unlink(index);
  CauseScope scope(host_.trace);
  host_.trace.emit_cause(Kind::packet_delayed, entity_, packet.stream, std::uint16_t{0}, packet.blob, before.ns(),
                         (before + by).ns());
  link_in(index, before + by);
  return true;
}

bool Channel::duplicate_packet(BlobNumber blob) {
  const PacketIndex index = under_way_with(blob);
  if (index == kNoPacket) return false;
  CauseScope scope(host_.trace);
  send_copy(index, host_.events.now(), host_.packets[index].arrives_at);
  return true;
}

void Channel::on_arrival(void* target, std::uint64_t argument) {
  auto* self = static_cast<Channel*>(target);
  const auto index = static_cast<PacketIndex>(argument);
  self->unlink(index);
  self->host_.arrived(self->host_.network, self->to_node_, index);
}

bool Channel::is_lost() {
  switch (model_->settings.loss_kind) {
    case LossKind::independent:
      if (model_->loss.never()) return false;
      return luck().shared(model_->settings.loss_correlation, luck().last_lost,
                           [&] { return luck().loss.chance(model_->loss); });
    case LossKind::four_states: return four_states();
    case LossKind::gilbert_elliott:
      if (luck().bursts.chance(burst_state_ != 0 ? model_->bad_to_good : model_->good_to_bad))
        host_.trace.set(entity_, Field::link_burst, burst_state_, static_cast<std::uint8_t>(burst_state_ == 0));
      break;
    case LossKind::gilbert_elliott_in_time:
      // The first state begins with the run, so that bursts do not depend on traffic; after a change of the model, with that.
      while (state_ends_ <= host_.events.now()) {
        if (state_ends_ != states_begin_)
          host_.trace.set(entity_, Field::link_burst, burst_state_, static_cast<std::uint8_t>(burst_state_ == 0));
        const Duration mean = burst_state_ != 0 ? model_->settings.burst.mean_bad : model_->settings.burst.mean_good;
        const double ns = std::min(luck().bursts.exponential(static_cast<double>(mean.ns())), 9e17);
        state_ends_ = state_ends_ + Duration::nanoseconds(static_cast<std::int64_t>(ns) + 1);
      }
      break;
  }
  return luck().loss.chance(burst_state_ != 0 ? model_->loss_bad : model_->loss_good);
}

// One draw a packet decides where the state goes, as in netem's "loss state": the general model of Salsano, Ludovici and Ordine,
// "Definition of a general and intuitive loss model for packet networks" (2009).
bool Channel::four_states() {
  enum : std::uint8_t { kGood, kGoodInBurst, kLostInBurst, kLostAlone };
  const FourStates& p = model_->settings.states;
  const double u = luck().bursts.unit();
  std::uint8_t next = kGood;
  switch (burst_state_) {
    case kGoodInBurst: next = u < p.p23 ? kLostInBurst : kGoodInBurst; break;
    case kLostInBurst: next = u < p.p31 ? kGood : u < p.p31 + p.p32 ? kGoodInBurst : kLostInBurst; break;
    case kLostAlone: next = kGood; break;
    default: next = u < p.p13 ? kLostInBurst : u < p.p13 + p.p14 ? kLostAlone : kGood; break;
  }
  host_.trace.set(entity_, Field::link_burst, burst_state_, next);
  return next >= kLostInBurst;
}

Duration Channel::jitter() {
  const double width = static_cast<double>(model_->settings.jitter.ns());
  RandomStream& stream = luck().jitter;
  const auto normal = [&] { return std::clamp(stream.normal() * width, -1e17, 1e17); };
  // Shape 3: the mean of the draw is 1.5 of its least value, so what lies above the least has mean `width`.
  const auto pareto = [&] { return std::min(stream.pareto(2.0 * width, 3.0) - 2.0 * width, 1e17); };
  const auto whole = [](double ns) { return Duration::nanoseconds(static_cast<std::int64_t>(std::floor(ns))); };
  return luck().shared(model_->settings.jitter_correlation, luck().last_jitter, [&] {
    switch (model_->settings.jitter_shape) {
      case JitterShape::uniform: return stream.between(-model_->settings.jitter, model_->settings.jitter);
      case JitterShape::normal: return whole(normal());
      case JitterShape::pareto: return whole(pareto());
      case JitterShape::pareto_normal: break;
    }
    const double bell = 0.25 * normal();
    return whole(bell + 0.75 * pareto());
  });
}

void Channel::drop(PacketIndex index, DropReason reason) {
  const Packet& packet = host_.packets[index];
  host_.trace.emit(Kind::packet_dropped, entity_, packet.stream, reason, packet.blob, packet.begin, packet.end);
  host_.packets.give_back(index);
}

void Channel::unlink(PacketIndex index) {
  Packet& packet = host_.packets[index];
  if (packet.next != kNoPacket) host_.packets[packet.next].previous = packet.previous;
  if (packet.previous != kNoPacket) {
    host_.packets[packet.previous].next = packet.next;
  } else {
    under_way_ = packet.next;
  }
}

void Channel::set_up(bool up) {
  if (up == up_) return;
  host_.trace.set(entity_, Field::link_up, up_, up);
  if (up) return;
  if (receiver_radio_ != nullptr) receiver_radio_->hears_nothing();
  while (under_way_ != kNoPacket) {
    const PacketIndex index = under_way_;
    host_.events.cancel(host_.packets[index].arrival);
    unlink(index);
    drop(index, DropReason::link_cut);
  }
  host_.trace.state(entity_, Field::queue_packets, queue_.size(), 0);
  while (!queue_.empty()) {
    drop(queue_.front(), DropReason::link_cut);
    queue_.pop_front();
  }
  host_.trace.set(entity_, Field::queue_bytes, queue_bytes_, 0u);
  if (idle_.valid()) host_.events.disarm(idle_);
  idle_timer_armed_ = false;
  busy_until_ = last_arrival_ = host_.events.now();
}

void Channel::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, Field::link_up, 0, up_ ? 1 : 0);
  for_each_option([&](LinkOption option, Field field, std::uint8_t key) {
    visitor.value(entity_, field, key, value_of(model_->settings, option));
  });
  visitor.value(entity_, Field::link_burst, 0, burst_state_);
  visitor.value(entity_, Field::queue_packets, 0, queue_.size());
  visitor.value(entity_, Field::queue_bytes, 0, queue_bytes_);
}

}  // namespace wirelab
