// How a script describes a broker, a client and a message of MQTT: its tables to the cores' options, and a message's properties
// back to a table.
#pragma once

#include "lab/script/options.hpp"
#include "sim/protocol/mqtt/access_list.hpp"
#include "sim/protocol/mqtt/broker_settings.hpp"
#include "sim/protocol/mqtt/client.hpp"
#include "sim/world/bridge_service.hpp"
#include "sim/world/inbox.hpp"

namespace wirelab::script {

/// What can be set of a broker's MQTT, with the profile, users and the access list.
void read_broker(lua_State* L, Options& options, const std::string& name, mqtt::BrokerSettings& settings,
                 mqtt::AccessList& access);
/// How long its process takes over a packet, and how many may wait for it.
void read_processor(Options& options, Processor& processor);
/// Its connections to other brokers.
void read_bridges(lua_State* L, Options& options, const std::string& name, std::vector<BridgeSettings>& bridges);
/// What a client says in CONNECT, and how it behaves.
mqtt::ClientOptions read_client(lua_State* L, Options& options, std::string_view device);
/// The properties of a message: of publish(), and of a will. Only 5.0 has them.
std::vector<std::uint8_t> read_properties(lua_State* L, Options& options, mqtt::Version version, const char* where);
/// Sets fields of the table on top of the stack.
void set_properties(lua_State* L, const mqtt::Properties& properties);

mqtt::Qos qos_of(std::optional<std::int64_t> number);
void check_topic(lua_State* L, std::string_view topic);
void check_filter(lua_State* L, std::string_view filter);

}  // namespace wirelab::script
