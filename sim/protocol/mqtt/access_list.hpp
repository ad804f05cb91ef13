// Users, and who may read and write which topics, by the rules of mosquitto's acl_file: what nobody allows is forbidden as soon as
// there is one rule, and what is denied stays so whatever else allows it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/protocol/mqtt/access.hpp"

namespace wirelab::mqtt {

struct AccessRule {
  enum class For : std::uint8_t {
    anonymous,
    user,
    everybody
  };  // `topic` before any `user`, `topic` behind one, `pattern`
  enum class What : std::uint8_t { read, write, readwrite, deny };
  For whom = For::anonymous;
  std::string user;
  What what = What::readwrite;
  std::string filter;  // for everybody: %c is the client identifier, %u the user name
};

class AccessList final : public Access {
 public:
  /// Whether a password is the one that was kept of a user, in whatever form that is; by default, as it is.
  using Verify = std::function<bool(std::string_view kept, std::string_view given)>;

  bool allow_anonymous = true;
  Verify verify = [](std::string_view kept, std::string_view given) { return kept == given; };
  void add_user(std::string name, std::string password) { users_[std::move(name)] = std::move(password); }
  void add_rule(AccessRule rule) { rules_.push_back(std::move(rule)); }
  bool empty() const { return users_.empty() && rules_.empty() && allow_anonymous; }

  ReasonCode connect(const Connect& packet) override;
  bool may_publish(const Identity& who, std::string_view topic) override;
  /// Refused where the list lets nothing through that the filter selects; what it lets through of the rest is seen at delivery.
  bool may_subscribe(const Identity& who, std::string_view filter) override;
  bool may_receive(const Identity& who, std::string_view topic) override;
  bool limits_delivery() const override { return !rules_.empty(); }

 private:
  enum class Use : std::uint8_t { read, write };
  bool may_use(const Identity& who, std::string_view topic, Use use) const;
  template <typename See>
  void for_each_rule(const Identity& who, See&& see) const;

  std::map<std::string, std::string, std::less<>> users_;
  std::vector<AccessRule> rules_;
};

/// Whether some topic is selected by both filters.
bool overlap(std::string_view a, std::string_view b);
/// Whether every topic that `narrow` selects is selected by `wide`.
bool covers(std::string_view wide, std::string_view narrow);

}  // namespace wirelab::mqtt
