// The server's side of one WebSocket connection that carries MQTT (RFC 6455; MQTT 3.1.1 and 5.0, section 6), as a state machine:
// bytes of the connection go in; the client's MQTT bytes and the bytes to be sent come out.
#pragma once

#include <string_view>
#include <vector>

#include "sim/wire/http.hpp"
#include "sim/wire/websocket.hpp"

namespace wirelab::websocket {

/// None of its functions may destroy the acceptor.
class AcceptorUser {
 public:
  virtual ~AcceptorUser() = default;
  virtual void send_frames(wire::Bytes bytes) = 0;
  /// The handshake is done: what follows is MQTT.
  virtual void on_websocket() = 0;
  virtual void on_content(wire::Bytes bytes) = 0;
  /// The last words are sent; the connection is to be closed. Nothing comes after this.
  virtual void on_websocket_end() = 0;
};

class Acceptor {
 public:
  explicit Acceptor(AcceptorUser& user) : user_(user) {}
  void receive(wire::Bytes bytes);
  /// One binary frame [MQTT-6.0.0-1].
  void write(wire::Bytes content);
  /// Says why it closes: 1000 is normal, 1001 that the server goes away (RFC 6455, 7.4.1).
  void close(std::uint16_t code = 1000);

 private:
  enum class State : std::uint8_t { handshake, open, closed };
  bool take_handshake();
  bool take_frame();
  bool take_data();
  void answer_handshake();
  void refuse(std::string_view status, std::string_view more);
  void end(std::uint16_t code);

  AcceptorUser& user_;
  State state_ = State::handshake;
  bool in_message_ = false;  // fragments of a message are awaited
  // Of the data frame that is coming in: what is still to come, what has come, and its mask.
  std::uint64_t to_come_ = 0, come_ = 0;
  std::uint32_t mask_ = 0;
  http::MessageReader handshake_{http::MessageReader::Of::requests, {.head = 8192, .body = 0}};
  std::vector<std::uint8_t> buffer_;
  std::size_t taken_ = 0;  // of buffer_, while frames are taken
  std::vector<std::uint8_t> scratch_;
};

}  // namespace wirelab::websocket
