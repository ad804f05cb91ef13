#include "lab/script/script_socket.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/script/options.hpp"

namespace wirelab::script {

std::size_t node_index_at(lua_State* L, int index, const char* what);  // declare.cpp

void ScriptSocket::end(Ending ending) {
  if (stream != nullptr && ending == Ending::power) stream->vanish();
  if (stream != nullptr) stream->close();
  if (listener != nullptr && ending == Ending::power) listener->vanish();
  ended = true;
  listener.reset();
  datagrams.reset();
}

void ScriptSocket::forget(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, userdata_reference);
  *static_cast<ScriptSocket**>(lua_touserdata(L, -1)) = nullptr;
  lua_pop(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, userdata_reference);
}

// The program that calls, which must be the one that the object belongs to: nobody waits on another one's behalf.
DeviceProgram& waiting_owner(lua_State* L, DeviceProgram& owner, const char* what) {
  DeviceProgram& program = waiting_program(L, what);
  if (&program != &owner)
    raise(L, fmt::format("{} waits, so only the program of \"{}\" may call it on what is its own", what,
                         owner.world().name_of_device(owner.device())));
  return program;
}

// The instant at which a function that may wait gives up; by default never.
Instant deadline_in(lua_State* L, int index, const char* function, DeviceProgram& program) {
  Options options(L, index, function);
  const auto timeout = options.duration("timeout");
  options.finish();
  return timeout ? program.world().now() + *timeout : Instant::never();
}

bool is_past(DeviceProgram& program, lua_KContext deadline) { return program.world().now().ns() >= deadline; }

namespace {

constexpr std::size_t kLongestRead = 1'000'000;

// Makes the object of a new socket on top of the stack.
ScriptSocket& push_socket(lua_State* L, DeviceProgram& program, const char* type) {
  Host::of(L).charge(L, 10'000);
  constexpr std::size_t kMost = 10'000;
  if (program.sockets().size() >= kMost)
    raise(L, fmt::format("this program has {} open sockets: close() those that it no longer needs", kMost));
  program.sockets().push_back(std::make_unique<ScriptSocket>(program));
  ScriptSocket& socket = *program.sockets().back();
  *static_cast<ScriptSocket**>(new_object(L, type, sizeof(ScriptSocket*))) = &socket;
  lua_pushvalue(L, -1);
  socket.userdata_reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return socket;
}

ScriptSocket& check_socket(lua_State* L, const char* type) {
  auto* socket = *static_cast<ScriptSocket**>(check_object(L, 1, type, "the object before \":\""));
  if (socket == nullptr || socket->ended) raise(L, fmt::format("this {} is closed, or its program has ended", type));
  return *socket;
}

void wake_with(ScriptSocket& socket, auto& part) {
  part.set_changed([&socket] { socket.program.wake_from(&socket); });
}

std::uint16_t port_at(lua_State* L, int index, const char* what) {
  const double port = check_finite(L, index, what);
  if (port < 1 || port > 65535 || port != static_cast<double>(static_cast<int>(port)))
    raise(L, fmt::format("{} must be a whole number between 1 and 65535, not {:g}", what, port));
  return static_cast<std::uint16_t>(port);
}

// A node, or an address as text.
wire::Ipv4Address address_at(lua_State* L, int index, const char* what) {
  if (lua_type(L, index) == LUA_TSTRING) {
    const std::string text(text_at(L, index, what));
    if (const auto address = wire::parse_address(text)) return *address;
    raise(L, fmt::format("{}: \"{}\" is no IPv4 address: write a node, or an address as in \"10.0.0.1\"", what, text));
  }
  Host& host = Host::of(L);
  const std::string& name = host.description.nodes[node_index_at(L, index, what)].name;
  const wire::Ipv4Address address = host.world().network().node(host.world().find_node(name)).address;
  if (address.value == 0) raise(L, fmt::format("{}: \"{}\" has no address at this instant", what, name));
  return address;
}

const tcp::Settings& read_settings(lua_State* L, Options& options) {
  tcp::Settings settings;
  if (!read_tcp(options, settings)) return Transport::kDefaults;
  Host::of(L).tcp_settings.push_back(settings);
  return Host::of(L).tcp_settings.back();
}

int give_up(lua_State* L, std::string_view why) {
  lua_pushnil(L);
  lua_pushlstring(L, why.data(), why.size());
  return 2;
}

std::string_view end_of(const StreamSocket& stream) {
  return stream.reason() == tcp::CloseReason::none ? "not connected" : tcp::name_of(stream.reason());
}

// ---- streams

int connect_again(lua_State* L, int, lua_KContext deadline) {
  ScriptSocket& socket = check_socket(L, "tcp_socket");
  StreamSocket& stream = *socket.stream;
  if (stream.state() == StreamSocket::State::open) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (stream.state() == StreamSocket::State::closed) return give_up(L, end_of(stream));
  if (is_past(socket.program, deadline)) {
    stream.close();
    return give_up(L, "timed out");
  }
  return socket.program.wait_on(L, &socket, Instant::from_ns(deadline), connect_again, deadline);
}

// ---- names

using Resolved = std::shared_ptr<std::optional<dns::Answer>>;

// Asks for the name, and wakes the program when the answer is there.
Resolved begin_resolving(DeviceProgram& program, const std::string& name) {
  Host::of(program.thread()).charge(program.thread(), 10'000);
  auto resolved = std::make_shared<std::optional<dns::Answer>>();
  // The program may end before the answer comes, so what it waits on is asked for by a weak pointer.
  program.world()
      .resolver(program.world().node_of(program.device()))
      .resolve(name, [&program, waiting = std::weak_ptr(resolved)](const dns::Answer& answer) {
        const auto there = waiting.lock();
        if (there == nullptr) return;
        *there = answer;
        program.wake_from(there.get());
      });
  program.set_resolving(resolved);
  return resolved;
}

std::string host_name_at(lua_State* L, int index, const char* what) {
  std::string name = lower_case(std::string(text_at(L, index, what)));
  if (!wire::is_host_name(name))
    raise(L, fmt::format("{}: \"{}\" is no host name, as \"broker.example\" is", what, name));
  return name;
}

int resolve_again(lua_State* L, int, lua_KContext context) {
  DeviceProgram& program = check_self(L);
  const auto& resolved = program.resolving();
  if (!resolved->has_value()) return program.wait_on(L, resolved.get(), Instant::never(), resolve_again, context);
  const dns::Answer answer = **resolved;
  if (answer.failure != dns::Failure::none) return give_up(L, dns::name_of(answer.failure));
  const std::string address = to_string(answer.address);
  lua_pushlstring(L, address.data(), address.size());
  return 1;
}

int open_stream(lua_State* L, ScriptSocket& socket, wire::Ipv4Address address) {
  Options options(L, 4, "connect()");
  const auto timeout = options.duration("timeout");
  const tcp::Settings& settings = read_settings(L, options);
  options.finish();
  const Instant deadline = timeout ? socket.program.world().now() + *timeout : Instant::never();
  socket.stream->connect({address, port_at(L, 3, "the port to connect to")}, settings);
  return connect_again(L, 0, deadline.ns());
}

int connect_when_resolved(lua_State* L, int, lua_KContext context) {
  ScriptSocket& socket = check_socket(L, "tcp_socket");
  const auto& resolved = socket.program.resolving();
  if (!resolved->has_value())
    return socket.program.wait_on(L, resolved.get(), Instant::never(), connect_when_resolved, context);
  const dns::Answer answer = **resolved;
  if (answer.failure != dns::Failure::none) return give_up(L, dns::name_of(answer.failure));
  return open_stream(L, socket, answer.address);
}

int stream_connect(lua_State* L) {
  ScriptSocket& socket = check_socket(L, "tcp_socket");
  port_at(L, 3, "the port to connect to");
  const bool by_name = lua_type(L, 2) == LUA_TSTRING && !wire::parse_address(lua_tostring(L, 2));
  const std::string name = by_name ? host_name_at(L, 2, "where to connect") : std::string();
  const wire::Ipv4Address address = by_name ? wire::Ipv4Address{} : address_at(L, 2, "where to connect");
  DeviceProgram& program = waiting_owner(L, socket.program, "connect()");
  if (socket.stream->state() != StreamSocket::State::idle)
    raise(L, "a socket connects once: make another one with self:tcp()");
  if (!by_name) return open_stream(L, socket, address);
  begin_resolving(program, name);
  return connect_when_resolved(L, 0, 0);
}

int send_again(lua_State* L, int, lua_KContext sent) {
  ScriptSocket& socket = check_socket(L, "tcp_socket");
  std::string changed;
  const wire::Bytes bytes = wire::bytes_of(orderly_text(text_at(L, 2, "what is sent"), changed));
  if (socket.stream->state() != StreamSocket::State::open) return give_up(L, end_of(*socket.stream));
  sent += static_cast<lua_KContext>(socket.stream->send(bytes.subspan(static_cast<std::size_t>(sent))));
  if (static_cast<std::size_t>(sent) == bytes.size()) {
    lua_pushboolean(L, 1);
    return 1;
  }
  return socket.program.wait_on(L, &socket, Instant::never(), send_again, sent);
}

int stream_sendall(lua_State* L) {
  Host::of(L).charge(L, text_at(L, 2, "what is sent").size());
  waiting_owner(L, check_socket(L, "tcp_socket").program, "sendall()");
  return send_again(L, 0, 0);
}

int recv_again(lua_State* L, int, lua_KContext deadline) {
  ScriptSocket& socket = check_socket(L, "tcp_socket");
  StreamSocket& stream = *socket.stream;
  if (stream.readable()) {
    const auto bytes = stream.receive(static_cast<std::size_t>(lua_tointeger(L, 2)));
    Host::of(L).charge(L, bytes.size());
    lua_pushlstring(L, reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return 1;
  }
  if (stream.at_end()) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (stream.state() != StreamSocket::State::open) return give_up(L, end_of(stream));
  if (is_past(socket.program, deadline)) return give_up(L, "timed out");
  return socket.program.wait_on(L, &socket, Instant::from_ns(deadline), recv_again, deadline);
}

int stream_recv(lua_State* L) {
  const double most = check_finite(L, 2, "how many bytes recv() may return");
  if (most < 1 || most > static_cast<double>(kLongestRead))
    raise(L, fmt::format("recv() returns between 1 and {} bytes, not {:g}", kLongestRead, most));
  Host::of(L).charge(L, 1000);
  DeviceProgram& program = waiting_owner(L, check_socket(L, "tcp_socket").program, "recv()");
  const Instant deadline = deadline_in(L, 3, "recv()", program);
  lua_settop(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(most));
  return recv_again(L, 0, deadline.ns());
}

int stream_peer(lua_State* L) {
  const tcp::Endpoint peer = check_socket(L, "tcp_socket").stream->peer();
  const std::string address = to_string(peer.address);
  lua_pushlstring(L, address.data(), address.size());
  lua_pushinteger(L, peer.port);
  return 2;
}

int stream_shutdown(lua_State* L) {
  check_socket(L, "tcp_socket").stream->shut_down_sending();
  return 0;
}

int socket_close(lua_State* L, const char* type) {
  auto** held = static_cast<ScriptSocket**>(check_object(L, 1, type, "the object before \":\""));
  if (*held == nullptr) return 0;
  ScriptSocket& socket = **held;
  socket.program.wake_from(&socket);  // if it waits on this one, it finds it closed
  socket.end(Ending::stop);
  socket.forget(L);
  std::erase_if(socket.program.sockets(), [&](const auto& kept) { return kept.get() == &socket; });
  return 0;
}
int stream_close(lua_State* L) { return socket_close(L, "tcp_socket"); }
int listener_close(lua_State* L) { return socket_close(L, "listener"); }
int datagrams_close(lua_State* L) { return socket_close(L, "udp_socket"); }

// ---- listeners

int accept_again(lua_State* L, int, lua_KContext deadline) {
  ScriptSocket& socket = check_socket(L, "listener");
  if (auto accepted = socket.listener->accept()) {
    ScriptSocket& made = push_socket(L, socket.program, "tcp_socket");
    made.stream = std::move(accepted);
    wake_with(made, *made.stream);
    return 1;
  }
  if (is_past(socket.program, deadline)) return give_up(L, "timed out");
  return socket.program.wait_on(L, &socket, Instant::from_ns(deadline), accept_again, deadline);
}

int listener_accept(lua_State* L) {
  DeviceProgram& program = waiting_owner(L, check_socket(L, "listener").program, "accept()");
  const Instant deadline = deadline_in(L, 2, "accept()", program);
  return accept_again(L, 0, deadline.ns());
}

// ---- datagrams

int datagrams_sendto(lua_State* L) {
  ScriptSocket& socket = check_socket(L, "udp_socket");
  std::string changed;
  const wire::Bytes bytes = wire::bytes_of(orderly_text(text_at(L, 2, "what is sent"), changed));
  const tcp::Endpoint to{address_at(L, 3, "where to send"), port_at(L, 4, "the port to send to")};
  Host::of(L).charge(L, 1000 + bytes.size());
  World& world = socket.program.world();
  if (world.network().node(world.node_of(socket.program.device())).address.value == 0) return give_up(L, "unreachable");
  if (!socket.datagrams->send(to, bytes)) return give_up(L, "message too long");
  lua_pushboolean(L, 1);
  return 1;
}

int recvfrom_again(lua_State* L, int, lua_KContext deadline) {
  ScriptSocket& socket = check_socket(L, "udp_socket");
  if (socket.datagrams->readable()) {
    const DatagramSocket::Datagram datagram = socket.datagrams->receive();
    lua_pushlstring(L, reinterpret_cast<const char*>(datagram.bytes.data()), datagram.bytes.size());
    const std::string from = to_string(datagram.from.address);
    lua_pushlstring(L, from.data(), from.size());
    lua_pushinteger(L, datagram.from.port);
    return 3;
  }
  if (is_past(socket.program, deadline)) return give_up(L, "timed out");
  return socket.program.wait_on(L, &socket, Instant::from_ns(deadline), recvfrom_again, deadline);
}

int datagrams_recvfrom(lua_State* L) {
  DeviceProgram& program = waiting_owner(L, check_socket(L, "udp_socket").program, "recvfrom()");
  const Instant deadline = deadline_in(L, 2, "recvfrom()", program);
  return recvfrom_again(L, 0, deadline.ns());
}

const ObjectType kStream{"tcp_socket",
                         {{"connect", stream_connect},
                          {"sendall", stream_sendall},
                          {"recv", stream_recv},
                          {"peer", stream_peer},
                          {"shutdown", stream_shutdown},
                          {"close", stream_close}},
                         {},
                         nullptr,
                         nullptr};
const ObjectType kListener{"listener", {{"accept", listener_accept}, {"close", listener_close}}, {}, nullptr, nullptr};
const ObjectType kDatagrams{
    "udp_socket",
    {{"sendto", datagrams_sendto}, {"recvfrom", datagrams_recvfrom}, {"close", datagrams_close}},
    {},
    nullptr,
    nullptr};

}  // namespace

int self_address(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const wire::Ipv4Address address = program.world().network().node(program.world().node_of(program.device())).address;
  if (address.value == 0) return 0;
  const std::string text = to_string(address);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

static int wait_address_again(lua_State* L, int, lua_KContext deadline) {
  DeviceProgram& program = check_self(L);
  lua_settop(L, 1);
  if (self_address(L) == 1) return 1;
  if (is_past(program, deadline)) return give_up(L, "timed out");
  return program.wait_on(L, program.address_token(), Instant::from_ns(deadline), wait_address_again, deadline);
}

int self_wait_address(lua_State* L) {
  DeviceProgram& program = check_self(L);
  waiting_owner(L, program, "wait_address()");
  const Instant deadline = deadline_in(L, 2, "wait_address()", program);
  return wait_address_again(L, 0, deadline.ns());
}

int self_resolve(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const std::string name = host_name_at(L, 2, "the name to resolve");
  waiting_owner(L, program, "resolve()");
  begin_resolving(program, name);
  return resolve_again(L, 0, 0);
}

std::vector<const ObjectType*> socket_types() { return {&kStream, &kListener, &kDatagrams}; }

int self_tcp(lua_State* L) {
  DeviceProgram& program = check_self(L);
  ScriptSocket& socket = push_socket(L, program, "tcp_socket");
  socket.stream =
      std::make_unique<StreamSocket>(program.world().transport(), program.world().node_of(program.device()));
  wake_with(socket, *socket.stream);
  return 1;
}

int self_listen(lua_State* L) {
  DeviceProgram& program = check_self(L);
  World& world = program.world();
  const NodeIndex node = world.node_of(program.device());
  const std::uint16_t port = port_at(L, 2, "the port to listen on");
  if (world.transport().is_listening(node, port)) raise(L, fmt::format("port {} is in use here", port));
  Options options(L, 3, "listen()");
  const auto backlog = options.integer("backlog", 1, 100'000).value_or(128);
  const tcp::Settings& settings = read_settings(L, options);
  options.finish();
  ScriptSocket& socket = push_socket(L, program, "listener");
  socket.listener =
      std::make_unique<ListeningSocket>(world.transport(), node, port, settings, static_cast<std::size_t>(backlog));
  wake_with(socket, *socket.listener);
  return 1;
}

int self_udp(lua_State* L) {
  DeviceProgram& program = check_self(L);
  World& world = program.world();
  const NodeIndex node = world.node_of(program.device());
  const std::uint16_t port = lua_isnoneornil(L, 2) ? std::uint16_t{0} : port_at(L, 2, "the port to bind");
  if (port != 0 && world.transport().is_bound(node, port)) raise(L, fmt::format("UDP port {} is in use here", port));
  ScriptSocket& socket = push_socket(L, program, "udp_socket");
  socket.datagrams = std::make_unique<DatagramSocket>(world.transport(), node, port);
  wake_with(socket, *socket.datagrams);
  return 1;
}

}  // namespace wirelab::script
