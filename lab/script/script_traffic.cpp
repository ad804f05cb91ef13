#include "lab/script/script_traffic.hpp"

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

using Value = std::uint64_t (*)(const Traffic&);
struct Count {
  const char* name;
  Value value;
};
constexpr Count kCounts[] = {
    {"packets", [](const Traffic& t) { return t.up.packets + t.down.packets; }},
    {"packets_up", [](const Traffic& t) { return t.up.packets; }},
    {"packets_down", [](const Traffic& t) { return t.down.packets; }},
    {"bytes", [](const Traffic& t) { return t.up.bytes() + t.down.bytes(); }},
    {"bytes_up", [](const Traffic& t) { return t.up.bytes(); }},
    {"bytes_down", [](const Traffic& t) { return t.down.bytes(); }},
    {"ip", [](const Traffic& t) { return t.up.ip + t.down.ip; }},
    {"transport", [](const Traffic& t) { return t.up.transport + t.down.transport; }},
    {"payload", [](const Traffic& t) { return t.up.payload + t.down.payload; }},
    {"payload_up", [](const Traffic& t) { return t.up.payload; }},
    {"payload_down", [](const Traffic& t) { return t.down.payload; }},
};

int traffic_field(lua_State* L, const char* name) {
  const auto& traffic =
      (*static_cast<ScriptTraffic**>(check_object(L, 1, "traffic", "the object before \".\"")))->traffic();
  for (const Count& count : kCounts) {
    if (std::string_view(count.name) != name) continue;
    lua_pushinteger(L, static_cast<lua_Integer>(count.value(traffic)));
    return 1;
  }
  return 0;
}

std::vector<const char*> names() {
  std::vector<const char*> all;
  for (const Count& count : kCounts) all.push_back(count.name);
  return all;
}

const ObjectType kTraffic{"traffic", {}, names(), traffic_field, nullptr};

}  // namespace

void ScriptTraffic::listen(World& world) { down_to_ = place_.listen(world, *this); }

void ScriptTraffic::on_transmit(const Channel& channel, wire::Bytes packet) {
  Traffic::count(channel.to_node() == down_to_ ? traffic_.down : traffic_.up, packet);
}

int declare_traffic(lua_State* L) {
  Host& host = Host::of(L);
  const ListeningPlace place = check_listening_place(L, "traffic()");
  host.traffics.push_back(std::make_unique<ScriptTraffic>(place));
  *static_cast<ScriptTraffic**>(new_object(L, "traffic", sizeof(ScriptTraffic*))) = host.traffics.back().get();
  return 1;
}

const ObjectType* traffic_type() { return &kTraffic; }

}  // namespace wirelab::script
