// A bridge from one broker to another, as mosquitto's `connection`: beside the broker runs a client of the other one, and a client
// of its own broker; what either gets by the bridge's topics the other publishes. Both conform as any client does (3.1.1, section
// 7). This is the part that is the same on a simulated network and on real sockets: it has the client of its own broker, and is
// told what the other client hears.
//
// With MQTT 5.0 neither gets back what it has published itself (No Local), and RETAIN is kept as it was published. A remote broker
// of 3.1.1 knows no such option, so a topic that goes both ways comes back once; that is said in docs/lua/wirelab.lua.
// What waits for a remote broker that is away waits in the bridge's client, and is lost with its process.
#pragma once

#include <string>
#include <vector>

#include "sim/protocol/mqtt/broker.hpp"
#include "sim/protocol/mqtt/client.hpp"

namespace wirelab::mqtt {

/// A line `topic` of mosquitto.conf. Prefixes go before the pattern on either side.
struct BridgeTopic {
  std::string pattern;
  bool out = true, in = false;
  Qos qos = Qos::at_most_once;
  std::string local_prefix, remote_prefix;
};
/// "PATTERN [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]", where "" is no prefix; the error says what is wrong.
tl::expected<BridgeTopic, std::string> parse_bridge_topic(std::string_view line);

struct BridgeSettings {
  std::string
      name;  // of the connection; its client identifier at its own broker, and at the other one if that has none in `remote`
  std::string to;  // the other broker: a node's name, or a host's
  std::vector<BridgeTopic> topics;
  ClientOptions remote;  // version, keep alive, clean session, credentials
};

class Bridge final : public ClientUser {
 public:
  /// `local` and `remote`, the client of the other broker, must outlive the bridge; it sets the options of `remote`. `entity` is
  /// the local client's.
  Bridge(EventQueue& events, Tracer& trace, MessagePool& messages, Broker& local, EntityId entity, Client& remote,
         const BridgeSettings& settings);
  ~Bridge() override;
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// With its broker's process.
  void start();
  /// The process ends; the broker has let go of its connections already, or does so itself.
  void end();
  /// The other broker's CONNACK has come.
  void remote_connected() { subscribe(remote_, true); }
  void from_remote(const Publish& message) { pass_on(local_, message, false); }
  void visit_state(StateVisitor& visitor) const { local_.visit_state(visitor); }

 private:
  // One direction of the connection within the process: bytes arrive by an event of the same instant.
  struct Pipe final : ByteChannel {
    Bridge* bridge = nullptr;
    StreamId stream = 0;
    std::uint64_t written = 0, delivered = 0;
    std::vector<std::uint8_t> waiting;
    bool open = false;
    StreamPlace place() const override { return {stream, written}; }
    std::uint64_t acknowledged() const override { return written; }
    bool is_open() const override { return open; }
    bool has_room(std::size_t) const override { return true; }
    void write(Bytes bytes) override;
    void close() override { bridge->close_pipes(); }
  };
  // ClientUser: the own broker
  void on_connack(Client& client, const Connack&) override { subscribe(client, false); }
  void on_disconnected(Client&, bool) override {}
  void on_message(Client&, const Publish& message) override { pass_on(remote_, message, true); }

  static void on_pump(void* self, std::uint64_t);
  void open_local();
  void pump_later();
  void pump();
  void close_pipes();
  void subscribe(Client& client, bool remote);
  /// Publishes on `client` what came from the other side.
  void pass_on(Client& client, const Publish& message, bool to_remote);

  EventQueue& events_;
  Tracer& trace_;
  Broker& broker_;
  std::vector<BridgeTopic> topics_;
  Client& remote_;
  Client local_;
  Pipe to_broker_, to_client_;
  ConnectionIndex index_ = 0;
  bool runs_ = false;
  TimerId pump_;
};

}  // namespace wirelab::mqtt
