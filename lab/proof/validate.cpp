#include "lab/proof/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lab/proof/connection_experiments.hpp"
#include "lab/proof/latency_experiment.hpp"
#include "lab/proof/outage_experiment.hpp"
#include "lab/proof/truth.hpp"
#include "lab/proof/wire_experiment.hpp"

namespace wirelab {
namespace {

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - static_cast<double>(low));
}

// The statistics of intervals.csv, by their names.
std::map<std::string, double> statistics_of(LatencyResult result) {
  std::map<std::string, double> all;
  const auto quantiles = [&](std::vector<double>& values, const std::string& prefix) {
    std::sort(values.begin(), values.end());
    for (const int percent : {50, 90, 99})
      all[fmt::format("{}p{}_ms", prefix, percent)] = quantile(values, percent / 100.0);
  };
  quantiles(result.latency_ms, "");
  quantiles(result.ack_ms, "ack_");
  for (const int ms : {100, 300, 600, 1000, 2000}) {
    const auto above =
        result.latency_ms.end() - std::upper_bound(result.latency_ms.begin(), result.latency_ms.end(), ms);
    all[fmt::format("frac_gt_{}ms", ms)] =
        result.latency_ms.empty() ? 0 : static_cast<double>(above) / static_cast<double>(result.latency_ms.size());
  }
  return all;
}

LatencyExperiment experiment_of(const CsvTable& table, std::size_t row) {
  LatencyExperiment experiment;
  experiment.subscriber_behind_link = table.text(row, "subscriber_side") == "A";
  experiment.payload = static_cast<std::uint32_t>(table.number(row, "payload_B"));
  experiment.interval = Duration::microseconds(std::llround(table.number(row, "interval_ms") * 1000));
  experiment.nodelay = table.number(row, "nodelay") != 0;
  experiment.qos = static_cast<int>(table.number(row, "qos"));
  experiment.paho = table.text(row, "client") == "paho";
  experiment.loss = table.number(row, "loss");
  experiment.pairs = static_cast<std::uint32_t>(std::max(table.number(row, "connections"), 1.0));
  experiment.messages = static_cast<std::uint32_t>(table.number(row, "sent")) / experiment.pairs;
  return experiment;
}

std::map<std::string, double> statistics_of(ConnectResult result) {
  std::map<std::string, double> all;
  for (auto& [name, values] : {std::pair{"tcp", &result.tcp_ms},
                               {"tls", &result.tls_ms},
                               {"mqtt", &result.mqtt_ms},
                               {"total", &result.total_ms}}) {
    std::sort(values->begin(), values->end());
    for (const int percent : {50, 90, 99})
      all[fmt::format("{}_p{}_ms", name, percent)] = quantile(*values, percent / 100.0);
  }
  const auto mean = [&, n = static_cast<double>(std::max<std::size_t>(result.total_ms.size(), 1))](std::uint64_t sum) {
    return static_cast<double>(sum) / n;
  };
  all["tls_handshake_up_B"] = mean(result.handshake_up);
  all["tls_handshake_down_B"] = mean(result.handshake_down);
  all["tcp_payload_up_B"] = mean(result.payload_up);
  all["tcp_payload_down_B"] = mean(result.payload_down);
  all["ip_up_B_per_conn"] = mean(result.up_bytes);
  all["ip_down_B_per_conn"] = mean(result.down_bytes);
  all["pkts_up_per_conn"] = mean(result.up_packets);
  all["pkts_down_per_conn"] = mean(result.down_packets);
  return all;
}

std::map<std::string, double> statistics_of(BulkResult result, std::size_t transfers) {
  std::map<std::string, double> all;
  std::vector<double> goodput;
  double sum = 0;
  for (const double data_ms : result.data_ms) goodput.push_back(8e9 / data_ms), sum += 8e9 / data_ms;
  std::sort(result.data_ms.begin(), result.data_ms.end());
  std::sort(goodput.begin(), goodput.end());
  for (const int percent : {10, 50, 90}) {
    all[fmt::format("goodput_p{}_bps", percent)] = quantile(goodput, percent / 100.0);
    all[fmt::format("data_p{}_ms", percent)] = quantile(result.data_ms, percent / 100.0);
  }
  all["goodput_mean_bps"] = sum / static_cast<double>(std::max<std::size_t>(goodput.size(), 1));
  all["retrans_mean"] = static_cast<double>(result.retransmissions) / static_cast<double>(transfers);
  return all;
}

void append(LatencyResult& to, LatencyResult&& from) {
  to.latency_ms.insert(to.latency_ms.end(), from.latency_ms.begin(), from.latency_ms.end());
  to.ack_ms.insert(to.ack_ms.end(), from.ack_ms.begin(), from.ack_ms.end());
}
void append(ConnectResult& to, ConnectResult&& from) {
  to.tcp_ms.insert(to.tcp_ms.end(), from.tcp_ms.begin(), from.tcp_ms.end());
  to.tls_ms.insert(to.tls_ms.end(), from.tls_ms.begin(), from.tls_ms.end());
  to.mqtt_ms.insert(to.mqtt_ms.end(), from.mqtt_ms.begin(), from.mqtt_ms.end());
  to.total_ms.insert(to.total_ms.end(), from.total_ms.begin(), from.total_ms.end());
  to.handshake_up += from.handshake_up, to.handshake_down += from.handshake_down;
  to.payload_up += from.payload_up, to.payload_down += from.payload_down;
  to.up_bytes += from.up_bytes, to.down_bytes += from.down_bytes;
  to.up_packets += from.up_packets, to.down_packets += from.down_packets;
}
void append(BulkResult& to, BulkResult&& from) {
  to.data_ms.insert(to.data_ms.end(), from.data_ms.begin(), from.data_ms.end());
  to.retransmissions += from.retransmissions;
}

// Bytes or packets of a row, and how near they must be: rule 4.
struct Count {
  std::string name;
  double measured = 0;
  enum class Room { exact, tenth, repeats } room = Room::exact;
};

// The comparisons of one row, and the groups of rule 3.
class Judge {
 public:
  Judge(const Intervals& intervals, const ValidationOptions& options,
        const std::function<void(const std::string&)>& tell)
      : intervals_(intervals), options_(options), tell_(tell) {}

  /// Replays a row as often as wanted: run(seed) gives a result, of(result, repeats) its statistics, unfit(statistic, value) says
  /// whether it is not to be judged by it. Rows without intervals, or that are not asked for, are passed over.
  template <typename Run, typename Of, typename Unfit>
  void row(const std::string& point, const std::string& group, Run&& run, Of&& of, Unfit&& unfit,
           const std::vector<Count>& counts = {}) {
    const auto known = intervals_.find(point);
    if (!point.starts_with(options_.only) || known == intervals_.end()) return;
    tell_(point);
    decltype(run(1)) pooled;
    std::map<std::string, std::vector<double>> single;
    for (int seed = 1; seed <= options_.repeats; ++seed) {
      auto result = run(static_cast<std::uint64_t>(seed));
      for (const auto& [name, value] : of(result, 1)) single[name].push_back(value);
      append(pooled, std::move(result));
    }
    const auto simulated = of(std::move(pooled), options_.repeats);
    for (const auto& [name, interval] : known->second) {
      const auto value = simulated.find(name);
      if (value != simulated.end()) compare(point, group, name, interval, value->second, single[name], unfit);
    }
    for (const Count& count : counts) compare(point, count, simulated.at(count.name), single[count.name]);
  }
  /// Packets of one conversation in their order: run(seed) gives those of the simulation. All must be equal.
  template <typename Packet, typename Run>
  void conversation(const std::string& point, const std::vector<Packet>& measured, Run&& run) {
    if (!point.starts_with(options_.only)) return;
    tell_(point);
    const auto simulated = run(1);
    const auto end = std::mismatch(measured.begin(), measured.end(), simulated.begin(), simulated.end()).first;
    const auto equal = static_cast<double>(end - measured.begin());
    const auto all = static_cast<double>(measured.size());
    Comparison c{point, "equal packets", all, all, all, equal, equal, equal};
    c.pooled_fits = c.repeat_fits = equal == all && simulated.size() == measured.size();
    result_.comparisons.push_back(std::move(c));
  }
  /// Values of one kind from several connections, against those of simulated ones: each must lie in their range, from the 0.5 % to
  /// the 99.5 % quantile, widened by a tenth.
  void range(const std::string& point, const std::string& statistic, const std::vector<double>& measured,
             std::vector<double> simulated) {
    if (measured.empty()) return;
    const auto mean = [](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += value;
      return values.empty() ? 0 : sum / static_cast<double>(values.size());
    };
    const auto [least, most] = std::minmax_element(measured.begin(), measured.end());
    Comparison c{point, statistic, mean(measured), *least, *most, mean(simulated)};
    std::sort(simulated.begin(), simulated.end());
    c.least = quantile(simulated, 0.005);
    c.most = quantile(simulated, 0.995);
    const double low = c.least - 0.1 * std::fabs(c.least), high = c.most + 0.1 * std::fabs(c.most);
    c.repeat_fits = c.pooled_fits = !simulated.empty() && *least >= low && *most <= high;
    result_.comparisons.push_back(std::move(c));
  }
  bool wants(const std::string& point) const { return point.starts_with(options_.only); }
  int repeats() const { return options_.repeats; }
  void tell(const std::string& point) const { tell_(point); }

  Validation finish() {
    for (const auto& [name, group] : groups_) {
      const double mean = group.sum / group.weights;
      const double half = 1 / std::sqrt(group.weights);
      result_.groups.push_back({name, mean, half, std::fabs(mean) <= std::max(0.05, half)});
    }
    std::size_t judged = 0, outside = 0;
    bool good = true;
    for (const Comparison& c : result_.comparisons) {
      if (!c.judged) continue;
      ++judged;
      outside += c.pooled_fits ? 0 : 1;
      good = good && c.repeat_fits && !c.far;
    }
    for (const auto& group : result_.groups) good = good && group.fits;
    result_.passed = good && judged > 0 && outside * 50 <= judged && result_.not_replayed.empty();
    return std::move(result_);
  }

 private:
  struct Weighted {
    double sum = 0, weights = 0;
  };

  // Rule 4.
  void compare(const std::string& point, const Count& count, double value, std::vector<double>& repeats) {
    const double room = count.room == Count::Room::exact ? 0.051 : 0.1 * count.measured;  // written with one digit
    Comparison c{point, count.name, count.measured, count.measured, count.measured, value};
    std::sort(repeats.begin(), repeats.end());
    c.least = quantile(repeats, 0.005);
    c.most = quantile(repeats, 0.995);
    const bool by_repeats = count.room == Count::Room::repeats;
    c.repeat_fits = by_repeats ? c.measured >= c.least - room && c.measured <= c.most + room
                               : std::fabs(value - c.measured) <= room;
    c.pooled_fits = by_repeats || c.repeat_fits;
    result_.comparisons.push_back(std::move(c));
  }

  template <typename Unfit>
  void compare(const std::string& point, const std::string& group, const std::string& name, const Interval& interval,
               double value, std::vector<double>& repeats, Unfit&& unfit) {
    Comparison c{point, name, interval.value, interval.low, interval.high, value};
    std::sort(repeats.begin(), repeats.end());
    c.least = quantile(repeats, 0.005);
    c.most = quantile(repeats, 0.995);
    const bool fraction = name.starts_with("frac");
    const double room = fraction ? std::max(0.1 * c.measured, 0.005) : 0.1 * std::fabs(c.measured);
    c.pooled_fits = value >= c.low - room && value <= c.high + room;
    c.far = value > (c.high + room) * 1.5 || value * 1.5 < c.low - room;
    c.repeat_fits = c.measured >= c.least - room && c.measured <= c.most + room;
    c.judged = !unfit(name, value);
    if (!fraction && c.judged && c.measured > 0 && value > 0 && c.high > c.low && !group.empty()) {
      // As sure as the measurement is: the weight is one over the square of the interval's relative half width.
      const double half = std::max(std::log(c.high / std::max(c.low, 1e-9)) / 2, 0.005);
      groups_[group].sum += std::log(value / c.measured) / (half * half);
      groups_[group].weights += 1 / (half * half);
    }
    result_.comparisons.push_back(std::move(c));
  }

  const Intervals& intervals_;
  const ValidationOptions& options_;
  const std::function<void(const std::string&)>& tell_;
  Validation result_;
  std::map<std::string, Weighted> groups_;
};

tl::expected<CsvTable, std::string> read_table(const std::string& path, std::initializer_list<const char*> columns) {
  auto table = CsvTable::read(path);
  if (!table) return table;
  for (const char* const needed : columns) {
    if (!table->has(needed)) return tl::unexpected(fmt::format("{}: there is no column \"{}\"", path, needed));
  }
  return table;
}

tl::expected<void, std::string> latencies(const std::string& folder, Judge& judge) {
  const std::string path = folder + "/latency.csv";
  const auto table = read_table(
      path, {"client", "subscriber_side", "payload_B", "interval_ms", "nodelay", "qos", "loss", "connections", "sent"});
  if (!table) return tl::unexpected(table.error());
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const auto field = [&](const char* column) { return plain_number(table->number(row, column)); };
    const std::string point =
        fmt::format("latency/{}/{}/{}/{}/{}/{}/{}", table->text(row, "client"), table->text(row, "subscriber_side"),
                    field("payload_B"), field("interval_ms"), field("nodelay"), field("qos"), field("loss"));
    const LatencyExperiment experiment = experiment_of(*table, row);
    if (experiment.messages == 0 || experiment.payload < 4)
      return tl::unexpected(fmt::format("{}: {}: a payload of 4 bytes and a message at least are needed", path, point));
    const std::string group =
        fmt::format("{}every {} ms, loss {}, {}", table->text(row, "client") == "paho" ? "paho, " : "",
                    field("interval_ms"), field("loss"), experiment.nodelay ? "TCP_NODELAY" : "Nagle");
    judge.row(
        point, group, [&](std::uint64_t seed) { return run_latency(experiment, seed); },
        [](LatencyResult result, int) { return statistics_of(std::move(result)); },
        [&](const std::string& name, double value) {
          // Rule 5: at 10 % loss and a message a second the 90 % quantile of QoS 0 and 1 falls into a gap, from 26 to 280 ms.
          if (name == "p90_ms" && experiment.loss == 0.1 && experiment.interval == Duration::seconds(1) &&
              experiment.qos < 2)
            return true;
          // Rule 6: this row settles at one of several phases.
          return point == "latency/libmosquitto/A/100/50/0/1/0" && name == "p50_ms" && value >= 80 && value <= 137;
        });
  }
  return {};
}

// What is not random is a whole number in the mean over all connections; signatures of ECDSA, tickets and the two sides' FINs that
// cross vary by chance.
std::vector<Count> counts_of(const CsvTable& table, std::size_t row, const ConnectExperiment& experiment) {
  const bool certain = experiment.loss == 0 && (!experiment.tls || experiment.tls->version == wire::TlsVersion::tls12);
  std::vector<Count> counts;
  for (const char* const name : {"tls_handshake_up_B", "tls_handshake_down_B", "tcp_payload_up_B", "tcp_payload_down_B",
                                 "ip_up_B_per_conn", "ip_down_B_per_conn", "pkts_up_per_conn", "pkts_down_per_conn"}) {
    if (table.text(row, name).empty()) continue;
    const double measured = table.number(row, name);
    using Room = Count::Room;
    counts.push_back({name, measured,
                      experiment.loss > 0                           ? Room::repeats
                      : certain && measured == std::floor(measured) ? Room::exact
                                                                    : Room::tenth});
  }
  return counts;
}

tl::expected<void, std::string> connects(const std::string& folder, Judge& judge) {
  const auto table = read_table(folder + "/connect.csv", {"variant", "one_way_ms", "rate_bps", "loss", "n"});
  if (!table) return tl::unexpected(table.error());
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const auto field = [&](const char* column) { return plain_number(table->number(row, column)); };
    const std::string& variant = table->text(row, "variant");
    const std::string point = fmt::format("connect/{}/{}/{}/{}", variant, field("one_way_ms"),
                                          static_cast<std::int64_t>(table->number(row, "rate_bps")), field("loss"));
    const auto says = [&](const char* word) { return variant.find(word) != std::string::npos; };
    ConnectExperiment experiment;
    if (says("tls"))
      experiment.tls = {says("tls1.2") ? wire::TlsVersion::tls12 : wire::TlsVersion::tls13,
                        says("_ec") ? wire::KeyKind::p256 : wire::KeyKind::rsa2048, says("resumed")};
    experiment.delay = Duration::microseconds(std::llround(table->number(row, "one_way_ms") * 1000));
    experiment.rate = static_cast<std::int64_t>(table->number(row, "rate_bps"));
    experiment.loss = table->number(row, "loss");
    experiment.connections = static_cast<std::uint32_t>(std::max(table->number(row, "n"), 1.0));
    judge.row(
        point, experiment.tls ? "connecting over TLS" : "connecting",
        [&](std::uint64_t seed) { return run_connects(experiment, seed); },
        [](ConnectResult result, int) { return statistics_of(std::move(result)); },
        [](const std::string&, double) { return false; }, counts_of(*table, row, experiment));
  }
  return {};
}

tl::expected<void, std::string> bulks(const std::string& folder, Judge& judge) {
  const auto table = read_table(folder + "/bulk.csv", {"cc", "loss", "n"});
  if (!table) return tl::unexpected(table.error());
  for (std::size_t row = 0; row < table->rows(); ++row) {
    BulkExperiment experiment;
    experiment.cubic = table->text(row, "cc") == "cubic";
    experiment.loss = table->number(row, "loss");
    experiment.transfers = static_cast<std::uint32_t>(std::max(table->number(row, "n"), 1.0));
    const std::string point = fmt::format("bulk/{}/{}", table->text(row, "cc"), plain_number(experiment.loss));
    judge.row(
        point, fmt::format("bulk, loss {}", plain_number(experiment.loss)),
        [&](std::uint64_t seed) { return run_bulk(experiment, seed); },
        [&](BulkResult result, int repeats) {
          return statistics_of(std::move(result), experiment.transfers * static_cast<std::size_t>(repeats));
        },
        [](const std::string&, double) { return false; });
  }
  return {};
}

// The rows of one place and quality of service together, by range; and the gaps of rto_schedule.csv, which are of the same runs.
tl::expected<void, std::string> outages(const std::string& folder, Judge& judge) {
  const auto table =
      read_table(folder + "/outage.csv", {"place", "outage_s", "qos", "lost", "dup", "publish_refused", "lwt_s",
                                          "far_disconnect_s", "far_reconnect_s", "first_delivery_after_up_s"});
  if (!table) return tl::unexpected(table.error());
  const auto schedule = read_table(folder + "/rto_schedule.csv", {"place", "outage_s", "src", "gaps_s"});
  if (!schedule) return tl::unexpected(schedule.error());
  using Values = std::map<std::string, std::vector<double>>;  // by statistic
  std::map<std::string, Values> measured, simulated;          // by point
  std::map<std::string, std::pair<OutageExperiment, std::size_t>> groups;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const std::string where =
        fmt::format("{}/{}", table->text(row, "place"), plain_number(table->number(row, "outage_s")));
    const std::string point = fmt::format("outage/{}/{}", where, plain_number(table->number(row, "qos")));
    auto& [experiment, connections] = groups[point];
    experiment = {table->text(row, "place") == "pubA",
                  Duration::milliseconds(std::llround(table->number(row, "outage_s") * 1000)),
                  static_cast<int>(table->number(row, "qos"))};
    ++connections;
    for (const char* const column :
         {"lost", "dup", "publish_refused", "lwt_s", "far_reconnect_s", "first_delivery_after_up_s", "max_latency_s"}) {
      // paho also counts as refused what it keeps for later: that is told for QoS 0 only.
      const bool kept = experiment.qos > 0 && std::string_view(column) == "publish_refused";
      if (!kept && !table->text(row, column).empty())
        measured[point][column].push_back(table->number(row, column));
    }
    // It is told twice.
    if (const std::string& told = table->text(row, "far_disconnect_s"); !told.empty())
      measured[point]["far_disconnect_s"].push_back(std::strtod(told.c_str(), nullptr));
  }
  for (std::size_t row = 0; row < schedule->rows(); ++row) {
    const std::string point = fmt::format("rto_schedule/{}/{}/{}", schedule->text(row, "place"),
                                          plain_number(schedule->number(row, "outage_s")), schedule->text(row, "src"));
    const char* text = schedule->text(row, "gaps_s").c_str();
    for (int i = 1; *text != '\0'; ++i) {
      char* end = nullptr;
      const double gap = std::strtod(text, &end);
      if (end == text) break;
      measured[point][fmt::format("gap {}", i)].push_back(gap);
      text = end;
    }
  }
  const auto wanted = [&](const std::string& point) {
    return judge.wants(point) || judge.wants("rto_schedule" + point.substr(point.find('/'), point.rfind('/') - 6));
  };
  for (const auto& [point, group] : groups) {
    if (!wanted(point)) continue;
    judge.tell(point);
    const std::string place = point.substr(7, point.rfind('/') - 7);
    for (std::size_t run = 0; run < group.second * static_cast<std::size_t>(judge.repeats()); ++run) {
      const OutageResult result = run_outage(group.first, run + 1);
      Values& values = simulated[point];
      values["lost"].push_back(result.sent - result.delivered);
      values["dup"].push_back(result.duplicates);
      values["publish_refused"].push_back(result.refused);
      values["max_latency_s"].push_back(result.longest_latency);
      const auto add = [&](const char* name, const std::optional<double>& value) {
        if (value) values[name].push_back(*value);
      };
      add("lwt_s", result.will);
      add("far_disconnect_s", result.disconnect);
      add("far_reconnect_s", result.reconnect);
      add("first_delivery_after_up_s", result.first_delivery);
      for (const auto& [sender, gaps] : result.gaps) {
        for (std::size_t i = 0; i < gaps.size(); ++i)
          simulated[fmt::format("rto_schedule/{}/{}", place, sender)][fmt::format("gap {}", i + 1)].push_back(gaps[i]);
      }
    }
  }
  for (const auto& [point, values] : measured) {
    if (!judge.wants(point)) continue;
    for (const auto& [statistic, of_rows] : values)
      judge.range(point, statistic, of_rows, simulated[point][statistic]);
  }
  return {};
}

// Each case is one conversation: how many of its packets are as they were measured, from the first one on.
tl::expected<void, std::string> wires(const std::string& folder, Judge& judge) {
  const std::string path = folder + "/wire.csv";
  const auto table = read_table(path, {"case", "dir", "ip_len", "tcp_hdr", "tcp_payload", "tcp_flags", "mqtt_type"});
  if (!table) return tl::unexpected(table.error());
  std::map<std::string, std::vector<WirePacket>> cases;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const auto field = [&](const char* column) { return static_cast<int>(table->number(row, column)); };
    WirePacket packet{
        table->text(row, "dir") == "up", field("ip_len"), field("tcp_hdr"), field("tcp_payload"), field("tcp_flags"),
        table->text(row, "mqtt_type")};
    cases[table->text(row, "case")].push_back(std::move(packet));
  }
  for (const auto& [name, measured] : cases) {
    const auto says = [&, n = std::string_view(name)](const char* word) { return n.find(word) != n.npos; };
    const bool subscriber = says("sub");
    const int qos = says("pub0") ? 0 : says("pub2") ? 2 : 1;
    judge.conversation("wire/" + name, measured, [&](std::uint64_t seed) {
      return run_wire({qos, says("auth"), says("will"), subscriber}, seed);
    });
  }
  return {};
}

}  // namespace

tl::expected<Validation, std::string> validate(const ValidationOptions& options,
                                               const std::function<void(const std::string&)>& tell) {
  const auto intervals = read_intervals(options.folder);
  if (!intervals) return tl::unexpected(intervals.error());
  Judge judge(*intervals, options, tell);
  for (const auto& part : {latencies, connects, bulks, wires, outages}) {
    if (const auto done = part(options.folder, judge); !done) return tl::unexpected(done.error());
  }
  return judge.finish();
}

std::string to_text(const Validation& validation) {
  std::string text =
      fmt::format("{:<42} {:<24} {:>9} {:>9} {:>6}\n", "row", "statistic", "measured", "simulated", "ratio");
  std::size_t judged = 0, outside = 0, missed = 0, far = 0;
  for (const Comparison& c : validation.comparisons) {
    std::string verdict;
    if (!c.judged) verdict = " not judged";
    if (c.judged && !c.pooled_fits) verdict += " outside";
    if (c.judged && c.far) verdict += ", far";
    if (c.judged && !c.repeat_fits) verdict += " not among the repeats";
    const bool seconds = c.statistic.ends_with("_s") || c.statistic.starts_with("gap");
    const int digits = c.statistic.starts_with("frac") ? 4 : seconds ? 3 : 1;
    const std::string ratio = c.measured > 0 ? fmt::format("{:.3f}", c.simulated / c.measured) : "-";
    text += fmt::format("{:<42} {:<24} {:>9.{}f} {:>9.{}f} {:>6}{}\n", c.point.substr(c.point.find('/') + 1),
                        c.statistic, c.measured, digits, c.simulated, digits, ratio, verdict);
    if (!c.judged) continue;
    ++judged;
    outside += c.pooled_fits ? 0 : 1;
    missed += c.repeat_fits ? 0 : 1;
    far += c.far ? 1 : 0;
  }
  text += "\ngroups, mean of ln(simulated / measured)\n";
  for (const auto& group : validation.groups)
    text +=
        fmt::format("  {:<40} {:+.3f} +- {:.3f}{}\n", group.name, group.mean, group.half, group.fits ? "" : " outside");
  for (const std::string& row : validation.not_replayed) text += fmt::format("not replayed: {}\n", row);
  text += fmt::format(
      "\n{} statistics judged: {} outside of their intervals (2 % may be), {} of these far, {} not among the "
      "repeats\n{}\n",
      judged, outside, far, missed, validation.passed ? "passed" : "not passed");
  return text;
}

}  // namespace wirelab
