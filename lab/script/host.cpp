#include "lab/script/host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cfenv>
#include <clocale>
#include <cstdlib>
#include <cstring>

#include "lab/script/device_program.hpp"
#include "lab/script/objects.hpp"
#include "lab/script/options.hpp"
#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"

namespace wirelab {

std::string script_language() { return LUA_RELEASE; }

std::vector<std::string> script_api_names() {
  script::Host host("names", {});
  lua_State* L = host.L;
  std::vector<std::string> names;
  const auto add_table = [&](const std::string& prefix) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      if (lua_type(L, -2) == LUA_TSTRING && !lua_istable(L, -1)) names.push_back(prefix + lua_tostring(L, -2));
      lua_pop(L, 1);
    }
  };
  lua_pushglobaltable(L);
  add_table("");
  for (const char* library : {"json", "math", "string", "table", "utf8"}) {
    lua_getglobal(L, library);
    add_table(std::string(library) + ".");
    lua_pop(L, 1);
  }
  for (const auto& types : {script::declaration_types(), script::program_types()}) {
    for (const script::ObjectType* type : types) {
      for (const script::Method& method : type->methods) names.push_back(std::string(type->name) + ":" + method.name);
      for (const char* field : type->fields) names.push_back(std::string(type->name) + "." + field);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

tl::expected<std::unique_ptr<Script>, ScriptError> Script::load(std::string source, const std::string& path,
                                                                ScriptOptions options) {
  auto host = std::make_unique<script::Host>(path, std::move(options));
  if (const auto loaded = host->run_top_level(source); !loaded) return tl::unexpected(loaded.error());
  return host;
}

namespace script {
namespace {

constexpr int kHookStep = 1000;

}  // namespace

Host::Host(std::string file, ScriptOptions given)
    : path(std::move(file)), options(std::move(given)), random(options.seed, "scenario", "random") {
  check(std::strcmp(std::setlocale(LC_NUMERIC, nullptr), "C") == 0, "numbers are written in the C locale");
  check(std::fegetround() == FE_TONEAREST, "arithmetic rounds to nearest");
  description.seed = options.seed;
  present_random = &random;
  collect_above = options.limits.memory / 2;
  L = lua_newstate(allocate, this);
  check(L != nullptr, "a script host has memory to start with");
  *static_cast<Host**>(lua_getextraspace(L)) = this;
  open_library(L);
  open_json(L);
  open_declarations(L);
  open_program(L);
  finish_library(L);
  lua_sethook(L, on_count, LUA_MASKCOUNT, kHookStep);
}

Host::~Host() {
  world_.reset();
  options.limits.memory = ~std::size_t{0};
  lua_sethook(L, nullptr, 0, 0);
  lua_close(L);
}

void* Host::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto* host = static_cast<Host*>(self);
  if (block == nullptr) old_size = 0;  // then it tells the kind of object
  if (new_size == 0) {
    std::free(block);
    host->memory -= old_size;
    return nullptr;
  }
  // Lua collects its garbage then and tries once more before it gives up.
  if (new_size > old_size && host->memory - old_size + new_size > host->options.limits.memory) return nullptr;
  void* moved = std::realloc(block, new_size);
  if (moved != nullptr) host->memory += new_size - old_size;
  return moved;
}

// Level 0 is the function that was running; from a library call it is level 1.
void Host::on_count(lua_State* at, lua_Debug*) { of(at).charge(at, kHookStep, 0); }

void Host::charge(lua_State* at, std::uint64_t steps, int level) {
  spent += std::min(steps, ~std::uint64_t{0} - spent);
  if (gives_up_.load(std::memory_order_relaxed) && !over_limit) {
    over_limit = true;
    limit_text = "the run is being closed";
  }
  // Well before the limit garbage is collected, since some of the library's own allocations do not try that.
  if (memory > collect_above) {
    lua_gc(at, LUA_GCCOLLECT);
    collect_above = std::max(options.limits.memory / 2,
                             memory + (options.limits.memory - std::min(memory, options.limits.memory)) / 2);
  }
  if (spent <= options.limits.instructions && !over_limit) return;
  if (!over_limit) {
    over_limit = true;
    limit_text = fmt::format("the script has run {} million instructions: does it loop without sleep()?",
                             options.limits.instructions / 1'000'000);
  }
  luaL_where(at, level);
  lua_pushlstring(at, limit_text.data(), limit_text.size());
  lua_concat(at, 2);
  lua_error(at);
}

void Host::note_status(int status) {
  // -1 is the library's word for an exception of ours that passed through it: only bad_alloc can.
  if (over_limit || (status != LUA_ERRMEM && status != -1)) return;
  over_limit = true;
  limit_text = fmt::format("the script uses more than {} MiB of memory", options.limits.memory >> 20);
}

void Host::check_held(lua_State* at) {
  if (memory + world_->held_bytes() <= options.limits.memory) return;
  over_limit = true;
  limit_text = fmt::format("the messages that wait take more than {} MiB of memory", options.limits.memory >> 20);
  charge(at, 0);
}

void Host::fail(lua_State* at, int status) {
  if (failed_) return;
  failed_ = true;
  note_status(status);
  std::size_t size = 0;
  const char* text = lua_type(at, -1) == LUA_TSTRING ? lua_tolstring(at, -1, &size) : nullptr;
  error_.text = text != nullptr
                    ? std::string(text, size)
                    : fmt::format("{}: an error that is no text was raised (a {})", path, luaL_typename(at, -1));
  if (over_limit) {
    error_.limit = true;
    if (error_.text.starts_with(limit_text)) error_.text = path + ": " + limit_text;
    if (error_.text.find(limit_text) == std::string::npos) error_.text = fmt::format("{}: {}", path, limit_text);
  }
  if (world_ != nullptr) world_->ask_to_stop();
}

tl::expected<void, ScriptError> Host::outcome() {
  if (failed_) return tl::unexpected(error_);
  return {};
}

bool Host::call(lua_State* at, int arguments) {
  if (failed_) {
    lua_pop(at, arguments + 1);
    return false;
  }
  const int status = lua_pcall(at, arguments, 0, 0);
  if (status == LUA_OK) return true;
  fail(at, status);
  lua_pop(at, 1);
  return false;
}

int Host::resume(lua_State* thread, int arguments) {
  constexpr std::uint32_t kMostAtOnce = 1'000'000;
  if (resumed_at != world_->now()) resumed = 0;
  resumed_at = world_->now();
  if (++resumed > kMostAtOnce) {
    over_limit = true;
    limit_text = "programs were resumed a million times at one instant: time must go on, as with sleep(1)";
    luaL_where(thread, 1);
    lua_pushlstring(thread, limit_text.data(), limit_text.size());
    lua_concat(thread, 2);
    fail(thread, LUA_ERRRUN);
    return LUA_ERRRUN;
  }
  int results = 0;
  const int status = lua_resume(thread, L, arguments, &results);
  if (status != LUA_OK && status != LUA_YIELD) {
    fail(thread, status);
    return status;
  }
  lua_pop(thread, results);
  return status;
}

tl::expected<void, ScriptError> Host::run_top_level(const std::string& source) {
  if (!source.empty() && source[0] == '\x1b')
    return tl::unexpected(ScriptError{false, path + ":1: this is compiled Lua; write the source instead"});
  if (source.find('\0') != std::string::npos)
    return tl::unexpected(ScriptError{false, path + ": this is no text: a scenario is a program in Lua"});
  if (const int line = line_of_power_operator(source); line != 0) {
    return tl::unexpected(ScriptError{
        false, fmt::format("{}:{}: the operator ^ differs between machines: write math.pow(x, y)", path, line)});
  }
  const std::string chunk = "@" + path;
  const int status = luaL_loadbufferx(L, source.data(), source.size(), chunk.c_str(), "t");
  if (status != LUA_OK) {
    fail(L, status);
    return outcome();
  }
  call(L, 0);
  if (failed_) return outcome();
  for (const auto& [name, value] : options.parameters) {
    const bool known =
        std::any_of(parameters_.begin(), parameters_.end(), [&](const ParameterInfo& p) { return p.name == name; });
    if (known) continue;
    std::vector<std::string_view> names;
    for (const ParameterInfo& p : parameters_) names.push_back(p.name);
    std::string text = fmt::format("{}: there is no parameter \"{}\"", path, name);
    if (const std::string_view near = nearest(name, names); !near.empty())
      text += fmt::format(": did you mean \"{}\"?", near);
    return tl::unexpected(ScriptError{false, text});
  }
  for (const ScheduledCall& call : scheduled) {
    if (call.at > Instant() + duration_)
      return tl::unexpected(
          ScriptError{false, fmt::format("{}this at() comes after the end of the run: duration() is {}", call.where,
                                         format_duration(duration_))});
  }
  if (const std::string wrong = check_description(description); !wrong.empty())
    return tl::unexpected(ScriptError{false, path + ": " + wrong});
  return {};
}

tl::expected<void, ScriptError> Host::begin(std::shared_ptr<TraceStore> store) {
  check(world_ == nullptr, "a script begins once");
  // Programs start while the world is made, and already want to know it.
  world_ = std::make_unique<World>(description, std::move(store));
  world_->trace().add_sink(&statistics_);
  for (const NodeDescription& node : description.nodes) {
    if (node.role == NodeRole::web) statistics_.show_web();
    if (node.radio) statistics_.show_radios();
  }
  for (const auto& tap : taps) tap->listen(*world_);
  for (const auto& traffic : traffics) traffic->listen(*world_);
  for (const Metric& metric : own_metrics) world_->define_metric(metric.name, metric.value);
  world_->start();
  for (std::size_t i = 0; i < scheduled.size(); ++i) world_->events().schedule(scheduled[i].at, on_scheduled, this, i);
  if (failed_) world_->ask_to_stop();
  return outcome();
}

std::size_t Host::scheduled_after(Instant end) const {
  return static_cast<std::size_t>(
      std::count_if(scheduled.begin(), scheduled.end(), [&](const ScheduledCall& call) { return call.at > end; }));
}

void Host::on_scheduled(void* self, std::uint64_t index) {
  auto* host = static_cast<Host*>(self);
  host->world_->trace().set_cause(0);
  host->present_random = &host->random;
  lua_rawgeti(host->L, LUA_REGISTRYINDEX, host->scheduled[index].function);
  host->call(host->L, 0);
}

tl::expected<void, ScriptError> Host::run_until(Instant end) {
  world_->run_until(end);
  world_->trace().flush();
  return outcome();
}

tl::expected<bool, ScriptError> Host::run_some(Instant end, std::uint64_t most) {
  const bool reached = world_->run_some(end, most);
  world_->trace().flush();
  if (failed_) return tl::unexpected(error_);
  return reached;
}

std::optional<double> Host::counter(std::string_view name) const {
  for (const Metric& metric : own_metrics) {
    if (metric.name == name) return metric.value;
  }
  return statistics_.counter(name);
}

std::vector<Metric> Host::metrics() {
  world_->trace().flush();
  std::vector<Metric> all = statistics_.metrics(world_->now().ns());
  all.insert(all.end(), own_metrics.begin(), own_metrics.end());
  return all;
}

void Host::log(std::string_view device, std::string_view text, EntityId entity) {
  std::string changed;
  const std::string_view orderly = orderly_text(text, changed);
  if (world_ != nullptr) {
    Tracer& trace = world_->trace();
    trace.emit(Kind::logged, entity, 0, std::uint16_t{0}, trace.text(orderly.substr(0, 65535)));
  }
  if (options.log) options.log(world_ != nullptr ? world_->now() : Instant(), device, orderly);
}

// Numbers that are none are written "nan" by one processor and "-nan" by another.
std::string_view orderly_text(std::string_view text, std::string& changed) {
  if (text.find("-nan") == std::string_view::npos) return text;
  changed = text;
  for (std::size_t at = changed.find("-nan"); at != std::string::npos; at = changed.find("-nan", at))
    changed.erase(at, 1);
  return changed;
}

// A small reader of Lua's tokens: it only has to tell strings and comments from code.
int line_of_power_operator(std::string_view source) {
  int line = 1;
  std::size_t i = 0;
  const auto skip_long = [&](std::size_t from) -> bool {  // at "[": a long bracket?
    std::size_t level = 0;
    std::size_t at = from + 1;
    while (at < source.size() && source[at] == '=') ++at, ++level;
    if (at >= source.size() || source[at] != '[') return false;
    const std::string close = "]" + std::string(level, '=') + "]";
    const std::size_t end = source.find(close, at);
    const std::size_t stop = end == std::string_view::npos ? source.size() : end + close.size();
    line += static_cast<int>(std::count(source.begin() + static_cast<std::ptrdiff_t>(from),
                                        source.begin() + static_cast<std::ptrdiff_t>(stop), '\n'));
    i = stop;
    return true;
  };
  while (i < source.size()) {
    const char c = source[i];
    if (c == '\n') {
      ++line, ++i;
    } else if (c == '-' && source.substr(i, 2) == "--") {
      i += 2;
      if (i < source.size() && source[i] == '[' && skip_long(i)) continue;
      while (i < source.size() && source[i] != '\n') ++i;
    } else if (c == '[') {
      if (!skip_long(i)) ++i;
    } else if (c == '"' || c == '\'') {
      for (++i; i < source.size() && source[i] != c && source[i] != '\n'; ++i) {
        if (source[i] != '\\' || i + 1 >= source.size()) continue;
        ++i;
        if (source[i] == '\n') ++line;
      }
      ++i;
    } else if (c == '^') {
      return line;
    } else {
      ++i;
    }
  }
  return 0;
}

}  // namespace script
}  // namespace wirelab
