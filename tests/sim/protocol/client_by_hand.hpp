// A client that is fed by hand: what it writes on its connection is kept, and nobody is at the other end.
#pragma once

#include <set>

#include "tests/sim/protocol/direct_line.hpp"

namespace wirelab::mqtt {

// What a client writes on its connection, without anybody at the other end.
struct Tape final : ByteChannel {
  std::vector<std::uint8_t> written;
  bool closed = false;
  StreamPlace place() const override { return {1, written.size()}; }
  std::uint64_t acknowledged() const override { return 0; }
  bool is_open() const override { return !closed; }
  bool has_room(std::size_t) const override { return true; }
  void write(Bytes bytes) override { written.insert(written.end(), bytes.begin(), bytes.end()); }
  void close() override { closed = true; }
  std::vector<PacketType> types() const {
    std::vector<PacketType> found;
    for (Bytes rest = written; !rest.empty();) {
      const auto header = **decode_fixed_header(rest, Version::v5);
      found.push_back(header.type);
      rest = rest.subspan(header.size());
    }
    return found;
  }
};

// A client that is fed by hand.
struct ByHand {
  Bench bench;
  TestClient user;
  Tape tape;
  std::uint64_t fed = 0;
  explicit ByHand(Version version = Version::v5) : user(bench, "c", version) { user.client.options().keep_alive = 10; }
  void open() {
    tape.written.clear();
    tape.closed = false;
    user.client.opened(&tape);
  }
  void feed(const std::vector<std::uint8_t>& bytes) {
    user.client.receive(bytes, 2, {fed, fed + bytes.size()});
    fed += bytes.size();
  }
  template <typename T>
  void feed_packet(const T& packet) {
    std::vector<std::uint8_t> out;
    if constexpr (requires { encode(packet, out, Version::v5); }) {
      encode(packet, out, user.client.options().version);
    } else {
      encode(packet, out);
    }
    feed(out);
  }
  void accept(Properties properties = {}) {
    feed_packet(Connack{false, ConnectCode::accepted, ReasonCode::success, properties});
    tape.written.clear();
  }
};

}  // namespace wirelab::mqtt
