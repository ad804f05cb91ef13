#include "lab/proof/replays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lab/proof/connection_experiments.hpp"
#include "lab/proof/conversation.hpp"
#include "lab/proof/latency_experiment.hpp"
#include "lab/proof/outage_experiment.hpp"
#include "lab/proof/polling_experiment.hpp"
#include "lab/proof/wire_experiment.hpp"

namespace wirelab {
namespace {

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

tl::expected<CsvTable, std::string> read_table(const std::string& path, std::initializer_list<const char*> columns) {
  auto table = CsvTable::read(path);
  if (!table) return table;
  for (const char* const needed : columns) {
    if (!table->has(needed)) return tl::unexpected(fmt::format("{}: there is no column \"{}\"", path, needed));
  }
  return table;
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

std::map<std::string, double> statistics_of(PollingResult result, const PollingExperiment& experiment) {
  std::map<std::string, double> all;
  std::sort(result.latency_ms.begin(), result.latency_ms.end());
  for (const int percent : {50, 90, 99})
    all[fmt::format("lat_p{}_ms", percent)] = quantile(result.latency_ms, percent / 100.0);
  double sum = 0;
  for (const double latency : result.latency_ms) sum += latency;
  all["lat_mean_ms"] = sum / static_cast<double>(std::max<std::size_t>(result.latency_ms.size(), 1));
  const double events = experiment.links * experiment.events;
  all["up_ip_B_total_per_event"] = static_cast<double>(result.up_bytes) / events;
  all["down_ip_B_total_per_event"] = static_cast<double>(result.down_bytes) / events;
  all["up_pkts_per_event"] = static_cast<double>(result.up_packets) / events;
  all["down_pkts_per_event"] = static_cast<double>(result.down_packets) / events;
  const double links = experiment.links;
  all["up_ip_B_marginal"] = static_cast<double>(result.last_up_bytes) / links;
  all["down_ip_B_marginal"] = static_cast<double>(result.last_down_bytes) / links;
  all["up_pkts_marginal"] = static_cast<double>(result.last_up_packets) / links;
  all["down_pkts_marginal"] = static_cast<double>(result.last_down_packets) / links;
  return all;
}

}  // namespace

tl::expected<void, std::string> replay_latencies(const std::string& folder, Judge& judge) {
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

tl::expected<void, std::string> replay_connects(const std::string& folder, Judge& judge) {
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

tl::expected<void, std::string> replay_bulks(const std::string& folder, Judge& judge) {
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

// Each case is one conversation: how many of its packets are as they were measured, from the first one on.
tl::expected<void, std::string> replay_wires(const std::string& folder, Judge& judge) {
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

// The rows of one place and quality of service together, by range; and the gaps of rto_schedule.csv, which are of the same runs.
tl::expected<void, std::string> replay_outages(const std::string& folder, Judge& judge) {
  const auto table =
      read_table(folder + "/outage.csv", {"place", "outage_s", "qos", "lost", "dup", "publish_refused", "lwt_s",
                                          "far_disconnect_s", "far_reconnect_s", "first_delivery_after_up_s",
                                          "max_latency_s"});
  if (!table) return tl::unexpected(table.error());
  const auto schedule = read_table(folder + "/rto_schedule.csv", {"place", "outage_s", "src", "gaps_s"});
  if (!schedule) return tl::unexpected(schedule.error());
  using Values = std::map<std::string, std::vector<double>>;  // by statistic
  std::map<std::string, Values> measured, simulated;          // by point
  struct Group {
    OutageExperiment experiment;
    std::string place;  // and how long the outage was
    std::size_t connections = 0;
  };
  std::map<std::string, Group> groups;  // by point
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const std::string where =
        fmt::format("{}/{}", table->text(row, "place"), plain_number(table->number(row, "outage_s")));
    const std::string point = fmt::format("outage/{}/{}", where, plain_number(table->number(row, "qos")));
    Group& group = groups[point];
    group.place = where;
    group.experiment = {table->text(row, "place") == "pubA",
                  Duration::milliseconds(std::llround(table->number(row, "outage_s") * 1000)),
                  static_cast<int>(table->number(row, "qos"))};
    ++group.connections;
    for (const char* const column :
         {"lost", "dup", "publish_refused", "lwt_s", "far_reconnect_s", "first_delivery_after_up_s", "max_latency_s"}) {
      // paho also counts as refused what it keeps for later: that is told for QoS 0 only.
      const bool kept = group.experiment.qos > 0 && std::string_view(column) == "publish_refused";
      if (!kept && !table->text(row, column).empty())
        measured[point][column].push_back(table->number(row, column));
    }
    // The cell holds the value twice, as "15.77 15.77": the first is read.
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
  for (const auto& [point, group] : groups) {
    const std::string gaps_of = "rto_schedule/" + group.place + "/";
    if (!judge.wants(point) && !judge.wants(gaps_of + "A") && !judge.wants(gaps_of + "B")) continue;
    judge.tell(point);
    for (std::size_t run = 0; run < group.connections * static_cast<std::size_t>(judge.repeats()); ++run) {
      const OutageResult result = run_outage(group.experiment, run + 1);
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
          simulated[gaps_of + sender][fmt::format("gap {}", i + 1)].push_back(gaps[i]);
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

// At no loss what one more event costs is exact; what a connection costs beside is not told by the file, so it has a tenth.
tl::expected<void, std::string> replay_pollings(const std::string& folder, Judge& judge) {
  constexpr std::array kTotals{"lat_p50_ms", "lat_p90_ms", "lat_p99_ms", "lat_mean_ms", "up_ip_B_total_per_event",
                               "down_ip_B_total_per_event", "up_pkts_per_event", "down_pkts_per_event"};
  constexpr std::array kMarginal{"up_ip_B_marginal", "down_ip_B_marginal", "up_pkts_marginal", "down_pkts_marginal"};
  const auto table = read_table(folder + "/polling.csv", {"loss", "mode", "n", "lat_p50_ms", "up_ip_B_marginal"});
  if (!table) return tl::unexpected(table.error());
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const std::string& mode = table->text(row, "mode");
    PollingExperiment experiment;
    using Mode = PollingExperiment::Mode;
    experiment.mode = mode == "keepalive" ? Mode::keepalive : mode == "new" ? Mode::new_connection : Mode::mqtt;
    experiment.qos = mode == "mqtt_qos1" ? 1 : mode == "mqtt_qos2" ? 2 : 0;
    experiment.loss = table->number(row, "loss");
    const auto n = static_cast<std::uint32_t>(table->number(row, "n"));
    experiment.links = std::max(n / experiment.events, 1u);
    std::vector<Count> counts;
    const bool lossless = experiment.loss == 0;
    for (const char* const name : kTotals)
      counts.push_back({name, table->number(row, name), lossless ? Count::Room::tenth : Count::Room::repeats});
    for (const char* const name : kMarginal) {
      if (lossless) counts.push_back({name, table->number(row, name), Count::Room::exact});
    }
    judge.counted(
        fmt::format("polling/{}/{}", mode, plain_number(experiment.loss)), counts,
        [&](std::uint64_t seed) { return run_polling(experiment, seed); },
        [&](PollingResult result) { return statistics_of(std::move(result), experiment); });
  }
  return {};
}

// One connection with its losses, which have to be found first: the capture has lost packets too. A packet of A's has arrived if B
// sent something by when it would answer; one of B's, if A's next packet echoes its time.
tl::expected<void, std::string> replay_stalls(const std::string& folder, Judge& judge) {
  if (!judge.wants("stall_trace")) return {};
  const auto table = read_table(folder + "/stall_trace.csv", {"t_s", "sender", "seq", "ack", "payload", "tsval", "tsecr"});
  if (!table) return tl::unexpected(table.error());
  judge.tell("stall_trace");
  Conversation recorded;
  const std::size_t rows = table->rows();
  for (std::size_t row = 0; row < rows; ++row) {
    const auto number = [&](const char* column) { return static_cast<std::uint32_t>(table->number(row, column)); };
    ConversationPacket& p = recorded.packets.emplace_back();
    p.at = table->number(row, "t_s");
    p.sender = table->text(row, "sender") == "A" ? 'A' : 'B';
    p.sequence = number("seq"), p.acknowledgement = number("ack"), p.length = number("payload");
    if (!table->text(row, "sack_left").empty()) p.sacks.emplace_back(number("sack_left"), number("sack_right"));
    bool answered = p.sender == 'A' && row > 0 && p.length == 0;  // an ACK draws nothing
    for (std::size_t later = row + 1; later < rows && !answered; ++later) {
      const bool other = table->text(later, "sender") != table->text(row, "sender");
      if (!other) continue;
      const double after = table->number(later, "t_s") - p.at;
      if (p.sender == 'B') {
        answered = table->number(later, "tsecr") >= table->number(row, "tsval");
        break;
      }
      answered = after >= 0.024 && after <= 0.08;
      if (after > 0.08) break;
    }
    // Nothing follows the last packets that could tell.
    p.lost = !answered && row + 2 < rows;
    // CONNECT is written first, then a message each second, from the first one on.
    if (p.sender != 'A' || p.length == 0 || recorded.writes.size() > 1) continue;
    const double end = recorded.writes.empty() ? p.at : table->number(rows - 1, "t_s");
    for (double at = p.at; at <= end; at += 1) recorded.writes.emplace_back(at, p.length);
  }
  // Where the ticks fell is not known: one place of all must give the measured times.
  std::size_t best = 0;
  for (int tick = 0; tick < 512 && best < rows; ++tick) {
    recorded.phase = Duration::milliseconds(4) * tick;
    best = std::max(best, equal_packets(recorded, replay(recorded), 0.01));
  }
  judge.equal("stall_trace/connection", best, rows);
  return {};
}

}  // namespace wirelab
