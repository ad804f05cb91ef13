// Packet identifiers in flight, the windows of both sides, and what a PUBLISH says on its way to a client.
#include <fmt/format.h>

#include "lab/proof/torture/judge.hpp"

namespace wirelab::torture {

using mqtt::PacketId;
using mqtt::Property;
using mqtt::Qos;

void Judge::publish_to_client(ModelSession& session, const std::string& client, const mqtt::Publish& packet,
                              const Record& r) {
  resolve(packet, r.subject, true);
  const std::string_view text = wire::text_of(packet.payload);
  const std::string tag(text.substr(0, text.find(':')));
  if (Expectation* const expected = find(tag, session.life); expected != nullptr && !packet.payload.empty()) {
    const auto expiry = packet.properties.number(Property::message_expiry_interval);
    const Sent& message = expected->message;
    if (session.version == mqtt::Version::v5 && message.expiry != kNever && (!expiry || *expiry > message.expiry))
      fail(fmt::format("{} goes to {} with more time than it has", tag, client));
    if (!packet.dup && !expected->was_sent && message.has_expired(now_) && now_ != message.accepted_at)
      fail(fmt::format("{} goes to {} after its time", tag, client));
    expected->was_sent = true;
  }
  if (packet.qos == Qos::at_most_once) return;
  const auto [place, is_new] = session.identifiers.try_emplace(packet.packet_id, r.key);
  if (!is_new && (!packet.dup || place->second != r.key))
    fail(fmt::format("packet identifier {} goes to {} again while it is in flight", packet.packet_id, client));
  session.unanswered.insert(packet.packet_id);
  if (session.unanswered.size() > session.receive_maximum)
    fail(fmt::format("{} messages are on their way to {}, its receive maximum is {}", session.unanswered.size(), client,
                     session.receive_maximum));
}

void Judge::answer_to_broker(ModelSession& session, const mqtt::Packet& packet) {
  const auto ends = [&](PacketId id) {
    session.identifiers.erase(id);
    session.unanswered.erase(id);
  };
  if (const auto* pubrel = std::get_if<mqtt::Pubrel>(&packet)) {
    const auto held = session.received.find(pubrel->packet_id);
    released_ = held == session.received.end() ? std::nullopt : std::optional(held->second);
    session.received.erase(pubrel->packet_id);
    session.stale.erase(pubrel->packet_id);
  }
  if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) ends(puback->packet_id);
  if (const auto* pubcomp = std::get_if<mqtt::Pubcomp>(&packet)) ends(pubcomp->packet_id);
  if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet); pubrec != nullptr && is_failure(pubrec->reason))
    ends(pubrec->packet_id);
}

void Judge::from_client(Client& client, const Record& r, const mqtt::Packet& packet) {
  const auto begins = [&](PacketId id, bool dup) {
    const auto [place, is_new] = client.identifiers.try_emplace(id, r.key);
    if (!is_new && (!dup || place->second != r.key))
      fail(fmt::format("{} uses packet identifier {} again while it is in flight", name(r.entity), id));
  };
  if (std::holds_alternative<mqtt::Connect>(packet)) {
    client.unanswered.clear();
    std::erase_if(client.identifiers, [](const auto& entry) { return entry.second == 0; });
  } else if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    if (publish->qos == Qos::at_most_once) return;
    begins(publish->packet_id, publish->dup);
    client.unanswered.insert(publish->packet_id);
    if (client.unanswered.size() > client.receive_maximum && !plan_.devices[client.device].options.manners.resends_all)
      fail(fmt::format("{} has {} messages on their way, the broker's receive maximum is {}", name(r.entity),
                       client.unanswered.size(), client.receive_maximum));
  } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
    begins(subscribe->packet_id, false);
  } else if (const auto* unsubscribe = std::get_if<mqtt::Unsubscribe>(&packet)) {
    begins(unsubscribe->packet_id, false);
  }
}

void Judge::answer_to_client(Client& client, const mqtt::Packet& packet) {
  const auto ends = [&](PacketId id) {
    client.identifiers.erase(id);
    client.unanswered.erase(id);
  };
  if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
    client.receive_maximum = connack->properties.number(Property::receive_maximum).value_or(65535);
    const mqtt::ClientOptions& options = plan_.devices[client.device].options;
    // In 3.1.1 a client that finds its session gone may still send what it has.
    if (!connack->session_present && (options.version == mqtt::Version::v5 || options.clean_session)) {
      client.identifiers.clear();
      client.received.clear();
    }
    if (!connack->session_present) client.unreleased.clear();
  } else if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
    ends(puback->packet_id);
  } else if (const auto* pubcomp = std::get_if<mqtt::Pubcomp>(&packet)) {
    ends(pubcomp->packet_id);
  } else if (const auto* pubrec = std::get_if<mqtt::Pubrec>(&packet)) {
    if (is_failure(pubrec->reason)) ends(pubrec->packet_id);
  } else if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) {
    ends(suback->packet_id);
  } else if (const auto* unsuback = std::get_if<mqtt::Unsuback>(&packet)) {
    ends(unsuback->packet_id);
  }
}

}  // namespace wirelab::torture
