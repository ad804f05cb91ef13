#include "sim/protocol/mqtt/access_list.hpp"

namespace wirelab::mqtt {
namespace {

// The filter of a pattern, with the client's own names in it; empty if a name could reach over the level that it is meant to be.
std::string filled_in(std::string_view pattern, const Identity& who) {
  std::string filter;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool is_name =
        pattern[i] == '%' && i + 1 < pattern.size() && (pattern[i + 1] == 'c' || pattern[i + 1] == 'u');
    if (!is_name) {
      filter += pattern[i];
      continue;
    }
    const std::string_view name = pattern[++i] == 'c' ? who.client_id : who.user_name;
    if (name.empty() || name.find_first_of("+#/") != std::string_view::npos) return {};
    filter += name;
  }
  return filter;
}

// Wildcards at the front do not select topics that begin with "$" [MQTT-4.7.2-1].
bool is_wild(std::string_view level) { return level == "+" || level == "#"; }
bool differ_by_dollar(std::string_view a, std::string_view b) {
  return (is_wild(a) && b.starts_with('$')) || (is_wild(b) && a.starts_with('$'));
}

}  // namespace

bool overlap(std::string_view a, std::string_view b) {
  bool more_a = true, more_b = true;
  bool empty = false;  // what is above the rest is one empty level, which is no topic
  for (bool first = true; more_a && more_b; first = false) {
    const std::string_view level_a = take_level(a, more_a);
    const std::string_view level_b = take_level(b, more_b);
    if (first && differ_by_dollar(level_a, level_b)) return false;
    if (level_a == "#" || level_b == "#") return true;
    if (level_a != level_b && level_a != "+" && level_b != "+") return false;
    empty = first && (level_a.empty() || level_b.empty());
  }
  // "#" selects the level above it, too.
  return (!more_a && !more_b) || (!empty && ((more_a && a == "#") || (more_b && b == "#")));
}

bool covers(std::string_view wide, std::string_view narrow) {
  bool more_wide = true, more_narrow = true;
  for (bool first = true; more_wide && more_narrow; first = false) {
    const std::string_view level = take_level(wide, more_wide);
    const std::string_view below = take_level(narrow, more_narrow);
    if (first && is_wild(level) && below.starts_with('$')) return false;
    if (level == "#") return true;
    if (first && below == "#" && level == "+" && wide == "#") return true;  // every topic has a level
    if (below == "#" || (below == "+" && level != "+")) return false;
    if (level != "+" && level != below) return false;
  }
  return (!more_wide && !more_narrow) || (more_wide && wide == "#");
}

ReasonCode AccessList::connect(const Connect& packet) {
  if (!packet.user_name) return allow_anonymous ? ReasonCode::success : ReasonCode::not_authorized;
  if (users_.empty() && allow_anonymous) return ReasonCode::success;  // nobody is known, so names mean nothing
  const auto user = users_.find(*packet.user_name);
  const Bytes password = packet.password.value_or(Bytes{});
  const std::string_view given(reinterpret_cast<const char*>(password.data()), password.size());
  if (user == users_.end() || !verify(user->second, given)) return ReasonCode::bad_user_name_or_password;
  return ReasonCode::success;
}

template <typename See>
void AccessList::for_each_rule(const Identity& who, See&& see) const {
  for (const AccessRule& rule : rules_) {
    switch (rule.whom) {
      case AccessRule::For::anonymous:
        if (who.user_name.empty()) see(rule, std::string_view(rule.filter));
        break;
      case AccessRule::For::user:
        if (who.user_name == rule.user) see(rule, std::string_view(rule.filter));
        break;
      case AccessRule::For::everybody: {
        const std::string filter = filled_in(rule.filter, who);
        if (!filter.empty()) see(rule, std::string_view(filter));
        break;
      }
    }
  }
}

bool AccessList::may_use(const Identity& who, std::string_view topic, Use use) const {
  if (rules_.empty()) return true;
  bool allowed = false, denied = false;
  for_each_rule(who, [&](const AccessRule& rule, std::string_view filter) {
    if (!matches(filter, topic)) return;
    denied |= rule.what == AccessRule::What::deny;
    allowed |= rule.what == AccessRule::What::readwrite ||
               rule.what == (use == Use::read ? AccessRule::What::read : AccessRule::What::write);
  });
  return allowed && !denied;
}

bool AccessList::may_publish(const Identity& who, std::string_view topic) { return may_use(who, topic, Use::write); }
bool AccessList::may_receive(const Identity& who, std::string_view topic) { return may_use(who, topic, Use::read); }

bool AccessList::may_subscribe(const Identity& who, std::string_view filter) {
  if (rules_.empty()) return true;
  if (const auto shared = shared_filter(filter)) filter = shared->filter;
  bool allowed = false, denied = false;
  for_each_rule(who, [&](const AccessRule& rule, std::string_view of_rule) {
    if (rule.what == AccessRule::What::deny) {
      denied |= covers(of_rule, filter);
    } else if (rule.what != AccessRule::What::write) {
      allowed |= overlap(of_rule, filter);
    }
  });
  return allowed && !denied;
}

}  // namespace wirelab::mqtt
