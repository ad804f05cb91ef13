// A broker by itself with peers that write packets to it and read what it answers, without a network between them.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <memory>

#include "sim/protocol/mqtt/broker.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

namespace wirelab::mqtt {

inline constexpr Qos kQos0 = Qos::at_most_once;
inline constexpr Qos kQos1 = Qos::at_least_once;
inline constexpr Qos kQos2 = Qos::exactly_once;
using Texts = std::vector<std::string>;

/// Properties of a packet as a test writes them down.
class Props {
 public:
  Props& number(Property id, std::uint32_t value) {
    PropertyWriter(bytes_).number(id, value);
    return *this;
  }
  Props& text(Property id, std::string_view value) {
    PropertyWriter(bytes_).text(id, value);
    return *this;
  }
  Props& binary(Property id, std::string_view value) {
    PropertyWriter(bytes_).binary(id, wire::bytes_of(value));
    return *this;
  }
  Props& pair(std::string_view name, std::string_view value) {
    PropertyWriter(bytes_).pair(name, value);
    return *this;
  }
  operator Properties() const { return Properties(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct Bench {
  EventQueue events;
  Tracer trace{events, nullptr};
  Broker broker;
  explicit Bench(const BrokerSettings& settings = {}, Access* access = nullptr)
      : broker(events, trace, trace.define(EntityKind::broker, "broker"), settings, access) {}
  void after(Duration time) { events.run_until(events.now() + time); }
  void after_seconds(double seconds) { after(Duration::microseconds(static_cast<std::int64_t>(seconds * 1e6))); }
};

/// One network connection, seen from the client's end.
class Peer final : public ByteChannel {
 public:
  Peer(Bench& bench, Version version) : bench_(bench), version_(version), index_(bench.broker.opened(this)) {}
  /// Opened, and CONNECT sent and accepted.
  Peer(Bench& bench, Version version, std::string_view client_id, bool clean = true, Properties properties = {},
       std::optional<Will> will = std::nullopt)
      : Peer(bench, version) {
    Connect packet;
    packet.client_id = client_id;
    packet.clean_session = clean;
    packet.properties = properties;
    packet.will = will;
    connect(packet);
    connack = get<Connack>();
  }
  ~Peer() override {
    if (!closed) bench_.broker.closed(index_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void send(const std::vector<std::uint8_t>& bytes) {
    if (closed) return;
    bench_.broker.receive(index_, bytes, 2, {sent_, sent_ + bytes.size()});
    sent_ += bytes.size();
  }
  void connect(Connect packet) {
    packet.level = static_cast<std::uint8_t>(version_);
    std::vector<std::uint8_t> out;
    encode(packet, out);
    send(out);
  }
  void publish(std::string_view topic, std::string_view payload, Qos qos = Qos::at_most_once, PacketId id = 0,
               bool retain = false, Properties properties = {}) {
    std::vector<std::uint8_t> out;
    encode(Publish{topic, wire::bytes_of(payload), qos, retain, false, id, properties}, out, version_);
    send(out);
  }
  /// SUBSCRIBE; the codes of its SUBACK.
  std::vector<int> subscribe(std::vector<FilterRequest> filters, Properties properties = {}) {
    std::vector<std::uint8_t> out;
    encode_subscribe(77, filters, out, version_, properties);
    send(out);
    if (closed) return {};
    const Suback answer = get<Suback>();
    return {answer.codes.begin(), answer.codes.end()};
  }
  std::vector<int> subscribe(std::string_view filter, Qos qos = Qos::at_most_once) {
    return subscribe(std::vector<FilterRequest>{{filter, qos}});
  }
  std::vector<int> unsubscribe(std::vector<std::string_view> filters) {
    std::vector<std::uint8_t> out;
    encode_unsubscribe(78, filters, out, version_);
    send(out);
    const Unsuback answer = get<Unsuback>();
    return {answer.codes.begin(), answer.codes.end()};
  }
  void acknowledge(PacketType type, PacketId id, ReasonCode reason = ReasonCode::success) {
    std::vector<std::uint8_t> out;
    if (version_ == Version::v5) {
      encode_acknowledgement(type, id, reason, {}, out);
    } else {
      encode_acknowledgement(type, id, out);
    }
    send(out);
  }
  void disconnect(ReasonCode reason = ReasonCode::success, Properties properties = {}) {
    std::vector<std::uint8_t> out;
    if (version_ == Version::v5) {
      encode(Disconnect{reason, properties}, out);
    } else {
      encode_empty(PacketType::disconnect, out);
    }
    send(out);
  }
  void auth(ReasonCode reason, Properties properties) {
    std::vector<std::uint8_t> out;
    encode(Auth{reason, properties}, out);
    send(out);
  }
  void ping() {
    std::vector<std::uint8_t> out;
    encode_empty(PacketType::pingreq, out);
    send(out);
  }
  /// The network connection breaks.
  void cut() {
    if (closed) return;
    closed = true;
    bench_.broker.closed(index_);
  }

  bool quiet() const { return read_ == written_.size(); }
  /// The next packet from the broker. Its texts stay valid as long as the peer.
  Packet next() {
    REQUIRE_FALSE(quiet());
    const Bytes rest = Bytes(written_).subspan(read_);
    const auto header = decode_fixed_header(rest, version_);
    REQUIRE((header.has_value() && header->has_value()));
    kept_.emplace_back(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>((*header)->size()));
    read_ += (*header)->size();
    const auto packet = decode_whole(kept_.back(), version_);
    REQUIRE(packet.has_value());
    return *packet;
  }
  template <typename T>
  T get() {
    const Packet packet = next();
    INFO("it is a " << name_of(type_of(packet)));
    REQUIRE(std::holds_alternative<T>(packet));
    return std::get<T>(packet);
  }
  /// The payloads of the PUBLISH packets that wait, which are answered; other packets are passed over.
  std::vector<std::string> payloads() {
    std::vector<std::string> found;
    while (!quiet()) {
      const Packet packet = next();
      const auto* publish = std::get_if<Publish>(&packet);
      if (const auto* release = std::get_if<Pubrel>(&packet)) acknowledge(PacketType::pubcomp, release->packet_id);
      if (publish == nullptr) continue;
      found.emplace_back(publish->payload.begin(), publish->payload.end());
      if (publish->qos == Qos::at_least_once) acknowledge(PacketType::puback, publish->packet_id);
      if (publish->qos == Qos::exactly_once) acknowledge(PacketType::pubrec, publish->packet_id);
    }
    return found;
  }
  /// The reason of the DISCONNECT with which the broker has closed.
  ReasonCode dismissal() {
    const ReasonCode reason = get<Disconnect>().reason;
    CHECK(closed);
    CHECK(quiet());
    return reason;
  }

  Connack connack;
  bool closed = false;
  bool room = true;

  StreamPlace place() const override { return {1, written_.size()}; }
  std::uint64_t acknowledged() const override { return written_.size(); }
  bool is_open() const override { return !closed; }
  bool has_room(std::size_t) const override { return room; }
  void write(Bytes bytes) override { written_.insert(written_.end(), bytes.begin(), bytes.end()); }
  void close() override { closed = true; }

 private:
  Bench& bench_;
  Version version_;
  ConnectionIndex index_;
  std::vector<std::uint8_t> written_;
  std::size_t read_ = 0;
  std::uint64_t sent_ = 0;
  std::deque<std::vector<std::uint8_t>> kept_;
};

}  // namespace wirelab::mqtt
