#include "live/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "live/connection.hpp"

namespace wirelab::live {
namespace {

// What a terminal shows as it is: peers choose their names.
std::string shown(std::string_view text, std::size_t most = 60) {
  std::string out;
  for (const char c : text.substr(0, most)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '.' : c;
  if (!mqtt::is_valid_utf8(wire::bytes_of(out))) {
    for (char& c : out) c = static_cast<unsigned char>(c) >= 0x80 ? '.' : c;
  }
  return text.size() > most ? out + "..." : out;
}

std::string clock_time() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  localtime_r(&now, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string peer_of(const mqtt::BrokerConnection& connection) {
  const auto* channel = dynamic_cast<const Connection*>(connection.channel);
  return channel == nullptr ? "a bridge" : channel->peer();
}

std::string rate(double bytes) {
  return bytes < 1000  ? fmt::format("{:.0f} B/s", bytes)
         : bytes < 1e6 ? fmt::format("{:.1f} kB/s", bytes / 1e3)
                       : fmt::format("{:.1f} MB/s", bytes / 1e6);
}

}  // namespace

void Log::say(const std::string& text) {
  const std::string line = clock_time() + " " + text;
  if (table_) {
    recent_.push_back(line);
    if (recent_.size() > 5) recent_.erase(recent_.begin());
  } else if (lines_) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

void Log::on_connected(const mqtt::Session& session, const mqtt::BrokerConnection& connection) {
  if (!lines_) return;
  say(fmt::format("{} connected from {} (MQTT {}, keep alive {} s{}{})", shown(session.client), peer_of(connection),
                  name_of(connection.version), session.keep_alive, session.user_name.empty() ? "" : ", user ",
                  shown(session.user_name)));
}

void Log::on_refused(const mqtt::Connect& packet, mqtt::ReasonCode reason) {
  if (!lines_) return;
  say(fmt::format("{} refused: {}", packet.client_id.empty() ? "a client without a name" : shown(packet.client_id),
                  name_of(reason, mqtt::PacketType::connack)));
}

void Log::on_ended(const mqtt::Session& session, SessionEvent event, std::string_view why) {
  if (!lines_) return;
  say(fmt::format("{} gone: {}{}{}", shown(session.client), name_of(event), why.empty() ? "" : ", ", why));
}

void Log::on_message(const mqtt::Message& message) {
  if (!table_ || message.topic.starts_with("$SYS/")) return;
  auto found = topics_.find(message.topic);
  if (found == topics_.end()) {
    if (topics_.size() >= kMostTopics) return;
    found = topics_.emplace(std::string(message.topic), Count{}).first;
  }
  ++found->second.messages;
  found->second.bytes += message.payload.size();
  found->second.last = shown({reinterpret_cast<const char*>(message.payload.data()), message.payload.size()}, 30);
}

std::string Log::table(const mqtt::Broker& broker, double seconds, std::size_t rows, std::size_t columns) {
  std::vector<std::string> lines;
  const mqtt::BrokerCounts& now = broker.counts();
  const auto per_second = [&](std::uint64_t after, std::uint64_t before) {
    return static_cast<double>(after - before) / seconds;
  };
  lines.push_back(fmt::format(
      "{} clients, {} sessions, {} subscriptions, {} retained; in {:.0f} msg/s {}, out {:.0f} msg/s {}",
      broker.connected(), broker.sessions(), broker.subscriptions(), broker.retained(),
      per_second(now.publishes_in, before_.publishes_in), rate(per_second(now.bytes_in, before_.bytes_in)),
      per_second(now.publishes_out, before_.publishes_out), rate(per_second(now.bytes_out, before_.bytes_out))));
  before_ = now;
  const std::size_t room = rows > 10 ? (rows - 6 - recent_.size()) / 2 : 3;
  lines.push_back("");
  lines.push_back(fmt::format("{:<24} {:<22} {:>5} {:>6} {:>6}", "CLIENT", "FROM", "MQTT", "SUBS", "QUEUE"));
  std::size_t shown_clients = 0;
  broker.for_each_session([&](const mqtt::Session& session) {
    if (++shown_clients > room) return;
    const mqtt::BrokerConnection* connection = broker.connection_of(session);
    lines.push_back(fmt::format("{:<24} {:<22} {:>5} {:>6} {:>6}", shown(session.client, 21),
                                connection == nullptr ? "away" : peer_of(*connection),
                                connection == nullptr ? "" : name_of(connection->version), session.subscriptions.size(),
                                session.queue.size() + session.in_flight.size()));
  });
  if (shown_clients > room) lines.push_back(fmt::format("... and {} more", shown_clients - room));
  lines.push_back("");
  lines.push_back(fmt::format("{:<36} {:>8} {:>10}  {}", "TOPIC", "MSG/S", "RATE", "LAST"));
  std::vector<std::pair<std::string_view, const Count*>> busiest;
  for (const auto& [topic, count] : topics_) busiest.emplace_back(topic, &count);
  std::stable_sort(busiest.begin(), busiest.end(),
                   [](const auto& a, const auto& b) { return a.second->messages > b.second->messages; });
  for (std::size_t i = 0; i < busiest.size() && i < room; ++i) {
    const Count& count = *busiest[i].second;
    lines.push_back(fmt::format("{:<36} {:>8.1f} {:>10}  {}", shown(busiest[i].first, 33),
                                static_cast<double>(count.messages) / seconds,
                                rate(static_cast<double>(count.bytes) / seconds), count.last));
  }
  // What is silent stays in the table as long as there is room for it.
  for (auto at = topics_.begin(); at != topics_.end();) {
    const bool silent = at->second.messages == 0;
    at->second.messages = at->second.bytes = 0;
    at = silent && topics_.size() >= kMostTopics ? topics_.erase(at) : std::next(at);
  }
  if (!recent_.empty()) lines.push_back("");
  for (const std::string& line : recent_) lines.push_back(line);
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < rows; ++i) {
    std::string line = lines[i];
    std::size_t cut = 0, width = 0;
    for (; cut < line.size() && width < columns; ++width) {
      ++cut;
      while (cut < line.size() && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) ++cut;
    }
    text += line.substr(0, cut) + "\n";
  }
  return text;
}

}  // namespace wirelab::live
