#include "lab/script/script_tap.hpp"

#include <fmt/format.h>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab::script {
namespace {

constexpr std::uint64_t kStepsPerLine = 20;  // of lines(): each is made anew

ScriptTap& check_tap(lua_State* L) {
  return **static_cast<ScriptTap**>(check_object(L, 1, "tap", "the object before \":\""));
}

int tap_field(lua_State* L, const char* name) {
  const Tap& tap = check_tap(L).tap();
  const std::string_view field(name);
  const auto number = field == "packets"        ? tap.packets()
                      : field == "contents"     ? tap.count(TapLine::Kind::content)
                      : field == "credentials"  ? tap.count(TapLine::Kind::credentials)
                      : field == "abouts"       ? tap.count(TapLine::Kind::about)
                      : field == "hidden"       ? tap.count(TapLine::Kind::hidden)
                      : field == "hidden_bytes" ? tap.hidden_bytes()
                                                : ~std::size_t{0};
  if (number == ~std::size_t{0}) return 0;
  lua_pushinteger(L, static_cast<lua_Integer>(number));
  return 1;
}

// Tables { at, from, to, kind, text }, in order of time.
int tap_lines(lua_State* L) {
  const auto& lines = check_tap(L).tap().lines();
  Host::of(L).charge(L, lines.size() * kStepsPerLine);
  lua_createtable(L, static_cast<int>(lines.size()), 0);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const TapLine& line = lines[i];
    lua_createtable(L, 0, 5);
    lua_pushnumber(L, static_cast<double>(line.at) / 1e9);
    lua_setfield(L, -2, "at");
    const auto text = [&](const char* field, std::string_view value) {
      lua_pushlstring(L, value.data(), value.size());
      lua_setfield(L, -2, field);
    };
    text("from", line.from), text("to", line.to);
    text("kind", name_of(line.kind)), text("text", line.text);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

const ObjectType kTap{"tap",
                      {{"lines", tap_lines}},
                      {"packets", "contents", "credentials", "abouts", "hidden", "hidden_bytes"},
                      tap_field,
                      nullptr};

}  // namespace

void ScriptTap::listen(World& world) {
  world_ = &world;
  place_.listen(world, *this);
}

// On the air of a network with a passphrase only frames are seen.
void ScriptTap::on_transmit(const Channel& channel, wire::Bytes packet) {
  if (!channel.is_encrypted()) {
    tap_.see(world_->now().ns(), packet);
    return;
  }
  const std::string_view direction = world_->trace().names().text(channel.entity());
  const std::size_t cut = direction.find('>');
  tap_.see_sealed(world_->now().ns(), direction.substr(0, cut), direction.substr(cut + 1), packet.size());
}

int declare_tap(lua_State* L) {
  Host& host = Host::of(L);
  const ListeningPlace place = check_listening_place(L, "tap()");
  for (const auto& other : host.taps) {
    if (other->place() == place) raise(L, "there is a tap on this link already");
  }
  host.taps.push_back(std::make_unique<ScriptTap>(place));
  *static_cast<ScriptTap**>(new_object(L, "tap", sizeof(ScriptTap*))) = host.taps.back().get();
  return 1;
}

const ObjectType* tap_type() { return &kTap; }

}  // namespace wirelab::script
