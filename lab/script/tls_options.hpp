// How a script says that a broker or a client uses TLS: `tls = true`, or a table of what is not as usual.
#pragma once

#include "lab/script/options.hpp"
#include "sim/world/listeners.hpp"

namespace wirelab::script {

/// The option "tls" of a broker named `name`, if it is given: what else it listens on, and its certificate.
void read_server_tls(lua_State* L, Options& options, const std::string& name, Listeners& listeners);
/// The option "tls" of mqtt(); empty where it is not given.
std::optional<tls::ClientSettings> read_client_tls(lua_State* L, Options& options);

}  // namespace wirelab::script
