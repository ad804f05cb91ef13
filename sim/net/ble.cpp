#include "sim/net/ble.hpp"

#include <algorithm>

namespace wirelab {
namespace {

constexpr std::size_t kAdvertisement = 37, kConnectRequest = 34;  // bytes of their payloads
constexpr Duration kAdvertisingDelay = Duration::milliseconds(10);
constexpr Duration kWindowDelay = Duration::microseconds(1250);  // from CONNECT_IND to the first event

}  // namespace

BleNetwork::BleNetwork(EventQueue& events, Tracer& trace, std::uint64_t seed, const BleSettings& settings)
    : RadioHop(events, trace, seed), settings_(settings) {}

BleNetwork::~BleNetwork() {
  for (const Device& device : devices_) {
    for (const TimerId timer : {device.event, device.supervision, device.advertisement}) {
      if (timer.valid()) events_.release(timer);
    }
  }
}

void BleNetwork::start() {
  devices_.resize(members_.size());
  for (HopMember device = 1; device < members_.size(); ++device) {
    devices_[device].event = events_.make_timer(on_event, this, device);
    devices_[device].supervision = events_.make_timer(on_supervision, this, device);
    devices_[device].advertisement = events_.make_timer(on_advertisement, this, device);
    advertise(device);
  }
}

// ---- connecting

void BleNetwork::advertise(HopMember device) {
  if (devices_[device].up || !can_hear(device)) return;
  const Duration wait =
      settings_.advertising + members_[device].luck.between(Duration::nanoseconds(0), kAdvertisingDelay);
  events_.arm(devices_[device].advertisement, events_.now() + wait);
}

// Heard by the gateway, which listens all the time and asks for a connection right away.
void BleNetwork::on_advertisement(void* self, std::uint64_t argument) {
  auto& network = *static_cast<BleNetwork*>(self);
  const auto device = static_cast<HopMember>(argument);
  const std::size_t full = kLinkLayer + network.settings_.pdu;
  const bool found = network.is_received(device, kLinkLayer + kAdvertisement, full) &&
                     network.is_received(device, kLinkLayer + kConnectRequest, full);
  if (!found) return network.advertise(device);
  Device& own = network.devices_[device];
  const std::int64_t slot = network.settings_.interval.ns() /
                            static_cast<std::int64_t>(std::max<std::size_t>(network.members_.size() - 1, 1));
  // The gateway lays the events of its devices side by side.
  const std::int64_t now = network.events_.now().ns() + kWindowDelay.ns();
  const std::int64_t interval = network.settings_.interval.ns();
  const std::int64_t offset = slot * static_cast<std::int64_t>(device - 1);
  own.first_anchor = (now - offset + interval - 1) / interval * interval + offset;
  own.heard = network.events_.now().ns();
  own.forgotten = false;
  own.to_device = own.to_gateway = {};
  CauseScope scope(network.trace_);
  network.trace_.set(network.members_[device].to_gateway, Field::hop_state, own.up, true);
  if (network.has_more(device)) network.begin(device, 0);
  network.tell(device);
  network.tell(0);
}

void BleNetwork::on_supervision(void* self, std::uint64_t argument) {
  auto& network = *static_cast<BleNetwork*>(self);
  const auto device = static_cast<HopMember>(argument);
  if (network.devices_[device].up && !network.talks(device)) network.lose(device);
}

void BleNetwork::lose(HopMember device) {
  Device& own = devices_[device];
  events_.disarm(own.event);
  own.phase = Phase::idle;
  trace_.set(members_[device].to_gateway, Field::hop_state, own.up, false);
  own.forgotten = false;
  fail_all(device, 0, HopFailure::not_connected);
  fail_all(0, device, HopFailure::not_connected);
  tell(device);
  tell(0);
  advertise(device);
}

void BleNetwork::changed(HopMember member) {
  for (HopMember device = 1; device < devices_.size(); ++device) {
    if (member != 0 && device != member) continue;
    Device& own = devices_[device];
    if (!members_[member].power) {
      own.forgotten = own.up;
      own.on_air = 0;
      own.to_device = own.to_gateway = {};
    }
    if (!own.up) {
      events_.disarm(own.advertisement);
      advertise(device);
    } else if (!talks(device)) {
      if (own.phase == Phase::idle) heard_when_idle(own);
      if (events_.due(own.supervision) < events_.now() || events_.due(own.supervision) == Instant::never())
        events_.arm(own.supervision, std::max(Instant::from_ns(own.heard) + settings_.supervision, events_.now()));
    } else {
      events_.disarm(own.supervision);
    }
  }
}

// ---- connection events

// Where neither had anything to send, the two heard each other at each event: the last of them was before this instant.
void BleNetwork::heard_when_idle(Device& own) const {
  const std::int64_t interval = settings_.interval.ns();
  const std::int64_t since = events_.now().ns() - own.first_anchor;
  if (since >= 0) own.heard = std::max(own.heard, own.first_anchor + since / interval * interval);
}

Instant BleNetwork::next_anchor(const Device& own) const {
  const std::int64_t interval = settings_.interval.ns();
  const std::int64_t since = events_.now().ns() - own.first_anchor;
  if (since < 0) return Instant::from_ns(own.first_anchor);
  return Instant::from_ns(own.first_anchor + (since / interval + 1) * interval);
}

Instant BleNetwork::expected(HopMember from, HopMember to, std::size_t bytes) const {
  const Device& own = devices_[from == 0 ? to : from];
  Duration sending = air_time(std::min<std::size_t>(bytes + kAttribute + kL2cap, settings_.pdu));
  if (from != 0) sending += air_time(0) + kSpacing;
  return (own.up ? next_anchor(own) : events_.now()) + sending;
}

void BleNetwork::begin(HopMember from, HopMember to) {
  Device& own = devices_[from == 0 ? to : from];
  if (!own.up) return fail_all(from, to, HopFailure::not_connected);
  if (own.phase != Phase::idle) return;
  if (talks(from == 0 ? to : from)) heard_when_idle(own);
  own.phase = Phase::anchor;
  events_.arm(own.event, next_anchor(own));
}

void BleNetwork::on_event(void* self, std::uint64_t device) {
  static_cast<BleNetwork*>(self)->go_on(static_cast<HopMember>(device));
}

void BleNetwork::go_on(HopMember device) {
  Device& own = devices_[device];
  const std::size_t full = kLinkLayer + settings_.pdu;
  const auto gateway_sends = [&](Duration after) {
    own.phase = Phase::gateway_sends;
    own.on_air = piece_bytes(0, device, own.to_device);
    events_.arm(own.event, events_.now() + after + air_time(own.on_air));
  };
  switch (own.phase) {
    case Phase::idle: break;
    case Phase::anchor: {
      const auto others = static_cast<std::int64_t>(std::max<std::size_t>(members_.size() - 1, 1));
      own.event_end = events_.now().ns() + settings_.interval.ns() / others;
      gateway_sends({});
      break;
    }
    case Phase::gateway_sends:
      if (!talks(device) || !is_received(device, kLinkLayer + own.on_air, full)) {
        if (own.on_air > 0) missed(0, device);
        close_event(device);
        break;
      }
      gateway_was_heard(device);
      own.phase = Phase::device_sends;
      own.on_air = piece_bytes(device, 0, own.to_gateway);
      events_.arm(own.event, events_.now() + kSpacing + air_time(own.on_air));
      break;
    case Phase::device_sends: {
      if (!talks(device) || !is_received(device, kLinkLayer + own.on_air, full)) {
        if (own.on_air > 0) missed(device, 0);
        close_event(device);
        break;
      }
      device_was_heard(device);
      const Duration exchange = kSpacing * 2 + air_time(piece_bytes(0, device, own.to_device)) +
                                air_time(piece_bytes(device, 0, own.to_gateway));
      if (has_more(device) && events_.now().ns() + exchange.ns() <= own.event_end) {
        gateway_sends(kSpacing);
      } else {
        close_event(device);
      }
      break;
    }
  }
}

void BleNetwork::gateway_was_heard(HopMember device) {
  Device& own = devices_[device];
  own.heard = events_.now().ns();
  if (own.on_air > 0) receive_piece(0, device, own.to_device);
  if (own.to_gateway.received) acknowledge(device, 0, own.to_gateway);
}

void BleNetwork::device_was_heard(HopMember device) {
  Device& own = devices_[device];
  own.heard = events_.now().ns();
  if (own.on_air > 0) receive_piece(device, 0, own.to_gateway);
  if (own.to_device.received) acknowledge(0, device, own.to_device);
}

void BleNetwork::receive_piece(HopMember from, HopMember to, Half& half) {
  Outgoing& message = members_[from].queue[place_of(from, to)];
  ++message.frames;
  if (half.received) return;  // again, since its acknowledgement was lost
  half.received = true;
  if (half.acknowledged + 1 == pieces(message)) deliver(from, to, message);
}

void BleNetwork::acknowledge(HopMember from, HopMember to, Half& half) {
  half.received = false;
  const std::size_t place = place_of(from, to);
  if (++half.acknowledged < pieces(members_[from].queue[place])) return;
  half = {};
  finish(from, place, HopFailure::none);
}

void BleNetwork::missed(HopMember from, HopMember to) {
  Outgoing& message = members_[from].queue[place_of(from, to)];
  trace_.emit(Kind::hop_frame, direction(from, to), 0,
              talks(from == 0 ? to : from) ? FrameFailure::noise : FrameFailure::no_answer, message.blob,
              message.frames);
  ++message.frames;
}

void BleNetwork::close_event(HopMember device) {
  Device& own = devices_[device];
  own.phase = Phase::idle;
  if (events_.now().ns() - own.heard > settings_.supervision.ns()) return lose(device);
  if (!has_more(device)) return;
  own.phase = Phase::anchor;
  events_.arm(own.event, next_anchor(own));
}

std::size_t BleNetwork::place_of(HopMember from, HopMember to) const {
  const auto& queue = members_[from].queue;
  return static_cast<std::size_t>(
      std::find_if(queue.begin(), queue.end(), [&](const Outgoing& o) { return o.to == to; }) - queue.begin());
}

std::size_t BleNetwork::piece_bytes(HopMember from, HopMember to, const Half& half) const {
  const std::size_t place = place_of(from, to);
  if (place == members_[from].queue.size()) return 0;
  const std::size_t whole = members_[from].queue[place].bytes.size() + kAttribute + kL2cap;
  return std::min<std::size_t>(whole - half.acknowledged * settings_.pdu, settings_.pdu);
}

bool BleNetwork::has_more(HopMember device) const {
  return place_of(0, device) < members_[0].queue.size() || place_of(device, 0) < members_[device].queue.size();
}

void BleNetwork::visit_state(StateVisitor& visitor) const {
  RadioHop::visit_state(visitor);
  for (HopMember device = 1; device < devices_.size(); ++device)
    visitor.value(members_[device].to_gateway, Field::hop_state, 0, devices_[device].up ? 1 : 0);
}

}  // namespace wirelab
