#include "sim/net/socket.hpp"

#include <algorithm>

namespace wirelab {

StreamSocket::~StreamSocket() {
  if (connection_ != nullptr) connection_->detach();
}

void StreamSocket::connect(tcp::Endpoint to, const tcp::Settings& settings) {
  state_ = State::connecting;
  peer_ = to;
  connection_ = transport_.connect(node_, to, this, settings);
  if (connection_ != nullptr) return;
  state_ = State::closed;
  reason_ = tcp::CloseReason::no_port;
}

std::size_t StreamSocket::send(wire::Bytes bytes) {
  if (state_ != State::open) return 0;
  constexpr std::size_t kPiece = 16384;
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const std::size_t piece = std::min(bytes.size() - sent, kPiece);
    if (!connection_->has_room(piece)) break;
    if (connection_->write(bytes.subspan(sent, piece)) == tcp::Connection::kNotTaken) break;
    sent += piece;
  }
  waits_for_room_ = sent < bytes.size();
  return sent;
}

std::vector<std::uint8_t> StreamSocket::receive(std::size_t most) {
  taken_.clear();
  if (!readable_) return {};
  wanted_ = most;
  if (connection_ != nullptr) connection_->read_more();
  wanted_ = 0;
  return std::move(taken_);
}

void StreamSocket::shut_down_sending() {
  if (connection_ != nullptr) connection_->close();
}

void StreamSocket::close() {
  state_ = State::closed;
  if (connection_ == nullptr) return;
  tcp::Connection* const connection = connection_;
  connection_ = nullptr;
  connection->detach();
  connection->close();
}

void StreamSocket::vanish() {
  state_ = State::closed;
  if (connection_ != nullptr) connection_->detach();
  connection_ = nullptr;
}

void StreamSocket::on_connected(tcp::Connection& connection) {
  connection_ = &connection;
  peer_ = connection.remote();
  state_ = State::open;
  changed();
}

std::size_t StreamSocket::on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) {
  const std::size_t taken = std::min(bytes.size(), wanted_);
  taken_.insert(taken_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  wanted_ -= taken;
  const bool was_readable = readable_;
  readable_ = taken < bytes.size();
  if (readable_ && !was_readable) changed();
  return taken;
}

void StreamSocket::on_peer_closed(tcp::Connection&) {
  peer_closed_ = true;
  changed();
}

// What had arrived and was not read is gone with the connection, as after a reset.
void StreamSocket::on_closed(tcp::Connection&, tcp::CloseReason reason) {
  connection_ = nullptr;
  state_ = State::closed;
  readable_ = false;
  reason_ = reason;
  changed();
}

void StreamSocket::on_acknowledged(tcp::Connection&) {
  if (waits_for_room_) changed();
}

ListeningSocket::ListeningSocket(Transport& transport, NodeIndex node, std::uint16_t port,
                                 const tcp::Settings& settings, std::size_t backlog)
    : transport_(transport), node_(node), port_(port), backlog_(backlog) {
  transport_.listen(
      node, port,
      [this](tcp::Connection& connection) -> tcp::User* {
        std::erase_if(waiting_, [](const auto& socket) { return socket->state() == StreamSocket::State::closed; });
        if (waiting_.size() >= backlog_) return nullptr;
        waiting_.push_back(std::make_unique<StreamSocket>(transport_, node_));
        StreamSocket& made = *waiting_.back();
        made.connection_ = &connection;
        made.state_ = StreamSocket::State::connecting;
        made.set_changed([this] {
          if (changed_) changed_();
        });
        return &made;
      },
      settings);
}

ListeningSocket::~ListeningSocket() {
  transport_.stop_listening(node_, port_);
  for (const auto& socket : waiting_) socket->close();
}

void ListeningSocket::vanish() {
  for (const auto& socket : waiting_) socket->vanish();
}

std::unique_ptr<StreamSocket> ListeningSocket::accept() {
  const auto ready = std::find_if(waiting_.begin(), waiting_.end(),
                                  [](const auto& socket) { return socket->state() == StreamSocket::State::open; });
  if (ready == waiting_.end()) return nullptr;
  std::unique_ptr<StreamSocket> socket = std::move(*ready);
  waiting_.erase(ready);
  socket->set_changed(nullptr);
  return socket;
}

DatagramSocket::DatagramSocket(Transport& transport, NodeIndex node, std::uint16_t port)
    : transport_(transport), node_(node), port_(port != 0 ? port : transport.free_udp_port(node)) {
  transport_.bind_udp(node_, port_, [this](tcp::Endpoint from, wire::Bytes bytes) {
    if (waiting_.size() >= kMostWaiting) return;
    waiting_.push_back({from, {bytes.begin(), bytes.end()}});
    if (changed_) changed_();
  });
}

DatagramSocket::~DatagramSocket() { transport_.unbind_udp(node_, port_); }

bool DatagramSocket::send(tcp::Endpoint to, wire::Bytes bytes) { return transport_.send_udp(node_, port_, to, bytes); }

DatagramSocket::Datagram DatagramSocket::receive() {
  Datagram first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

}  // namespace wirelab
