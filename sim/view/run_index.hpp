// What a window looks up in a trace that is still growing: the entities and what belongs to whom, which packets are under way when,
// which control packets crossed which stream, what was dropped, and how busy each moment was. It reads each record once, in
// order, as far as it is told to; every list is in order of time.
#pragma once

#include <tsl/robin_map.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/store.hpp"
#include "sim/view/dissect.hpp"
#include "sim/view/timer_tracks.hpp"

namespace wirelab {

struct IndexedEntity {
  EntityId entity = 0;
  EntityKind kind = EntityKind::none;
  EntityId owner = 0;
  EntityId node = 0;  // the node it belongs to; itself for a node, 0 for a link
  RecordNumber defined = 0;
};

/// One direction of a link.
struct IndexedChannel {
  EntityId entity = 0;
  EntityId link = 0;
  EntityId from = 0;
  EntityId to = 0;
  bool is_hop = false;  // that carries no IP
};

/// A packet on one direction of a link, from its first bit to its arrival.
struct Flight {
  RecordNumber record = 0;
  std::int64_t begin = 0;
  std::int64_t departure = 0;  // of its last bit
  std::int64_t arrival = 0;    // of its last bit, also where it was lost on the way
  std::int64_t lost_at = 0;    // 0: it arrived, or is on its way
  BlobNumber blob = 0;
  StreamId stream = 0;
  EntityId channel = 0;
  std::uint16_t reason = 0;  // DropReason
  std::uint32_t earlier =
      0;  // the place + 1 of an earlier one of the same packet on the same channel: this is its copy
};

/// A control packet of MQTT on its way from one node's core to another's.
struct Exchange {
  RecordNumber sent = 0;
  RecordNumber received = 0;  // 0: not yet, or never
  std::int64_t sent_at = 0;
  std::int64_t received_at = 0;
  EntityId from = 0;  // the client or session that sent it
  EntityId from_node = 0;
  EntityId to_node = 0;
  StreamId stream = 0;
  std::int64_t begin = 0;  // its range of the stream
  std::int64_t end = 0;
  std::uint8_t first_byte = 0;
  mqtt::Version version = mqtt::Version::v3_1_1;  // 5.0, or what is read as 3.1.1
  MessageId message = 0;
  std::int64_t lost_at = 0;  // when a packet with bytes of it was first dropped; 0: none was
  std::uint16_t reason = 0;  // DropReason of that
};

/// Something that a time line marks: a loss, a retransmission, a will, an intervention.
struct Mark {
  RecordNumber record = 0;
  std::int64_t at = 0;
  Kind kind = Kind::none;
  EntityId entity = 0;
};

/// A packet as its sender emitted it.
struct IndexedPacket {
  RecordNumber sent = 0;
  StreamId stream = 0;
  std::int64_t begin = 0;  // its payload's range of the stream
  std::int64_t end = 0;
  std::int64_t at = 0;
  bool is_hop = false;  // a message over a hop that carries no IP
};

struct Stream {
  EntityId sender = 0;  // the end of the connection that sends
  EntityId from_node = 0;
  EntityId to_node = 0;
  std::int64_t last_duration = 0;  // of the newest control packet that arrived
  StreamId reverse = 0;            // the other direction of the connection, once it is open
};

class RunIndex {
 public:
  /// Reads on to record `to`, at most `most` records. True if it has read that far.
  bool read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most = ~RecordNumber{0});
  RecordNumber last() const { return last_; }
  std::int64_t last_at() const { return last_at_; }

  const std::vector<IndexedEntity>& entities() const { return entities_; }
  const std::vector<IndexedChannel>& channels() const { return channels_; }
  const std::vector<Flight>& flights() const { return flights_; }
  const std::vector<Exchange>& exchanges() const { return exchanges_; }
  const std::vector<Mark>& marks() const { return marks_; }
  const TimerTracks& timers() const { return timers_; }
  /// Null if there is none.
  const IndexedEntity* find(EntityId entity) const;
  const IndexedChannel* channel(EntityId entity) const;
  /// What belongs to a node, itself left out, in the order of definition.
  std::span<const EntityId> belongings(EntityId node) const;
  const Stream* stream(StreamId id) const { return id < streams_.size() ? &streams_[id] : nullptr; }

  /// Null if no such packet was seen.
  const IndexedPacket* packet(BlobNumber blob) const { return blob < packets_.size() ? &packets_[blob] : nullptr; }
  /// The exchange whose mqtt_sent record this is; null if there is none.
  const Exchange* exchange(RecordNumber sent) const;
  /// Whether a broker has this session at the instant, connected or stored.
  bool session_exists(EntityId session, std::int64_t at) const;
  /// The messages that wait for a session at the instant, the next one first. A queue is filled at its end and emptied at its
  /// front, so they are the last `count` that were queued; `count` is the session's state at that instant.
  std::vector<MessageId> queued(EntityId session, std::int64_t at, std::size_t count) const;
  /// The message that a session has in flight, or had last by the instant, under this packet identifier; 0 if there was none.
  MessageId in_flight(EntityId session, std::uint32_t packet_id, std::int64_t at) const;
  /// Where a broker's message came from: the record of its acceptance, or for a will that is armed the one that armed it; 0 if
  /// that is not known.
  RecordNumber origin_of(MessageId message) const;
  /// The packet that carried the beginning of a control packet first; 0 if TCP had not sent it by the instant.
  BlobNumber carrier(const Exchange& exchange, std::int64_t by) const;
  /// A control packet's bytes, put together from the packets that had carried them by the instant; empty where some had not been
  /// sent.
  std::vector<std::uint8_t> bytes_of(const TraceStore::Reader& reader, const Exchange& exchange, std::int64_t by) const;
  /// The first exchange of the stream whose range ends after `offset`; null if there is none.
  const Exchange* exchange_at(StreamId stream, std::int64_t offset) const;
  /// What a packet's payload belongs to, and where in it the first control packet of MQTT begins, or the first record of TLS.
  StreamPart part_of(const IndexedPacket& packet) const;
  /// Calls see(flight) for all that are under way, or are being lost, at the instant.
  template <typename See>
  void under_way(std::int64_t at, See&& see) const {
    for (std::size_t i = flights_before(at); i > 0; --i) {
      const Flight& flight = flights_[i - 1];
      if (flight.begin + longest_flight_ < at) break;
      const std::int64_t end = flight.lost_at != 0 ? std::min(flight.lost_at, flight.arrival) : flight.arrival;
      if (end >= at) see(flight);
    }
  }
  /// The same for all that were lost in (from, to].
  template <typename See>
  void lost_between(std::int64_t from, std::int64_t to, See&& see) const {
    for (std::size_t i = flights_before(to); i > 0; --i) {
      const Flight& flight = flights_[i - 1];
      if (flight.begin + longest_flight_ < from) break;
      if (flight.lost_at != 0 && flight.lost_at > from && flight.lost_at <= to) see(flight);
    }
  }
  /// The number of flights that begin by the instant.
  std::size_t flights_before(std::int64_t at) const;
  std::int64_t longest_flight() const { return longest_flight_; }
  /// The number of exchanges, or marks, that begin before the instant.
  std::size_t exchanges_before(std::int64_t at) const;
  std::size_t marks_before(std::int64_t at) const;
  /// How long the longest control packet was on its way.
  std::int64_t longest_exchange() const { return longest_exchange_; }
  /// Packets and losses in each of so many equal parts of [0, end).
  struct Activity {
    std::uint32_t packets = 0;
    std::uint32_t losses = 0;
  };
  std::vector<Activity> activity(std::int64_t end, std::size_t parts) const;

 private:
  void take(const TraceStore::Reader& reader, const Record& record, RecordNumber number);
  void add_flight(const Record& record, RecordNumber number);
  void define(const TraceStore::Reader& reader, const Record& record, RecordNumber number);

  RecordNumber last_ = 0;
  std::int64_t last_at_ = 0;
  std::vector<IndexedEntity> entities_;
  std::vector<IndexedChannel> channels_;
  std::vector<Flight> flights_;
  std::vector<Exchange> exchanges_;
  std::vector<Mark> marks_;
  TimerTracks timers_;
  std::vector<Stream> streams_;
  std::vector<IndexedPacket> packets_;                        // by blob
  std::vector<std::vector<std::uint32_t>> stream_exchanges_;  // places in exchanges_, in order of begin
  std::vector<std::vector<BlobNumber>> stream_packets_;       // that carry bytes of it, in order of sending
  // Calls see(packet, blob) for those from the sending of the exchange on, for as long as it returns true.
  template <typename See>
  void packets_from(const Exchange& exchange, See&& see) const {
    if (exchange.stream >= stream_packets_.size()) return;
    const auto& blobs = stream_packets_[exchange.stream];
    auto at = std::partition_point(blobs.begin(), blobs.end(),
                                   [&](BlobNumber blob) { return packets_[blob].sent < exchange.sent; });
    while (at != blobs.end() && see(packets_[*at], *at)) ++at;
  }
  tsl::robin_map<EntityId, std::uint32_t, MixHash> entity_places_;
  tsl::robin_map<EntityId, std::vector<EntityId>, MixHash> belongings_;  // by node
  std::map<std::string, EntityId, std::less<>> node_names_;
  tsl::robin_map<EntityId, std::uint32_t, MixHash> channel_places_;
  Flight* flight_of(const Record& record);
  tsl::robin_map<std::uint64_t, std::uint32_t, MixHash> latest_flight_;  // by channel and blob
  tsl::robin_map<std::uint64_t, std::uint32_t, MixHash> open_exchange_;  // by stream and begin
  tsl::robin_map<MessageId, RecordNumber, MixHash> origins_;
  struct TlsRecord {
    std::int64_t begin = 0, end = 0;  // in the stream
    BlobNumber content = 0;           // what it holds, of application data
  };
  tsl::robin_map<StreamId, std::vector<TlsRecord>, MixHash> tls_records_;  // in order of begin
  bool was_sent(const Exchange& exchange, std::int64_t by) const;
  tsl::robin_map<EntityId, std::vector<std::pair<std::int64_t, bool>>, MixHash> sessions_;  // from then on: it exists
  tsl::robin_map<EntityId, std::vector<std::pair<std::int64_t, MessageId>>, MixHash> queued_;  // by session
  struct InFlight {
    std::int64_t at = 0;
    std::uint32_t packet_id = 0;
    MessageId message = 0;
  };
  tsl::robin_map<EntityId, std::vector<InFlight>, MixHash> in_flight_;  // by session, as each came into the window
  EntityId filling_ = 0;  // the session whose window got an entry that is not sent yet
  std::uint32_t filled_id_ = 0;
  std::int64_t longest_flight_ = 0;
  std::int64_t longest_exchange_ = 0;
  static constexpr std::int64_t kBin = 100'000'000;  // ns of one bin of activity
  std::vector<Activity> bins_;
};

}  // namespace wirelab
