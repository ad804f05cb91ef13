// The REST cloud of the course, as a site: devices register, post readings and ask for the latest ones (/api/v1), and feeds in the
// manner of Adafruit IO (/api/v2). docs/http.md describes every request and answer.
//
// Who asks for the latest with If-None-Match and Prefer: wait=N (RFC 7240, 4.3) is answered when there is something new, or after
// N seconds: a long poll.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/protocol/http/server.hpp"

namespace wirelab::http {

struct CloudSettings {
  std::string api_key;                 // that X-AIO-Key, X-API-Key or Authorization: Bearer must bring; empty: none
  std::size_t most_devices = 100'000;  // and feeds, each
  Duration longest_wait = Duration::seconds(60);
  std::int64_t epoch = 0;  // instant 0 in seconds since 1970, for what a feed says of its values
};

class RestCloud final : public Site {
 public:
  RestCloud(EventQueue& events, Tracer& trace, EntityId entity, CloudSettings settings)
      : events_(events), trace_(trace), entity_(entity), settings_(std::move(settings)) {}

  void handle(Exchange& exchange) override;
  void time_is_over(Exchange& exchange) override;
  void forget(Exchange& exchange) override;
  /// Its process has died: what was stored is gone.
  void crash();

  std::uint64_t readings() const { return readings_; }
  std::size_t devices() const { return devices_.size(); }
  std::size_t waiting() const { return waiting_.size(); }
  void visit_state(StateVisitor& visitor) const;

 private:
  static constexpr std::size_t kKept = 100;  // values of a feed
  struct Device {
    std::string type;
    std::string latest;       // readings as JSON; empty: none yet
    std::uint64_t count = 0;  // of readings
    std::uint32_t number = 0;
  };
  struct Value {
    std::string json;
    std::string tag;
  };
  struct Feed {
    std::uint32_t id = 0;
    std::uint64_t count = 0;
    std::deque<Value> values;  // the newest first
  };
  struct Waiting {
    Exchange* exchange;
    std::string key;  // what it waits for
  };
  using Path = std::vector<std::string>;
  bool may_enter(const Request& request) const;
  Response route(const Request& request, const Path& path, std::string& waits_for);
  Response devices_request(const Request& request);
  Response data_request(const Request& request);
  Response latest_request(const Request& request, std::string& waits_for);
  Response feed_request(const Request& request, const Path& path, std::string& waits_for);
  Response store_value(const Request& request, const std::string& user, const std::string& key);
  void stored(const std::string& key);
  void set_waiting(std::size_t before);
  Response latest_of(const Device& device) const;
  Response last_of(const Feed& feed) const;

  EventQueue& events_;
  Tracer& trace_;
  EntityId entity_;
  CloudSettings settings_;
  std::map<std::string, Device, std::less<>> devices_;
  std::map<std::string, Feed, std::less<>> feeds_;  // by "user/key"
  std::vector<Waiting> waiting_;
  std::uint64_t readings_ = 0;
};

}  // namespace wirelab::http
