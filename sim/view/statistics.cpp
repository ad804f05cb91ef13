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
  const auto n = [](std::uint64_t count) { return static_cast<double>(count); };
  return {
      {"published", "messages", "calls of publish()", n(published_)},
      {"accepted", "messages", "taken by brokers, wills included", n(accepted_)},
      {"delivered", "messages", "handed to programs, each counted", n(delivered_)},
      {"duplicates", "messages", "of these, a second time", n(duplicates_)},
      {"discarded", "messages", "accepted, nobody had subscribed", n(discarded_)},
      {"refused", "messages", "QoS 0 without a connection", n(refused_)},
      {"lost", "messages", "with connections, queues, crashes", n(lost_)},
      {"wills", "messages", "last wills published", n(wills_)},
      {"connections", "connections", "CONNACKs that clients got", n(connections_)},
      {"latency_mean", "ms", "publish to delivery, mean", mean},
      {"latency_p50", "ms", "publish to delivery, median", quantile(0.5)},
      {"latency_p95", "ms", "publish to delivery, 95 % quantile", quantile(0.95)},
      {"latency_max", "ms", "publish to delivery, longest", quantile(1.0)},
      {"packets", "packets", "IP packets that nodes emitted", n(packets_)},
      {"bytes", "bytes", "of these, IP headers included", n(bytes_)},
      {"packets_dropped", "packets", "lost on links, in queues, at nodes", n(dropped_)},
      {"retransmissions", "segments", "segments that TCP sent again", n(retransmissions_)},
  };
}

}  // namespace wirelab
