// Who may do what at a broker, as its core asks it: users, secrets and files stand outside of it.
#pragma once

#include <string_view>
#include <vector>

#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// A client as an access list knows it. Without a user name it is anonymous.
struct Identity {
  std::string_view client_id;
  std::string_view user_name;
};

/// One step of an enhanced authentication (5.0, section 4.12).
struct AuthenticationStep {
  ReasonCode reason = ReasonCode::success;  // success, continue_authentication, or why not
  std::vector<std::uint8_t> data;           // for the client
  std::string user_name;                    // whom success has shown the client to be
};

/// Everybody may do everything, but nobody knows an authentication method.
class Access {
 public:
  virtual ~Access() = default;
  /// Success, or why the client is not let in.
  virtual ReasonCode connect(const Connect&) { return ReasonCode::success; }
  virtual bool may_publish(const Identity&, std::string_view /*topic*/) { return true; }
  virtual bool may_subscribe(const Identity&, std::string_view /*filter*/) { return true; }
  /// Asked for each delivery where limits_delivery() says so.
  virtual bool may_receive(const Identity&, std::string_view /*topic*/) { return true; }
  virtual bool limits_delivery() const { return false; }
  /// The first step has the data of CONNECT or of the AUTH that authenticates again, later ones those of AUTH. `state` is the
  /// exchange's own, empty at first.
  virtual AuthenticationStep authenticate(std::string_view /*method*/, Bytes /*data*/,
                                          std::vector<std::uint8_t>& /*state*/) {
    return {ReasonCode::bad_authentication_method, {}, {}};
  }
};

}  // namespace wirelab::mqtt
