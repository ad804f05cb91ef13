#include "sim/net/nat.hpp"

#include <algorithm>

namespace wirelab {

using wire::Flow;
using wire::FlowEnd;

namespace {

constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;

std::uint8_t tcp_flags(std::span<const std::uint8_t> packet) {
  return packet.size() > wire::kIpv4HeaderSize + 13 ? packet[wire::kIpv4HeaderSize + 13] : 0;
}

std::int64_t packed(FlowEnd end) { return (static_cast<std::int64_t>(end.address.value) << 16) | end.port; }

}  // namespace

Nat::Nat(EventQueue& events, Tracer& trace, EntityId entity, wire::Ipv4Address outside, const NatSettings& settings)
    : events_(events), trace_(trace), entity_(entity), outside_(outside), settings_(settings) {
  timer_ = events_.make_timer(on_timer, this);
}

Nat::~Nat() { events_.release(timer_); }

Nat::Key Nat::key_out(const Flow& flow) {
  return {(static_cast<std::uint64_t>(flow.source.address.value) << 32) |
              (static_cast<std::uint64_t>(flow.source.port) << 16) | flow.destination.port,
          (static_cast<std::uint64_t>(flow.destination.address.value) << 8) | flow.protocol};
}

Nat::Key Nat::key_in(std::uint8_t protocol, std::uint16_t port, FlowEnd remote) {
  return {
      (static_cast<std::uint64_t>(remote.address.value) << 32) | (static_cast<std::uint64_t>(remote.port) << 16) | port,
      protocol};
}

// nullptr if no port is free.
Nat::Binding* Nat::make(const Flow& flow, bool keep_port) {
  // An echo's identifier stands for both of its ports: its answer comes with the one that we choose.
  const auto remote = [&](std::uint16_t port) {
    return FlowEnd{flow.destination.address, flow.protocol == wire::kIcmp ? port : flow.destination.port};
  };
  const auto is_free = [&](std::uint16_t port) { return !in_.contains(key_in(flow.protocol, port, remote(port))); };
  std::uint16_t port = flow.source.port;
  if (!keep_port || !is_free(port)) {
    int tries = 0;
    do {
      port = next_port_;
      next_port_ = next_port_ == 60999 ? std::uint16_t{32768} : static_cast<std::uint16_t>(next_port_ + 1);
    } while ((!is_free(port) || port == flow.source.port) && ++tries < 28'232);
    if (!is_free(port)) return nullptr;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(table_.size()));
    table_.emplace_back();
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  ++used_;
  Binding& made = table_[place];
  made = {flow.source, flow.destination, port, flow.protocol, Phase::opening, 0, events_.now()};
  out_[key_out(flow)] = place;
  in_[key_in(flow.protocol, port, remote(port))] = place;
  trace_binding(place, true);
  return &made;
}

// Both directions keep it; TCP's flags say how long it will be kept.
void Nat::used(Binding& binding, std::span<const std::uint8_t> packet, bool out) {
  Duration keep = settings_.icmp;
  if (binding.protocol == wire::kUdp) {
    if (!out) binding.phase = Phase::established;
    keep = binding.phase == Phase::established ? settings_.udp_reply : settings_.udp;
  } else if (binding.protocol == wire::kTcp) {
    const std::uint8_t flags = tcp_flags(packet);
    if (out && (flags & kSyn) != 0 && binding.phase == Phase::closing) binding.phase = Phase::opening, binding.fins = 0;
    if ((flags & kFin) != 0) binding.fins |= out ? 1 : 2;
    if ((flags & kRst) != 0 || binding.fins == 3) binding.phase = Phase::closing;
    if (binding.phase == Phase::opening && (flags & kSyn) == 0 && (flags & kAck) != 0)
      binding.phase = Phase::established;
    keep = binding.phase == Phase::established ? settings_.tcp_established : settings_.tcp_transitory;
  }
  binding.expires = events_.now() + keep;
  if (!armed_ || binding.expires < events_.due(timer_)) {
    armed_ = true;
    events_.arm(timer_, binding.expires);
  }
}

Nat::Result Nat::translate_out(std::span<std::uint8_t> packet) {
  const auto flow = wire::flow_of(packet);
  if (!flow) return Result::no_binding;
  Binding* binding = nullptr;
  if (const auto found = out_.find(key_out(*flow)); found != out_.end()) {
    binding = &table_[found->second];
  } else {
    const std::uint8_t flags = flow->protocol == wire::kTcp ? tcp_flags(packet) : kSyn;
    const bool in_the_middle = (flags & kSyn) == 0;
    if (in_the_middle && settings_.forgotten == Forgotten::reset && (flags & kRst) == 0) return Result::reset;
    if (in_the_middle && (settings_.forgotten == Forgotten::drop || settings_.forgotten == Forgotten::reset))
      return Result::no_binding;
    binding = make(*flow, !in_the_middle || settings_.forgotten == Forgotten::same_port);
    if (binding == nullptr) return Result::no_binding;
  }
  used(*binding, packet, true);
  wire::rewrite_source(packet, {outside_, binding->port});
  return Result::translated;
}

Nat::Result Nat::translate_in(std::span<std::uint8_t> packet) {
  const wire::Bytes inner = wire::packet_in_error(packet);
  const auto flow = wire::flow_of(inner.empty() ? wire::Bytes(packet) : inner);
  if (!flow) return Result::no_binding;
  // An error holds our own packet, so there the remote end is the destination.
  const FlowEnd remote = inner.empty() ? flow->source : flow->destination;
  const std::uint16_t port = inner.empty() ? flow->destination.port : flow->source.port;
  const auto found = in_.find(key_in(flow->protocol, port, remote));
  if (found == in_.end()) return Result::no_binding;
  Binding& binding = table_[found->second];
  if (inner.empty()) {
    used(binding, packet, false);
    wire::rewrite_destination(packet, binding.inside);
  } else {
    wire::rewrite_error(packet, binding.inside);
  }
  return Result::translated;
}

void Nat::trace_binding(std::uint32_t place, bool begins) {
  const Binding& b = table_[place];
  const auto state = [&](Field field, std::int64_t value) {
    trace_.state(entity_, field, begins ? 0 : value, begins ? value : 0, place);
  };
  state(Field::nat_inside, packed(b.inside));
  state(Field::nat_remote, packed(b.remote));
  state(Field::nat_port, (static_cast<std::int64_t>(b.protocol) << 16) | b.port);
}

void Nat::erase(std::uint32_t place) {
  Binding& b = table_[place];
  trace_binding(place, false);
  out_.erase(key_out({b.protocol, b.inside, b.remote}));
  in_.erase(key_in(b.protocol, b.port, {b.remote.address, b.protocol == wire::kIcmp ? b.port : b.remote.port}));
  b.phase = Phase::free;
  free_.push_back(place);
  --used_;
}

void Nat::forget() {
  for (std::uint32_t place = 0; place < table_.size(); ++place) {
    if (table_[place].phase != Phase::free) erase(place);
  }
}

void Nat::on_timer(void* target, std::uint64_t) {
  auto* self = static_cast<Nat*>(target);
  self->armed_ = false;
  const Instant now = self->events_.now();
  self->trace_.set_cause(0);
  Instant next = Instant::never();
  for (std::uint32_t place = 0; place < self->table_.size(); ++place) {
    const Binding& binding = self->table_[place];
    if (binding.phase == Phase::free) continue;
    if (binding.expires <= now) {
      self->erase(place);
    } else {
      next = std::min(next, binding.expires);
    }
  }
  if (next == Instant::never()) return;
  self->armed_ = true;
  self->events_.arm(self->timer_, next);
}

void Nat::visit_state(StateVisitor& visitor) const {
  for (std::uint32_t place = 0; place < table_.size(); ++place) {
    const Binding& b = table_[place];
    if (b.phase == Phase::free) continue;
    visitor.value(entity_, Field::nat_inside, place, packed(b.inside));
    visitor.value(entity_, Field::nat_remote, place, packed(b.remote));
    visitor.value(entity_, Field::nat_port, place, (static_cast<std::int64_t>(b.protocol) << 16) | b.port);
  }
}

}  // namespace wirelab
