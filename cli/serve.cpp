// wirelab serve: the broker on real sockets.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "cli/serve_world.hpp"
#include "live/config.hpp"
#include "live/log.hpp"
#include "live/server.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kTraceMemory = std::size_t{1} << 30;

struct ServeOptions {
  std::vector<std::uint16_t> mqtt, mqtts, ws, wss;
  std::optional<std::uint16_t> http;
  std::string api_key;
  std::string bind = "127.0.0.1";
  live::TlsFiles tls;
  std::string config;
  bool quiet = false;
  TraceFiles files;
  ServeWorldOptions world;
};

// Every client takes a file descriptor.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string listeners_of(const ServeOptions& options, live::Settings& settings) {
  const bool certified = !options.tls.certificate.empty() && !options.tls.key.empty();
  if (!certified && !(options.mqtts.empty() && options.wss.empty()))
    return "--mqtts and --wss need a certificate: add --cert FILE --key FILE";
  if (certified && options.mqtts.empty() && options.wss.empty())
    return "--cert and --key are for --mqtts and --wss: add one of them";
  std::vector<live::Listener> made;
  const auto add = [&](const std::vector<std::uint16_t>& ports, bool websocket, bool tls) {
    for (const std::uint16_t port : ports)
      made.push_back({port, options.bind, websocket, tls ? std::optional(options.tls) : std::nullopt});
  };
  add(options.mqtt, false, false);
  add(options.mqtts, false, true);
  add(options.ws, true, false);
  add(options.wss, true, true);
  if (options.http) settings.web = live::WebListener{*options.http, options.bind, options.api_key};
  if (!options.http && !options.api_key.empty()) return "--api-key is for the REST cloud: add --http PORT";
  if (made.empty() && settings.listeners.empty() && !options.http)
    made.push_back({1883, options.bind, false, std::nullopt});
  settings.listeners.insert(settings.listeners.end(), made.begin(), made.end());
  return {};
}

void show_table(live::Log& log, const mqtt::Broker& broker) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) size.ws_row = 24, size.ws_col = 80;
  fmt::print("\x1b[H\x1b[J{}", log.table(broker, 1.0, size.ws_row - 1u, size.ws_col));
  std::fflush(stdout);
}

// What belongs to one of the two ways of serving only.
std::string mixed(const ServeOptions& options) {
  const ServeWorldOptions& world = options.world;
  if (world.asked()) {
    if (!options.config.empty() || !options.mqtts.empty() || !options.ws.empty() || !options.wss.empty() ||
        !options.tls.certificate.empty() || !options.tls.key.empty() || options.http)
      return "--scenario: its servers are the scenario's own: leave out --config, --mqtts, --ws, --wss, --http, --cert "
             "and --key";
    if (options.mqtt.size() > 1) return "--scenario: real clients come in at one port: give --mqtt once";
    return {};
  }
  const bool of_world = !world.node.empty() || !world.broker.empty() || world.run.seed || !world.run.settings.empty() ||
                        !world.run.until.empty() || !world.record.empty();
  return of_world ? "--node, --broker, --seed, --set, --until and --record go with --scenario FILE" : "";
}

int serve(const ServeOptions& options) {
  if (const std::string wrong = mixed(options); !wrong.empty()) return report({kBadInput, wrong});
  raise_descriptor_limit();
  if (options.world.asked()) {
    const std::uint16_t port = options.mqtt.empty() ? std::uint16_t{1883} : options.mqtt.front();
    return serve_world(options.world, options.files, options.bind, port, options.quiet);
  }
  live::Settings settings;
  if (!options.config.empty()) {
    if (const auto read = live::read_config(options.config, settings); !read) return report({kBadInput, read.error()});
  }
  if (const std::string wrong = listeners_of(options, settings); !wrong.empty()) return report({kBadInput, wrong});
  const bool table = isatty(STDOUT_FILENO) != 0 && !options.quiet;
  live::Log log(settings.log_connections && !settings.quiet && !options.quiet, table);
  if (const std::string wrong = unwritable({options.files.trace, options.files.pcap}); !wrong.empty())
    return report({kBadInput, wrong});
  const auto store = options.files.asked() ? std::make_shared<TraceStore>(kTraceMemory) : nullptr;
  live::Server server(settings, &log, store);
  server.tell([&](const std::string& text) { log.tell(text); });
  if (const auto listening = server.listen(); !listening) return report({kBadInput, listening.error()});
  fmt::print("{}", server.addresses());
  std::fflush(stdout);
  if (table) server.every_second([&] { show_table(log, server.broker()); });
  const auto served = server.run();
  if (store) {
    const TraceHeader header{"serve", 1, server.trace().digest().everything, kAllLayers};
    const std::string wrong =
        write_trace_files(options.files, *store, header, {server.clock().epoch_ns(), server.tls_keys()});
    if (!wrong.empty()) return report({kBadInput, wrong});
  }
  if (!served) return report({kBadInput, served.error()});
  return kDone;
}

}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* sub = app.add_subcommand("serve", "The broker on real sockets, for real clients");
  sub->add_option("--mqtt", options->mqtt, "Listen for MQTT on this port (default 1883; 0: any that is free)");
  sub->add_option("--mqtts", options->mqtts, "The same over TLS, as on 8883");
  sub->add_option("--ws", options->ws, "The same over WebSocket, as on 9001");
  sub->add_option("--wss", options->wss, "Over both");
  sub->add_option("--http", options->http, "The REST cloud on this port, as on 8080; alone, without a broker");
  sub->add_option("--api-key", options->api_key, "What every request must bring in X-AIO-Key or X-API-Key");
  sub->add_option("--cert", options->tls.certificate, "The server's certificate, in PEM")->check(CLI::ExistingFile);
  sub->add_option("--key", options->tls.key, "Its private key, in PEM")->check(CLI::ExistingFile);
  sub->add_option("--bind", options->bind, "The address to listen on (default 127.0.0.1: this machine only)");
  sub->add_option("--config", options->config, "A file of mosquitto's form, with the options below");
  sub->add_flag("--quiet", options->quiet, "Do not tell who comes and goes");
  sub->add_option("--trace", options->files.trace, "At the end, write every record, a JSON object a line");
  sub->add_option("--pcap", options->files.pcap, "At the end, write a capture (pcapng); of TLS it holds the keys, too");
  add_serve_world_options(*sub, options->world);
  sub->footer(
      "Prints a line for each listening socket, as \"mqtt 127.0.0.1:1883\", and serves until SIGINT or SIGTERM.\n"
      "In a terminal a table of clients and topics follows.\n"
      "Examples:\n  wirelab serve --mqtt 1883 &\n  mosquitto_sub -t '#' -v\n"
      "  wirelab serve --scenario classroom --record lesson.journal\n"
      "\nOf mosquitto.conf it knows:\n" +
      live::config_help());
  sub->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

}  // namespace wirelab
