#include "sim/net/radio_hop.hpp"

#include <algorithm>
#include <bit>

#include "sim/kernel/mathematics.hpp"

namespace wirelab {

HopMember RadioHop::add_member(NodeIndex node, EntityId to_gateway, EntityId from_gateway) {
  Member& member = members_.emplace_back();
  member.node = node;
  member.to_gateway = to_gateway;
  member.from_gateway = from_gateway;
  if (to_gateway != 0) {
    member.luck = RandomStream(seed_, trace_.names().text(to_gateway), "radio");
    for (const EntityId direction : {to_gateway, from_gateway}) trace_.state(direction, Field::link_up, 0, 1);
  }
  return static_cast<HopMember>(members_.size() - 1);
}

HopMember RadioHop::member_at(NodeIndex node) const {
  const auto at = std::find_if(members_.begin(), members_.end(), [&](const Member& m) { return m.node == node; });
  return at == members_.end() ? kNoMember : static_cast<HopMember>(at - members_.begin());
}

bool RadioHop::send(HopMember from, HopMember to, wire::Bytes bytes, HopDone done) {
  Member& member = members_[from];
  if (member.queue.size() >= kMostWaiting) return false;
  CauseScope scope(trace_);
  const BlobNumber blob = trace_.packet(bytes);
  const std::int64_t at = expected(from, to, bytes.size()).ns();
  trace_.emit_cause(Kind::hop_sent, direction(from, to), 0, 0, blob, at, at);
  const auto waiting =
      std::count_if(member.queue.begin(), member.queue.end(), [&](const Outgoing& o) { return o.to == to; });
  trace_.state(direction(from, to), Field::hop_queued, waiting, waiting + 1);
  member.queue.push_back({to, blob, 0, {bytes.begin(), bytes.end()}, std::move(done)});
  if (waiting == 0) begin(from, to);
  return true;
}

HopMessage RadioHop::receive(HopMember index) {
  Member& member = members_[index];
  HopMessage message = std::move(member.inbox.front());
  member.inbox.erase(member.inbox.begin());
  std::int64_t left = 0;
  for (const HopMessage& other : member.inbox) left += other.from == message.from ? 1 : 0;
  trace_.state(direction(message.from, index), Field::hop_waiting, left + 1, left);
  return message;
}

bool RadioHop::is_received(HopMember device, std::size_t bytes, std::size_t full) {
  Member& member = members_[device];
  if (!can_hear(device)) return false;
  if (member.loss <= 0) return true;
  const double part = static_cast<double>(bytes) / static_cast<double>(full);
  return member.luck.unit() < mathematics::pow(1 - member.loss, part);
}

void RadioHop::deliver(HopMember from, HopMember to, const Outgoing& message) {
  Member& receiver = members_[to];
  CauseScope scope(trace_);
  if (receiver.inbox.size() >= kMostWaiting) {
    trace_.emit(Kind::hop_failed, direction(from, to), 0, HopFailure::inbox_full, message.blob, message.frames);
    return;
  }
  trace_.emit_cause(Kind::hop_received, direction(from, to), 0, 0, message.blob);
  std::int64_t waiting = 0;
  for (const HopMessage& other : receiver.inbox) waiting += other.from == from ? 1 : 0;
  trace_.state(direction(from, to), Field::hop_waiting, waiting, waiting + 1);
  receiver.inbox.push_back({from, message.bytes});
  tell(to);
}

void RadioHop::finish(HopMember from, std::size_t place, HopFailure failure) {
  Member& member = members_[from];
  const Outgoing message = std::move(member.queue[place]);
  CauseScope scope(trace_);
  if (failure != HopFailure::none)
    trace_.emit_cause(Kind::hop_failed, direction(from, message.to), 0, failure, message.blob, message.frames);
  member.queue.erase(member.queue.begin() + static_cast<std::ptrdiff_t>(place));
  const auto left =
      std::count_if(member.queue.begin(), member.queue.end(), [&](const Outgoing& o) { return o.to == message.to; });
  trace_.state(direction(from, message.to), Field::hop_queued, left + 1, left);
  if (message.done) message.done(failure);
}

void RadioHop::fail_all(HopMember from, HopMember to, HopFailure failure) {
  for (std::size_t i = members_[from].queue.size(); i > 0; --i) {
    // What is told of one may send another: that is at the end, and is left alone.
    if (i <= members_[from].queue.size() && members_[from].queue[i - 1].to == to) finish(from, i - 1, failure);
  }
}

void RadioHop::set_power(HopMember index, bool on) {
  Member& member = members_[index];
  if (member.power == on) return;
  member.power = on;
  if (!on) {
    for (HopMember other = 0; other < members_.size(); ++other) {
      if ((other == 0) != (index == 0)) fail_all(index, other, HopFailure::node_down);
    }
    while (!member.inbox.empty()) receive(index);
  }
  changed(index);
}

void RadioHop::set_reach(HopMember device, bool in_reach) {
  Member& member = members_[device];
  if (member.in_reach == in_reach) return;
  for (const EntityId direction : {member.to_gateway, member.from_gateway})
    trace_.state(direction, Field::link_up, member.in_reach ? 1 : 0, in_reach ? 1 : 0);
  member.in_reach = in_reach;
  changed(device);
}

void RadioHop::set_loss(HopMember device, double loss) {
  Member& member = members_[device];
  for (const EntityId direction : {member.to_gateway, member.from_gateway})
    trace_.state(direction, Field::link_loss, std::bit_cast<std::int64_t>(member.loss),
                 std::bit_cast<std::int64_t>(loss));
  member.loss = loss;
}

void RadioHop::visit_state(StateVisitor& visitor) const {
  for (HopMember device = 1; device < members_.size(); ++device) {
    const Member& member = members_[device];
    for (const HopMember from : {device, HopMember{0}}) {
      const HopMember to = from == 0 ? device : 0;
      const EntityId entity = direction(from, to);
      visitor.value(entity, Field::link_up, 0, member.in_reach ? 1 : 0);
      visitor.value(entity, Field::link_loss, 0, std::bit_cast<std::int64_t>(member.loss));
      std::int64_t queued = 0, waiting = 0;
      for (const Outgoing& message : members_[from].queue) queued += message.to == to ? 1 : 0;
      for (const HopMessage& message : members_[to].inbox) waiting += message.from == from ? 1 : 0;
      visitor.value(entity, Field::hop_queued, 0, queued);
      visitor.value(entity, Field::hop_waiting, 0, waiting);
    }
  }
}

}  // namespace wirelab
