#include "sim/world/broker_service.hpp"

namespace wirelab {

BrokerService::BrokerService(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
                             const mqtt::BrokerSettings& settings, const tcp::Settings& tcp_settings)
    : events_(events),
      transport_(transport),
      node_(node),
      tcp_settings_(tcp_settings),
      broker_(events, trace, entity, settings) {}

BrokerService::~BrokerService() = default;

void BrokerService::start() {
  running_ = true;
  transport_.listen(
      node_, kMqttPort, [this](tcp::Connection& connection) { return accept(connection); }, tcp_settings_);
}

tcp::User* BrokerService::accept(tcp::Connection& connection) {
  std::uint32_t slot = static_cast<std::uint32_t>(links_.size());
  if (free_.empty()) {
    links_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  links_[slot] = std::make_unique<Link>();
  Link& link = *links_[slot];
  link.service = this;
  link.connection = &connection;
  link.slot = slot;
  return &link;
}

void BrokerService::stop() {
  running_ = false;
  transport_.stop_listening(node_, kMqttPort);
  broker_.stop();
  let_all_go();
}

void BrokerService::crash() {
  running_ = false;
  transport_.stop_listening(node_, kMqttPort);
  broker_.crash();
  let_all_go();
}

void BrokerService::vanish() {
  running_ = false;
  broker_.crash();
  for (auto& link : links_) {
    if (link != nullptr && link->connection != nullptr) link->connection->detach();
  }
  links_.clear();
  free_.clear();
}

// Connections that have not come to the core yet, or that it did not close itself.
void BrokerService::let_all_go() {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i] != nullptr) links_[i]->let_go();
  }
}

void BrokerService::forget(Link& link) {
  const std::uint32_t slot = link.slot;
  free_.push_back(slot);
  ended_.push_back(std::move(links_[slot]));
  if (ended_.size() > 1) return;
  events_.schedule(
      events_.now(), [](void* self, std::uint64_t) { static_cast<BrokerService*>(self)->ended_.clear(); }, this);
}

void BrokerService::Link::on_connected(tcp::Connection&) {
  opened = true;
  index = service->broker_.opened(this);
}

std::size_t BrokerService::Link::on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) {
  service->broker_.receive(index, bytes, c.stream_in(), offset);
  return bytes.size();
}

void BrokerService::Link::on_peer_closed(tcp::Connection&) {
  const mqtt::ConnectionIndex which = index;
  const bool told = opened;
  BrokerService* const owner = service;
  let_go();
  if (told) owner->broker_.closed(which);
}

void BrokerService::Link::on_closed(tcp::Connection& c, tcp::CloseReason) {
  acknowledged_at_end = c.acknowledged();
  connection = nullptr;
  const mqtt::ConnectionIndex which = index;
  const bool told = opened;
  BrokerService* const owner = service;
  owner->forget(*this);
  if (told) owner->broker_.closed(which);
}

void BrokerService::Link::close() { let_go(); }

void BrokerService::Link::let_go() {
  tcp::Connection* const ending = connection;
  if (ending == nullptr) return;
  acknowledged_at_end = ending->acknowledged();
  connection = nullptr;
  service->forget(*this);
  ending->detach();
  ending->close();
}

}  // namespace wirelab
