#include "sim/world/outside.hpp"

#include <array>

namespace wirelab {

std::string_view name_of(OutsideEnding ending) {
  constexpr std::array<std::string_view, 6> names{
      "closed", "reset by the peer", "refused", "no route to the host", "given up by time", "its node has no power"};
  return names[static_cast<std::size_t>(ending)];
}

Outside::~Outside() {
  for (const auto& [number, link] : links_) {
    if (link->connection != nullptr) link->connection->detach();
  }
}

void Outside::connect(std::uint32_t number, NodeIndex node, tcp::Endpoint to) {
  ended_.clear();
  auto link = std::make_unique<Link>();
  link->outside = this;
  link->number = number;
  link->node = node;
  Link& made = *(links_[number] = std::move(link));
  made.connection = transport_.connect(node, to, &made);
  if (made.connection == nullptr) tell_end(number, OutsideEnding::unreachable);
}

void Outside::send(std::uint32_t number, wire::Bytes bytes) {
  const auto found = links_.find(number);
  if (found == links_.end()) return;
  Link& link = *found->second;
  if (link.open) {
    if (link.connection->can_send()) link.connection->write(bytes);
  } else {
    link.waiting.insert(link.waiting.end(), bytes.begin(), bytes.end());
  }
}

void Outside::end(std::uint32_t number, bool reset) {
  const auto found = links_.find(number);
  if (found == links_.end()) return;
  Link& link = *found->second;
  if (reset) {
    tcp::Connection* const connection = link.connection;
    connection->detach();
    connection->abort();
    links_.erase(number);
  } else if (link.open) {
    link.connection->close();
  } else {
    link.closing = true;
  }
}

void Outside::read(std::uint32_t number, bool reads) {
  const auto found = links_.find(number);
  if (found == links_.end()) return;
  found->second->reads = reads;
  if (reads) found->second->connection->read_more();
}

void Outside::vanish(NodeIndex node) {
  std::vector<std::uint32_t> gone;
  for (const auto& [number, link] : links_) {
    if (link->node != node) continue;
    link->connection->detach();
    gone.push_back(number);
  }
  for (const std::uint32_t number : gone) tell_end(number, OutsideEnding::no_power);
}

bool Outside::has_room(std::uint32_t number, std::size_t bytes) const {
  const auto found = links_.find(number);
  if (found == links_.end()) return true;
  const Link& link = *found->second;
  return link.open ? link.connection->has_room(bytes) : link.waiting.size() + bytes <= 65536;
}

void Outside::tell_end(std::uint32_t number, OutsideEnding ending) {
  const auto found = links_.find(number);
  ended_.push_back(std::move(found->second));
  links_.erase(found);
  if (user_ != nullptr) user_->on_ended(number, ending);
}

void Outside::Link::on_connected(tcp::Connection& c) {
  open = true;
  if (!waiting.empty()) c.write(waiting);
  waiting = {};
  if (outside->user_ != nullptr) outside->user_->on_open(number);
  if (closing) c.close();
}

std::size_t Outside::Link::on_data(tcp::Connection&, wire::Bytes bytes, std::uint64_t) {
  if (!reads) return 0;
  if (outside->user_ != nullptr) outside->user_->on_bytes(number, bytes);
  return bytes.size();
}

void Outside::Link::on_peer_closed(tcp::Connection&) {
  if (outside->user_ != nullptr) outside->user_->on_peer_closed(number);
}

void Outside::Link::on_closed(tcp::Connection&, tcp::CloseReason reason) {
  connection = nullptr;
  outside->tell_end(number, reason == tcp::CloseReason::orderly       ? OutsideEnding::orderly
                            : reason == tcp::CloseReason::refused     ? OutsideEnding::refused
                            : reason == tcp::CloseReason::unreachable ? OutsideEnding::unreachable
                            : reason == tcp::CloseReason::timed_out   ? OutsideEnding::timed_out
                                                                      : OutsideEnding::reset);
}

}  // namespace wirelab
