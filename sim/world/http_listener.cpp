#include "sim/world/http_listener.hpp"

namespace wirelab {

HttpListener::HttpListener(EventQueue& events, Tracer& trace, Transport& transport, NodeIndex node, EntityId entity,
                           std::uint16_t port, http::Site& site, const http::ServerSettings& settings,
                           const tcp::Settings& tcp_settings)
    : events_(events),
      trace_(trace),
      transport_(transport),
      node_(node),
      entity_(entity),
      port_(port),
      site_(site),
      settings_(settings),
      tcp_settings_(tcp_settings) {}

HttpListener::~HttpListener() {
  for (auto& link : links_) {
    if (link != nullptr && link->connection != nullptr) link->connection->detach();
  }
}

void HttpListener::start() {
  transport_.listen(
      node_, port_, [this](tcp::Connection& connection) { return accept(connection); }, tcp_settings_);
}

tcp::User* HttpListener::accept(tcp::Connection& connection) {
  std::uint32_t slot = static_cast<std::uint32_t>(links_.size());
  if (free_.empty()) {
    links_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  links_[slot] = std::make_unique<Link>();
  Link& link = *links_[slot];
  link.listener = this;
  link.connection = &connection;
  link.slot = slot;
  return &link;
}

void HttpListener::Link::on_connected(tcp::Connection&) {
  http = std::make_unique<http::ServerConnection>(listener->events_, listener->trace_, listener->entity_, slot + 1,
                                                  listener->site_, listener->settings_, *this);
}

std::size_t HttpListener::Link::on_data(tcp::Connection& c, wire::Bytes bytes, std::uint64_t offset) {
  http->receive(bytes, c.stream_in(), {offset, offset + bytes.size()});
  return bytes.size();
}

// A client that sends no more waits for no answer.
void HttpListener::Link::on_peer_closed(tcp::Connection&) { let_go(); }

void HttpListener::Link::on_closed(tcp::Connection& c, tcp::CloseReason) {
  acknowledged_at_end = c.acknowledged();
  connection = nullptr;
  if (http != nullptr) http->ended();
  listener->forget(*this);
}

void HttpListener::Link::let_go() {
  if (connection == nullptr) return;
  tcp::Connection* const c = connection;
  acknowledged_at_end = c->acknowledged();
  connection = nullptr;
  c->detach();
  c->close();
  if (http != nullptr) http->ended();
  listener->forget(*this);
}

void HttpListener::forget(Link& link) {
  free_.push_back(link.slot);
  ended_.push_back(std::move(links_[link.slot]));
  if (ended_.size() > 1) return;
  events_.schedule(
      events_.now(), [](void* self, std::uint64_t) { static_cast<HttpListener*>(self)->ended_.clear(); }, this);
}

void HttpListener::stop() {
  transport_.stop_listening(node_, port_);
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i] != nullptr) links_[i]->let_go();
  }
}

void HttpListener::vanish() {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    Link* const link = links_[i].get();
    if (link == nullptr) continue;
    if (link->connection != nullptr) link->connection->detach();
    link->connection = nullptr;
    if (link->http != nullptr) link->http->ended();
    forget(*link);
  }
}

void HttpListener::visit_state(StateVisitor& visitor) const {
  for (const auto& link : links_) {
    if (link != nullptr && link->http != nullptr) link->http->visit_state(visitor);
  }
}

}  // namespace wirelab
