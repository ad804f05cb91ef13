#include "sim/world/journal.hpp"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>

#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 22> kNames{"cut",         "restore",        "impair",           "power_off",
                                                  "crash",       "stop",           "restart",          "set_sensor",
                                                  "drop_packet", "delay_packet",   "duplicate_packet", "publish",
                                                  "subscribe",   "unsubscribe",    "forget_bindings",  "fail_names",
                                                  "move",        "deauthenticate", "outside_connect",  "outside_send",
                                                  "outside_end", "outside_read"};
static_assert(kNames.size() == std::variant_size_v<Intervention>);

// A setting of a link is written under its name and unit: "delay_ns", "rate_bps", "loss".
std::string key_of(LinkOption option) {
  const LinkOptionInfo& info = info_of(option);
  return std::string(info.name) + (info.unit == LinkUnit::time ? "_ns" : info.unit == LinkUnit::rate ? "_bps" : "");
}

void write_change(Json& json, const LinkChange& change) {
  Json& at = json[key_of(change.option)];
  switch (info_of(change.option).unit) {
    case LinkUnit::ratio: at = std::bit_cast<double>(change.value); break;
    case LinkUnit::flag: at = change.value != 0; break;
    case LinkUnit::word: at = words_of(change.option)[static_cast<std::size_t>(change.value)]; break;
    default: at = change.value;
  }
}

template <typename F>
void for_each_link_option(F&& f) {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::count_); ++i) f(static_cast<LinkOption>(i));
}

std::string hex_of(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 0xf];
  }
  return text;
}

Json to_json(const Intervention& what) {
  Json json;
  json["do"] = kNames[what.index()];
  std::visit(
      [&](const auto& item) {
        using T = std::decay_t<decltype(item)>;
        if constexpr (requires { item.link; }) json["link"] = item.link;
        if constexpr (requires { item.node; }) json["node"] = item.node;
        if constexpr (std::is_same_v<T, SetImpairment>) {
          for (const LinkChange& change : item.changes) write_change(json, change);
        }
        if constexpr (requires { item.fails; }) json["fails"] = item.fails;
        if constexpr (requires { item.x; }) json["x"] = item.x, json["y"] = item.y;
        if constexpr (requires { item.packet; }) json["packet"] = item.packet;
        if constexpr (requires { item.by; }) json["by_ns"] = item.by.ns();
        if constexpr (requires { item.topic; }) json["topic"] = item.topic;
        if constexpr (requires { item.filter; }) json["filter"] = item.filter;
        if constexpr (requires { item.payload; }) json["payload"] = item.payload;
        if constexpr (requires { item.qos; }) json["qos"] = item.qos;
        if constexpr (requires { item.retain; }) json["retain"] = item.retain;
        if constexpr (requires { item.to; }) json["to"] = item.to, json["port"] = item.port;
        if constexpr (requires { item.connection; }) json["connection"] = item.connection;
        if constexpr (requires { item.bytes; }) json["hex"] = hex_of(item.bytes);
        if constexpr (requires { item.reset; }) json["reset"] = item.reset;
        if constexpr (requires { item.reads; }) json["reads"] = item.reads;
        if constexpr (std::is_same_v<T, SetSensor>) {
          json["sensor"] = item.sensor;
          json["value"] = item.value;
        }
      },
      what);
  return json;
}

// Thrown inside this file only, and caught in parse_journal.
struct Wrong {
  std::string what;
};

template <typename T>
T need(const Json& json, const char* key) {
  const auto at = json.find(key);
  if (at == json.end()) throw Wrong{fmt::format("\"{}\" is missing", key)};
  const bool right = std::is_same_v<T, double> ? at->is_number()
                     : std::is_same_v<T, bool> ? at->is_boolean()
                     : std::is_same_v<T, std::uint32_t>
                         ? at->is_number_unsigned() && at->get<std::uint64_t>() <= 0xffffffff
                     : std::is_unsigned_v<T>          ? at->is_number_unsigned()
                     : std::is_integral_v<T>          ? at->is_number_integer()
                     : std::is_same_v<T, std::string> ? at->is_string()
                                                      : at->is_object();
  try {
    if (right) return at->get<T>();
  } catch (const nlohmann::json::exception&) {
  }
  throw Wrong{fmt::format("\"{}\" has the wrong type or range: {}", key, at->dump())};
}

template <typename T>
std::optional<T> may(const Json& json, const char* key) {
  return json.contains(key) ? std::optional<T>(need<T>(json, key)) : std::nullopt;
}

// Nanoseconds, bounded so that no sum of times overflows.
Duration nanoseconds(const Json& json, const char* key) {
  const auto ns = need<std::int64_t>(json, key);
  if (ns < 0 || ns > kLongestDuration.ns())
    throw Wrong{fmt::format("\"{}\" must lie between 0 and 100 years in nanoseconds", key)};
  return Duration::nanoseconds(ns);
}

std::int64_t read_change(const Json& json, const std::string& key, LinkOption option) {
  switch (info_of(option).unit) {
    case LinkUnit::ratio: return LinkChange::of(option, need<double>(json, key.c_str())).value;
    case LinkUnit::flag: return need<bool>(json, key.c_str()) ? 1 : 0;
    case LinkUnit::word: {
      const auto word = need<std::string>(json, key.c_str());
      const auto& words = words_of(option);
      const auto at = std::find(words.begin(), words.end(), word);
      if (at != words.end()) return at - words.begin();
      throw Wrong{fmt::format("\"{}\" is \"{}\"; it must be one of: {}", key, word, fmt::join(words, ", "))};
    }
    default: return need<std::int64_t>(json, key.c_str());
  }
}

SetImpairment impairment(const Json& json) {
  SetImpairment what{need<std::string>(json, "link"), {}};
  for_each_link_option([&](LinkOption option) {
    const std::string key = key_of(option);
    if (!json.contains(key)) return;
    const LinkChange change{option, read_change(json, key, option)};
    if (const auto wrong = out_of_range(change); !wrong.empty()) throw Wrong{fmt::format("\"{}\": {}", key, wrong)};
    what.changes.push_back(change);
  });
  return what;
}

std::uint8_t qos_of(const Json& json) {
  const auto qos = may<std::uint32_t>(json, "qos").value_or(0);
  if (qos > 2) throw Wrong{fmt::format("\"qos\" is {}; it must be 0, 1 or 2", qos)};
  return static_cast<std::uint8_t>(qos);
}

std::vector<std::uint8_t> bytes_of_hex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  const auto digit = [&](char c) {
    const std::size_t value = std::string_view("0123456789abcdef").find(c);
    if (value == std::string_view::npos) throw Wrong{"\"hex\" must be pairs of the digits 0 to 9 and a to f"};
    return value;
  };
  if (text.size() % 2 != 0) throw Wrong{"\"hex\" must have two digits a byte"};
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes;
}

Intervention from_json(const Json& json) {
  const auto name = need<std::string>(json, "do");
  if (name == "cut") return CutLink{need<std::string>(json, "link")};
  if (name == "restore") return RestoreLink{need<std::string>(json, "link")};
  if (name == "impair") return impairment(json);
  if (name == "power_off") return PowerOff{need<std::string>(json, "node")};
  if (name == "crash") return Crash{need<std::string>(json, "node")};
  if (name == "stop") return Stop{need<std::string>(json, "node")};
  if (name == "restart") return Restart{need<std::string>(json, "node")};
  if (name == "set_sensor")
    return SetSensor{need<std::string>(json, "node"), need<std::string>(json, "sensor"), need<double>(json, "value")};
  if (name == "drop_packet") return DropPacket{need<std::string>(json, "link"), need<std::uint32_t>(json, "packet")};
  if (name == "delay_packet")
    return DelayPacket{need<std::string>(json, "link"), need<std::uint32_t>(json, "packet"),
                       nanoseconds(json, "by_ns")};
  if (name == "duplicate_packet")
    return DuplicatePacket{need<std::string>(json, "link"), need<std::uint32_t>(json, "packet")};
  if (name == "publish")
    return PublishAs{need<std::string>(json, "node"), need<std::string>(json, "topic"),
                     may<std::string>(json, "payload").value_or(""), qos_of(json),
                     may<bool>(json, "retain").value_or(false)};
  if (name == "subscribe")
    return SubscribeAs{need<std::string>(json, "node"), need<std::string>(json, "filter"), qos_of(json)};
  if (name == "unsubscribe") return UnsubscribeAs{need<std::string>(json, "node"), need<std::string>(json, "filter")};
  if (name == "deauthenticate") return Deauthenticate{need<std::string>(json, "node")};
  if (name == "move")
    return MoveNode{need<std::string>(json, "node"), need<double>(json, "x"), need<double>(json, "y")};
  const auto connection = [&] { return need<std::uint32_t>(json, "connection"); };
  if (name == "outside_connect") {
    const auto port = need<std::uint32_t>(json, "port");
    if (port == 0 || port > 65535) throw Wrong{fmt::format("\"port\" is {}; it must lie between 1 and 65535", port)};
    return OutsideConnect{need<std::string>(json, "node"), need<std::string>(json, "to"),
                          static_cast<std::uint16_t>(port), connection()};
  }
  if (name == "outside_send") return OutsideSend{connection(), bytes_of_hex(need<std::string>(json, "hex"))};
  if (name == "outside_end") return OutsideEnd{connection(), may<bool>(json, "reset").value_or(false)};
  if (name == "outside_read") return OutsideRead{connection(), may<bool>(json, "reads").value_or(true)};
  if (name == "forget_bindings") return ForgetBindings{need<std::string>(json, "node")};
  if (name == "fail_names") return FailNames{need<std::string>(json, "node"), may<bool>(json, "fails").value_or(true)};
  const std::string_view near = nearest(name, kNames);
  throw Wrong{near.empty() ? fmt::format("unknown intervention \"{}\"", name)
                           : fmt::format("unknown intervention \"{}\": did you mean \"{}\"?", name, near)};
}

void only_keys(const Json& json, const std::vector<std::string_view>& known) {
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view near = nearest(key, known);
    throw Wrong{near.empty() ? fmt::format("unknown key \"{}\"", key)
                             : fmt::format("unknown key \"{}\": did you mean \"{}\"?", key, near)};
  }
}

void read_header(const Json& json, Journal& journal) {
  only_keys(json, {"wirelab_journal", "version", "scenario", "scenario_hash", "seed", "parameters"});
  const int format = need<int>(json, "wirelab_journal");
  if (format != Journal::kFormat)
    throw Wrong{fmt::format("journal format {} is not known: this program reads format {}", format, Journal::kFormat)};
  journal.program_version = may<std::string>(json, "version").value_or("");
  journal.scenario = need<std::string>(json, "scenario");
  journal.scenario_hash = may<std::string>(json, "scenario_hash").value_or("");
  journal.seed = need<std::uint64_t>(json, "seed");
  if (json.contains("parameters")) journal.parameters = need<std::map<std::string, std::string>>(json, "parameters");
}

JournalEntry read_entry(const Json& json, const Journal& journal, int line) {
  static const std::vector<std::string> settings = [] {
    std::vector<std::string> keys;
    for_each_link_option([&](LinkOption option) { keys.push_back(key_of(option)); });
    return keys;
  }();
  std::vector<std::string_view> known{"at_ns", "events", "do",     "link",       "node", "sensor", "value", "packet",
                                      "by_ns", "topic",  "filter", "payload",    "qos",  "retain", "fails", "x",
                                      "y",     "to",     "port",   "connection", "hex",  "reset",  "reads"};
  known.insert(known.end(), settings.begin(), settings.end());
  only_keys(json, known);
  JournalEntry entry{Instant() + nanoseconds(json, "at_ns"), may<std::uint64_t>(json, "events"), from_json(json), line};
  if (!journal.entries.empty() && entry.at < journal.entries.back().at) throw Wrong{"entries must be in order of time"};
  return entry;
}

}  // namespace

std::string_view name_of(const Intervention& intervention) { return kNames[intervention.index()]; }

std::string scenario_hash(std::string_view source) {
  const XXH128_hash_t hash = XXH3_128bits(source.data(), source.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string journal_text(const Journal& journal) {
  Json header;
  header["wirelab_journal"] = Journal::kFormat;
  header["version"] = journal.program_version;
  header["scenario"] = journal.scenario;
  header["scenario_hash"] = journal.scenario_hash;
  header["seed"] = journal.seed;
  header["parameters"] = journal.parameters;
  std::string text = header.dump() + "\n";
  for (const JournalEntry& entry : journal.entries) {
    Json line;
    line["at_ns"] = entry.at.ns();
    if (entry.events) line["events"] = *entry.events;
    line.update(to_json(entry.what));
    text += line.dump() + "\n";
  }
  return text;
}

tl::expected<Journal, JournalError> parse_journal(std::string_view text) {
  Journal journal;
  int number = 0;
  bool has_header = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return tl::unexpected(JournalError{number, "not a JSON object; a journal has one a line"});
    try {
      if (has_header) {
        journal.entries.push_back(read_entry(json, journal, number));
      } else {
        read_header(json, journal);
        has_header = true;
      }
    } catch (const Wrong& wrong) {
      return tl::unexpected(JournalError{number, wrong.what});
    }
  }
  if (!has_header)
    return tl::unexpected(JournalError{1, "the journal has no header line ({\"wirelab_journal\": 1, ...})"});
  return journal;
}

}  // namespace wirelab
