#include "sim/view/statistics.hpp"

#include <algorithm>

namespace wirelab {
namespace {

// Byte 0 of a PUBLISH: the packet type stands in its upper half.
bool is_publish(const Record& r) { return ((r.field >> 4) & 15) == 3; }

}  // namespace

void Statistics::consume(const TracePart& part) {
  const TraceChunk& chunk = part.chunk;
  for (std::uint32_t i = part.from_record; i < part.to_record; ++i) {
    const Record& r = chunk.record[i];
    const bool packet =
        r.kind == Kind::packet_sent && r.key >= chunk.first_blob && r.key - chunk.first_blob < chunk.blobs;
    take(r, chunk.first_record + i, packet ? chunk.blob(r.key - chunk.first_blob).size() : 0);
  }
}

void Statistics::take(const Record& r, RecordNumber number, std::size_t packet_bytes) {
  switch (r.kind) {
    case Kind::packet_sent:
      ++packets_;
      bytes_ += packet_bytes;
      break;
    case Kind::packet_dropped: ++dropped_; break;
    case Kind::retransmission: ++retransmissions_; break;
    case Kind::session_event:
      if (static_cast<SessionEvent>(r.field) == SessionEvent::connected) ++connections_;
      break;
    case Kind::message_published:
      ++published_;
      origin_place(r.subject) = {r.subject, r.at};
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
        if (const Origin* const first = origin(carried->second); r.key != 0 && first != nullptr) {
          const Origin copy = *first;  // the table may move when it grows
          origin_place(r.key) = copy;
        }
        carried_.erase(carried);
      }
      break;
    case Kind::message_accepted:
      ++accepted_;
      if (origin(r.subject) == nullptr) origin_place(r.subject) = {r.subject, r.at};  // a will begins here
      break;
    case Kind::message_delivered: {
      ++delivered_;
      // A retained message (RETAIN 1, [MQTT-3.3.1-8]) was published long before it was asked for.
      if (r.cause != last_received_ || (r.field & 4) != 0) break;
      const Origin* const first = origin(last_received_message_);
      if (first == nullptr) break;
      latencies_.push_back(r.at - first->at);
      if (!seen_.insert((static_cast<std::uint64_t>(r.entity) << 32) | first->message).second) ++duplicates_;
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
    case Kind::http_sent:
    case Kind::http_received:
    case Kind::http_failed: take_http(r); break;
    case Kind::state:
      if (has_radios_ && RadioAccount::follows(static_cast<Field>(r.field))) radios_[r.entity].take(r);
      break;
    default: break;
  }
}

void Statistics::take_http(const Record& r) {
  constexpr std::uint16_t kFirstStatus = 100;  // below it the field is a method
  const bool is_answer = r.field >= kFirstStatus;
  if (r.kind == Kind::http_failed) {
    ++unanswered_;
  } else if (r.kind == Kind::http_sent && !is_answer) {
    ++requests_;
    asked_at_[r.entity] = r.at;
  } else if (r.kind == Kind::http_received && is_answer) {
    ++answers_;
    not_modified_ += r.field == 304 ? 1 : 0;
    responses_.push_back(r.at - asked_at_[r.entity]);
  }
}

double Statistics::quantile_ms(std::vector<std::int64_t>& latencies, double q) {
  if (latencies.empty()) return 0.0;
  const auto rank = static_cast<std::ptrdiff_t>(q * static_cast<double>(latencies.size() - 1) + 0.5);
  std::nth_element(latencies.begin(), latencies.begin() + rank, latencies.end());
  return static_cast<double>(latencies[static_cast<std::size_t>(rank)]) / 1e6;
}

std::vector<Metric> Statistics::metrics(std::int64_t now) const {
  std::vector<std::int64_t> latencies = latencies_;
  std::int64_t sum = 0;
  for (const std::int64_t latency : latencies) sum += latency / 1000;
  const double mean = latencies.empty() ? 0.0 : static_cast<double>(sum) / static_cast<double>(latencies.size()) / 1e3;
  std::vector<Metric> all;
  const auto add = [&](const Counter& counter) {
    all.push_back({std::string(counter.name), std::string(counter.unit), std::string(counter.definition),
                   static_cast<double>(this->*counter.count)});
  };
  // The latencies stand between the messages and the packets.
  constexpr std::size_t kMessages = 9;
  for (std::size_t i = 0; i < kMessages; ++i) add(kCounters[i]);
  all.push_back({"latency_mean", "ms", "publish to delivery, mean", mean});
  all.push_back({"latency_p50", "ms", "publish to delivery, median", quantile_ms(latencies, 0.5)});
  all.push_back({"latency_p95", "ms", "publish to delivery, 95 % quantile", quantile_ms(latencies, 0.95)});
  all.push_back({"latency_max", "ms", "publish to delivery, longest", quantile_ms(latencies, 1.0)});
  for (std::size_t i = kMessages; i < kCounters.size(); ++i) add(kCounters[i]);
  if (has_radios_) {
    double energy = 0, transmitting = 0;
    for (const auto& [node, radio] : radios_) {
      energy += radio.millijoules(now);
      transmitting += static_cast<double>(radio.time_in(RadioState::transmit, now)) / 1e9;
    }
    const double messages = static_cast<double>(published_ + requests_);
    all.push_back({"energy", "mJ", "of all radios that are followed", energy});
    all.push_back({"energy_per_message", "mJ", "the same by published messages and HTTP requests",
                   messages == 0 ? 0.0 : energy / messages});
    all.push_back({"transmitting", "s", "in which these radios sent", transmitting});
  }
  if (!has_web_) return all;
  const auto count = [&](const char* name, const char* unit, const char* definition, std::uint64_t value) {
    all.push_back({name, unit, definition, static_cast<double>(value)});
  };
  std::vector<std::int64_t> responses = responses_;
  count("http_requests", "requests", "HTTP requests that clients sent", requests_);
  count("http_answers", "answers", "HTTP answers that came back", answers_);
  count("http_not_modified", "answers", "of these, 304: nothing new", not_modified_);
  count("http_unanswered", "requests", "HTTP requests given up", unanswered_);
  all.push_back({"http_p50", "ms", "request to answer, median", quantile_ms(responses, 0.5)});
  all.push_back({"http_p95", "ms", "request to answer, 95 % quantile", quantile_ms(responses, 0.95)});
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
