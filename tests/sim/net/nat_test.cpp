// Address translation: what passes, what does not, and what becomes of connections whose binding is forgotten.
#include "sim/wire/tcp.hpp"
#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

// Two homes, each with a sensor behind a translating router, and a server on the Internet.
struct Homes : Net {
  NodeIndex internet, server;
  NodeIndex router[2], sensor[2];
  explicit Homes(const NatSettings& settings = {}) {
    internet = node("internet");
    server = node("server");
    link(server, internet, path(1));
    for (const int i : {0, 1}) {
      router[i] = node(i == 0 ? "home" : "other-home");
      const auto inside = static_cast<Realm>(i + 1);
      network.add_gateway(router[i], inside, settings);
      sensor[i] = network.add_node(i == 0 ? "sensor" : "other-sensor", {}, EntityKind::device, inside);
      link(router[i], internet, path(5));
      link(sensor[i], router[i], path(1));
    }
  }
  wire::Ipv4Address address(NodeIndex n) { return network.node(n).address; }
  std::size_t dropped(DropReason reason) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::size_t n = 0;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
      const Record& r = reader.record(i);
      n += r.kind == Kind::packet_dropped && r.field == static_cast<std::uint16_t>(reason) ? 1 : 0;
    }
    return n;
  }
  std::size_t icmp_at(NodeIndex n) {
    trace.flush();
    const TraceStore::Reader reader(*store);
    std::size_t count = 0;
    for (RecordNumber i = reader.first(); i <= reader.last(); ++i)
      count +=
          reader.record(i).kind == Kind::icmp_received && reader.record(i).entity == network.node(n).entity ? 1 : 0;
    return count;
  }
};

}  // namespace

TEST_CASE("two homes with the same inner addresses both reach the server, under their routers' addresses") {
  Homes net;
  CHECK(to_string(net.address(net.sensor[0])) == "192.168.1.2");
  CHECK(to_string(net.address(net.sensor[1])) == "192.168.1.2");
  Collector clients[2], servers[2];
  int accepted = 0;
  net.transport.listen(net.server, 80, [&](tcp::Connection&) { return &servers[accepted++]; });
  for (const int i : {0, 1})
    net.transport.connect(net.sensor[i], net.at(net.server, 80), &clients[i])->write(pattern(50'000));
  net.run_ms(500);
  net.expect_fold_equals_live();
  net.run_ms(5000);
  REQUIRE(accepted == 2);
  for (const int i : {0, 1}) {
    CHECK(servers[i].bytes == pattern(50'000));
    CHECK(servers[i].connection->remote().address == net.address(net.router[i]));
    CHECK(servers[i].connection->stream_in() == clients[i].connection->stream_out());
    CHECK(clients[i].connection->stream_in() == servers[i].connection->stream_out());
    CHECK(net.network.nat(net.router[i])->bindings() == 1);
  }
  CHECK(net.dropped(DropReason::bad_checksum) == 0);
  net.expect_fold_equals_live();
}

TEST_CASE("nobody from outside comes in unasked") {
  Homes net;
  int heard = 0;
  net.transport.bind_udp(net.sensor[0], 7, [&](tcp::Endpoint, wire::Bytes) { ++heard; });
  net.transport.send_udp(net.server, 9, {net.address(net.router[0]), 7}, pattern(10));
  Collector client;
  net.transport.connect(net.server, {net.address(net.router[0]), 80}, &client);
  net.run_ms(500);
  CHECK(heard == 0);
  CHECK(net.dropped(DropReason::no_binding) == 2);
  CHECK_FALSE(client.connected);
  // An inner address is nobody's outside.
  net.transport.send_udp(net.server, 9, {net.address(net.sensor[0]), 7}, pattern(10));
  net.run_ms(100);
  CHECK(net.dropped(DropReason::no_route) == 1);
}

TEST_CASE("datagrams are answered to the port they came from, and another stranger may not use it") {
  Homes net;
  tcp::Endpoint from{};
  net.transport.bind_udp(net.server, 7, [&](tcp::Endpoint sender, wire::Bytes) {
    from = sender;
    net.transport.send_udp(net.server, 7, sender, pattern(3));
  });
  int heard = 0;
  net.transport.bind_udp(net.sensor[0], 5000, [&](tcp::Endpoint, wire::Bytes) { ++heard; });
  net.transport.send_udp(net.sensor[0], 5000, net.at(net.server, 7), pattern(3));
  net.run_ms(100);
  CHECK(from == tcp::Endpoint{net.address(net.router[0]), 5000});
  CHECK(heard == 1);
  net.transport.send_udp(net.server, 8, from, pattern(3));  // another port of the same host
  net.run_ms(100);
  CHECK(heard == 1);
  // A second sensor behind the same router, from the same port: it gets another one outside.
  const NodeIndex second = net.network.add_node("second", {}, EntityKind::device, 1);
  net.link(second, net.router[0], path(1));
  net.transport.bind_udp(second, 5000, [&](tcp::Endpoint, wire::Bytes) { heard += 10; });
  net.transport.send_udp(second, 5000, net.at(net.server, 7), pattern(3));
  net.run_ms(100);
  CHECK(from.address == net.address(net.router[0]));
  CHECK(from.port != 5000);
  CHECK(heard == 11);
}

TEST_CASE("ping and what ICMP says of our packets come through") {
  Homes net;
  net.network.ping(net.sensor[0], net.address(net.server), 1, 56);
  net.run_ms(100);
  CHECK(net.icmp_at(net.sensor[0]) == 1);
  net.transport.send_udp(net.sensor[0], 5000, net.at(net.server, 99), pattern(3));  // nobody listens there
  net.run_ms(100);
  CHECK(net.icmp_at(net.sensor[0]) == 2);
  CHECK(net.dropped(DropReason::bad_checksum) == 0);
  // The router itself answers on both sides.
  net.network.ping(net.server, net.address(net.router[0]), 1, 56);
  net.network.ping(net.sensor[0], *wire::parse_address("192.168.1.1"), 1, 56);
  net.run_ms(100);
  CHECK(net.icmp_at(net.server) == 1);
  CHECK(net.icmp_at(net.sensor[0]) == 3);
}

TEST_CASE("an idle binding is forgotten, and then it is as was chosen") {
  struct Case {
    Forgotten forgotten;
    bool client_lives, server_hears;
  };
  const Case chosen = GENERATE(Case{Forgotten::same_port, true, true}, Case{Forgotten::another_port, false, false},
                               Case{Forgotten::reset, false, false}, Case{Forgotten::drop, true, false});
  CAPTURE(static_cast<int>(chosen.forgotten));
  Homes net({.tcp_established = Duration::seconds(60), .forgotten = chosen.forgotten});
  Collector client, server;
  net.transport.listen(net.server, 80, [&](tcp::Connection&) { return &server; });
  tcp::Connection& connection = *net.transport.connect(net.sensor[0], net.at(net.server, 80), &client);
  net.run_ms(1000);
  REQUIRE(server.connected);
  CHECK(net.network.nat(net.router[0])->bindings() == 1);
  net.run_ms(61'000);
  CHECK(net.network.nat(net.router[0])->bindings() == 0);
  net.expect_fold_equals_live();
  server.connection->write(pattern(4));  // from outside: dropped
  net.run_ms(5000);
  CHECK(client.bytes.empty());
  CHECK(net.dropped(DropReason::no_binding) > 0);
  connection.write(pattern(9));
  net.run_ms(10'000);
  CHECK(client.closed == !chosen.client_lives);
  if (client.closed) CHECK(client.reason == tcp::CloseReason::reset);
  CHECK((server.bytes == pattern(9)) == chosen.server_hears);
  net.expect_fold_equals_live();
}

TEST_CASE("a connection that has ended is soon forgotten, and a router without power forgets everything") {
  Homes net;
  Collector client, server;
  net.transport.listen(net.server, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(net.sensor[0], net.at(net.server, 80), &client)->write(pattern(100));
  net.run_ms(1000);
  client.connection->close();
  net.run_ms(119'000);
  CHECK(net.network.nat(net.router[0])->bindings() == 1);
  net.run_ms(5000);
  CHECK(net.network.nat(net.router[0])->bindings() == 0);

  net.transport.send_udp(net.sensor[0], 5000, net.at(net.server, 7), pattern(3));
  net.run_ms(20);
  CHECK(net.network.nat(net.router[0])->bindings() == 1);
  net.network.set_node_up(net.router[0], false);
  CHECK(net.network.nat(net.router[0])->bindings() == 0);
  net.expect_fold_equals_live();
}

TEST_CASE("a packet too large for the way out is answered to the sender inside, in its own words") {
  Homes net;
  ChannelSettings narrow = path(5);
  narrow.mtu = 600;
  net.network.channel(net.network.link_between(net.router[0], net.internet), net.router[0]).change(narrow);
  Collector client, server;
  net.transport.listen(net.server, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(net.sensor[0], net.at(net.server, 80), &client)->write(pattern(20'000));
  net.run_ms(10'000);
  CHECK(server.bytes == pattern(20'000));
  CHECK(net.dropped(DropReason::too_big) > 0);
}
