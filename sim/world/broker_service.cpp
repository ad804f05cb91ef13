#include "sim/world/broker_service.hpp"

#include <algorithm>

namespace wirelab {

BrokerService::BrokerService(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
                             const mqtt::BrokerSettings& settings, const tcp::Settings& tcp_settings,
                             const Listeners& listeners, mqtt::AccessList access)
    : events_(events),
      trace_(trace),
      transport_(transport),
      node_(node),
      tcp_settings_(tcp_settings),
      access_(std::move(access)),
      broker_(events, trace, entity, settings, access_.empty() ? nullptr : &access_),
      plain_(listeners.plain),
      wake_least_(listeners.wake_least),
      wake_most_(listeners.wake_most),
      luck_(transport.seed(), trace.names().text(entity), "wake-up"),
      inbox_(events, trace, entity, listeners.processor,
             RandomStream(transport.seed(), trace.names().text(entity), "service time"),
             [this](const Inbox::Item& item) { serve(item); }) {
  if (listeners.tls) tls_.emplace(*listeners.tls, transport.seed(), trace.names().text(entity));
}

BrokerService::~BrokerService() {
  if (autosave_.valid()) events_.release(autosave_);
}

void BrokerService::save() {
  disk_ = encode(broker_.saved());
  saved_at_ = events_.now();
}

// After a crash; a broker that was stopped still has what it saved.
void BrokerService::load() {
  if (disk_.empty() || broker_.sessions() > 0 || broker_.retained() > 0) return;
  const auto saved = mqtt::decode_saved_broker(disk_);
  check(saved.has_value(), "what was saved can be read");
  broker_.restore(*saved, events_.now() - saved_at_);
}

void BrokerService::on_autosave(void* target, std::uint64_t) {
  auto* self = static_cast<BrokerService*>(target);
  self->save();
  self->events_.arm(self->autosave_, self->events_.now() + self->broker_.settings().autosave_interval);
}

void BrokerService::stop_saving() {
  if (autosave_.valid()) events_.disarm(autosave_);
}

void BrokerService::start() {
  running_ = true;
  const mqtt::BrokerSettings& settings = broker_.settings();
  if (settings.persistence) load();
  if (settings.persistence && settings.autosave_interval.ns() > 0) {
    if (!autosave_.valid()) autosave_ = events_.make_timer(on_autosave, this);
    events_.arm(autosave_, events_.now() + settings.autosave_interval);
  }
  broker_.start();
  const auto listen = [&](std::uint16_t port, bool with_tls) {
    transport_.listen(
        node_, port, [this, with_tls](tcp::Connection& connection) { return accept(connection, with_tls); },
        tcp_settings_);
  };
  if (plain_) listen(kMqttPort, false);
  for (const auto& bridge : bridges_) bridge->start();
  if (!tls_) return;
  tls_->ticket_key = tls_->random.bits();  // a new process cannot read the tickets of the one before
  listen(kMqttTlsPort, true);
}

void BrokerService::add_bridge(mqtt::MessagePool& messages, const BridgeSettings& settings, tcp::Endpoint to) {
  bridges_.push_back(std::make_unique<BridgeService>(events_, trace_, transport_, messages, node_, broker_.entity(),
                                                     broker_, settings, to));
}

void BrokerService::stop_listening() {
  if (plain_) transport_.stop_listening(node_, kMqttPort);
  if (tls_) transport_.stop_listening(node_, kMqttTlsPort);
}

tcp::User* BrokerService::accept(tcp::Connection& connection, bool with_tls) {
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
  link.with_tls = with_tls;
  link.slot = slot;
  link.number = ++accepted_ << 32 | slot;
  return &link;
}

void BrokerService::stop() {
  running_ = false;
  stop_listening();
  inbox_.clear();
  broker_.stop();
  for (const auto& bridge : bridges_) bridge->stop();
  let_all_go();
  stop_saving();
  if (broker_.settings().persistence) {
    save();
  } else {
    broker_.crash();  // what it had in memory is gone with it
  }
}

void BrokerService::crash() {
  running_ = false;
  stop_listening();
  inbox_.clear();
  for (auto& link : links_) {
    if (link != nullptr) link->end_tls();  // a dead process says nothing
  }
  for (const auto& bridge : bridges_) bridge->crash();
  broker_.crash();
  let_all_go();
  stop_saving();
}

void BrokerService::vanish() {
  running_ = false;
  inbox_.clear();
  for (const auto& bridge : bridges_) bridge->vanish();
  broker_.crash();
  stop_saving();
  for (auto& link : links_) {
    if (link == nullptr) continue;
    if (link->wake.valid()) events_.release(link->wake);
    link->end_tls();
    if (link->connection != nullptr) link->connection->detach();
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

// True where the process has to wake up first; then it looks again.
bool BrokerService::Link::sleeps() {
  if (awake || service->wake_most_ == Duration()) return false;
  EventQueue& events = service->events_;
  if (!wake.valid()) wake = events.make_timer(on_wake, this);
  if (events.due(wake) == Instant::never())
    events.arm(wake, events.now() + service->luck_.between(service->wake_least_, service->wake_most_));
  return true;
}

void BrokerService::Link::on_wake(void* link, std::uint64_t) {
  auto* self = static_cast<Link*>(link);
  self->awake = true;
  if (self->connection != nullptr) self->connection->read_more();
  // With an inbox its last packets come first.
  const bool at_once = !self->service->inbox_.takes_time();
  if (self->connection != nullptr && self->peer_closed && at_once) self->end();
  self->awake = false;
}

void BrokerService::forget(Link& link) {
  if (link.wake.valid()) events_.release(link.wake);
  const std::uint32_t slot = link.slot;
  free_.push_back(slot);
  ended_.push_back(std::move(links_[slot]));
  if (ended_.size() > 1) return;
  events_.schedule(
      events_.now(), [](void* self, std::uint64_t) { static_cast<BrokerService*>(self)->ended_.clear(); }, this);
}

void BrokerService::visit_state(StateVisitor& visitor) const {
  broker_.visit_state(visitor);
  inbox_.visit_state(visitor);
  for (const auto& bridge : bridges_) bridge->visit_state(visitor);
  for (const auto& link : links_) {
    if (link != nullptr && link->secure != nullptr) link->secure->visit_state(visitor);
  }
}

void BrokerService::Link::on_connected(tcp::Connection& c) {
  if (with_tls) {
    secure = std::make_unique<tls::Session>(service->events_, service->trace_, c.entity(), c.stream_out(),
                                            *service->tls_, *this);
  } else {
    on_secure();
  }
}

void BrokerService::Link::on_secure() {
  opened = true;
  index = service->broker_.opened(this);
}

void BrokerService::Link::on_plain(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) {
  if (service->inbox_.takes_time()) {
    put_in(bytes, begin, end);
    return;
  }
  service->broker_.receive(index, bytes, connection->stream_in(), {begin, end});
}

void BrokerService::Link::on_failed(tls::Failure) { end(); }

void BrokerService::Link::end_tls() {
  if (secure == nullptr) return;
  secure->leave();
  secure.reset();
}

void BrokerService::Link::end() {
  const mqtt::ConnectionIndex which = index;
  const bool told = opened;
  BrokerService* const owner = service;
  let_go();
  if (told) owner->broker_.closed(which);
}

void BrokerService::Link::write(mqtt::Bytes bytes) {
  if (secure != nullptr) {
    secure->write(bytes);
  } else {
    connection->write(bytes);
  }
}

std::size_t BrokerService::Link::on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) {
  if (sleeps()) return 0;
  const Inbox& inbox = service->inbox_;
  if (inbox.takes_time() && inbox.is_full()) {
    if (!waits) service->kept_back_.push_back(number);
    waits = true;
    return 0;
  }
  if (inbox.takes_time() && secure == nullptr) return put_in(bytes, offset, offset + bytes.size());
  if (secure != nullptr) {
    secure->receive(bytes, c.stream_in(), offset);
  } else {
    service->broker_.receive(index, bytes, c.stream_in(), {offset, offset + bytes.size()});
  }
  return bytes.size();
}

void BrokerService::Link::on_peer_closed(tcp::Connection&) {
  peer_closed = true;
  if (service->inbox_.takes_time()) {
    // Its last packets come first.
    service->inbox_.put(number, {}, connection->stream_in(), {});
  } else if (!sleeps()) {
    end();
  }
}

// Packets that are whole go into the inbox, as many as it has room for; of a record of TLS, all. Returns how many bytes were taken.
std::size_t BrokerService::Link::put_in(wire::Bytes bytes, std::uint64_t begin, std::uint64_t end) {
  Inbox& inbox = service->inbox_;
  const std::size_t most = service->broker_.settings().max_packet_size;
  std::size_t used = 0;
  while (used < bytes.size()) {
    if (inbox.is_full() && secure == nullptr) {
      if (!waits) service->kept_back_.push_back(number);
      waits = true;
      return used;
    }
    if (partial.empty()) partial_begin = secure == nullptr ? begin + used : begin;
    const auto header = mqtt::decode_fixed_header(partial, mqtt::Version::v5);
    const wire::Bytes rest = bytes.subspan(used);
    std::size_t wanted = 1;
    if (!header) {
      wanted = rest.size();  // the broker says what is wrong with it
    } else if (header->has_value() && (*header)->size() > most) {
      wanted = rest.size();  // and that it is too large, before all of it has come
    } else if (header->has_value()) {
      wanted = std::min(rest.size(), (*header)->size() - partial.size());
    }
    partial.insert(partial.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(wanted));
    used += wanted;
    const auto now = mqtt::decode_fixed_header(partial, mqtt::Version::v5);
    if (now && (!now->has_value() || ((*now)->size() > partial.size() && (*now)->size() <= most))) continue;
    inbox.put(number, partial, connection->stream_in(), {partial_begin, secure == nullptr ? begin + used : end});
    partial.clear();
  }
  return used;
}

// nullptr if it has ended. Its number has its slot in the lower half.
BrokerService::Link* BrokerService::link_of(std::uint64_t number) {
  const auto slot = static_cast<std::uint32_t>(number);
  Link* const link = slot < links_.size() ? links_[slot].get() : nullptr;
  return link != nullptr && link->number == number ? link : nullptr;
}

// A packet's time is over.
void BrokerService::serve(const Inbox::Item& item) {
  Link* const link = link_of(item.source);
  if (link != nullptr && item.bytes.empty()) {
    link->end();
  } else if (link != nullptr && link->opened) {
    broker_.receive(link->index, item.bytes, item.stream, item.where);
  }
  read_on();
}

// There may be room again: whoever has waited longest reads first.
void BrokerService::read_on() {
  while (!kept_back_.empty() && !inbox_.is_full()) {
    Link* const link = link_of(kept_back_.front());
    kept_back_.pop_front();
    if (link == nullptr || link->connection == nullptr) continue;
    link->waits = false;
    link->connection->read_more();
  }
}

void BrokerService::Link::on_closed(tcp::Connection& c, tcp::CloseReason) {
  acknowledged_at_end = c.acknowledged();
  end_tls();
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
  if (secure != nullptr && ending->can_send()) secure->close();
  end_tls();
  acknowledged_at_end = ending->acknowledged();
  connection = nullptr;
  service->forget(*this);
  ending->detach();
  ending->close();
}

}  // namespace wirelab
