#include "cli/serve_world.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cli/command.hpp"
#include "lab/system/files.hpp"
#include "live/world_server.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kUnaskedTrace = std::size_t{16} << 20;  // where no file of it is wanted

// The node that is named, or the only one that it can be; the error lists what there is.
tl::expected<std::string, std::string> choose(const std::string& wanted, const std::vector<std::string>& all,
                                              const std::vector<std::string>& fitting, const char* option,
                                              const char* what) {
  if (!wanted.empty()) {
    if (std::find(all.begin(), all.end(), wanted) != all.end()) return wanted;
    const std::vector<std::string_view> views(all.begin(), all.end());
    const std::string_view near = nearest(wanted, views);
    return tl::make_unexpected(
        near.empty() ? fmt::format("{}: there is no {} \"{}\"", option, what, wanted)
                     : fmt::format("{}: there is no {} \"{}\": did you mean \"{}\"?", option, what, wanted, near));
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty())
    return tl::make_unexpected(fmt::format(
        "the scenario has no {} for real clients to be: add a device without a program, or say which with {}", what,
        option));
  return tl::make_unexpected(fmt::format("the scenario has several that real clients could be: add {} with one of {}",
                                         option, fmt::join(fitting, ", ")));
}

std::string exact_seconds(Instant at) {
  return fmt::format("{}.{:09}", at.ns() / 1'000'000'000, at.ns() % 1'000'000'000);
}

struct Ends {
  std::string node, broker;
};

tl::expected<Ends, std::string> find_ends(World& world, const ServeWorldOptions& options) {
  std::vector<std::string> devices, idle, brokers;
  for (DeviceIndex i = 0; i < world.devices(); ++i) {
    devices.emplace_back(world.name_of_device(i));
    if (world.program(i) == nullptr) idle.push_back(devices.back());
  }
  for (NodeIndex i = 0; i < world.network().nodes(); ++i) {
    const std::string name(world.trace().names().text(world.network().node(i).entity));
    if (world.broker(name) != nullptr) brokers.push_back(name);
  }
  const auto node = choose(options.node, devices, idle, "--node", "device");
  if (!node) return tl::make_unexpected(node.error());
  if (brokers.empty()) return tl::make_unexpected("the scenario has no broker for real clients to connect to");
  const auto broker = choose(options.broker, brokers, {brokers.front()}, "--broker", "broker");
  if (!broker) return tl::make_unexpected(broker.error());
  return Ends{*node, *broker};
}

// All that was asked for, whatever cannot be written; what could not is said.
std::string write_files(const std::string& record, const TraceFiles& files, Session& session) {
  std::string wrong;
  if (!record.empty()) {
    const auto done = write_file(record, journal_text(session.journal()));
    if (!done) wrong = fmt::format("{}: {}", record, done.error());
  }
  const TraceHeader header{session.setup().path, session.setup().seed, session.world().trace().digest().everything,
                           kAllLayers};
  const std::string more = write_trace_files(files, *session.store(), header);
  return wrong + (wrong.empty() || more.empty() ? "" : "\n") + more;
}

}  // namespace

void add_serve_world_options(CLI::App& command, ServeWorldOptions& options) {
  command
      .add_option("--scenario", options.run.scenario,
                  "Real clients come into this scenario's world, which runs in real time")
      ->group("A simulated world");
  const auto add = [&](const char* name, auto& into, const char* help) {
    return command.add_option(name, into, help)->group("A simulated world");
  };
  add("--node", options.node, "The device that they are (default: the one without a program)");
  add("--broker", options.broker, "The broker that they get to (default: the first)");
  add("--seed", options.run.seed, "What all chance is drawn from (default 1)")->check(whole_number());
  add("--set", options.run.settings, "Set a parameter of the scenario: NAME=VALUE; may be repeated")->take_all();
  add("--until", options.run.until, "End at this time, as in 90s (default: at SIGINT or SIGTERM)");
  add("--record", options.record, "At the end, write the journal: wirelab run SCENARIO --journal FILE replays it");
}

int serve_world(const ServeWorldOptions& options, const TraceFiles& files, const std::string& address,
                std::uint16_t port, bool quiet) {
  auto input = load_setup(options.run);
  if (!input) return report(input.error());
  if (const std::string wrong = unwritable({options.record, files.trace, files.pcap}); !wrong.empty())
    return report({kBadInput, wrong});
  SessionSetup setup = std::move(input->setup);
  if (!files.asked()) setup.trace_memory = kUnaskedTrace;
  if (!quiet) {
    setup.log = [](Instant at, std::string_view device, std::string_view text) {
      fmt::print("{:>12.6f}  {}{}{}\n", at.in_seconds(), device, device.empty() ? "" : ": ", text);
      std::fflush(stdout);
    };
  }
  Instant end = Instant::never();
  if (!options.run.until.empty()) {
    const auto until = parse_duration(options.run.until);
    if (!until) return report({kBadInput, "--until: " + until.error()});
    end = Instant() + *until;
  }
  auto session = Session::begin(std::move(setup));
  if (!session) return report({kBadInput, session.error().text});
  // Programs begin with the first event.
  if (const auto ran = (*session)->run(Instant(), ~std::uint64_t{0}); !ran)
    return report({kBadInput, ran.error().text});
  const auto ends = find_ends((*session)->world(), options);
  if (!ends) return report({kBadInput, ends.error()});
  live::WorldServer server(**session, ends->node, ends->broker);
  if (const auto listening = server.listen(address, port); !listening) return report({kBadInput, listening.error()});
  fmt::print("{}\nreal clients are {}, and connect to {} of {}\n", server.address(), ends->node, ends->broker,
             (*session)->setup().path);
  std::fflush(stdout);
  if (isatty(STDERR_FILENO) != 0) {
    server.tell([&] {
      fmt::print(stderr, "\r\x1b[K{:.0f} s, {} real connections", (*session)->now().in_seconds(), server.connections());
    });
  }
  const auto served = server.run(end);
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[K");
  if (const std::string wrong = write_files(options.record, files, **session); !wrong.empty())
    return report({kBadInput, wrong});
  if (!served) return report({kBadInput, served.error().text});
  fmt::print("{} s, digest {}\n", exact_seconds((*session)->now()), (*session)->world().trace().digest().everything);
  return kDone;
}

}  // namespace wirelab
