// The server's side of WebSocket.
#include <catch2/catch.hpp>

#include "sim/protocol/websocket/acceptor.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab;
using namespace wirelab::websocket;
using mqtt::bytes;
using wire::Opcode;

namespace {

struct Page final : AcceptorUser {
  Acceptor acceptor{*this};
  std::string sent;
  std::vector<std::uint8_t> content;
  bool open = false, ended = false;
  void send_frames(wire::Bytes bytes) override { sent.append(bytes.begin(), bytes.end()); }
  void on_websocket() override { open = true; }
  void on_content(wire::Bytes bytes) override { content.insert(content.end(), bytes.begin(), bytes.end()); }
  void on_websocket_end() override { ended = true; }
  void say(std::string_view text) { acceptor.receive(wire::bytes_of(text)); }
  void frame(Opcode opcode, const std::vector<std::uint8_t>& payload, bool final = true) {
    std::vector<std::uint8_t> out;
    wire::encode_frame(opcode, payload, 0x12345678, out);
    if (!final) out[0] &= 0x7f;
    acceptor.receive(out);
  }
};

std::string hello(std::string_view protocol = "mqtt", std::string_view version = "13") {
  return "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: " +
         std::string(version) + "\r\nSec-WebSocket-Protocol: " + std::string(protocol) + "\r\n\r\n";
}

std::unique_ptr<Page> opened() {
  auto page = std::make_unique<Page>();
  page->say(hello());
  REQUIRE(page->open);
  page->sent.clear();
  return page;
}

}  // namespace

TEST_CASE("the subprotocol mqtt is chosen among those that are offered [MQTT-6.0.0-4, MQTT5-6.0.0-4]") {
  for (const char* offered : {"mqtt", "other, mqtt", "mqttv3.1, mqtt"}) {
    Page page;
    page.say(hello(offered));
    CHECK(page.open);
    CHECK(page.sent ==
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
  }
  Page old;
  old.say(hello("mqttv3.1"));
  CHECK(old.sent.find("Sec-WebSocket-Protocol: mqttv3.1\r\n") != std::string::npos);
}

TEST_CASE("a request that opens no WebSocket for MQTT is refused in words") {
  const auto answer = [](std::string_view request) {
    Page page;
    page.say(request);
    CHECK(page.ended);
    CHECK_FALSE(page.open);
    page.say("more");
    return page.sent.substr(0, page.sent.find("\r\n"));
  };
  CHECK(answer("POST / HTTP/1.1\r\n\r\n") == "HTTP/1.1 400 Bad Request");
  CHECK(answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == "HTTP/1.1 426 Upgrade Required");
  CHECK(answer(hello("mqtt", "8")) == "HTTP/1.1 426 Upgrade Required");
  CHECK(answer(hello("chat")) == "HTTP/1.1 400 Bad Request");
  CHECK(answer("\x10\x0c nonsense\r\n\r\n") == "HTTP/1.1 400 Bad Request");
  CHECK(answer(std::string(10000, 'x')) == "HTTP/1.1 414 URI Too Long");
  CHECK(answer("GET / HTTP/1.1\r\nHost: " + std::string(10000, 'x')) == "HTTP/1.1 431 Request Header Fields Too Large");
}

TEST_CASE("content is one stream, however frames and segments cut it [MQTT-6.0.0-2, MQTT5-6.0.0-2]") {
  Page page;
  std::vector<std::uint8_t> all;
  const std::string request = hello();
  all.assign(request.begin(), request.end());
  std::vector<std::uint8_t> expected;
  for (int i = 0; i < 200; ++i) {
    const std::vector<std::uint8_t> payload(static_cast<std::size_t>(i * 3), static_cast<std::uint8_t>(i));
    expected.insert(expected.end(), payload.begin(), payload.end());
    const std::size_t at = all.size();
    wire::encode_frame(i % 3 == 0 ? Opcode::binary : Opcode::continuation, payload, 99u + i, all);
    if (i % 3 != 2) all[at] &= 0x7f;
    if (i % 7 == 0) wire::encode_frame(Opcode::ping, bytes({1, 2}), 5, all);  // may stand between fragments
  }
  for (std::size_t at = 0; at < all.size(); at += 97)
    page.acceptor.receive(wire::Bytes(all).subspan(at, std::min<std::size_t>(97, all.size() - at)));
  CHECK(page.content == expected);
  CHECK_FALSE(page.ended);
}

TEST_CASE("what is sent goes out in binary frames without a mask [MQTT-6.0.0-1, MQTT5-6.0.0-1]") {
  const auto page = opened();
  page->acceptor.write(bytes({0xd0, 0}));
  CHECK(page->sent == std::string("\x82\x02\xd0\x00", 4));
}

TEST_CASE("pings are answered, and a close is answered and ends the connection") {
  const auto page = opened();
  page->frame(Opcode::ping, bytes({7, 8}));
  CHECK(page->sent == "\x8a\x02\x07\x08");
  page->frame(Opcode::pong, {});
  page->sent.clear();
  page->frame(Opcode::close, bytes({0x03, 0xe9}));
  CHECK(page->sent == "\x88\x02\x03\xe9");
  CHECK(page->ended);
}

TEST_CASE(
    "what RFC 6455 or MQTT forbid ends the connection with the code that says why [MQTT-6.0.0-1, MQTT5-6.0.0-1]") {
  const auto code_of = [](auto&& offend) {
    const auto page = opened();
    offend(*page);
    CHECK(page->ended);
    REQUIRE(page->sent.size() == 4);
    CHECK(page->content.empty());
    return (static_cast<unsigned char>(page->sent[2]) << 8) + static_cast<unsigned char>(page->sent[3]);
  };
  CHECK(code_of([](Page& page) { page.frame(Opcode::text, bytes({'x'})); }) == 1003);
  CHECK(code_of([](Page& page) { page.frame(Opcode::continuation, {}); }) == 1002);
  CHECK(code_of([](Page& page) { page.say("\x82\x01x"); }) == 1002);  // no mask
  CHECK(code_of([](Page& page) { page.say("\xff\xff"); }) == 1002);
  CHECK(code_of([](Page& page) {
          page.acceptor.receive(bytes({0x82, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4}));
        }) == 1009);
  CHECK(code_of([](Page& page) {
          page.frame(Opcode::binary, {}, false);
          page.frame(Opcode::binary, {});
        }) == 1002);
}
