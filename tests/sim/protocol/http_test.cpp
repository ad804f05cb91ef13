// The server's and the client's sides of HTTP over a channel in memory, and the REST cloud.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/protocol/http/client.hpp"
#include "sim/protocol/http/rest_cloud.hpp"

using namespace wirelab;
using namespace wirelab::http;

namespace {

struct MemoryChannel final : ByteChannel {
  std::string written;
  std::vector<std::size_t> writes;
  bool open = true;
  StreamPlace place() const override { return {1, written.size()}; }
  std::uint64_t acknowledged() const override { return written.size(); }
  bool is_open() const override { return open; }
  bool has_room(std::size_t) const override { return true; }
  void write(wire::Bytes bytes) override {
    written.append(wire::text_of(bytes));
    writes.push_back(bytes.size());
  }
  void close() override { open = false; }
  std::string take() {
    std::string text = std::move(written);
    written.clear();
    writes.clear();
    return text;
  }
};

struct Server {
  EventQueue events;
  Tracer trace{events};
  ServerSettings settings;
  CloudSettings cloud_settings;
  std::optional<RestCloud> cloud;
  MemoryChannel channel;
  std::optional<ServerConnection> connection;
  void begin() {
    if (!cloud) cloud.emplace(events, trace, 0, cloud_settings);
    channel.open = true;
    connection.reset();
    connection.emplace(events, trace, 0, 1, *cloud, settings, channel);
  }
  // What comes back at once.
  std::string ask(std::string_view text) {
    if (!connection) begin();
    connection->receive(wire::bytes_of(text), 2, {0, text.size()});
    return channel.take();
  }
  std::string request(const std::string& method, const std::string& target, const std::string& body = "",
                      const std::string& fields = "") {
    return ask(method + " " + target + " HTTP/1.1\r\nHost: cloud\r\n" + fields +
               (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body);
  }
  void wait(Duration time) { events.run_until(events.now() + time); }
};

int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
std::string field_of(const std::string& answer, const std::string& name) {
  const std::size_t at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("the cloud registers devices, stores what they send, and knows the latest of it, as the course's does") {
  Server server;
  CHECK(body_of(server.request("POST", "/api/v1/data", R"({"device_id":"sensor-001","readings":{"temp":22.5}})")) ==
        R"({"status":"error","message":"Unknown device"})");
  std::string answer = server.request("POST", "/api/v1/devices", R"({"device_id":"sensor-001","type":"temperature"})");
  CHECK(status_of(answer) == 201);
  CHECK(body_of(answer) == R"({"status":"ok","device_id":"sensor-001"})");
  CHECK(status_of(server.request("GET", "/api/v1/data/latest?device_id=sensor-001")) == 404);
  answer =
      server.request("POST", "/api/v1/data", R"({"device_id":"sensor-001","readings":{"temp":22.5,"humidity":45}})");
  CHECK(body_of(answer) == R"({"status":"ok","points_stored":1})");
  answer = server.request("GET", "/api/v1/data/latest?device_id=sensor-001");
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == R"({"temp":22.5,"humidity":45})");
  CHECK(field_of(answer, "Content-Type") == "application/json; charset=utf-8");
  CHECK(status_of(server.request("POST", "/api/v1/devices", R"({"device_id":"sensor-001"})")) == 200);
  CHECK(body_of(server.request("GET", "/api/v1/devices")).find("\"sensor-001\"") != std::string::npos);
  CHECK(server.connection->request().method.empty() == false);
  CHECK(server.channel.open);
}

TEST_CASE("what the cloud cannot do it says, with a status and in JSON") {
  Server server;
  const auto status = [&](const std::string& method, const std::string& target, const std::string& body = "") {
    const std::string answer = server.request(method, target, body);
    CHECK(nlohmann::json::parse(body_of(answer), nullptr, false).is_object());
    return status_of(answer);
  };
  CHECK(status("GET", "/") == 404);
  CHECK(status("GET", "/api/v1/nothing") == 404);
  CHECK(status("DELETE", "/api/v1/data") == 405);
  CHECK(status("GET", "/api/v1/data/latest") == 400);
  CHECK(status("GET", "/api/v1/data/latest?device_id=%zz") == 400);
  CHECK(status("GET", "/api/v1/data/latest?device_id=nobody") == 404);
  CHECK(status("POST", "/api/v1/devices", "no json") == 400);
  CHECK(status("POST", "/api/v1/devices", "[]") == 400);
  CHECK(status("POST", "/api/v1/devices", "{}") == 422);
  CHECK(status("POST", "/api/v1/devices", "{\"device_id\":\"" + std::string(300, 'x') + "\"}") == 422);
  CHECK(status("POST", "/api/v1/data", R"({"device_id":"x"})") == 422);
  CHECK(status("POST", "/api/v1/data", "{\"readings\":" + std::string(10'000, '[') + "}") == 400);
  CHECK(status("GET", "/%") == 400);
  CHECK(status("GET", "/api/v2/u/feeds/k/data/last") == 404);
  CHECK(status("POST", "/api/v2/u/feeds/k/data", "unit=C") == 422);
}

TEST_CASE("a feed answers with the fields and the content of the course's sample") {
  Server server;
  server.settings.software = "nginx";
  server.settings.epoch = server.cloud_settings.epoch = 1646257460;
  const std::string answer = server.request("POST", "/api/v2/mauedu/feeds/assign1-temp/data", "value=24",
                                            "Content-Type: application/x-www-form-urlencoded\r\n");
  CHECK(status_of(answer) == 200);
  const auto json = nlohmann::json::parse(body_of(answer));
  CHECK(json["value"] == "24");
  CHECK(json["feed_id"] == 1814812);
  CHECK(json["feed_key"] == "assign1-temp");
  CHECK(json["created_at"] == "2022-03-02T21:44:20Z");
  CHECK(json["created_epoch"] == 1646257460);
  // The sample's 190 bytes show the value 1 where 24 was sent.
  CHECK(body_of(answer).size() == 191);
  // Its 1058 bytes are of HTTP/2 written as text: "HTTP/1.1 200 OK" has 4 more, and HTTP/1.1 needs a Content-Length.
  CHECK(answer.size() - 191 == 1058 + 4 + std::string_view("Content-Length: 191\r\n").size());
  CHECK(field_of(answer, "ETag").size() == std::string_view("W/\"e063fe3ce3389f69ef8d253787\"").size());
  CHECK(field_of(answer, "Date") == "Wed, 02 Mar 2022 21:44:20 GMT");
  CHECK(body_of(server.request("GET", "/api/v2/mauedu/feeds/assign1-temp/data/last")) == body_of(answer));
  server.request("POST", "/api/v2/mauedu/feeds/assign1-temp/data", R"({"value":25})",
                 "Content-Type: application/json\r\n");
  const auto list = nlohmann::json::parse(body_of(server.request("GET", "/api/v2/mauedu/feeds/assign1-temp/data")));
  REQUIRE(list.size() == 2);
  CHECK(list[0]["value"] == "25");
  CHECK(list[0]["id"] != list[1]["id"]);
}

TEST_CASE("a request with a condition gets 304 without content, as long as nothing is new") {
  Server server;
  server.request("POST", "/api/v1/devices", R"({"device_id":"d"})");
  server.request("POST", "/api/v1/data", R"({"device_id":"d","readings":{"t":1}})");
  const std::string first = server.request("GET", "/api/v1/data/latest?device_id=d");
  const std::string tag = field_of(first, "ETag");
  const std::string condition = "If-None-Match: \"other\", W/" + tag + "\r\n";
  const std::string same = server.request("GET", "/api/v1/data/latest?device_id=d", "", condition);
  CHECK(status_of(same) == 304);
  CHECK(body_of(same).empty());
  CHECK(field_of(same, "ETag") == tag);
  CHECK(field_of(same, "Content-Length").empty());
  CHECK(field_of(same, "Content-Type").empty());
  server.request("POST", "/api/v1/data", R"({"device_id":"d","readings":{"t":2}})");
  CHECK(status_of(server.request("GET", "/api/v1/data/latest?device_id=d", "", condition)) == 200);
  const std::string head = server.request("HEAD", "/api/v1/data/latest?device_id=d");
  CHECK(field_of(head, "Content-Length") == "7");
  CHECK(body_of(head).empty());
}

TEST_CASE("a long poll is answered when there is something new, or when its time is over") {
  Server server, other;
  server.request("POST", "/api/v1/devices", R"({"device_id":"d"})");
  server.request("POST", "/api/v1/data", R"({"device_id":"d","readings":{"t":1}})");
  const std::string tag = field_of(server.request("GET", "/api/v1/data/latest?device_id=d"), "ETag");
  const std::string wait = "If-None-Match: " + tag + "\r\nPrefer: wait=20\r\n";
  CHECK(server.request("GET", "/api/v1/data/latest?device_id=d", "", wait).empty());
  CHECK(server.cloud->waiting() == 1);
  server.wait(Duration::milliseconds(19'999));
  CHECK(server.channel.take().empty());
  server.wait(Duration::milliseconds(1));
  CHECK(status_of(server.channel.take()) == 304);
  CHECK(server.cloud->waiting() == 0);

  CHECK(server.request("GET", "/api/v1/data/latest?device_id=d", "", wait).empty());
  MemoryChannel sensor_channel;
  ServerConnection sensor(server.events, server.trace, 0, 2, *server.cloud, server.settings, sensor_channel);
  server.wait(Duration::seconds(3));
  const std::string_view post =
      "POST /api/v1/data HTTP/1.1\r\nHost: c\r\nContent-Length: 36\r\n\r\n{\"device_id\":\"d\",\"readings\":{\"t\":2}}";
  sensor.receive(wire::bytes_of(post), 2, {0, post.size()});
  const std::string answer = server.channel.take();
  CHECK(status_of(answer) == 200);
  CHECK(body_of(answer) == R"({"t":2})");
  CHECK(field_of(answer, "Preference-Applied") == "wait");
  // Who goes away is forgotten.
  CHECK(server
            .request("GET", "/api/v1/data/latest?device_id=d", "",
                     "If-None-Match: " + field_of(answer, "ETag") + "\r\nPrefer: wait=20\r\n")
            .empty());
  CHECK(server.cloud->waiting() == 1);
  server.connection->ended();
  CHECK(server.cloud->waiting() == 0);
}

TEST_CASE("a key is asked for where one is set") {
  Server server;
  server.cloud_settings.api_key = "secret";
  CHECK(status_of(server.request("GET", "/api/v1/devices")) == 401);
  CHECK(status_of(server.request("GET", "/api/v1/devices", "", "X-AIO-Key: wrong\r\n")) == 401);
  CHECK(status_of(server.request("GET", "/api/v1/devices", "", "x-aio-key: secret\r\n")) == 200);
  CHECK(status_of(server.request("GET", "/api/v1/devices", "", "X-API-Key: secret\r\n")) == 200);
  CHECK(status_of(server.request("GET", "/api/v1/devices", "", "Authorization: Bearer secret\r\n")) == 200);
}

TEST_CASE("requests that come at once are answered in their order, one by one") {
  Server server;
  std::string many;
  for (int i = 0; i < 900; ++i) many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string answers = server.ask(many);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 404", at)) != std::string::npos; ++at) ++count;
  CHECK(count == 900);
  CHECK(server.channel.open);
  // nginx's keepalive_requests.
  const std::string more = server.ask(many);
  CHECK_FALSE(server.channel.open);
  CHECK(more.rfind("Connection: close") != std::string::npos);
}

TEST_CASE("a connection ends as it should") {
  Server server;
  CHECK(field_of(server.request("GET", "/", "", "Connection: close\r\n"), "Connection") == "close");
  CHECK_FALSE(server.channel.open);
  server.begin();
  CHECK(status_of(server.ask("nonsense\r\n\r\n")) == 400);
  CHECK_FALSE(server.channel.open);
  server.begin();
  CHECK(server.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12").empty());
  server.wait(Duration::seconds(61));
  CHECK(status_of(server.channel.take()) == 408);
  CHECK_FALSE(server.channel.open);
  // Nothing at all for a minute, or nothing more after an answer for 75 s: it is closed without a word.
  server.begin();
  server.wait(Duration::seconds(61));
  CHECK(server.channel.take().empty());
  CHECK_FALSE(server.channel.open);
  server.begin();
  server.request("GET", "/");
  server.wait(Duration::seconds(74));
  CHECK(server.channel.open);
  server.wait(Duration::seconds(2));
  CHECK_FALSE(server.channel.open);
}

TEST_CASE("a client that asks whether to go on is told so, once") {
  Server server;
  CHECK(server.ask("POST /api/v1/devices HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 17\r\n\r\n") ==
        "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(status_of(server.ask("{\"device_id\":\"d\"}")) == 201);
  CHECK(status_of(server.request("GET", "/", "", "Expect: wonders\r\n")) == 404);  // it is whole without a body
  CHECK(status_of(server.ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n")) == 417);
}

TEST_CASE("nginx's way: head and content in a write each, and an answer takes its time") {
  Server server;
  server.settings.two_segments = true;
  server.settings.service_time = Duration::milliseconds(5);
  CHECK(server.request("GET", "/").empty());
  server.wait(Duration::milliseconds(5));
  REQUIRE(server.channel.writes.size() == 2);
  CHECK(server.channel.writes[1] == body_of(server.channel.written).size());
}

TEST_CASE("a client reads answers, one for each request") {
  EventQueue events;
  Tracer trace(events);
  MemoryChannel channel;
  ClientConnection client(trace, 0, channel);
  client.send({"POST", "/x", {{"Host", "a"}}, "abc"}, 0);
  CHECK(channel.take() == "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  const auto receive = [&](std::string_view text) { return client.receive(wire::bytes_of(text), 2, {0, text.size()}); };
  CHECK_FALSE(receive("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Le").value());
  const auto answer = receive("ngth: 2\r\n\r\nok").value();
  REQUIRE(answer);
  CHECK(answer->body == "ok");
  CHECK(client.can_go_on());
  client.send({"GET", "/", {{"Host", "a"}}, ""}, 0);
  CHECK_FALSE(receive("HTTP/1.0 200 OK\r\n\r\nall").value());
  const auto last = client.ended();
  REQUIRE(last);
  CHECK(last->body == "all");
  CHECK_FALSE(client.can_go_on());
  ClientConnection broken(trace, 0, channel);
  broken.send({"GET", "/", {{"Host", "a"}}, ""}, 0);
  const std::string_view nonsense = "SSH-2.0\r\n";
  CHECK_FALSE(broken.receive(wire::bytes_of(nonsense), 2, {0, 9}));
}
