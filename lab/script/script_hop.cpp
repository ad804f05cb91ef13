#include "lab/script/script_hop.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/script/declare.hpp"
#include "lab/script/device_program.hpp"
#include "lab/script/options.hpp"
#include "lab/script/script_socket.hpp"

namespace wirelab::script {

std::size_t node_index_at(lua_State* L, int index, const char* what);  // declare.cpp

namespace {

constexpr std::size_t kLongestRead = 1'000'000;

// The objects keep what they stand for; their user value is the device object, so that the program is found anew each time.
struct HeldPort {
  SerialPort* port;
};
struct HeldRadio {
  RadioHop* hop;
  HopMember member;
};

// Puts the device object in the place of the object at 1, for what waits and comes back.
DeviceProgram& program_of(lua_State* L, int object) {
  lua_getiuservalue(L, object, 1);
  lua_insert(L, 1);
  DeviceProgram& program = check_self(L);
  lua_remove(L, 1);
  return program;
}

NodeIndex node_of(DeviceProgram& program) { return program.world().node_of(program.device()); }
std::string_view name_of_node(DeviceProgram& program, NodeIndex node) {
  return program.world().trace().names().text(program.world().network().node(node).entity);
}

int give_up(lua_State* L, std::string_view why) {
  lua_pushnil(L);
  lua_pushlstring(L, why.data(), why.size());
  return 2;
}

void push_bytes(lua_State* L, const std::vector<std::uint8_t>& bytes) {
  Host::of(L).charge(L, bytes.size());
  lua_pushlstring(L, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// ---- serial ports

SerialPort& check_port(lua_State* L) {
  return *static_cast<HeldPort*>(check_object(L, 1, "serial_port", "the object before \":\""))->port;
}

int write_again(lua_State* L, int, lua_KContext written) {
  SerialPort& port = check_port(L);
  DeviceProgram& program = program_of(L, 1);
  std::string changed;
  const wire::Bytes bytes = wire::bytes_of(orderly_text(text_at(L, 2, "what is written"), changed));
  written += static_cast<lua_KContext>(port.write(bytes.subspan(static_cast<std::size_t>(written))));
  if (static_cast<std::size_t>(written) < bytes.size())
    return program.wait_on(L, &port, Instant::never(), write_again, written);
  lua_pushinteger(L, static_cast<lua_Integer>(written));
  return 1;
}

int port_write(lua_State* L) {
  check_port(L);
  Host::of(L).charge(L, 1000 + text_at(L, 2, "what is written").size());
  waiting_owner(L, program_of(L, 1), "write()");
  return write_again(L, 0, 0);
}

// At 2: how many bytes, or "line".
int read_again(lua_State* L, int, lua_KContext deadline) {
  SerialPort& port = check_port(L);
  DeviceProgram& program = program_of(L, 1);
  const bool line = lua_type(L, 2) == LUA_TSTRING;
  std::size_t wanted = line ? kLongestRead : static_cast<std::size_t>(lua_tointeger(L, 2));
  bool there = port.waiting() >= wanted;
  for (std::uint32_t i = 0; line && i < port.waiting() && !there; ++i) {
    if (port.peek(i) == '\n') wanted = i + 1, there = true;
  }
  if (!there && !is_past(program, deadline))
    return program.wait_on(L, &port, Instant::from_ns(deadline), read_again, deadline);
  push_bytes(L, port.read(wanted));
  return 1;
}

int port_read(lua_State* L) {
  check_port(L);
  const double most = lua_isnoneornil(L, 2) ? 1 : check_finite(L, 2, "how many bytes read() waits for");
  if (most < 1 || most > static_cast<double>(kLongestRead))
    raise(L, fmt::format("read() takes between 1 and {} bytes, not {:g}", kLongestRead, most));
  Host::of(L).charge(L, 1000);
  DeviceProgram& program = waiting_owner(L, program_of(L, 1), "read()");
  const Instant deadline = deadline_in(L, 3, "read()", program);
  lua_settop(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(most));
  return read_again(L, 0, deadline.ns());
}

int port_readline(lua_State* L) {
  Host::of(L).charge(L, 1000 + check_port(L).waiting());
  DeviceProgram& program = waiting_owner(L, program_of(L, 1), "readline()");
  const Instant deadline = deadline_in(L, 2, "readline()", program);
  lua_settop(L, 1);
  lua_pushliteral(L, "line");
  return read_again(L, 0, deadline.ns());
}

int port_in_waiting(lua_State* L) {
  lua_pushinteger(L, check_port(L).waiting());
  return 1;
}

int port_errors(lua_State* L) {
  const SerialErrors& errors = check_port(L).errors();
  lua_createtable(L, 0, 3);
  const auto put = [&](const char* name, std::uint64_t count) {
    lua_pushinteger(L, static_cast<lua_Integer>(count));
    lua_setfield(L, -2, name);
  };
  put("parity", errors.parity);
  put("framing", errors.framing);
  put("overrun", errors.overrun);
  return 1;
}

int port_discard(lua_State* L) {
  check_port(L).discard_received();
  return 0;
}

int port_configure(lua_State* L) {
  SerialPort& port = check_port(L);
  SerialSettings settings = port.settings();
  Options options(L, 2, "configure()");
  read_serial(L, options, "configure()", settings);
  options.finish();
  port.configure(settings.baud, settings.format);
  return 0;
}

const ObjectType kPort{"serial_port",
                       {{"write", port_write},
                        {"read", port_read},
                        {"readline", port_readline},
                        {"in_waiting", port_in_waiting},
                        {"errors", port_errors},
                        {"discard", port_discard},
                        {"configure", port_configure}},
                       {},
                       nullptr,
                       nullptr};

// ---- radios

HeldRadio& check_radio(lua_State* L) {
  return *static_cast<HeldRadio*>(check_object(L, 1, "radio", "the object before \":\""));
}

// To whom: a node for a gateway with several devices, else the one at the other end.
HopMember receiver_at(lua_State* L, const HeldRadio& radio, DeviceProgram& program, int index) {
  if (lua_isnoneornil(L, index)) {
    if (radio.member != 0) return 0;
    if (radio.hop->members() == 2) return 1;
    raise(L, "a gateway says to which of its devices it sends: send(text, device)");
  }
  const std::string& name = Host::of(L).description.nodes[node_index_at(L, index, "to whom it is sent")].name;
  const HopMember member = radio.hop->member_at(program.world().find_node(name));
  if (member == RadioHop::kNoMember || (member == 0) == (radio.member == 0))
    raise(L, fmt::format("\"{}\" is not at the other end of this radio: devices and their gateway send to each other",
                         name));
  return member;
}

int send_again(lua_State* L, int, lua_KContext context) {
  DeviceProgram& program = program_of(L, 1);
  const auto outcome = program.sending();
  if (!outcome->has_value()) return program.wait_on(L, outcome.get(), Instant::never(), send_again, context);
  if (**outcome != HopFailure::none) return give_up(L, name_of(**outcome));
  lua_pushboolean(L, 1);
  return 1;
}

// send(text [, to]): waits until the other end has acknowledged all of it, or it is given up.
int radio_send(lua_State* L) {
  HeldRadio& radio = check_radio(L);
  DeviceProgram& program = waiting_owner(L, program_of(L, 1), "send()");
  std::string changed;
  const wire::Bytes bytes = wire::bytes_of(orderly_text(text_at(L, 2, "what is sent"), changed));
  const HopMember to = receiver_at(L, radio, program, 3);
  Host::of(L).charge(L, 5000 + bytes.size());
  if (bytes.size() > radio.hop->most_bytes())
    return give_up(L, fmt::format("message too long: {} bytes, and {} fit", bytes.size(), radio.hop->most_bytes()));
  // The program may end before the outcome is there, so what it waits on is asked for by a weak pointer.
  auto outcome = std::make_shared<std::optional<HopFailure>>();
  const bool taken =
      radio.hop->send(radio.member, to, bytes, [&program, waiting = std::weak_ptr(outcome)](HopFailure failure) {
        const auto there = waiting.lock();
        if (there == nullptr) return;
        *there = failure;
        program.wake_from(there.get());
      });
  if (!taken) return give_up(L, "queue full");
  program.set_sending(std::move(outcome));
  return send_again(L, 0, 0);
}

int receive_again(lua_State* L, int, lua_KContext deadline) {
  HeldRadio& radio = check_radio(L);
  DeviceProgram& program = program_of(L, 1);
  if (radio.hop->readable(radio.member)) {
    const HopMessage message = radio.hop->receive(radio.member);
    push_bytes(L, message.bytes);
    const std::string_view from = name_of_node(program, radio.hop->node(message.from));
    lua_pushlstring(L, from.data(), from.size());
    return 2;
  }
  if (is_past(program, deadline)) return give_up(L, "timed out");
  return program.wait_on(L, radio.hop, Instant::from_ns(deadline), receive_again, deadline);
}

int radio_receive(lua_State* L) {
  check_radio(L);
  DeviceProgram& program = waiting_owner(L, program_of(L, 1), "receive()");
  const Instant deadline = deadline_in(L, 2, "receive()", program);
  lua_settop(L, 1);
  return receive_again(L, 0, deadline.ns());
}

int radio_is_connected(lua_State* L) {
  const HeldRadio& radio = check_radio(L);
  DeviceProgram& program = program_of(L, 1);
  const HopMember device = radio.member != 0 ? radio.member : receiver_at(L, radio, program, 2);
  lua_pushboolean(L, radio.hop->connected(device) ? 1 : 0);
  return 1;
}

int wait_connected_again(lua_State* L, int, lua_KContext deadline) {
  HeldRadio& radio = check_radio(L);
  DeviceProgram& program = program_of(L, 1);
  if (radio.hop->connected(radio.member)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  if (is_past(program, deadline)) return give_up(L, "timed out");
  return program.wait_on(L, radio.hop, Instant::from_ns(deadline), wait_connected_again, deadline);
}

int radio_wait_connected(lua_State* L) {
  if (check_radio(L).member == 0) raise(L, "wait_connected() is for devices: a gateway has a connection with each");
  DeviceProgram& program = waiting_owner(L, program_of(L, 1), "wait_connected()");
  const Instant deadline = deadline_in(L, 2, "wait_connected()", program);
  lua_settop(L, 1);
  return wait_connected_again(L, 0, deadline.ns());
}

const ObjectType kRadio{"radio",
                        {{"send", radio_send},
                         {"receive", radio_receive},
                         {"is_connected", radio_is_connected},
                         {"wait_connected", radio_wait_connected}},
                        {},
                        nullptr,
                        nullptr};

}  // namespace

int self_serial(lua_State* L) {
  DeviceProgram& program = check_self(L);
  const auto ports = program.world().hops().ports(node_of(program));
  const auto own = [&] { return program.world().name_of_device(program.device()); };
  if (ports.empty())
    raise(L, fmt::format("\"{}\" has no serial port: declare a line with serial({}, other)", own(), own()));
  SerialPort* port = ports.front().port;
  if (!lua_isnoneornil(L, 2)) {
    const std::string& peer = Host::of(L).description.nodes[node_index_at(L, 2, "the other end of the line")].name;
    const NodeIndex wanted = program.world().find_node(peer);
    const auto at = std::find_if(ports.begin(), ports.end(), [&](const auto& p) { return p.peer == wanted; });
    if (at == ports.end()) raise(L, fmt::format("no serial line joins \"{}\" and \"{}\"", own(), peer));
    port = at->port;
  } else if (ports.size() > 1) {
    raise(L, fmt::format("\"{}\" has {} serial ports: say which with self:serial(other)", own(), ports.size()));
  }
  lua_settop(L, 1);
  static_cast<HeldPort*>(new_object(L, "serial_port", sizeof(HeldPort)))->port = port;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  port->set_changed([&program, port] { program.wake_from(port); });
  program.on_end([port] { port->set_changed({}); });
  return 1;
}

int self_radio(lua_State* L) {
  DeviceProgram& program = check_self(L);
  auto radios = program.world().hops().radios(node_of(program));
  const auto own = [&] { return program.world().name_of_device(program.device()); };
  if (radios.empty())
    raise(L, fmt::format("\"{}\" has no radio: declare one with ble(gateway, {{ {} }}) or ieee802154()", own(), own()));
  if (!lua_isnoneornil(L, 2)) {
    const std::string kind(text_at(L, 2, "the kind of radio"));
    std::erase_if(radios, [&](const auto& at) { return name_of(at.kind) != kind; });
    if (radios.empty())
      raise(L, fmt::format("\"{}\" has no radio \"{}\": there are \"ble\" and \"802.15.4\"", own(), kind));
  }
  if (radios.size() > 1)
    raise(L, fmt::format("\"{}\" has {} radios: say which with self:radio(\"ble\") or self:radio(\"802.15.4\")", own(),
                         radios.size()));
  const HopService::RadioAt at = radios.front();
  lua_settop(L, 1);
  *static_cast<HeldRadio*>(new_object(L, "radio", sizeof(HeldRadio))) = {at.hop, at.member};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  at.hop->set_changed(at.member, [&program, hop = at.hop] { program.wake_from(hop); });
  program.on_end([at] { at.hop->set_changed(at.member, {}); });
  return 1;
}

std::vector<const ObjectType*> hop_types() { return {&kPort, &kRadio}; }

}  // namespace wirelab::script
