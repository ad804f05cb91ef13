// What `serve` says of its clients, a line each on standard error; and the table of clients and topics in a terminal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::live {

class Log final : public mqtt::BrokerWatch {
 public:
  /// With `table`, topics are counted.
  Log(bool lines, bool table) : lines_(lines), table_(table) {}
  void on_connected(const mqtt::Session& session, const mqtt::BrokerConnection& connection) override;
  void on_refused(const mqtt::Connect& packet, mqtt::ReasonCode reason) override;
  void on_ended(const mqtt::Session& session, SessionEvent event, std::string_view why) override;
  void on_message(const mqtt::Message& message) override;

  /// Something else that a person wants to know; nothing where no lines are wanted.
  void tell(const std::string& text) {
    if (lines_) say(text);
  }
  /// The table as it is now, at most `rows` lines of `columns` characters; `seconds` is how long the counts were taken.
  std::string table(const mqtt::Broker& broker, double seconds, std::size_t rows, std::size_t columns);

 private:
  void say(const std::string& text);
  bool lines_, table_;
  std::vector<std::string> recent_;  // lines, under the table
  struct Count {
    std::uint64_t messages = 0, bytes = 0;
    std::string last;
  };
  static constexpr std::size_t kMostTopics = 1000;
  std::map<std::string, Count, std::less<>> topics_;
  mqtt::BrokerCounts before_;
};

}  // namespace wirelab::live
