#include "sim/view/run_index.hpp"

#include <algorithm>

#include "sim/wire/mqtt_word.hpp"

namespace wirelab {
namespace {

std::uint64_t pair_key(std::uint32_t a, std::uint64_t b) { return (static_cast<std::uint64_t>(a) << 36) ^ b; }

// The nearest word for a loss on a link.
DropReason reason_of(HopFailure failure) {
  switch (failure) {
    case HopFailure::inbox_full: return DropReason::queue_full;
    case HopFailure::not_connected: return DropReason::link_down;
    case HopFailure::node_down: return DropReason::node_down;
    default: return DropReason::no_answer;
  }
}

template <typename List, typename AtOf>
std::size_t count_before(const List& list, std::int64_t at, AtOf at_of) {
  return static_cast<std::size_t>(
      std::partition_point(list.begin(), list.end(), [&](const auto& item) { return at_of(item) < at; }) -
      list.begin());
}

}  // namespace

bool RunIndex::read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most) {
  to = std::min(to, reader.last());
  if (last_ + 1 < reader.first()) last_ = reader.first() - 1;
  for (; most > 0 && last_ < to; --most) {
    ++last_;
    const Record& record = reader.record(last_);
    if (record.kind == Kind::none) continue;
    last_at_ = record.at;
    take(reader, record, last_);
  }
  return last_ >= to;
}

const IndexedEntity* RunIndex::find(EntityId entity) const {
  const auto at = entity_places_.find(entity);
  return at == entity_places_.end() ? nullptr : &entities_[at->second];
}

const IndexedChannel* RunIndex::channel(EntityId entity) const {
  const auto at = channel_places_.find(entity);
  return at == channel_places_.end() ? nullptr : &channels_[at->second];
}

std::span<const EntityId> RunIndex::belongings(EntityId node) const {
  const auto found = belongings_.find(node);
  return found == belongings_.end() ? std::span<const EntityId>() : found->second;
}

void RunIndex::define(const TraceStore::Reader& reader, const Record& record, RecordNumber number) {
  IndexedEntity made{record.entity, static_cast<EntityKind>(record.field), record.subject, 0, number};
  if (is_node(made.kind)) {
    made.node = made.entity;
    node_names_.emplace(reader.name(made.entity), made.entity);
  } else if (const IndexedEntity* owner = find(made.owner)) {
    made.node = owner->node;
    if (made.node != 0) belongings_[made.node].push_back(made.entity);
  }
  // A direction of a link is named "from>to"; no node has a ">" in its name.
  if ((made.kind == EntityKind::link || made.kind == EntityKind::hop) && made.owner != 0) {
    std::string_view name = reader.name(made.entity);
    IndexedChannel channel{made.entity, made.owner, 0, 0, made.kind == EntityKind::hop};
    if (channel.is_hop) name = name.substr(0, name.rfind(" ("));  // its kind stands behind it
    const std::size_t cut = name.find('>');
    const auto named = [&](std::string_view node) {
      const auto found = node_names_.find(node);
      return found == node_names_.end() ? EntityId{0} : found->second;
    };
    channel.from = named(name.substr(0, cut));
    channel.to = named(name.substr(cut + 1));
    channel_places_[made.entity] = static_cast<std::uint32_t>(channels_.size());
    channels_.push_back(channel);
  }
  entity_places_[made.entity] = static_cast<std::uint32_t>(entities_.size());
  entities_.push_back(made);
}

void RunIndex::add_flight(const Record& record, RecordNumber number) {
  std::uint32_t& latest = latest_flight_[pair_key(record.entity, record.key)];
  flights_.push_back({number, record.at, record.a, record.b, 0, record.key, record.subject, record.entity, 0, latest});
  latest = static_cast<std::uint32_t>(flights_.size());
  longest_flight_ = std::max(longest_flight_, record.b - record.at);
  const auto bin = static_cast<std::size_t>(record.at / kBin);
  if (bins_.size() <= bin) bins_.resize(bin + 1);
  ++bins_[bin].packets;
}

void RunIndex::take(const TraceStore::Reader& reader, const Record& record, RecordNumber number) {
  switch (record.kind) {
    case Kind::defined: define(reader, record, number); break;
    case Kind::state:
      timers_.take(record);
      if (static_cast<Field>(record.field) == Field::session_will && record.b != 0)
        origins_[static_cast<MessageId>(record.b)] = number;
      // A new entry of the window; the PUBLISH that is sent next says whose message it is.
      if (static_cast<Field>(record.field) == Field::session_inflight && record.a == 0 && record.b != 0)
        filling_ = record.entity, filled_id_ = record.key;
      break;
    case Kind::message_accepted: origins_[record.subject] = number; break;
    case Kind::message_queued: queued_[record.entity].emplace_back(record.at, record.subject); break;
    case Kind::session_event: {
      const auto event = static_cast<SessionEvent>(record.field);
      if (event == SessionEvent::session_created || event == SessionEvent::session_resumed) {
        sessions_[record.entity].emplace_back(record.at, true);
      } else if (event == SessionEvent::session_discarded) {
        sessions_[record.entity].emplace_back(record.at, false);
      }
      break;
    }
    case Kind::stream_opened: {
      if (streams_.size() <= record.subject) streams_.resize(record.subject + 1);
      const IndexedEntity* sender = find(record.entity);
      Stream& made = streams_[record.subject];
      made.sender = record.entity;
      made.from_node = sender == nullptr ? 0 : sender->node;
      break;
    }
    case Kind::stream_joined: {
      const auto other = static_cast<StreamId>(record.a);
      if (const StreamId last = std::max(other, record.subject); streams_.size() <= last) streams_.resize(last + 1);
      streams_[record.subject].reverse = other;
      streams_[other].reverse = record.subject;
      break;
    }
    case Kind::packet_sent:
      if (packets_.size() <= record.key) packets_.resize(record.key + 1);
      packets_[record.key] = {number, record.subject, record.a, record.b, record.at, false};
      if (record.b > record.a && record.subject != 0) {
        if (stream_packets_.size() <= record.subject) stream_packets_.resize(record.subject + 1);
        stream_packets_[record.subject].push_back(record.key);
      }
      break;
    case Kind::tls_sent: tls_records_[record.subject].push_back({record.a, record.b, 0}); break;
    case Kind::tls_content: tls_records_[record.subject].push_back({record.a, record.b, record.key}); break;
    case Kind::packet_translated: {
      if (packets_.size() <= record.key) packets_.resize(record.key + 1);
      const auto before = static_cast<std::size_t>(record.a);
      if (before < packets_.size()) packets_[record.key] = packets_[before];
      break;
    }
    case Kind::packet_transmitted: add_flight(record, number); break;
    case Kind::hop_sent:
      if (packets_.size() <= record.key) packets_.resize(record.key + 1);
      packets_[record.key] = {number, 0, 0, 0, record.at, true};
      add_flight(record, number);
      break;
    case Kind::hop_received:
    case Kind::hop_failed: {
      // When it would arrive was only a guess.
      const auto at = latest_flight_.find(pair_key(record.entity, record.key));
      if (at == latest_flight_.end()) break;
      Flight& flight = flights_[at->second - 1];
      flight.arrival = std::max(record.at, flight.begin + 1);
      longest_flight_ = std::max(longest_flight_, flight.arrival - flight.begin);
      if (record.kind == Kind::hop_received) {
        // It has arrived, also where its sender never hears so and gives it up.
        latest_flight_.erase(at);
        break;
      }
      flight.lost_at = flight.arrival;
      flight.reason = static_cast<std::uint16_t>(reason_of(static_cast<HopFailure>(record.field)));
      marks_.push_back({number, record.at, record.kind, record.entity});
      break;
    }
    case Kind::packet_delayed:
      if (Flight* flight = flight_of(record)) {
        flight->arrival = record.b;
        longest_flight_ = std::max(longest_flight_, flight->arrival - flight->begin);
      }
      break;
    case Kind::packet_dropped: {
      if (Flight* flight = flight_of(record)) {
        flight->reason = record.field;
        // Lost by chance it vanishes somewhere on the way; where is nowhere said, so halfway is shown.
        flight->lost_at = static_cast<DropReason>(record.field) == DropReason::loss
                              ? flight->begin + (flight->arrival - flight->begin) / 2
                              : std::max<std::int64_t>(record.at, 1);
      }
      if (record.b > record.a && record.subject < stream_exchanges_.size()) {
        const auto& places = stream_exchanges_[record.subject];
        auto at = std::partition_point(places.begin(), places.end(),
                                       [&](std::uint32_t place) { return exchanges_[place].end <= record.a; });
        for (; at != places.end() && exchanges_[*at].begin < record.b; ++at) {
          if (exchanges_[*at].lost_at == 0) exchanges_[*at].lost_at = record.at, exchanges_[*at].reason = record.field;
        }
      }
      marks_.push_back({number, record.at, record.kind, record.entity});
      const auto bin = static_cast<std::size_t>(record.at / kBin);
      if (bins_.size() <= bin) bins_.resize(bin + 1);
      ++bins_[bin].losses;
      break;
    }
    case Kind::timer_fired: timers_.take(record); break;
    case Kind::retransmission:
    case Kind::will_published:
    case Kind::intervention:
    case Kind::message_lost:
    case Kind::expectation_failed: marks_.push_back({number, record.at, record.kind, record.entity}); break;
    case Kind::mqtt_sent: {
      const IndexedEntity* from = find(record.entity);
      Exchange made;
      made.sent = number;
      made.sent_at = record.at;
      made.from = record.entity;
      made.from_node = from == nullptr ? 0 : from->node;
      made.to_node = record.subject < streams_.size() ? streams_[record.subject].to_node : 0;
      made.stream = record.subject;
      made.begin = record.a;
      made.end = record.b;
      made.first_byte = mqtt::first_byte_of(record.field);
      made.version = mqtt::version_of(record.field);
      made.message = record.key;
      if (filling_ != 0 && filling_ == record.entity && made.message != 0) {
        in_flight_[record.entity].push_back({record.at, filled_id_, made.message});
        filling_ = 0;
      }
      open_exchange_[pair_key(record.subject, static_cast<std::uint64_t>(record.a))] =
          static_cast<std::uint32_t>(exchanges_.size());
      if (stream_exchanges_.size() <= record.subject) stream_exchanges_.resize(record.subject + 1);
      stream_exchanges_[record.subject].push_back(static_cast<std::uint32_t>(exchanges_.size()));
      exchanges_.push_back(made);
      break;
    }
    case Kind::mqtt_received: {
      const auto at = open_exchange_.find(pair_key(record.subject, static_cast<std::uint64_t>(record.a)));
      if (at == open_exchange_.end()) break;
      Exchange& exchange = exchanges_[at->second];
      const IndexedEntity* to = find(record.entity);
      exchange.received = number;
      exchange.received_at = record.at;
      exchange.to_node = to == nullptr ? 0 : to->node;
      if (record.subject < streams_.size()) {
        streams_[record.subject].to_node = exchange.to_node;
        streams_[record.subject].last_duration = record.at - exchange.sent_at;
      }
      longest_exchange_ = std::max(longest_exchange_, record.at - exchange.sent_at);
      open_exchange_.erase(pair_key(record.subject, static_cast<std::uint64_t>(record.a)));
      break;
    }
    default: break;
  }
}

const Exchange* RunIndex::exchange(RecordNumber sent) const {
  const auto found =
      std::partition_point(exchanges_.begin(), exchanges_.end(), [&](const Exchange& e) { return e.sent < sent; });
  return found != exchanges_.end() && found->sent == sent ? &*found : nullptr;
}

bool RunIndex::session_exists(EntityId session, std::int64_t at) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return false;
  const auto& changes = found->second;
  const auto after = std::partition_point(changes.begin(), changes.end(), [&](const auto& c) { return c.first <= at; });
  return after != changes.begin() && (after - 1)->second;
}

std::vector<MessageId> RunIndex::queued(EntityId session, std::int64_t at, std::size_t count) const {
  const auto found = queued_.find(session);
  if (found == queued_.end()) return {};
  const auto& all = found->second;
  const std::size_t end = count_before(all, at + 1, [](const auto& one) { return one.first; });
  std::vector<MessageId> waiting;
  for (std::size_t i = end - std::min(end, count); i < end; ++i) waiting.push_back(all[i].second);
  return waiting;
}

MessageId RunIndex::in_flight(EntityId session, std::uint32_t packet_id, std::int64_t at) const {
  const auto found = in_flight_.find(session);
  if (found == in_flight_.end()) return 0;
  const auto& all = found->second;
  for (std::size_t i = count_before(all, at + 1, [](const InFlight& one) { return one.at; }); i > 0; --i) {
    if (all[i - 1].packet_id == packet_id) return all[i - 1].message;
  }
  return 0;
}

RecordNumber RunIndex::origin_of(MessageId message) const {
  const auto found = origins_.find(message);
  return found == origins_.end() ? 0 : found->second;
}

BlobNumber RunIndex::carrier(const Exchange& exchange, std::int64_t by) const {
  BlobNumber found = 0;
  packets_from(exchange, [&](const IndexedPacket& packet, BlobNumber blob) {
    if (packet.at > by) return false;
    if (packet.begin <= exchange.begin && exchange.begin < packet.end) found = blob;
    return found == 0;
  });
  return found;
}

std::vector<std::uint8_t> RunIndex::bytes_of(const TraceStore::Reader& reader, const Exchange& exchange,
                                             std::int64_t by) const {
  std::vector<std::uint8_t> bytes;
  if (const auto tls = tls_records_.find(exchange.stream); tls != tls_records_.end()) {
    if (!was_sent(exchange, by)) return bytes;
    const auto& records = tls->second;
    auto record = std::partition_point(records.begin(), records.end(),
                                       [&](const TlsRecord& r) { return r.begin < exchange.begin; });
    for (; record != records.end() && record->end <= exchange.end; ++record) {
      const auto content = reader.blob(record->content);
      bytes.insert(bytes.end(), content.begin(), content.end());
    }
    return bytes;
  }
  std::int64_t at = exchange.begin;
  packets_from(exchange, [&](const IndexedPacket& packet, BlobNumber blob) {
    if (packet.at > by) return false;
    if (packet.begin > at || packet.end <= at) return true;
    // The payload is the end of the packet.
    const auto whole = reader.blob(blob);
    const auto payload = whole.last(std::min(whole.size(), static_cast<std::size_t>(packet.end - packet.begin)));
    const auto from = static_cast<std::size_t>(at - packet.begin);
    const auto to = static_cast<std::size_t>(std::min(packet.end, exchange.end) - packet.begin);
    if (to > payload.size()) return false;
    bytes.insert(bytes.end(), payload.begin() + static_cast<std::ptrdiff_t>(from),
                 payload.begin() + static_cast<std::ptrdiff_t>(to));
    at = std::min(packet.end, exchange.end);
    return at < exchange.end;
  });
  if (at < exchange.end) bytes.clear();
  return bytes;
}

const Exchange* RunIndex::exchange_at(StreamId stream, std::int64_t offset) const {
  if (stream >= stream_exchanges_.size()) return nullptr;
  const auto& places = stream_exchanges_[stream];
  const auto at = std::partition_point(places.begin(), places.end(),
                                       [&](std::uint32_t place) { return exchanges_[place].end <= offset; });
  return at == places.end() ? nullptr : &exchanges_[*at];
}

StreamPart RunIndex::part_of(const IndexedPacket& packet) const {
  using Content = StreamPart::Content;
  if (const auto tls = tls_records_.find(packet.stream); tls != tls_records_.end()) {
    const auto& records = tls->second;
    const auto first = std::partition_point(records.begin(), records.end(),
                                            [&](const TlsRecord& record) { return record.begin < packet.begin; });
    if (first == records.end() || first->begin >= packet.end) return {Content::tls, StreamPart::kNone};
    return {Content::tls, static_cast<std::size_t>(first->begin - packet.begin)};
  }
  if (packet.stream >= stream_exchanges_.size() || stream_exchanges_[packet.stream].empty()) return {};
  const Exchange* exchange = exchange_at(packet.stream, packet.begin);
  if (exchange != nullptr && exchange->begin < packet.begin) exchange = exchange_at(packet.stream, exchange->end);
  if (exchange == nullptr || exchange->begin >= packet.end) return {Content::mqtt, StreamPart::kNone};
  return {Content::mqtt, static_cast<std::size_t>(exchange->begin - packet.begin), exchange->version};
}

// Whether packets had carried all of it by the instant.
bool RunIndex::was_sent(const Exchange& exchange, std::int64_t by) const {
  std::int64_t at = exchange.begin;
  packets_from(exchange, [&](const IndexedPacket& packet, BlobNumber) {
    if (packet.at > by) return false;
    if (packet.begin <= at && packet.end > at) at = packet.end;
    return at < exchange.end;
  });
  return at >= exchange.end;
}

// The flight that a record of a packet on a channel is about: the newest of its copies that is still under way.
Flight* RunIndex::flight_of(const Record& record) {
  const auto at = latest_flight_.find(pair_key(record.entity, record.key));
  std::uint32_t place = at == latest_flight_.end() ? 0 : at->second;
  for (; place != 0; place = flights_[place - 1].earlier) {
    Flight& flight = flights_[place - 1];
    if (flight.lost_at == 0 && flight.arrival >= record.at) return &flight;
  }
  return nullptr;
}

std::size_t RunIndex::flights_before(std::int64_t at) const {
  return count_before(flights_, at + 1, [](const Flight& f) { return f.begin; });
}

std::size_t RunIndex::exchanges_before(std::int64_t at) const {
  return count_before(exchanges_, at, [](const Exchange& e) { return e.sent_at; });
}

std::size_t RunIndex::marks_before(std::int64_t at) const {
  return count_before(marks_, at, [](const Mark& m) { return m.at; });
}

std::vector<RunIndex::Activity> RunIndex::activity(std::int64_t end, std::size_t parts) const {
  std::vector<Activity> all(parts);
  for (std::size_t bin = 0; bin < bins_.size() && end > 0; ++bin) {
    const auto at = static_cast<std::int64_t>(bin) * kBin;
    const auto part =
        static_cast<std::size_t>(static_cast<double>(at) / static_cast<double>(end) * static_cast<double>(parts));
    if (part >= parts) break;
    all[part].packets += bins_[bin].packets;
    all[part].losses += bins_[bin].losses;
  }
  return all;
}

}  // namespace wirelab
