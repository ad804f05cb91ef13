#include "lab/script/radio_options.hpp"

#include <fmt/format.h>

namespace wirelab::script {
namespace {

RadioPower model_named(lua_State* L, const std::string& name, const std::string& where) {
  std::vector<std::string_view> names;
  for (const RadioPower& model : radio_models()) {
    if (model.name == name) return model;
    names.push_back(model.name);
  }
  unknown_name(L, "radio", name, where, names);
}

}  // namespace

std::optional<RadioPower> read_radio(lua_State* L, Options& options, const std::string& where) {
  if (!options.push("radio")) return std::nullopt;
  const int index = lua_gettop(L);
  if (lua_type(L, index) == LUA_TSTRING) {
    const RadioPower model = model_named(L, lua_tostring(L, index), where);
    lua_pop(L, 1);
    return model;
  }
  const std::string what = where + ", radio";
  if (!lua_istable(L, index))
    raise(L, fmt::format("option \"radio\" of {} is a name such as \"esp32\", or a table such as {{ model = \"lte-m\", "
                         "tail = \"5s\" }}",
                         where));
  Options own(L, index, what);
  const auto name = own.text("model");
  if (!name) raise(L, fmt::format("option \"radio\" of {} needs a model, as in {{ model = \"esp32\" }}", where));
  RadioPower power = model_named(L, *name, what);
  const auto read = [&](const char* option, RadioState state) {
    const auto milliwatts = own.number(option);
    if (!milliwatts) return;
    constexpr double kMost = 1e6;  // a kilowatt
    if (!(*milliwatts >= 0 && *milliwatts <= kMost))
      raise(L, fmt::format("option \"{}\" of {} is a power from 0 to a million mW", option, what));
    power.microwatts[static_cast<std::size_t>(state)] = static_cast<std::int64_t>(*milliwatts * 1000 + 0.5);
  };
  read("transmit", RadioState::transmit);
  read("receive", RadioState::receive);
  read("idle", RadioState::idle);
  read("sleep", RadioState::sleep);
  if (const auto tail = own.duration("tail")) power.tail = *tail;
  own.finish();
  lua_pop(L, 1);
  return power;
}

}  // namespace wirelab::script
