// A tap on a link: what somebody reads there who sees every packet and knows no key. Packets are all it is given: it puts the
// streams of TCP together itself, and takes apart what it knows: MQTT, TLS, DNS. What is protected stays so; names, sizes and
// times are seen nevertheless.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/view/json_lines.hpp"
#include "sim/wire/ipv4.hpp"
#include "sim/wire/mqtt.hpp"
#include "sim/wire/wifi.hpp"

namespace wirelab {

/// What is seen of one message, or of one record that says nothing.
struct TapLine {
  std::int64_t at = 0;  // ns
  std::string from, to;
  enum class Kind : std::uint8_t {
    content,      // an application's payload, readable
    credentials,  // a user name or a password
    about,        // what is said openly around the content: topics that are subscribed to, names, certificates
    hidden,       // protected: only its size is seen
  } kind = Kind::about;
  std::string text;
};
std::string_view name_of(TapLine::Kind kind);

class Tap {
 public:
  /// A packet of IPv4 that is sent over the link; in order of time.
  void see(std::int64_t at, wire::Bytes packet);
  /// A frame of which only sender, receiver and size can be read: on a Wi-Fi network with a passphrase.
  void see_sealed(std::int64_t at, std::string_view from, std::string_view to, std::size_t bytes);
  /// What is sent over a hop without IP: a message of BLE or IEEE 802.15.4, or bytes of a serial line. None of them is protected.
  void see_message(std::int64_t at, std::string_view from, std::string_view to, wire::Bytes bytes);

  /// The first 100,000.
  const std::vector<TapLine>& lines() const { return lines_; }
  std::size_t count(TapLine::Kind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  std::size_t packets() const { return packets_; }
  std::size_t hidden_bytes() const { return hidden_bytes_; }

 private:
  enum class Protocol : std::uint8_t { unknown, mqtt, tls, other };
  using FlowKey = std::pair<std::uint64_t, std::uint64_t>;  // address and port of both ends
  // One direction of a connection.
  struct Flow {
    FlowKey back;  // the other direction's
    std::string from, to;
    Protocol protocol = Protocol::unknown;
    mqtt::Version version = mqtt::Version::v3_1_1;  // of MQTT, as CONNECT says
    bool begun = false;
    std::uint32_t first = 0;                                   // the first one of all
    std::uint32_t next = 0;                                    // the sequence number that is waited for
    std::vector<std::uint8_t> bytes;                           // in order, not taken apart yet
    std::map<std::uint32_t, std::vector<std::uint8_t>> later;  // by distance from `next` when they came
  };

  void see_segment(std::int64_t at, const wire::Ipv4Header& ip, wire::Bytes body);
  void see_datagram(std::int64_t at, const wire::Ipv4Header& ip, wire::Bytes body);
  void append(Flow& flow, std::uint32_t sequence, wire::Bytes bytes);
  void read(std::int64_t at, Flow& flow);
  std::size_t read_mqtt(std::int64_t at, Flow& flow, wire::Bytes bytes);
  std::size_t read_record(std::int64_t at, const Flow& flow, wire::Bytes bytes);
  void add(std::int64_t at, const std::string& from, const std::string& to, TapLine::Kind kind, std::string text);

  std::map<FlowKey, Flow> flows_;
  std::vector<TapLine> lines_;
  std::size_t counts_[4] = {};
  std::size_t packets_ = 0;
  std::size_t hidden_bytes_ = 0;
};

/// A tap that is fed with the records of a run, in order. Between stations that have gone through the 4-way handshake of WPA2 it
/// sees frames only.
class LinkTap {
 public:
  /// `directions` are those of the link.
  explicit LinkTap(std::set<EntityId> directions) : directions_(std::move(directions)) {}
  /// name(id) and blob(number) look up what the records name.
  template <typename Name, typename Blob>
  void take(const Record& record, Name&& name, Blob&& blob) {
    if (record.kind == Kind::wifi_frame && wifi::is_key(static_cast<wifi::Frame>(record.field)))
      sealed_.insert({record.entity, record.key});
    if (record.kind == Kind::packet_transmitted && record.key != 0 && directions_.contains(record.entity))
      see(record.at, name(record.entity), blob(record.key));
    if (record.kind == Kind::hop_sent && record.key != 0 && directions_.contains(record.entity))
      see_hop(record.at, name(record.entity), blob(record.key));
    if (sealed_.size() > sealed_names_.size())
      for (const EntityId node : sealed_) sealed_names_.emplace(name(node));
  }
  const Tap& tap() const { return tap_; }

 private:
  void see(std::int64_t at, std::string_view direction, wire::Bytes packet);
  void see_hop(std::int64_t at, std::string_view direction, wire::Bytes bytes);
  std::set<EntityId> directions_;
  std::set<EntityId> sealed_;  // nodes that have made keys
  std::set<std::string, std::less<>> sealed_names_;
  Tap tap_;
};

/// What a tap on the link or hop reads of a whole run. `link` as in capture.hpp.
tl::expected<Tap, std::string> tap_of(const LoadedTrace& trace, std::string_view link);
/// A table of the lines at most, the first ones, and the sums below.
std::string to_text(const Tap& tap, std::size_t most_lines);

}  // namespace wirelab
