#include "lab/script/link_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lab/script/host.hpp"
#include "sim/net/link_presets.hpp"

namespace wirelab::script {
namespace {

// A day is far beyond any link, and keeps every sum of times in range.
std::optional<Duration> link_time(lua_State* L, Options& options, const char* name) {
  const auto time = options.duration(name);
  if (time && *time > Duration::seconds(86400)) raise(L, fmt::format("option \"{}\" is more than a day", name));
  return time;
}

void read_option(lua_State* L, Options& options, LinkOption option, std::vector<LinkChange>& changes) {
  const LinkOptionInfo& info = info_of(option);
  const char* const name = info.name.data();
  std::optional<std::int64_t> value;
  switch (info.unit) {
    case LinkUnit::rate: value = options.rate(name); break;
    case LinkUnit::time:
      if (const auto time = link_time(L, options, name)) value = time->ns();
      break;
    case LinkUnit::ratio:
      if (const auto ratio = options.ratio(name)) value = LinkChange::of(option, *ratio).value;
      break;
    case LinkUnit::count: value = options.integer(name, info.least, info.most); break;
    case LinkUnit::bytes:
      if (const auto size = options.size(name)) value = std::min(*size, info.most);
      break;
    case LinkUnit::flag:
      if (const auto flag = options.boolean(name)) value = *flag ? 1 : 0;
      break;
    case LinkUnit::word: {
      const auto& words = words_of(option);
      if (const auto word = options.choice(name, words))
        value = std::find(words.begin(), words.end(), *word) - words.begin();
    }
  }
  if (value) changes.push_back({option, *value});
}

double ratio_or(Options& options, const char* name, double standard) { return options.ratio(name).value_or(standard); }

void read_bursts(lua_State* L, std::vector<LinkChange>& changes) {
  Options burst(L, -1, "burst_loss");
  const auto add = [&](LinkOption option, auto value) { changes.push_back(LinkChange::of(option, value)); };
  add(LinkOption::good_to_bad, ratio_or(burst, "good_to_bad", 0));
  add(LinkOption::bad_to_good, ratio_or(burst, "bad_to_good", 1));
  add(LinkOption::loss_good, ratio_or(burst, "loss_good", 0));
  add(LinkOption::loss_bad, ratio_or(burst, "loss_bad", 1));
  const auto good = burst.duration("mean_good");
  const auto bad = burst.duration("mean_bad");
  burst.finish();
  LossKind kind = LossKind::gilbert_elliott;
  if (good || bad) {
    constexpr Duration kShortest = Duration::milliseconds(1);
    constexpr Duration kLongest = Duration::seconds(86400);
    if (!good || !bad || std::min(*good, *bad) < kShortest || std::max(*good, *bad) > kLongest)
      raise(L, "burst_loss in time needs mean_good and mean_bad, both between 1ms and a day");
    kind = LossKind::gilbert_elliott_in_time;
    add(LinkOption::mean_good, *good);
    add(LinkOption::mean_bad, *bad);
  }
  add(LinkOption::loss_kind, static_cast<std::int64_t>(kind));
}

// The defaults are netem's: p31 is 1 - p13, p23 is 1.
void read_states(lua_State* L, std::vector<LinkChange>& changes) {
  Options states(L, -1, "loss_states");
  const double p13 = ratio_or(states, "p13", 0);
  const double p31 = ratio_or(states, "p31", 1 - p13);
  const double p32 = ratio_or(states, "p32", 0);
  const double p14 = ratio_or(states, "p14", 0);
  if (p13 + p14 > 1 || p31 + p32 > 1) raise(L, "loss_states: p13 + p14 and p31 + p32 must not exceed 1");
  const auto add = [&](LinkOption option, double value) { changes.push_back(LinkChange::of(option, value)); };
  add(LinkOption::p13, p13);
  add(LinkOption::p31, p31);
  add(LinkOption::p32, p32);
  add(LinkOption::p23, ratio_or(states, "p23", 1));
  add(LinkOption::p14, p14);
  states.finish();
  changes.push_back({LinkOption::loss_kind, static_cast<std::int64_t>(LossKind::four_states)});
}

const LinkPreset& preset_of(lua_State* L, std::string_view name, const std::string& where) {
  std::vector<std::string_view> names;
  for (const LinkPreset& preset : link_presets()) {
    if (preset.name == name) return preset;
    names.push_back(preset.name);
  }
  unknown_name(L, "preset", name, where, names);
}

}  // namespace

std::vector<LinkChange> read_changes(lua_State* L, Options& options) {
  std::vector<LinkChange> changes;
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::good_to_bad); ++i)
    read_option(L, options, static_cast<LinkOption>(i), changes);
  const bool bursts = options.push("burst_loss");
  if (bursts) read_bursts(L, changes), lua_pop(L, 1);
  if (options.push("loss_states")) {
    if (bursts) raise(L, "a link has burst_loss or loss_states, not both");
    read_states(L, changes);
    lua_pop(L, 1);
  }
  return changes;
}

void read_link(lua_State* L, int index, const std::string& where, LinkDescription& link) {
  link.to_a = link.to_b = default_link();
  Options options(L, index, where);
  if (const auto name = options.text("preset")) {
    const LinkPreset& preset = preset_of(L, *name, where);
    link.to_b = preset.up;
    link.to_a = preset.down;
  }
  const std::vector<LinkChange> both = read_changes(L, options);
  apply_changes(both, link.to_a);
  apply_changes(both, link.to_b);
  for (const bool up : {true, false}) {
    if (!options.push(up ? "up" : "down")) continue;
    Options direction(L, -1, where + (up ? ", up" : ", down"));
    apply_changes(read_changes(L, direction), up ? link.to_b : link.to_a);
    direction.finish();
    lua_pop(L, 1);
  }
  options.finish();
}

LinkProfile read_profile(lua_State* L) {
  LinkProfile profile;
  if (!lua_istable(L, 2))
    raise(L, "profile() needs a list of steps such as { { lasts = \"2min\" }, { lasts = \"20s\", cut = true } }");
  constexpr lua_Integer kMost = 10'000;
  for (lua_Integer i = 1;; ++i) {
    lua_rawgeti(L, 2, i);
    if (lua_isnil(L, -1)) break;
    if (i > kMost) raise(L, fmt::format("a profile has at most {} steps", kMost));
    Options step(L, -1, fmt::format("step {} of profile()", i));
    const auto lasts = step.duration("lasts");
    if (!lasts || *lasts < Duration::milliseconds(1))
      raise(L, fmt::format("step {} of profile() needs lasts, at least 1ms", i));
    LinkProfile::Step made{*lasts, step.boolean("cut").value_or(false), read_changes(L, step)};
    step.finish();
    profile.steps.push_back(std::move(made));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (profile.steps.empty()) raise(L, "profile() needs at least one step");
  Options options(L, 3, "profile()");
  profile.begins = options.duration("begins").value_or(Duration());
  profile.repeats = options.boolean("repeats").value_or(true);
  options.finish();
  return profile;
}

}  // namespace wirelab::script
