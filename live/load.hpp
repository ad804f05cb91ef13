// Clients of MQTT 3.1.1 that load a broker: some publish, as fast as the others have received, and these count. What is under way
// at a time is limited, so that no broker has to drop anything.
#pragma once

#include <asio.hpp>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sim/wire/mqtt.hpp"

namespace wirelab::live {

struct Load {
  std::uint32_t publishers = 1, subscribers = 1;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  std::uint32_t messages = 100'000;  // published in all; each goes to every subscriber
  std::size_t payload = 64;          // bytes
};

class LoadClients {
 public:
  LoadClients(std::uint16_t port, const Load& load);
  ~LoadClients();
  /// Connects and subscribes them all, to a broker on this machine. The error says what went wrong.
  tl::expected<void, std::string> connect();
  /// Publishes everything, and returns when all of it has been received and acknowledged. An error says what was missing.
  tl::expected<void, std::string> run();

 private:
  class Client;
  tl::expected<void, std::string> until(std::uint64_t& counter, std::uint64_t wanted, const char* what);
  void publish_more();

  Load load_;
  asio::ip::tcp::endpoint broker_;
  asio::io_context io_{1};
  std::vector<std::shared_ptr<Client>> publishers_, subscribers_;
  std::vector<std::uint8_t> read_buffer_, payload_;
  std::uint64_t ready_ = 0;                      // clients
  std::uint64_t published_ = 0, delivered_ = 0;  // messages
  std::uint64_t completed_ = 0;                  // deliveries, and acknowledgements of publishers
  std::string failure_;
};

}  // namespace wirelab::live
