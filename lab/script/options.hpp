// Reading option tables: { delay = "25ms", loss = 0.02 }. Each field is asked for by name, type and dimension; what is left
// over was misspelt. Errors blame the script's line and suggest the nearest name.
#pragma once

#include <lua.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/protocol/tcp/connection.hpp"

#include "sim/kernel/time.hpp"

namespace wirelab::script {

/// A quantity at a place of the stack, by number (seconds, bit/s, bytes, a part of 1) or by text with a unit.
Duration check_duration(lua_State* L, int index, const char* what);
std::int64_t check_rate(lua_State* L, int index, const char* what);
std::int64_t check_size(lua_State* L, int index, const char* what);
double check_ratio(lua_State* L, int index, const char* what);

/// Raises "unknown option "dealy" for link: did you mean "delay"? (options: ...)".
[[noreturn]] void unknown_name(lua_State* L, std::string_view kind, std::string_view name, std::string_view where,
                               const std::vector<std::string_view>& known);
/// Raises an error with the place of the script's present line in front.
[[noreturn]] void raise(lua_State* L, const std::string& text);

class Options {
 public:
  /// The table at `index`, or nothing there at all. `where` names what takes the options.
  Options(lua_State* L, int index, std::string where);

  std::optional<Duration> duration(const char* name);
  std::optional<std::int64_t> rate(const char* name);
  std::optional<std::int64_t> size(const char* name);
  std::optional<double> ratio(const char* name);
  std::optional<double> number(const char* name);
  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most);
  std::optional<bool> boolean(const char* name);
  std::optional<std::string> text(const char* name);
  /// One of `choices`.
  std::optional<std::string> choice(const char* name, const std::vector<std::string_view>& choices);
  /// Leaves the value on the stack and says true, or leaves the stack alone.
  bool push(const char* name);
  /// To be called last: every field must have been asked for.
  void finish();

 private:
  std::string label(const char* name) const;
  lua_State* L_;
  int index_;
  std::string where_;
  std::vector<std::string_view> known_;
};

/// The options of a TCP endpoint: nodelay, congestion, user_timeout, tcp_keepalive. True if any was given.
bool read_tcp(Options& options, tcp::Settings& settings);

}  // namespace wirelab::script
