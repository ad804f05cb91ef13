#include "live/bench_serve.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>
#include <thread>

#include "lab/system/child.hpp"
#include "lab/system/files.hpp"
#include "live/load.hpp"

namespace wirelab::live {
namespace {

using Port = std::uint16_t;

// A folder that is gone with its owner.
struct Folder {
  std::string path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "wirelab-bench-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
};

// One that nobody listens on now.
Port free_port() {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

bool answers(Port port) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  asio::error_code error;
  socket.connect({asio::ip::address_v4::loopback(), port}, error);
  return !error;
}

struct Broker {
  Child process;
  Port port;
};

tl::expected<Broker, std::string> start(const std::vector<std::string>& command, Port port) {
  auto process = Child::start(command, "", "");
  if (!process) return tl::make_unexpected(process.error());
  for (int i = 0; i < 500 && process->running(); ++i) {
    if (answers(port)) return Broker{std::move(*process), port};
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return tl::make_unexpected(command.front() + " does not answer");
}

// The same limits for both; what a broker may queue is not limited, so that none drops a message.
constexpr std::string_view kLimits = "allow_anonymous true\nmax_queued_messages 0\nlog_type none\n";

tl::expected<Broker, std::string> start_serve(const Folder& folder) {
  const Port port = free_port();
  const std::string file = folder.path + "/serve.conf";
  if (auto wrote = write_file(file, fmt::format("listener {}\n{}", port, kLimits)); !wrote)
    return tl::make_unexpected(wrote.error());
  return start({own_program(), "serve", "--quiet", "--config", file}, port);
}

tl::expected<Broker, std::string> start_mosquitto(const std::string& program, const Folder& folder) {
  const Port port = free_port();
  const std::string file = folder.path + "/mosquitto.conf";
  const auto wrote = write_file(file, fmt::format("listener {} 127.0.0.1\n{}set_tcp_nodelay true\n", port, kLimits));
  if (!wrote) return tl::make_unexpected(wrote.error());
  return start({program, "-c", file}, port);
}

// The system books a thread's time when it pauses, so what is asked for at work is late: until two looks agree.
double booked_seconds(const Child& process) {
  for (double before = -1;;) {
    const double now = process.cpu_seconds();
    if (now == before) return now;
    before = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Deliveries in a second of the broker's processor time.
tl::expected<double, std::string> measure(Broker& broker, const Load& load) {
  LoadClients clients(broker.port, load);
  if (auto connected = clients.connect(); !connected) return tl::make_unexpected(connected.error());
  const double begin = booked_seconds(broker.process);
  if (auto done = clients.run(); !done) return tl::make_unexpected(done.error());
  const double used = booked_seconds(broker.process) - begin;
  if (used <= 0) return tl::make_unexpected("the load is too short for the system to book its time");
  return load.messages * static_cast<double>(load.subscribers) / used;
}

std::vector<std::pair<std::string, Load>> loads(const BenchOptions& options) {
  std::vector<std::pair<std::string, Load>> all;
  for (const mqtt::Qos qos : {mqtt::Qos::at_most_once, mqtt::Qos::at_least_once}) {
    const std::uint32_t deliveries = options.quick ? 20'000 : qos == mqtt::Qos::at_most_once ? 400'000 : 200'000;
    const auto add = [&](const std::string& shape, std::uint32_t publishers, std::uint32_t subscribers) {
      all.emplace_back(fmt::format("QoS {}, {}", static_cast<int>(qos), shape),
                       Load{publishers, subscribers, qos, std::max(20u, deliveries / subscribers)});
    };
    add("1 to 1", 1, 1);
    for (const std::uint32_t clients : {10u, 1000u}) {
      if (options.quick && clients > 10) continue;
      add(fmt::format("{} to 1", clients), clients, 1);
      add(fmt::format("1 to {}", clients), 1, clients);
    }
  }
  return all;
}

}  // namespace

BenchTable bench_serve(const BenchOptions& options, bool& failed) {
  BenchTable table;
  table.title = "serve: messages delivered in a second of the broker's processor time (64 bytes, MQTT 3.1.1, loopback)";
  table.columns = {"wirelab", "mosquitto", "ratio"};
  const auto fail = [&](const std::string& who, const std::string& why) {
    failed = true;
    table.notes.push_back(fmt::format("FAILED: {}: {}", who, why));
  };
  const Folder folder;
  const std::string own = own_program();
  const std::string mosquitto = find_program(
      "mosquitto",
      {"/usr/sbin", "/usr/local/sbin", std::filesystem::path(own).parent_path().string() + "/peers/usr/sbin"});
  if (mosquitto.empty()) table.notes.push_back("there is no mosquitto here to compare with");
  for (const auto& [name, load] : loads(options)) {
    // A process each, so that none begins with what another load has left.
    auto serve = start_serve(folder);
    const auto ours = serve ? measure(*serve, load) : tl::make_unexpected(serve.error());
    if (!ours) fail("wirelab serve, " + name, ours.error());
    double theirs = 0;
    if (!mosquitto.empty()) {
      auto other = start_mosquitto(mosquitto, folder);
      const auto measured = other ? measure(*other, load) : tl::make_unexpected(other.error());
      if (!measured) fail("mosquitto, " + name, measured.error());
      theirs = measured.value_or(0);
    }
    table.rows.push_back({name, {ours.value_or(0), theirs, theirs > 0 ? ours.value_or(0) / theirs : 0}});
  }
  return table;
}

}  // namespace wirelab::live
