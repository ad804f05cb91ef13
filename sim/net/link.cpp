#include "sim/net/link.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/kernel/wide.hpp"

namespace wirelab {

ChannelModel::ChannelModel(const ChannelSettings& given)
    : settings(given),
      loss(Probability::of(given.loss)),
      good_to_bad(Probability::of(given.burst.good_to_bad)),
      bad_to_good(Probability::of(given.burst.bad_to_good)),
      loss_good(Probability::of(given.burst.loss_good)),
      loss_bad(Probability::of(given.burst.loss_bad)) {}

Channel::Channel(ChannelHost& host, std::uint64_t seed, EntityId entity, std::uint32_t to_node,
                 std::shared_ptr<const ChannelModel> model)
    : host_(host), entity_(entity), to_node_(to_node), model_(std::move(model)), seed_(seed) {
  host_.trace.state(entity_, Field::link_up, 0, 1);
  trace_settings(ChannelSettings{}, model_->settings);
}

Channel::Luck& Channel::luck() {
  if (luck_ == nullptr) {
    const std::string_view name = host_.trace.names().text(entity_);
    luck_ = std::make_unique<Luck>(Luck{RandomStream(seed_, name, "loss"), RandomStream(seed_, name, "jitter"),
                                        RandomStream(seed_, name, "bursts")});
  }
  return *luck_;
}

Channel::~Channel() {
  if (idle_.valid()) host_.events.release(idle_);
}

void Channel::change(const ChannelSettings& settings) {
  trace_settings(model_->settings, settings);
  carry_ = 0;  // counted at the old rate
  model_ = std::make_shared<const ChannelModel>(settings);
}

void Channel::trace_settings(const ChannelSettings& before, const ChannelSettings& after) {
  Tracer& trace = host_.trace;
  trace.state(entity_, Field::link_rate, before.rate, after.rate);
  trace.state(entity_, Field::link_delay, before.delay.ns(), after.delay.ns());
  trace.state(entity_, Field::link_jitter, before.jitter.ns(), after.jitter.ns());
  trace.state(entity_, Field::link_loss, std::bit_cast<std::int64_t>(before.loss),
              std::bit_cast<std::int64_t>(after.loss));
}

void Channel::send(PacketIndex index) {
  if (!up_) {
    drop(index, DropReason::link_down);
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
  const std::uint64_t bits = (static_cast<std::uint64_t>(bytes) + model_->settings.overhead) * 8;
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
  Instant arrival = departure + model_->settings.delay;
  if (model_->settings.jitter.ns() != 0) {
    arrival = std::max(departure, arrival + jitter());
  }
  if (model_->settings.in_order) arrival = std::max(arrival, last_arrival_);
  last_arrival_ = std::max(last_arrival_, arrival);
  CauseScope scope(host_.trace);
  host_.trace.emit_cause(Kind::packet_transmitted, entity_, packet.stream, 0, packet.blob, departure.ns(),
                         arrival.ns());
  if (is_lost()) {
    drop(index, DropReason::loss);
    return;
  }
  link_in(index, arrival);
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
  const PacketIndex copy = host_.packets.take(host_.packets[index].size);
  const Packet& original = host_.packets[index];
  Packet& made = host_.packets[copy];
  std::copy(original.view().begin(), original.view().end(), made.bytes());
  made.blob = original.blob;
  made.stream = original.stream;
  made.begin = original.begin;
  made.end = original.end;
  CauseScope scope(host_.trace);
  host_.trace.emit_cause(Kind::packet_transmitted, entity_, made.stream, std::uint16_t{0}, made.blob,
                         host_.events.now().ns(), original.arrives_at.ns());
  link_in(copy, original.arrives_at);
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
    case LossKind::independent: return model_->loss.never() ? false : luck().loss.chance(model_->loss);
    case LossKind::gilbert_elliott:
      if (luck().bursts.chance(bad_ ? model_->bad_to_good : model_->good_to_bad))
        host_.trace.set(entity_, Field::link_burst, bad_, !bad_);
      break;
    case LossKind::gilbert_elliott_in_time:
      while (state_ends_ <= host_.events.now()) {
        if (state_ends_ != Instant()) host_.trace.set(entity_, Field::link_burst, bad_, !bad_);
        const Duration mean = bad_ ? model_->settings.burst.mean_bad : model_->settings.burst.mean_good;
        const double ns = std::min(luck().bursts.exponential(static_cast<double>(mean.ns())), 9e17);
        state_ends_ = state_ends_ + Duration::nanoseconds(static_cast<std::int64_t>(ns) + 1);
      }
      break;
  }
  return luck().loss.chance(bad_ ? model_->loss_bad : model_->loss_good);
}

Duration Channel::jitter() {
  const std::int64_t width = model_->settings.jitter.ns();
  switch (model_->settings.jitter_shape) {
    case JitterShape::uniform: return luck().jitter.between(-model_->settings.jitter, model_->settings.jitter);
    case JitterShape::normal: {
      const double ns = std::clamp(luck().jitter.normal() * static_cast<double>(width), -1e17, 1e17);
      return Duration::nanoseconds(static_cast<std::int64_t>(std::floor(ns)));
    }
    case JitterShape::pareto: {
      // Shape 3: the mean of the draw is 1.5 of its least value, so what lies above the least has mean `width`.
      const double least = 2.0 * static_cast<double>(width);
      const double ns = std::min(luck().jitter.pareto(least, 3.0) - least, 1e17);
      return Duration::nanoseconds(static_cast<std::int64_t>(ns));
    }
  }
  return {};
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
  visitor.value(entity_, Field::link_rate, 0, model_->settings.rate);
  visitor.value(entity_, Field::link_delay, 0, model_->settings.delay.ns());
  visitor.value(entity_, Field::link_jitter, 0, model_->settings.jitter.ns());
  visitor.value(entity_, Field::link_loss, 0, std::bit_cast<std::int64_t>(model_->settings.loss));
  visitor.value(entity_, Field::link_burst, 0, bad_ ? 1 : 0);
  visitor.value(entity_, Field::queue_packets, 0, queue_.size());
  visitor.value(entity_, Field::queue_bytes, 0, queue_bytes_);
}

}  // namespace wirelab
