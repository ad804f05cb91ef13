// A client and a broker with a stream of bytes between them, a millisecond long, that can be cut at any moment. There is no network.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "sim/protocol/mqtt/client.hpp"
#include "tests/sim/protocol/broker_bench.hpp"

namespace wirelab::mqtt {

class DirectLine {
 public:
  DirectLine(Bench& bench, Client& client) : bench_(bench), client_(client) {
    at_client_.line = at_broker_.line = this;
    at_client_.other = &at_broker_;
    at_broker_.other = &at_client_;
    index_ = bench.broker.opened(&at_broker_);
    client.opened(&at_client_);
  }
  ~DirectLine() { cut(); }
  DirectLine(const DirectLine&) = delete;
  DirectLine& operator=(const DirectLine&) = delete;
  /// What is under way is lost, and both ends learn of it.
  void cut() {
    if (!broken_) {
      broken_ = true;
      at_client_.pending.clear();
      at_broker_.pending.clear();
    }
    tell_client();
    tell_broker();
  }
  bool open() const { return !broken_ && at_client_.open && at_broker_.open; }

 private:
  struct End final : ByteChannel {
    DirectLine* line = nullptr;
    End* other = nullptr;
    std::deque<std::vector<std::uint8_t>> pending;  // to the other end
    std::uint64_t written = 0, arrived = 0;
    bool open = true;  // its owner has not let go
    bool scheduled = false;
    StreamPlace place() const override { return {this == &line->at_client_ ? 1u : 2u, written}; }
    std::uint64_t acknowledged() const override { return arrived; }
    bool is_open() const override { return open && !line->broken_; }
    bool has_room(std::size_t) const override { return true; }
    void write(Bytes bytes) override {
      pending.emplace_back(bytes.begin(), bytes.end());
      written += bytes.size();
      schedule();
    }
    void close() override {
      open = false;
      schedule();
    }
    void schedule() {
      if (scheduled) return;
      scheduled = true;
      EventQueue& events = line->bench_.events;
      line->event_[this == &line->at_client_ ? 0 : 1] =
          events.schedule(events.now() + Duration::milliseconds(1), on_arrival, this);
    }
  };
  static void on_arrival(void* target, std::uint64_t) {
    End& from = *static_cast<End*>(target);
    DirectLine& line = *from.line;
    from.scheduled = false;
    const bool to_broker = &from == &line.at_client_;
    while (!from.pending.empty() && from.other->open) {
      const auto bytes = std::move(from.pending.front());
      from.pending.pop_front();
      const StreamRange range{from.arrived, from.arrived + bytes.size()};
      from.arrived = range.end;
      if (to_broker) {
        line.bench_.broker.receive(line.index_, bytes, 1, range);
      } else {
        line.client_.receive(bytes, 2, range);
      }
    }
    if (from.open) return;
    line.broken_ = true;
    to_broker ? line.tell_broker() : line.tell_client();
  }
  void tell_client() {
    if (!at_client_.open) return;
    at_client_.open = false;
    client_.closed();
  }
  void tell_broker() {
    if (!at_broker_.open) return;
    at_broker_.open = false;
    bench_.broker.closed(index_);
  }

  Bench& bench_;
  Client& client_;
  End at_client_, at_broker_;
  ConnectionIndex index_ = 0;
  bool broken_ = false;
  EventId event_[2];
};

/// A client whose events are written down.
struct TestClient final : ClientUser {
  Bench& bench;
  MessagePool messages;
  Client client;
  std::unique_ptr<DirectLine> line;
  std::vector<std::unique_ptr<DirectLine>> old_lines;  // their last bytes may be under way
  std::vector<std::string> got;                        // payloads
  std::vector<Publish> packets;                        // without their texts
  std::vector<std::vector<std::uint8_t>> properties;
  int connacks = 0, ended = 0, published = 0;
  bool session_present = false;
  std::vector<ReasonCode> refused;
  std::vector<int> codes;
  std::string answer;  // to a challenge

  TestClient(Bench& on, std::string_view name, Version version = Version::v5)
      : bench(on), client(on.events, on.trace, on.trace.define(EntityKind::mqtt_client, name), messages, *this) {
    client.options().client_id = name;
    client.options().version = version;
  }
  /// Opens a connection and lets 20 ms go by.
  void connect() {
    if (line) old_lines.push_back(std::move(line));
    line = std::make_unique<DirectLine>(bench, client);
    settle();
  }
  void settle() { bench.after(Duration::milliseconds(20)); }
  Client::Published publish(std::string_view topic, std::string_view payload, Qos qos, bool retain = false,
                            Properties with = {}) {
    return client.publish(topic, wire::bytes_of(payload), qos, retain, with);
  }
  void subscribe(std::string_view filter, Qos qos = Qos::at_most_once) {
    const FilterRequest request{filter, qos};
    client.subscribe({&request, 1});
    settle();
  }
  void on_connack(Client&, const Connack& packet) override {
    ++connacks;
    session_present = packet.session_present;
  }
  void on_disconnected(Client&, bool) override { ++ended; }
  void on_message(Client&, const Publish& message) override {
    got.emplace_back(message.payload.begin(), message.payload.end());
    packets.push_back(message);
    const Bytes bytes = message.properties.bytes();
    properties.emplace_back(bytes.begin(), bytes.end());
  }
  void on_published(Client&, MessageId) override { ++published; }
  void on_refused(Client&, MessageId, ReasonCode reason) override { refused.push_back(reason); }
  void on_subscribed(Client&, PacketId, Bytes given) override { codes.assign(given.begin(), given.end()); }
  void on_unsubscribed(Client&, PacketId, Bytes given) override { codes.assign(given.begin(), given.end()); }
  void on_auth(Client&, ReasonCode reason, Bytes) override {
    if (reason == ReasonCode::continue_authentication) client.authenticate(reason, wire::bytes_of(answer));
  }
};

}  // namespace wirelab::mqtt
