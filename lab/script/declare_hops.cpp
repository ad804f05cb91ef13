// Hops that carry no IP: serial lines, BLE and IEEE 802.15.4.
#include <fmt/format.h>

#include <algorithm>

#include "lab/script/declare.hpp"

namespace wirelab::script {
namespace {

int push_hop(lua_State* L, HopDescription hop) {
  Host& host = Host::of(L);
  for (const HopDescription& other : host.description.hops) {
    if (other.kind != hop.kind) continue;
    for (std::size_t i = 1; i < hop.nodes.size(); ++i) {
      const auto joins = [&](const std::string& a, const std::string& b) {
        return std::find(other.nodes.begin() + 1, other.nodes.end(), b) != other.nodes.end() && other.nodes[0] == a;
      };
      if (joins(hop.nodes[0], hop.nodes[i]) || joins(hop.nodes[i], hop.nodes[0]))
        raise(L,
              fmt::format("\"{}\" and \"{}\" are joined by {} already", hop.nodes[0], hop.nodes[i], name_of(hop.kind)));
    }
  }
  host.description.hops.push_back(std::move(hop));
  *static_cast<std::size_t*>(new_object(L, "hop", sizeof(std::size_t))) = host.description.hops.size() - 1;
  return 1;
}

// The gateway at 1, and its devices at 2: one node, or a list of them.
HopDescription read_star(lua_State* L, HopDescription::Kind kind, const std::string& function) {
  only_at_top(L, (function + "()").c_str());
  HopDescription hop;
  hop.kind = kind;
  hop.nodes.push_back(check_node(L, 1, fmt::format("the gateway of {}()", function).c_str()).name);
  const auto add = [&](int index) {
    const std::string& name = check_node(L, index, fmt::format("a device of {}()", function).c_str()).name;
    if (std::find(hop.nodes.begin(), hop.nodes.end(), name) != hop.nodes.end())
      raise(L, fmt::format("{}() names \"{}\" twice", function, name));
    hop.nodes.push_back(name);
  };
  if (lua_istable(L, 2)) {
    const lua_Integer count = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= count; ++i) {
      lua_geti(L, 2, i);
      add(lua_gettop(L));
      lua_pop(L, 1);
    }
  } else {
    add(2);
  }
  if (hop.nodes.size() < 2) raise(L, fmt::format("{}() needs at least one device", function));
  return hop;
}

void within(lua_State* L, const char* name, const std::string& where, Duration value, Duration least, Duration most,
            const char* range) {
  if (value < least || value > most) raise(L, fmt::format("option \"{}\" of {} lies between {}", name, where, range));
}

// What a hop joins, as an intervention names it: for a radio the device is at 2.
std::string hop_name(lua_State* L, const char* what, int device_at = 2) {
  const HopDescription& hop =
      Host::of(L).description.hops[*static_cast<std::size_t*>(check_object(L, 1, "hop", "the object before \":\""))];
  std::string device = hop.nodes[1];
  if (hop.kind != HopDescription::Kind::serial && (hop.nodes.size() > 2 || !lua_isnoneornil(L, device_at))) {
    device = check_node(L, device_at, fmt::format("{} of a radio needs the device:", what).c_str()).name;
    if (std::find(hop.nodes.begin() + 1, hop.nodes.end(), device) == hop.nodes.end())
      raise(L, fmt::format("\"{}\" is no device of \"{}\"", device, hop.nodes[0]));
  }
  return fmt::format("{}-{} ({})", device, hop.nodes[0], name_of(hop.kind));
}

int hop_cut(lua_State* L) { return apply(L, "cut()", CutLink{hop_name(L, "cut()")}); }
int hop_restore(lua_State* L) { return apply(L, "restore()", RestoreLink{hop_name(L, "restore()")}); }

int hop_impair(lua_State* L) {
  SetImpairment what{hop_name(L, "impair()", 3), {}};
  const HopDescription& hop =
      Host::of(L).description.hops[*static_cast<std::size_t*>(check_object(L, 1, "hop", "the object before \":\""))];
  const bool serial = hop.kind == HopDescription::Kind::serial;
  Options options(L, 2, "impair()");
  if (const auto share = options.ratio(serial ? "bit_errors" : "loss"))
    what.changes.push_back(LinkChange::of(serial ? LinkOption::corrupt : LinkOption::loss, *share));
  options.finish();
  return apply(L, "impair()", what);
}

const ObjectType kHop{
    "hop", {{"cut", hop_cut}, {"restore", hop_restore}, {"impair", hop_impair}}, {}, nullptr, nullptr};

}  // namespace

const ObjectType* hop_type() { return &kHop; }

void read_serial(lua_State* L, Options& options, const std::string& where, SerialSettings& settings) {
  constexpr std::int64_t kSlowest = 50, kFastest = 4'000'000;
  if (const auto baud = options.integer("baud", kSlowest, kFastest)) settings.baud = static_cast<std::uint32_t>(*baud);
  if (const auto text = options.text("format")) {
    const auto format = parse_serial_format(*text);
    if (!format)
      raise(L, fmt::format("option \"format\" of {} is data bits, parity and stop bits as in \"8N1\" or \"7E2\", not "
                           "\"{}\"",
                           where, *text));
    settings.format = *format;
  }
}

int declare_serial(lua_State* L) {
  only_at_top(L, "serial()");
  HopDescription hop;
  for (const int end : {1, 2})
    hop.nodes.push_back(check_node(L, end, end == 1 ? "the first end of serial()" : "the second end of serial()").name);
  if (hop.nodes[0] == hop.nodes[1]) raise(L, fmt::format("serial() joins \"{}\" to itself", hop.nodes[0]));
  const std::string where = fmt::format("serial({}, {})", hop.nodes[0], hop.nodes[1]);
  const auto read_port = [&](Options& options, const std::string& of, SerialSettings& settings) {
    read_serial(L, options, of, settings);
    if (const auto buffer = options.integer("buffer", 1, 1'000'000))
      settings.buffer = static_cast<std::uint32_t>(*buffer);
  };
  Options options(L, 3, where);
  read_port(options, where, hop.first);
  hop.second = hop.first;
  if (const auto ratio = options.ratio("bit_errors")) hop.bit_errors = *ratio;
  if (options.push("second")) {
    const std::string of = fmt::format("option \"second\" of {}", where);
    if (!lua_istable(L, -1)) raise(L, fmt::format("{} is a table such as {{ baud = 115200 }}", of));
    Options own(L, lua_gettop(L), of);
    read_port(own, of, hop.second);
    own.finish();
    lua_pop(L, 1);
  }
  options.finish();
  return push_hop(L, std::move(hop));
}

int declare_ble(lua_State* L) {
  HopDescription hop = read_star(L, HopDescription::Kind::ble, "ble");
  const std::string where = fmt::format("ble({})", hop.nodes[0]);
  BleSettings& ble = hop.ble;
  Options options(L, 3, where);
  // Bluetooth Core 5.4, Vol 6 Part B, 4.5.2: 7.5 ms to 4 s in steps of 1.25 ms, and 100 ms to 32 s.
  if (const auto interval = options.duration("interval")) {
    within(L, "interval", where, *interval, Duration::microseconds(7500), Duration::seconds(4), "7.5ms and 4s");
    if (interval->ns() % 1'250'000 != 0)
      raise(L, fmt::format("option \"interval\" of {} is a multiple of 1.25ms", where));
    ble.interval = *interval;
  }
  if (const auto time = options.duration("supervision")) {
    within(L, "supervision", where, *time, Duration::milliseconds(100), Duration::seconds(32), "100ms and 32s");
    ble.supervision = *time;
  }
  if (const auto time = options.duration("advertising")) {
    within(L, "advertising", where, *time, Duration::milliseconds(20), Duration::seconds(10), "20ms and 10s");
    ble.advertising = *time;
  }
  if (const auto mtu = options.integer("mtu", 23, 517)) ble.mtu = static_cast<std::uint32_t>(*mtu);
  if (const auto pdu = options.integer("pdu", 27, 251)) ble.pdu = static_cast<std::uint32_t>(*pdu);
  if (const auto loss = options.ratio("loss")) hop.loss = *loss;
  options.finish();
  if (ble.supervision.ns() <= 2 * ble.interval.ns())
    raise(L, fmt::format("the supervision of {} must be longer than two intervals", where));
  return push_hop(L, std::move(hop));
}

int declare_ieee802154(lua_State* L) {
  HopDescription hop = read_star(L, HopDescription::Kind::ieee802154, "ieee802154");
  Options options(L, 3, fmt::format("ieee802154({})", hop.nodes[0]));
  if (const auto loss = options.ratio("loss")) hop.loss = *loss;
  options.finish();
  return push_hop(L, std::move(hop));
}

}  // namespace wirelab::script
