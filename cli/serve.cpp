// wirelab serve: the broker on real sockets.
#include <fmt/format.h>

#include <cstdio>

#include "cli/command.hpp"
#include "cli/scenario.hpp"
#include "live/server.hpp"

namespace wirelab {

namespace {

struct ServeOptions {
  std::vector<std::uint16_t> mqtt;
  std::string bind = "127.0.0.1";
};

int serve(const ServeOptions& options) {
  live::Settings settings;
  for (const std::uint16_t port : options.mqtt) settings.listeners.push_back({port, options.bind, false, std::nullopt});
  if (settings.listeners.empty()) settings.listeners.push_back({1883, options.bind, false, std::nullopt});
  live::Server server(settings);
  if (const auto listening = server.listen(); !listening) return report({kBadInput, listening.error()});
  fmt::print("{}", server.addresses());
  std::fflush(stdout);
  server.run();
  return kDone;
}

}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* sub = app.add_subcommand("serve", "The broker on real sockets, for real clients");
  sub->add_option("--mqtt", options->mqtt, "Listen for MQTT on this port (default 1883; 0: any that is free)");
  sub->add_option("--bind", options->bind, "The address to listen on (default 127.0.0.1: this machine only)");
  sub->footer(
      "Prints a line for each listening socket, as \"mqtt 127.0.0.1:1883\", and serves until SIGINT or SIGTERM.\n"
      "Example:\n  wirelab serve --mqtt 1883 &\n  mosquitto_sub -t '#' -v\n");
  sub->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

}  // namespace wirelab
