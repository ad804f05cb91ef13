// What real sockets carry, as packets of a trace: bytes stand in them as they were read and written, in order and at that instant.
// The rest of each packet is made up (addresses are true; sequence numbers count from 0, nothing is lost, every handshake is there
// at the instant of accept), since the kernel keeps its own to itself. A client over IPv6 is shown with address 127.0.0.1.
#pragma once

#include <asio.hpp>
#include <string>

#include "sim/trace/tracer.hpp"
#include "sim/wire/tcp.hpp"

namespace wirelab::live {

class Recorder {
 public:
  /// One connection, client and server.
  struct Line {
    struct End {
      EntityId node = 0, entity = 0;
      wire::Ipv4Address address;
      std::uint16_t port = 0;
      StreamId stream = 0;     // in which it sends
      std::uint64_t sent = 0;  // bytes
      bool ended = false;      // by FIN
    };
    End client, server;
    bool reset = false;
  };

  /// `server` is the broker's node. `trace` must outlive the recorder.
  Recorder(Tracer& trace, EntityId server) : trace_(trace), server_(server) {}

  /// Its handshake. `up` and `down` are the numbers of its streams, where what they carry is MQTT itself; else 0, and they get
  /// numbers of their own.
  Line open(const asio::ip::tcp::endpoint& client, const asio::ip::tcp::endpoint& server, StreamId up, StreamId down);
  /// The record that is made last becomes the cause of what follows.
  void from_client(Line& line, wire::Bytes bytes) { send(line, line.client, line.server, bytes); }
  void from_server(Line& line, wire::Bytes bytes) { send(line, line.server, line.client, bytes); }
  /// FIN, once.
  void client_ends(Line& line) { end(line, line.client, line.server); }
  void server_ends(Line& line) { end(line, line.server, line.client); }
  /// RST, unless both have ended.
  void client_resets(Line& line) { reset(line, line.client, line.server); }
  void server_resets(Line& line) { reset(line, line.server, line.client); }
  /// What follows is caused by `cause`.
  void because_of(RecordNumber cause) { trace_.set_cause(cause); }
  RecordNumber cause() const { return trace_.cause(); }

 private:
  void send(const Line& line, Line::End& from, const Line::End& to, wire::Bytes bytes);
  void end(const Line& line, Line::End& from, const Line::End& to);
  void reset(Line& line, const Line::End& from, const Line::End& to);
  void packet(const Line::End& from, const Line::End& to, wire::TcpFlags flags, wire::Bytes payload);

  Tracer& trace_;
  EntityId server_;
  std::uint16_t identification_ = 0;
};

}  // namespace wirelab::live
