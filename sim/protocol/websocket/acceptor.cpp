#include "sim/protocol/websocket/acceptor.hpp"

#include <string>

namespace wirelab::websocket {
namespace {

using wire::Bytes;
using wire::Opcode;

constexpr std::uint64_t kMostFrame = 16'000'000;
constexpr std::uint16_t kProtocolError = 1002, kUnsupported = 1003, kTooBig = 1009;

}  // namespace

void Acceptor::receive(Bytes bytes) {
  if (state_ == State::closed) return;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (state_ == State::handshake && !take_handshake()) return;
  while (state_ == State::open && take_frame()) {
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
}

// False if it has not come whole, or was refused.
bool Acceptor::take_handshake() {
  const auto taken = handshake_.take(buffer_);
  if (!taken) {
    const int status = taken.error().status;
    refuse(std::to_string(status) + " " + std::string(http::reason_of(status)), {});
    return false;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(*taken));
  if (!handshake_.is_whole()) return false;
  answer_handshake();
  if (state_ != State::handshake) return false;
  state_ = State::open;
  user_.on_websocket();
  return state_ == State::open;
}

void Acceptor::answer_handshake() {
  const http::Fields& fields = handshake_.request().fields;
  const auto field = [&](std::string_view name) {
    const std::string* value = http::find(fields, name);
    return value == nullptr ? std::string_view{} : std::string_view(*value);
  };
  if (handshake_.request().method != "GET") return refuse("400 Bad Request", {});
  if (!http::has_token(fields, "Upgrade", "websocket") || !http::has_token(fields, "Connection", "Upgrade"))
    return refuse("426 Upgrade Required", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
  if (field("Sec-WebSocket-Version") != "13") return refuse("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n");
  const std::string_view key = field("Sec-WebSocket-Key");
  if (key.size() != 24) return refuse("400 Bad Request", {});
  // Clients of MQTT 3.1 ask for "mqttv3.1".
  const bool old = http::has_token(fields, "Sec-WebSocket-Protocol", "mqttv3.1");
  if (!http::has_token(fields, "Sec-WebSocket-Protocol", "mqtt") && !old) return refuse("400 Bad Request", {});
  const bool of_now = http::has_token(fields, "Sec-WebSocket-Protocol", "mqtt");
  const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                             ("Sec-WebSocket-Accept: " + wire::websocket_accept(key)) +
                             "\r\nSec-WebSocket-Protocol: " + (of_now ? "mqtt" : "mqttv3.1") + "\r\n\r\n";
  user_.send_frames(wire::bytes_of(answer));  // [MQTT-6.0.0-4]
}

void Acceptor::refuse(std::string_view status, std::string_view more) {
  const std::string answer =
      "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(more) + "Content-Length: 0\r\nConnection: close\r\n\r\n";
  state_ = State::closed;
  user_.send_frames(wire::bytes_of(answer));
  user_.on_websocket_end();
}

// Takes one frame, or the part of a data frame that has come; false if there is nothing more to take.
bool Acceptor::take_frame() {
  if (to_come_ > 0) return take_data();
  const Bytes rest = Bytes(buffer_).subspan(taken_);
  const auto header = wire::decode_frame_header(rest);
  if (!header || (header->has_value() && !(*header)->mask)) {
    end(kProtocolError);  // clients mask (5.1)
    return false;
  }
  if (!header->has_value()) return false;
  const wire::FrameHeader& frame = **header;
  const bool is_control = static_cast<unsigned>(frame.opcode) >= 8;
  if (!is_control && (frame.opcode == Opcode::continuation) != in_message_) {
    end(kProtocolError);
    return false;
  }
  if (frame.opcode == Opcode::text) {
    end(kUnsupported);  // [MQTT-6.0.0-1]
    return false;
  }
  if (frame.length > kMostFrame) {
    end(kTooBig);
    return false;
  }
  if (!is_control) {
    in_message_ = !frame.final;
    taken_ += frame.size;
    to_come_ = frame.length, come_ = 0, mask_ = *frame.mask;
    return true;
  }
  if (rest.size() < frame.size + frame.length) return false;
  const std::size_t whole = frame.size + static_cast<std::size_t>(frame.length);
  std::vector<std::uint8_t> payload(rest.begin() + static_cast<std::ptrdiff_t>(frame.size),
                                    rest.begin() + static_cast<std::ptrdiff_t>(whole));
  wire::mask_bytes(*frame.mask, 0, payload);
  taken_ += whole;
  switch (frame.opcode) {
    case Opcode::ping:
      scratch_.clear();
      wire::encode_frame(Opcode::pong, payload, std::nullopt, scratch_);
      user_.send_frames(scratch_);
      break;
    case Opcode::pong: break;
    case Opcode::close: end(payload.size() >= 2 ? wire::load16(payload.data()) : std::uint16_t{1000}); return false;
    default: break;
  }
  return true;
}

// What has come of a data frame goes on at once: nothing is kept of it.
bool Acceptor::take_data() {
  const Bytes rest = Bytes(buffer_).subspan(taken_);
  if (rest.empty()) return false;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), to_come_));
  std::vector<std::uint8_t> payload(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
  wire::mask_bytes(mask_, come_, payload);
  taken_ += size;
  come_ += size;
  to_come_ -= size;
  user_.on_content(payload);
  return true;
}

void Acceptor::write(Bytes content) {
  if (state_ != State::open) return;
  scratch_.clear();
  wire::encode_frame(Opcode::binary, content, std::nullopt, scratch_);
  user_.send_frames(scratch_);
}

void Acceptor::close(std::uint16_t code) {
  if (state_ != State::open) return;
  state_ = State::closed;
  const std::uint8_t why[] = {static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
  scratch_.clear();
  wire::encode_frame(Opcode::close, why, std::nullopt, scratch_);
  user_.send_frames(scratch_);
}

void Acceptor::end(std::uint16_t code) {
  close(code);
  user_.on_websocket_end();
}

}  // namespace wirelab::websocket
