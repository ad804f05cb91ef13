#include "sim/view/statistics.hpp"

#include <algorithm>

namespace wirelab {
namespace {

// Byte 0 of a PUBLISH: the packet type stands in its upper half.
bool is_publish(const Record& r) { return r.field >> 4 == 3; }

}  // namespace

void Statistics::consume(const TracePart& part) {
  for (std::uint32_t i = part.from_record; i < part.to_record; ++i)
    take(part.chunk.record[i], part.chunk.first_record + i, part.chunk);
}

void Statistics::take(const Record& r, RecordNumber number, const TraceChunk& chunk) {
  switch (r.kind) {
    case Kind::packet_sent:
      ++packets_;
      if (r.key >= chunk.first_blob && r.key - chunk.first_blob < chunk.blobs)
        bytes_ += chunk.blob(r.key - chunk.first_blob).size();
      break;
    case Kind::packet_dropped: ++dropped_; break;
    case Kind::retransmission: ++retransmissions_; break;
    case Kind::session_event:
      if (static_cast<SessionEvent>(r.field) == SessionEvent::connected) ++connections_;
      break;
    case Kind::message_published:
      ++published_;
      origins_[r.subject] = {r.subject, r.at};
      break;
    case Kind::mqtt_sent:
      if (is_publish(r)) carried_[carrier_key(r.subject, r.a)] = r.key;
      break;
    case Kind::mqtt_received:
      if (is_publish(r)) {
        const auto carried = carried_.find(carrier_key(r.subject, r.a));
        if (carried == carried_.end()) break;
        last_received_message_ = carried->second;
        last_received_ = number;
        const auto origin = origins_.find(carried->second);
        if (r.key != 0 && origin != origins_.end()) {
          const Origin first = origin->second;  // a copy: the table may move when it grows
          origins_[r.key] = first;
        }
        carried_.erase(carrier_key(r.subject, r.a));
      }
      break;
    case Kind::message_accepted:
      ++accepted_;
      origins_.try_emplace(r.subject, Origin{r.subject, r.at});  // a will begins here
      break;
    case Kind::message_delivered: {
      ++delivered_;
      // A retained message (RETAIN 1, [MQTT-3.3.1-8]) was published long before it was asked for.
      if (r.cause != last_received_ || (r.field & 4) != 0) break;
      const auto origin = origins_.find(last_received_message_);
      if (origin == origins_.end()) break;
      latencies_.push_back(r.at - origin->second.at);
      if (!seen_.insert((static_cast<std::uint64_t>(r.entity) << 32) | origin->second.message).second) ++duplicates_;
      break;
    }
    case Kind::message_lost:
      switch (static_cast<LossReason>(r.field)) {
        case LossReason::no_subscription: ++discarded_; break;
        case LossReason::not_connected: ++refused_; break;
        default: ++lost_;
      }
      break;
    case Kind::will_published: ++wills_; break;
    default: break;
  }
}

std::vector<Metric> Statistics::metrics() const {
  std::vector<std::int64_t> sorted = latencies_;
  std::sort(sorted.begin(), sorted.end());
  const auto quantile = [&](double q) {
    if (sorted.empty()) return 0.0;
    const auto rank = static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5);
    return static_cast<double>(sorted[rank]) / 1e6;
  };
  std::int64_t sum = 0;
  for (const std::int64_t latency : sorted) sum += latency / 1000;
  const double mean = sorted.empty() ? 0.0 : static_cast<double>(sum) / static_cast<double>(sorted.size()) / 1e3;
  std::vector<Metric> all;
  const auto add = [&](const Counter& counter) {
    all.push_back({std::string(counter.name), std::string(counter.unit), std::string(counter.definition),
                   static_cast<double>(this->*counter.count)});
  };
  // The latencies stand between the messages and the packets.
  constexpr std::size_t kMessages = 9;
  for (std::size_t i = 0; i < kMessages; ++i) add(kCounters[i]);
  all.push_back({"latency_mean", "ms", "publish to delivery, mean", mean});
  all.push_back({"latency_p50", "ms", "publish to delivery, median", quantile(0.5)});
  all.push_back({"latency_p95", "ms", "publish to delivery, 95 % quantile", quantile(0.95)});
  all.push_back({"latency_max", "ms", "publish to delivery, longest", quantile(1.0)});
  for (std::size_t i = kMessages; i < kCounters.size(); ++i) add(kCounters[i]);
  return all;
}

const std::array<Statistics::Counter, 13> Statistics::kCounters{{
    {"published", "messages", "calls of publish()", &Statistics::published_},
    {"accepted", "messages", "taken by brokers, wills included", &Statistics::accepted_},
    {"delivered", "messages", "handed to programs, each counted", &Statistics::delivered_},
    {"duplicates", "messages", "of these, a second time", &Statistics::duplicates_},
    {"discarded", "messages", "accepted, nobody had subscribed", &Statistics::discarded_},
    {"refused", "messages", "QoS 0 without a connection", &Statistics::refused_},
    {"lost", "messages", "with connections, queues, crashes", &Statistics::lost_},
    {"wills", "messages", "last wills published", &Statistics::wills_},
    {"connections", "connections", "CONNACKs that clients got", &Statistics::connections_},
    {"packets", "packets", "IP packets that nodes emitted", &Statistics::packets_},
    {"bytes", "bytes", "of these, IP headers included", &Statistics::bytes_},
    {"packets_dropped", "packets", "lost on links, in queues, at nodes", &Statistics::dropped_},
    {"retransmissions", "segments", "segments that TCP sent again", &Statistics::retransmissions_},
}};

std::optional<double> Statistics::counter(std::string_view name) const {
  for (const Counter& counter : kCounters) {
    if (counter.name == name) return static_cast<double>(this->*counter.count);
  }
  return std::nullopt;
}

std::vector<std::string_view> Statistics::counters() {
  std::vector<std::string_view> names;
  for (const Counter& counter : kCounters) names.push_back(counter.name);
  return names;
}

}  // namespace wirelab
