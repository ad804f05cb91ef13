// What a broker with persistence keeps in a file, with the time of saving, so that what expires does so meanwhile.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::live {

/// Writes the file whole or not at all, or says why it could not.
tl::expected<void, std::string> save_state(const std::string& path, const mqtt::Broker& broker);
/// Takes up what the file holds, if there is one, or says what is wrong with it.
tl::expected<void, std::string> load_state(const std::string& path, mqtt::Broker& broker);

}  // namespace wirelab::live
