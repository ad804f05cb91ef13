// The built-in metrics of a run, gathered while it is traced: what became of the messages, how long they took, what went over the
// links. A message is followed over its hops by the range of the stream that carried it.
#pragma once

#include <tsl/robin_map.h>
#include <tsl/robin_set.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/mix_hash.hpp"
#include "sim/trace/sink.hpp"
#include "sim/view/radio_account.hpp"

namespace wirelab {

struct Metric {
  std::string name;
  std::string unit;
  std::string definition;
  double value = 0;
};

class Statistics final : public Sink {
 public:
  void consume(const TracePart& part) override;
  /// One record, in order; `packet_bytes` is the size of its packet, where it is one that a node emits.
  void take(const Record& record, RecordNumber number, std::size_t packet_bytes);
  /// One that only counts, without the work of the others; empty if there is none of that name. And their names.
  std::optional<double> counter(std::string_view name) const;
  static std::vector<std::string_view> counters();
  double counter_at(std::size_t place) const { return static_cast<double>(this->*kCounters[place].count); }
  /// From publish to each delivery, ns, in the order of deliveries.
  const std::vector<std::int64_t>& latencies() const { return latencies_; }
  /// The element of rank q * (n - 1), rounded to the nearest, in ms; 0 of none. Reorders what it is given.
  static double quantile_ms(std::vector<std::int64_t>& latencies, double q);
  /// Those of HTTP are told, too: for runs with a web server. And those of energy, for runs with radios.
  void show_web() { has_web_ = true; }
  void show_radios() { has_radios_ = true; }
  /// All metrics as they are at `now` (ns), always the same names in the same order.
  std::vector<Metric> metrics(std::int64_t now) const;

 private:
  struct Origin {
    MessageId message = 0;  // as its first publisher numbered it; 0: not known
    std::int64_t at = 0;
  };
  const Origin* origin(MessageId message) const {
    return message < origins_.size() && origins_[message].message != 0 ? &origins_[message] : nullptr;
  }
  Origin& origin_place(MessageId message) {
    if (message >= origins_.size()) origins_.resize(message + std::size_t{1});
    return origins_[message];
  }
  static std::uint64_t carrier_key(std::uint32_t stream, std::int64_t begin) {
    return (static_cast<std::uint64_t>(stream) << 40) ^ static_cast<std::uint64_t>(begin);
  }
  struct Counter {
    std::string_view name, unit, definition;
    std::uint64_t Statistics::*count;
  };
  static const std::array<Counter, 13> kCounters;

  std::uint64_t published_ = 0, accepted_ = 0, delivered_ = 0, duplicates_ = 0, discarded_ = 0, refused_ = 0, lost_ = 0,
                wills_ = 0;
  // Of HTTP, as its clients see it; told only where there is a web server.
  bool has_web_ = false;
  std::uint64_t requests_ = 0, answers_ = 0, not_modified_ = 0, unanswered_ = 0;
  tsl::robin_map<EntityId, std::int64_t, MixHash> asked_at_;  // by client, which has one request at a time
  std::vector<std::int64_t> responses_;                       // from a request to its answer, ns
  void take_http(const Record& record);
  // Of radios, by node.
  bool has_radios_ = false;
  std::map<EntityId, RadioAccount> radios_;
  std::uint64_t packets_ = 0, bytes_ = 0, dropped_ = 0, retransmissions_ = 0, connections_ = 0;
  std::vector<Origin> origins_;                                // by message, also the broker's numbers
  tsl::robin_map<std::uint64_t, MessageId, MixHash> carried_;  // (stream, begin) -> message
  tsl::robin_set<std::uint64_t, MixHash> seen_;                // (entity, first message): delivered before
  MessageId last_received_message_ = 0;                        // of the newest PUBLISH that arrived
  RecordNumber last_received_ = 0;
  std::vector<std::int64_t> latencies_;
};

}  // namespace wirelab
