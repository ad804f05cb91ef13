#include "live/config.hpp"

#include <asio.hpp>
#include <charconv>
#include <filesystem>
#include <functional>
#include <span>

#include "lab/system/files.hpp"
#include "live/passwords.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/protocol/mqtt/access_lines.hpp"

namespace wirelab::live {
namespace {

using Result = tl::expected<void, std::string>;

struct Reading {
  Settings& settings;
  bool has_listener = false;
  bool anonymous_given = false;
  std::string password_file, acl_file;
  BridgeTarget& bridge() { return settings.bridges.back(); }
  TlsFiles& tls() {
    Listener& listener = settings.listeners.back();
    if (!listener.tls) listener.tls.emplace();
    return *listener.tls;
  }
};

enum class Of : std::uint8_t { broker, listener, bridge };

struct Option {
  std::string_view name;
  std::string_view means;
  Result (*take)(Reading&, std::string_view value);
  Of of = Of::broker;  // it stands behind the listener or the connection that it is about
};

Result wrong(std::string text) { return tl::make_unexpected(std::move(text)); }

template <typename T>
Result number(std::string_view text, std::int64_t least, std::int64_t most, T& into) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return wrong("\"" + std::string(text) + "\" is no number from " + std::to_string(least) + " to " +
                 std::to_string(most));
  into = static_cast<T>(value);
  return {};
}

Result flag(std::string_view text, bool& into) {
  if (text != "true" && text != "false") return wrong("\"" + std::string(text) + "\": write true or false");
  into = text == "true";
  return {};
}

Result file_name(std::string_view text, std::string& into) {
  into = text;
  if (!std::filesystem::is_regular_file(into)) return wrong("there is no file \"" + into + "\"");
  return {};
}

// "1d", "2w", "3m", "4y" or hours, as persistent_client_expiration writes them.
Result span_of_time(std::string_view text, std::uint32_t& seconds) {
  constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'h', 3600}, {'d', 86400}, {'w', 604800}, {'m', 2592000}, {'y', 31536000}};
  std::int64_t factor = 0;
  for (const auto& [letter, length] : kUnits) {
    if (!text.empty() && text.back() == letter) factor = length;
  }
  std::int64_t count = 0;
  if (factor == 0 || !number(text.substr(0, text.size() - 1), 1, 100'000, count))
    return wrong("\"" + std::string(text) + "\" is no time: write 12h, 1d, 2w, 3m or 4y");
  seconds = static_cast<std::uint32_t>(std::min<std::int64_t>(count * factor, mqtt::kNeverExpires - 1));
  return {};
}

Result listener(Reading& reading, std::string_view value) {
  const std::size_t space = std::min(value.find(' '), value.size());
  Listener made;
  if (const auto port = number(value.substr(0, space), 0, 65535, made.port); !port) return port;
  if (space < value.size()) made.address = value.substr(space + 1);
  asio::error_code error;
  asio::ip::make_address(made.address, error);
  if (error) return wrong("\"" + made.address + "\" is no address: write one such as 127.0.0.1, or 0.0.0.0 for all");
  if (!reading.has_listener) reading.settings.listeners.clear();
  reading.has_listener = true;
  reading.settings.listeners.push_back(made);
  return {};
}

Result connection(Reading& reading, std::string_view value) {
  for (const BridgeTarget& other : reading.settings.bridges) {
    if (other.bridge.name == value) return wrong("there is a connection \"" + std::string(value) + "\" already");
  }
  BridgeTarget made;
  made.bridge.name = value;
  made.bridge.remote.version = mqtt::Version::v5;
  made.bridge.remote.clean_session = false;
  reading.settings.bridges.push_back(made);
  return {};
}

Result address(Reading& reading, std::string_view value) {
  const std::size_t colon = std::min(value.rfind(':'), value.size());
  reading.bridge().host = value.substr(0, colon);
  if (reading.bridge().host.empty() || value.find(' ') != std::string_view::npos)
    return wrong("\"" + std::string(value) + "\" is no address: write HOST or HOST:PORT");
  return colon == value.size() ? Result{} : number(value.substr(colon + 1), 1, 65535, reading.bridge().port);
}

Result restart_timeout(Reading& reading, std::string_view value) {
  const std::size_t space = std::min(value.find(' '), value.size());
  std::int64_t first = 0, longest = 0;
  if (const auto taken = number(value.substr(0, space), 1, 86400, first); !taken) return taken;
  longest = first;
  if (space < value.size()) {
    if (const auto taken = number(value.substr(space + 1), first, 86400, longest); !taken) return taken;
  }
  reading.bridge().first_delay = std::chrono::seconds(first);
  reading.bridge().longest_delay = std::chrono::seconds(longest);
  return {};
}

Result credentials(Reading& reading, std::string_view value, bool is_password) {
  mqtt::ClientOptions& remote = reading.bridge().bridge.remote;
  mqtt::Credentials made = remote.credentials == nullptr ? mqtt::Credentials{} : *remote.credentials;
  (is_password ? made.password : made.user_name) = value;
  remote.credentials = std::make_shared<const mqtt::Credentials>(made);
  return {};
}

const Option kOptions[] = {
    {"listener", "PORT [ADDRESS]: where clients connect; this machine only where no address is given", listener},
    {"protocol", "mqtt or websockets",
     [](Reading& r, std::string_view v) -> Result {
       if (v != "mqtt" && v != "websockets") return wrong("\"" + std::string(v) + "\": write mqtt or websockets");
       r.settings.listeners.back().websocket = v == "websockets";
       return {};
     },
     Of::listener},
    {"certfile", "the server's certificate, in PEM",
     [](Reading& r, std::string_view v) { return file_name(v, r.tls().certificate); }, Of::listener},
    {"keyfile", "its private key, in PEM", [](Reading& r, std::string_view v) { return file_name(v, r.tls().key); },
     Of::listener},
    {"cafile", "who signs the clients' certificates, in PEM",
     [](Reading& r, std::string_view v) { return file_name(v, r.tls().authorities); }, Of::listener},
    {"require_certificate", "true: clients must have one",
     [](Reading& r, std::string_view v) { return flag(v, r.tls().require_certificate); }, Of::listener},
    {"allow_anonymous", "whether clients without a user name are let in",
     [](Reading& r, std::string_view v) {
       r.anonymous_given = true;
       return flag(v, r.settings.access.allow_anonymous);
     }},
    {"password_file", "users, as mosquitto_passwd writes them",
     [](Reading& r, std::string_view v) { return file_name(v, r.password_file); }},
    {"acl_file", "who may read and write what",
     [](Reading& r, std::string_view v) { return file_name(v, r.acl_file); }},
    {"max_keepalive", "seconds; 0: clients may do without",
     [](Reading& r, std::string_view v) { return number(v, 0, 65535, r.settings.broker.max_keep_alive); }},
    {"max_inflight_messages", "QoS 1 and 2 messages on their way to one client; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 65535, r.settings.broker.max_in_flight); }},
    {"max_queued_messages", "that wait for one client; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 1'000'000'000, r.settings.broker.max_queued); }},
    {"max_queued_bytes", "of them; 0: not limited",
     [](Reading& r, std::string_view v) {
       return number(v, 0, 1'000'000'000'000, r.settings.broker.max_queued_bytes);
     }},
    {"max_packet_size", "bytes",
     [](Reading& r, std::string_view v) { return number(v, 20, 268'435'460, r.settings.broker.max_packet_size); }},
    {"memory_limit", "bytes of messages that are kept, and of subscriptions; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 1'000'000'000'000, r.settings.broker.memory_limit); }},
    {"max_connections", "at once; -1: not limited",
     [](Reading& r, std::string_view v) -> Result {
       std::int64_t count = 0;
       const auto taken = number(v, -1, 1'000'000, count);
       if (taken) r.settings.broker.max_connections = count < 0 ? 0 : static_cast<std::uint32_t>(count);
       return taken;
     }},
    {"max_qos", "0, 1 or 2",
     [](Reading& r, std::string_view v) { return number(v, 0, 2, r.settings.broker.maximum_qos); }},
    {"max_topic_alias", "of one client; 0: none",
     [](Reading& r, std::string_view v) { return number(v, 0, 65535, r.settings.broker.max_topic_alias); }},
    {"retain_available", "whether messages can be retained",
     [](Reading& r, std::string_view v) { return flag(v, r.settings.broker.retain_available); }},
    {"queue_qos0_messages", "whether QoS 0 messages wait for clients that are away",
     [](Reading& r, std::string_view v) { return flag(v, r.settings.broker.queue_qos0); }},
    {"persistent_client_expiration", "how long sessions are kept at most, as 12h, 1d or 2w",
     [](Reading& r, std::string_view v) { return span_of_time(v, r.settings.broker.longest_session_expiry); }},
    {"sys_interval", "seconds between the messages under $SYS; 0: none",
     [](Reading& r, std::string_view v) -> Result {
       std::int64_t seconds = 0;
       const auto taken = number(v, 0, 1'000'000, seconds);
       if (taken) r.settings.broker.sys_interval = Duration::seconds(seconds);
       return taken;
     }},
    {"persistence", "true: sessions and retained messages are kept in a file",
     [](Reading& r, std::string_view v) { return flag(v, r.settings.broker.persistence); }},
    {"persistence_location", "the folder of that file, wirelab.state; the present one if it is left out",
     [](Reading& r, std::string_view v) -> Result {
       r.settings.persistence_location = v;
       if (!std::filesystem::is_directory(r.settings.persistence_location))
         return wrong("there is no folder \"" + r.settings.persistence_location + "\"");
       return {};
     }},
    {"autosave_interval", "seconds between savings while it runs; 0: at its end only",
     [](Reading& r, std::string_view v) -> Result {
       std::int64_t seconds = 0;
       const auto taken = number(v, 0, 1'000'000'000, seconds);
       if (taken) r.settings.broker.autosave_interval = Duration::seconds(seconds);
       return taken;
     }},
    {"connection_messages", "whether who comes and goes is logged",
     [](Reading& r, std::string_view v) { return flag(v, r.settings.log_connections); }},
    {"log_type", "none: nothing is logged; error, warning, notice, information, debug or all: it is",
     [](Reading& r, std::string_view v) -> Result {
       for (const std::string_view known : {"error", "warning", "notice", "information", "debug", "all", "none"}) {
         if (v == known) return r.settings.quiet = v == "none", Result{};
       }
       return wrong("\"" + std::string(v) + "\": write error, warning, notice, information, debug, all or none");
     }},
    // Not of mosquitto's.
    {"connect_timeout", "seconds from a connection's beginning to its CONNECT",
     [](Reading& r, std::string_view v) -> Result {
       std::int64_t seconds = 0;
       const auto taken = number(v, 1, 86400, seconds);
       if (taken) r.settings.broker.connect_timeout = Duration::seconds(seconds);
       return taken;
     }},
    {"max_sessions", "with and without a connection; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 100'000'000, r.settings.broker.max_sessions); }},
    {"max_retained", "messages; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 1'000'000'000, r.settings.broker.max_retained); }},
    {"max_subscriptions", "of one client; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 100'000'000, r.settings.broker.max_subscriptions); }},
    {"max_filter_levels", "of all filters of one client together; 0: not limited",
     [](Reading& r, std::string_view v) { return number(v, 0, 1'000'000'000, r.settings.broker.max_filter_levels); }},
    {"max_topic_levels", "of a topic or filter",
     [](Reading& r, std::string_view v) { return number(v, 1, 65535, r.settings.broker.max_topic_levels); }},
    {"max_output", "bytes that wait in one connection; QoS 0 messages beyond them are dropped",
     [](Reading& r, std::string_view v) { return number(v, 1000, 1'000'000'000, r.settings.max_output); }},
    {"drop_policy", "newest or oldest: which message is dropped where a client's queue is full",
     [](Reading& r, std::string_view v) -> Result {
       if (v != "newest" && v != "oldest") return wrong("\"" + std::string(v) + "\": write newest or oldest");
       r.settings.broker.drop = v == "oldest" ? mqtt::DropPolicy::oldest : mqtt::DropPolicy::newest;
       return {};
     }},
    {"connection", "NAME: a bridge to another broker", connection},
    {"address", "HOST or HOST:PORT of the other broker", address, Of::bridge},
    {"topic", "PATTERN [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]; may be repeated",
     [](Reading& r, std::string_view v) -> Result {
       const auto topic = mqtt::parse_bridge_topic(v);
       if (!topic) return wrong(topic.error());
       r.bridge().bridge.topics.push_back(*topic);
       return {};
     },
     Of::bridge},
    {"remote_clientid", "at the other broker; the connection's name if it is left out",
     [](Reading& r, std::string_view v) { return r.bridge().bridge.remote.client_id = v, Result{}; }, Of::bridge},
    {"remote_username", "at the other broker", [](Reading& r, std::string_view v) { return credentials(r, v, false); },
     Of::bridge},
    {"remote_password", "of that user", [](Reading& r, std::string_view v) { return credentials(r, v, true); },
     Of::bridge},
    {"cleansession", "true: the other broker keeps nothing while the bridge is away",
     [](Reading& r, std::string_view v) { return flag(v, r.bridge().bridge.remote.clean_session); }, Of::bridge},
    {"keepalive_interval", "seconds",
     [](Reading& r, std::string_view v) { return number(v, 5, 65535, r.bridge().bridge.remote.keep_alive); },
     Of::bridge},
    {"bridge_protocol_version",
     "mqttv31, mqttv311 or mqttv50, which it is if it is left out: it alone can go both ways without an echo",
     [](Reading& r, std::string_view v) -> Result {
       for (const auto& [name, version] : {std::pair{"mqttv31", mqtt::Version::v3_1},
                                           {"mqttv311", mqtt::Version::v3_1_1},
                                           {"mqttv50", mqtt::Version::v5}}) {
         if (v == name) return r.bridge().bridge.remote.version = version, Result{};
       }
       return wrong("\"" + std::string(v) + "\": write mqttv31, mqttv311 or mqttv50");
     },
     Of::bridge},
    {"restart_timeout", "seconds before it is tried again, and to how many they double", restart_timeout, Of::bridge},
};

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Calls take(line) for each, and puts file and number in front of what it says is wrong.
template <typename Take>
Result for_each_line(const std::string& path, Take&& take) {
  const auto text = read_file(path);
  if (!text) return tl::make_unexpected(text.error());
  std::size_t number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    ++number;
    if (const Result taken = take(trimmed(rest.substr(0, end))); !taken)
      return wrong(path + ":" + std::to_string(number) + ": " + taken.error());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result take_line(Reading& reading, std::string_view line) {
  if (line.empty() || line.front() == '#') return {};
  const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view name = line.substr(0, space);
  const std::string_view value = trimmed(line.substr(space));
  std::vector<std::string_view> names;
  for (const Option& option : kOptions) {
    names.push_back(option.name);
    if (option.name != name) continue;
    if (value.empty()) return wrong("behind \"" + std::string(name) + "\" its value is missing");
    if (option.of == Of::bridge && reading.settings.bridges.empty())
      return wrong("\"" + std::string(name) + "\" is about a bridge: write \"connection NAME\" before it");
    if (option.of == Of::listener && !reading.has_listener)
      return wrong("\"" + std::string(name) + "\" is about a listener: write \"listener PORT\" before it");
    return option.take(reading, value);
  }
  std::string_view near = nearest(name, names);
  for (const std::string_view known : names) {
    if (near.empty() && name.size() > 3 && known.starts_with(name)) near = known;
  }
  return wrong(
      "\"" + std::string(name) + "\" is not known here" +
      (near.empty() ? "; wirelab serve --help lists what is" : ": did you mean \"" + std::string(near) + "\"?"));
}

Result read_passwords(const std::string& path, mqtt::AccessList& access) {
  access.verify = verify_password;
  return for_each_line(path, [&](std::string_view line) -> Result {
    if (line.empty() || line.front() == '#') return {};
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || !is_kept_password(line.substr(colon + 1)))
      return wrong("this is no user with a password: write it with mosquitto_passwd");
    access.add_user(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
    return {};
  });
}

}  // namespace

Result read_config(const std::string& path, Settings& settings) {
  Reading reading{settings, false, false, {}, {}};
  if (Result taken = for_each_line(path, [&](std::string_view line) { return take_line(reading, line); }); !taken)
    return taken;
  // As mosquitto: who opens listeners says who may come in.
  if (reading.has_listener && !reading.anonymous_given) settings.access.allow_anonymous = false;
  if (!reading.password_file.empty()) {
    if (Result taken = read_passwords(reading.password_file, settings.access); !taken) return taken;
  }
  if (!reading.acl_file.empty()) {
    mqtt::AccessLines lines(settings.access);
    if (Result taken = for_each_line(reading.acl_file, [&](std::string_view line) { return lines.take(line); }); !taken)
      return taken;
  }
  for (const Listener& made : settings.listeners) {
    if (made.tls && (made.tls->certificate.empty() || made.tls->key.empty()))
      return wrong(path + ": listener " + std::to_string(made.port) + " needs both certfile and keyfile for TLS");
    if (made.tls && made.tls->require_certificate && made.tls->authorities.empty())
      return wrong(path + ": listener " + std::to_string(made.port) +
                   " requires certificates: write with cafile who may have signed them");
  }
  for (BridgeTarget& made : settings.bridges) {
    const std::string which = path + ": connection " + made.bridge.name;
    if (made.host.empty()) return wrong(which + " needs an address");
    if (made.bridge.topics.empty()) return wrong(which + " needs a topic, as \"topic sensors/# out 1\"");
    mqtt::ClientOptions& remote = made.bridge.remote;
    if (remote.credentials != nullptr && remote.credentials->user_name.empty())
      return wrong(which + " has a remote_password and no remote_username");
    if (!remote.clean_session && remote.version == mqtt::Version::v5) {
      mqtt::OptionsOf5 five;
      five.session_expiry = mqtt::kNeverExpires;
      remote.five = std::make_shared<const mqtt::OptionsOf5>(five);
    }
  }
  return {};
}

std::string config_help() {
  std::string text;
  for (const Option& option : kOptions)
    text +=
        "  " + std::string(option.name) + std::string(30 - option.name.size(), ' ') + std::string(option.means) + "\n";
  return text;
}

}  // namespace wirelab::live
