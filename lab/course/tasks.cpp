#include "lab/course/tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "lab/script/host.hpp"
#include "lab/script/options.hpp"

namespace wirelab {
namespace {

using script::Host;
using script::Options;
using script::raise;

// Helpers of tasks.lua that are shorter in its own language.
constexpr const char* kPrelude = R"(
function messages(run, wanted)
  local found = {}
  for _, message in ipairs(run.messages) do
    local fits = true
    for name, value in pairs(wanted or {}) do
      if name ~= "to" and message[name] ~= value then fits = false end
    end
    if fits then found[#found + 1] = message end
  end
  return found
end
function deliveries(run, wanted)
  local found = {}
  for _, message in ipairs(messages(run, wanted)) do
    for _, delivery in ipairs(message.deliveries) do
      if not wanted or not wanted.to or delivery.to == wanted.to then found[#found + 1] = delivery end
    end
  end
  return found
end
)";

void set_text(lua_State* L, const char* field, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, field);
}
void set_number(lua_State* L, const char* field, double number) {
  if (number == std::floor(number) && std::fabs(number) < 9e15) {
    lua_pushinteger(L, static_cast<lua_Integer>(number));
  } else {
    lua_pushnumber(L, number);
  }
  lua_setfield(L, -2, field);
}
void set_flag(lua_State* L, const char* field, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, field);
}
double seconds(std::int64_t ns) { return static_cast<double>(ns) / 1e9; }

template <typename List, typename Push>
void set_list(lua_State* L, const char* field, const List& list, Push&& push) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  lua_Integer place = 0;
  for (const auto& item : list) {
    push(item);
    lua_rawseti(L, -2, ++place);
  }
  lua_setfield(L, -2, field);
}

void push_message(lua_State* L, const MessageFacts& m) {
  lua_createtable(L, 0, 12);
  set_text(L, "topic", m.topic);
  set_text(L, "from", m.from);
  set_number(L, "qos", m.qos);
  set_flag(L, "retain", m.retain);
  set_flag(L, "will", m.will);
  set_text(L, "will_cause", m.will_cause);
  set_number(L, "at", seconds(m.at));
  if (m.accepted_at >= 0) set_number(L, "accepted_at", seconds(m.accepted_at));
  set_number(L, "routed", static_cast<double>(m.routed));
  set_list(L, "sendings", m.sendings, [&](const MessageFacts::Sending& s) {
    lua_createtable(L, 0, 3);
    set_text(L, "from", s.from);
    set_number(L, "at", seconds(s.at));
    set_flag(L, "dup", s.dup);
  });
  set_list(L, "deliveries", m.deliveries, [&](const MessageFacts::Delivery& d) {
    lua_createtable(L, 0, 5);
    set_text(L, "to", d.to);
    set_number(L, "at", seconds(d.at));
    set_number(L, "qos", d.qos);
    set_flag(L, "retain", d.retain);
    set_flag(L, "dup", d.dup);
  });
  set_list(L, "lost", m.lost, [&](const std::string& why) { lua_pushlstring(L, why.data(), why.size()); });
}

void push_run(lua_State* L, const RunFacts& run) {
  lua_createtable(L, 0, 6);
  set_number(L, "seed", static_cast<double>(run.seed));
  lua_createtable(L, 0, static_cast<int>(run.metrics.size()));
  for (const auto& [name, value] : run.metrics) set_number(L, name.c_str(), value);
  lua_setfield(L, -2, "metrics");
  set_list(L, "messages", run.messages, [&](const MessageFacts& m) { push_message(L, m); });
  set_list(L, "log", run.log, [&](const RunFacts::Line& line) {
    lua_createtable(L, 0, 3);
    set_number(L, "at", line.at);
    set_text(L, "device", line.device);
    set_text(L, "text", line.text);
  });
  set_list(L, "devices", run.devices, [&](const std::string& name) { lua_pushlstring(L, name.data(), name.size()); });
}

class LuaTasks final : public Tasks {
 public:
  explicit LuaTasks(const std::string& path) : host_(path, {}) {
    constexpr std::pair<const char*, lua_CFunction> kFunctions[] = {{"figure", declare_figure},
                                                                    {"prediction", declare_prediction},
                                                                    {"task", declare_task},
                                                                    {"check", declare_check},
                                                                    {"quiz", declare_quiz}};
    lua_State* L = host_.L;
    lua_pushglobaltable(L);
    for (const auto& [name, function] : kFunctions) {
      lua_pushstring(L, name);
      lua_pushlightuserdata(L, this);
      lua_pushcclosure(L, function, 1);
      lua_rawset(L, -3);
    }
    lua_pop(L, 1);
  }
  tl::expected<void, std::string> run(const std::string& source) {
    for (const std::string& text : {std::string(kPrelude), source}) {
      if (const auto ran = host_.run_top_level(text); !ran) return tl::unexpected(ran.error().text);
    }
    return {};
  }

  const std::vector<std::string>& figures() const override { return figures_; }
  const std::vector<Prediction>& predictions() const override { return predictions_; }
  const std::vector<Task>& tasks() const override { return tasks_; }
  const std::vector<Check>& checks() const override { return checks_; }
  const std::vector<Question>& questions() const override { return questions_; }

  tl::expected<std::string, std::string> figure(const std::string& name, const RunFacts& run) override {
    if (const auto called = call("figure " + name, run); !called) return tl::unexpected(called.error());
    lua_State* L = host_.L;
    std::string text;
    if (lua_type(L, -1) == LUA_TNUMBER) {
      const double value = lua_tonumber(L, -1);
      text = value == std::floor(value) && std::fabs(value) < 1e9 ? fmt::format("{:.0f}", value)
                                                                  : fmt::format("{:.4g}", value);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      text = lua_tostring(L, -1);
    } else {
      const std::string what = luaL_typename(L, -1);
      lua_pop(L, 1);
      return tl::unexpected(
          fmt::format("{}: figure \"{}\" gives a {}, not a number or a text", host_.path, name, what));
    }
    lua_pop(L, 1);
    return text;
  }

  tl::expected<Outcome, std::string> outcome(const Prediction& prediction, const RunFacts& run) override {
    if (const auto called = call("prediction " + prediction.name, run); !called) return tl::unexpected(called.error());
    lua_State* L = host_.L;
    Outcome outcome;
    const bool is_number = lua_type(L, -1) == LUA_TNUMBER;
    if (is_number) outcome.number = lua_tonumber(L, -1);
    if (lua_type(L, -1) == LUA_TSTRING) outcome.key = lua_tostring(L, -1);
    lua_pop(L, 1);
    if (prediction.choices.empty() && !is_number)
      return tl::unexpected(
          fmt::format("{}: the answer of prediction \"{}\" must be a number", host_.path, prediction.name));
    const bool known = std::any_of(prediction.choices.begin(), prediction.choices.end(),
                                   [&](const Choice& choice) { return choice.key == outcome.key; });
    if (!prediction.choices.empty() && !known)
      return tl::unexpected(fmt::format("{}: the answer of prediction \"{}\" is \"{}\", which is none of its choices",
                                        host_.path, prediction.name, outcome.key));
    return outcome;
  }

  tl::expected<Verdict, std::string> judge(const Check& check, const RunFacts& run) override {
    if (const auto called = call("check " + check.name, run); !called) return tl::unexpected(called.error());
    lua_State* L = host_.L;
    Verdict verdict;
    verdict.met = lua_isnil(L, -1) || (lua_isboolean(L, -1) && lua_toboolean(L, -1) != 0);
    if (lua_istable(L, -1)) {
      const auto text = [&](const char* field) {
        lua_getfield(L, -1, field);
        std::string found = luaL_tolstring(L, -1, nullptr);
        if (lua_isnil(L, -2)) found.clear();
        lua_pop(L, 2);
        return found;
      };
      verdict.expected = text("expected"), verdict.measured = text("measured");
      verdict.look = text("look"), verdict.feedback = text("feedback");
    }
    lua_pop(L, 1);
    return verdict;
  }

 private:
  static LuaTasks& of(lua_State* L) { return *static_cast<LuaTasks*>(lua_touserdata(L, lua_upvalueindex(1))); }

  tl::expected<void, std::string> call(const std::string& name, const RunFacts& run) {
    lua_State* L = host_.L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, functions_.at(name));
    push_run(L, run);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) return {};
    const std::string error = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : host_.path + ": an error";
    lua_pop(L, 1);
    return tl::unexpected(error);
  }
  // The name at 1, which must be new; and the function that stands in the table at 2, or at 2 itself.
  std::string take_name(lua_State* L, const char* kind) {
    const std::string name = luaL_checkstring(L, 1);
    script::check_name(L, name, kind);
    if (!names_.insert(std::string(kind) + " " + name).second)
      raise(L, fmt::format("there is already a {} \"{}\"", kind, name));
    return name;
  }
  void keep_function(lua_State* L, const std::string& key, const char* field, int table) {
    lua_getfield(L, table, field);
    if (!lua_isfunction(L, -1)) raise(L, fmt::format("{} needs {} = function(run) ... end", key, field));
    functions_[key] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  static std::string needed(lua_State* L, Options& options, const char* field, const std::string& where) {
    const auto text = options.text(field);
    if (!text || text->empty()) raise(L, fmt::format("{} needs the text {}", where, field));
    return *text;
  }
  static std::vector<std::string> read_hints(lua_State* L, Options& options, const std::string& where) {
    std::vector<std::string> hints;
    if (options.push("hints")) {
      for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; ++i) {
        hints.emplace_back(lua_tostring(L, -1));
        lua_pop(L, 1);
      }
      lua_pop(L, 2);
    }
    if (hints.size() != 3)
      raise(L, fmt::format("{} needs hints of three levels, from a nudge to the line to write", where));
    return hints;
  }
  // { { "key", "text", feedback = "...", right = true }, ... }; of a quiz without keys.
  static std::vector<Choice> read_choices(lua_State* L, Options& options, const std::string& where, bool keyed) {
    std::vector<Choice> choices;
    if (!options.push("choices")) return choices;
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; ++i) {
      const auto text = [&](lua_Integer place) {
        lua_rawgeti(L, -1, place);
        const std::string found = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        lua_pop(L, 1);
        if (found.empty())
          raise(L, fmt::format("choice {} of {}: write {}", i, where,
                               keyed ? "{ \"key\", \"text\" }" : "{ \"text\", feedback = \"...\" }"));
        return found;
      };
      Choice choice;
      choice.key = keyed ? text(1) : std::to_string(i);
      choice.text = text(keyed ? 2 : 1);
      lua_getfield(L, -1, "feedback");
      if (lua_type(L, -1) == LUA_TSTRING) choice.feedback = lua_tostring(L, -1);
      lua_getfield(L, -2, "right");
      choice.right = lua_toboolean(L, -1) != 0;
      lua_pop(L, 3);
      choices.push_back(std::move(choice));
    }
    lua_pop(L, 2);
    return choices;
  }

  static int declare_figure(lua_State* L) {
    LuaTasks& self = of(L);
    const std::string name = self.take_name(L, "figure");
    if (!lua_isfunction(L, 2)) raise(L, fmt::format("figure(\"{}\") needs a function(run)", name));
    lua_pushvalue(L, 2);
    self.functions_["figure " + name] = luaL_ref(L, LUA_REGISTRYINDEX);
    self.figures_.push_back(name);
    return 0;
  }
  static int declare_prediction(lua_State* L) {
    LuaTasks& self = of(L);
    Prediction made;
    made.name = self.take_name(L, "prediction");
    const std::string where = fmt::format("prediction(\"{}\")", made.name);
    Options options(L, 2, where);
    made.ask = needed(L, options, "ask", where);
    made.why = needed(L, options, "why", where);
    made.unit = options.text("unit").value_or("");
    made.tolerance = options.number("tolerance").value_or(0.1);
    made.choices = read_choices(L, options, where, true);
    if (options.push("answer")) lua_pop(L, 1);
    options.finish();
    self.keep_function(L, "prediction " + made.name, "answer", 2);
    self.predictions_.push_back(std::move(made));
    return 0;
  }
  static int declare_task(lua_State* L) {
    LuaTasks& self = of(L);
    Task made;
    made.name = self.take_name(L, "task");
    const std::string where = fmt::format("task(\"{}\")", made.name);
    Options options(L, 2, where);
    made.text = needed(L, options, "text", where);
    made.when = needed(L, options, "when", where);
    made.hints = read_hints(L, options, where);
    options.finish();
    self.tasks_.push_back(std::move(made));
    return 0;
  }
  static int declare_check(lua_State* L) {
    LuaTasks& self = of(L);
    Check made;
    made.name = self.take_name(L, "check");
    const std::string where = fmt::format("check(\"{}\")", made.name);
    Options options(L, 2, where);
    made.text = needed(L, options, "text", where);
    made.hints = read_hints(L, options, where);
    if (options.push("judge")) lua_pop(L, 1);
    options.finish();
    self.keep_function(L, "check " + made.name, "judge", 2);
    self.checks_.push_back(std::move(made));
    return 0;
  }
  static int declare_quiz(lua_State* L) {
    LuaTasks& self = of(L);
    Question made;
    made.name = self.take_name(L, "quiz");
    const std::string where = fmt::format("quiz(\"{}\")", made.name);
    Options options(L, 2, where);
    made.ask = needed(L, options, "ask", where);
    made.choices = read_choices(L, options, where, false);
    options.finish();
    const auto right = std::count_if(made.choices.begin(), made.choices.end(), [](const Choice& c) { return c.right; });
    if (made.choices.size() < 2 || right != 1)
      raise(L, fmt::format("{} needs two choices or more, and right = true at one of them", where));
    self.questions_.push_back(std::move(made));
    return 0;
  }

  Host host_;
  std::set<std::string> names_;
  std::map<std::string, int> functions_;
  std::vector<std::string> figures_;
  std::vector<Prediction> predictions_;
  std::vector<Task> tasks_;
  std::vector<Check> checks_;
  std::vector<Question> questions_;
};

template <typename List>
auto find_named(const List& list, const std::string& name) -> decltype(&list.front()) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

tl::expected<std::unique_ptr<Tasks>, std::string> Tasks::load(const std::string& source, const std::string& path) {
  auto tasks = std::make_unique<LuaTasks>(path);
  if (const auto ran = tasks->run(source); !ran) return tl::unexpected(ran.error());
  return tasks;
}

const Prediction* Tasks::prediction(const std::string& name) const { return find_named(predictions(), name); }
const Task* Tasks::task(const std::string& name) const { return find_named(tasks(), name); }
const Question* Tasks::question(const std::string& name) const { return find_named(questions(), name); }

}  // namespace wirelab
