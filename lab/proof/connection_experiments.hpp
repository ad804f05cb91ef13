// Rows of truth/connect.csv and truth/bulk.csv as simulated experiments: connections to a broker one after another, and
// transfers of a million bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/kernel/time.hpp"
#include "sim/wire/tls.hpp"

namespace wirelab {

struct ConnectExperiment {
  Duration delay = Duration::milliseconds(25);  // one way
  std::int64_t rate = 1'000'000;
  double loss = 0;
  std::uint32_t connections = 100;
  struct Tls {
    wire::TlsVersion version = wire::TlsVersion::tls13;
    wire::KeyKind key = wire::KeyKind::rsa2048;
    bool resumed = false;  // by a ticket of a connection before the first one
  };
  std::optional<Tls> tls;
};

struct ConnectResult {
  // SYN to established, then to the end of the TLS handshake (0 without TLS), then to CONNACK; all together.
  std::vector<double> tcp_ms, tls_ms, mqtt_ms, total_ms;
  // Sums over all connections that came to CONNACK. The payload of TCP is counted up to there.
  std::uint64_t handshake_up = 0, handshake_down = 0, payload_up = 0, payload_down = 0;
  std::uint64_t up_bytes = 0, down_bytes = 0, up_packets = 0, down_packets = 0;  // IP, to the end
  void append(ConnectResult&& from);
};

/// TCP, TLS where it is wanted, CONNECT of 22 bytes, CONNACK, DISCONNECT, close; then a pause, and the next.
ConnectResult run_connects(const ConnectExperiment& experiment, std::uint64_t seed);

struct BulkExperiment {
  bool cubic = true;  // else NewReno
  double loss = 0;
  std::uint32_t transfers = 40;
};

struct BulkResult {
  // From the connection's being established until the receiver has all. The measured transfers end there too: at no loss they take
  // 925.0 ms, which is less than 690 segments, three round trips of slow start and the answer's way back can.
  std::vector<double> data_ms;
  std::uint64_t retransmissions = 0;
  void append(BulkResult&& from);
};

/// A million bytes over 10 Mbit/s and 25 ms, a connection each.
BulkResult run_bulk(const BulkExperiment& experiment, std::uint64_t seed);

}  // namespace wirelab
