#include "lab/script/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lab/script/host.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab::script {

void raise(lua_State* L, const std::string& text) {
  luaL_where(L, 1);
  lua_pushlstring(L, text.data(), text.size());
  lua_concat(L, 2);
  lua_error(L);
  std::abort();  // lua_error does not return
}

void unknown_name(lua_State* L, std::string_view kind, std::string_view name, std::string_view where,
                  const std::vector<std::string_view>& known) {
  std::string list;
  for (const std::string_view word : known) list += (list.empty() ? "" : ", ") + std::string(word);
  const std::string_view near = nearest(name, known);
  std::string text = fmt::format("unknown {} \"{}\" for {}", kind, name, where);
  if (!near.empty()) text += fmt::format(": did you mean \"{}\"?", near);
  raise(L, text + fmt::format(" ({}s: {})", kind, list));
}

double check_finite(lua_State* L, int index, const char* what) {
  if (lua_type(L, index) != LUA_TNUMBER)
    raise(L, fmt::format("{} must be a number, not a {}", what, luaL_typename(L, index)));
  const double value = lua_tonumber(L, index);
  if (!std::isfinite(value))
    raise(L, fmt::format("{} must be a finite number, not {}", what, value != value ? "nan" : "infinity"));
  return value;
}

namespace {

std::string_view text_at(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

// A number or a text with a unit; `from_number` and `parse` give an expected value.
template <typename FromNumber, typename Parse>
auto quantity(lua_State* L, int index, const char* what, const char* example, FromNumber from_number, Parse parse) {
  const int type = lua_type(L, index);
  if (type != LUA_TNUMBER && type != LUA_TSTRING) {
    raise(L, fmt::format("{} must be a number or a text such as \"{}\", not a {}", what, example,
                         luaL_typename(L, index)));
  }
  const auto value = type == LUA_TNUMBER ? from_number(check_finite(L, index, what)) : parse(text_at(L, index));
  if (!value) raise(L, fmt::format("{}: {}", what, value.error()));
  return *value;
}

}  // namespace

Duration check_duration(lua_State* L, int index, const char* what) {
  return quantity(L, index, what, "25ms", duration_from_seconds, parse_duration);
}

std::int64_t check_rate(lua_State* L, int index, const char* what) {
  return quantity(
      L, index, what, "10Mbit/s",
      [](double n) -> tl::expected<std::int64_t, std::string> {
        if (n < 1 || n > 1e12)
          return tl::unexpected(fmt::format("{:g} is out of range: a rate lies between 1 and 10^12 bit/s", n));
        return static_cast<std::int64_t>(n);
      },
      parse_rate);
}

std::int64_t check_size(lua_State* L, int index, const char* what) {
  return quantity(
      L, index, what, "64KiB",
      [](double n) -> tl::expected<std::int64_t, std::string> {
        if (n < 0 || n > 1e12)
          return tl::unexpected(fmt::format("{:g} is out of range: a size lies between 0 and 10^12 bytes", n));
        return static_cast<std::int64_t>(n);
      },
      parse_size);
}

double check_ratio(lua_State* L, int index, const char* what) {
  return quantity(
      L, index, what, "2%",
      [](double n) -> tl::expected<double, std::string> {
        if (n < 0 || n > 1)
          return tl::unexpected(fmt::format("{:g} is out of range: write 0.02 or \"2%\" for two in a hundred", n));
        return n + 0.0;
      },
      parse_ratio);
}

Options::Options(lua_State* L, int index, std::string where) : L_(L), index_(0), where_(std::move(where)) {
  if (lua_isnoneornil(L, index)) return;
  if (!lua_istable(L, index))
    raise(L, fmt::format("the options of {} must be a table such as {{ name = value }}, not a {}", where_,
                         luaL_typename(L, index)));
  index_ = lua_absindex(L, index);
}

std::string Options::label(const char* name) const { return fmt::format("option \"{}\" of {}", name, where_); }

bool Options::push(const char* name) {
  known_.push_back(name);
  if (index_ == 0) return false;
  lua_getfield(L_, index_, name);
  if (!lua_isnil(L_, -1)) return true;
  lua_pop(L_, 1);
  return false;
}

std::optional<Duration> Options::duration(const char* name) {
  if (!push(name)) return std::nullopt;
  const Duration value = check_duration(L_, -1, label(name).c_str());
  lua_pop(L_, 1);
  return value;
}

std::optional<std::int64_t> Options::rate(const char* name) {
  if (!push(name)) return std::nullopt;
  const std::int64_t value = check_rate(L_, -1, label(name).c_str());
  lua_pop(L_, 1);
  return value;
}

std::optional<std::int64_t> Options::size(const char* name) {
  if (!push(name)) return std::nullopt;
  const std::int64_t value = check_size(L_, -1, label(name).c_str());
  lua_pop(L_, 1);
  return value;
}

std::optional<double> Options::ratio(const char* name) {
  if (!push(name)) return std::nullopt;
  const double value = check_ratio(L_, -1, label(name).c_str());
  lua_pop(L_, 1);
  return value;
}

std::optional<double> Options::number(const char* name) {
  if (!push(name)) return std::nullopt;
  const double value = check_finite(L_, -1, label(name).c_str());
  lua_pop(L_, 1);
  return value;
}

std::optional<std::int64_t> Options::integer(const char* name, std::int64_t least, std::int64_t most) {
  const std::optional<double> value = number(name);
  if (!value) return std::nullopt;
  if (*value != std::floor(*value) || *value < static_cast<double>(least) || *value > static_cast<double>(most)) {
    raise(L_, fmt::format("{} must be a whole number between {} and {}, not {:g}", label(name), least, most, *value));
  }
  return static_cast<std::int64_t>(*value);
}

std::optional<bool> Options::boolean(const char* name) {
  if (!push(name)) return std::nullopt;
  if (!lua_isboolean(L_, -1))
    raise(L_, fmt::format("{} must be true or false, not a {}", label(name), luaL_typename(L_, -1)));
  const bool value = lua_toboolean(L_, -1) != 0;
  lua_pop(L_, 1);
  return value;
}

std::optional<std::string> Options::text(const char* name) {
  if (!push(name)) return std::nullopt;
  if (lua_type(L_, -1) != LUA_TSTRING)
    raise(L_, fmt::format("{} must be a text, not a {}", label(name), luaL_typename(L_, -1)));
  std::string value(text_at(L_, -1));
  lua_pop(L_, 1);
  return value;
}

std::optional<std::string> Options::choice(const char* name, const std::vector<std::string_view>& choices) {
  const auto value = text(name);
  if (value && std::find(choices.begin(), choices.end(), *value) == choices.end())
    unknown_name(L_, "value", *value, label(name), choices);
  return value;
}

void Options::finish() {
  if (index_ == 0) return;
  std::string wrong;  // the first in order of the alphabet, since a table has no order
  lua_pushnil(L_);
  while (lua_next(L_, index_) != 0) {
    lua_pop(L_, 1);
    if (lua_type(L_, -1) != LUA_TSTRING)
      raise(L_, fmt::format("the options of {} are named: write {{ name = value }}", where_));
    const std::string_view name = text_at(L_, -1);
    if (std::find(known_.begin(), known_.end(), name) == known_.end() && (wrong.empty() || name < wrong)) wrong = name;
  }
  if (!wrong.empty()) unknown_name(L_, "option", wrong, where_, known_);
}

bool read_tcp(Options& options, tcp::Settings& settings) {
  bool any = false;
  const auto stack = options.choice("stack", {"linux", "lwip"});
  const auto sack = options.boolean("sack");
  if (stack && *stack == "lwip") {
    settings = tcp::lwip_like(sack.value_or(false));
    any = true;
  } else if (sack) {
    settings.sack = settings.tells_sack = *sack;
    any = true;
  }
  if (const auto nodelay = options.boolean("nodelay")) settings.nodelay = *nodelay, any = true;
  if (const auto name = options.choice("congestion", {"cubic", "newreno"})) {
    settings.congestion = *name == "cubic" ? &tcp::cubic() : &tcp::new_reno();
    any = true;
  }
  if (const auto time = options.duration("user_timeout")) settings.give_up = *time, any = true;
  if (const auto time = options.duration("tcp_keepalive")) settings.keep_alive = *time, any = true;
  return any;
}

}  // namespace wirelab::script
