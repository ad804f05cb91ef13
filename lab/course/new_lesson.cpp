#include "lab/course/new_lesson.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "lab/system/files.hpp"

namespace wirelab {
namespace {

constexpr const char* kPage = R"(---
id: {ID}
title: A first message
minutes: 5
seed: 1
objectives:
  - say who gets a message that is published
sources:
  - OASIS MQTT 3.1.1, section 3.3
---

A sensor publishes a temperature every second. Does anybody hear of it?

{predict heard}
{run}

It published {{published}} messages. Now let the `display` subscribe to `temperature`.

{edit}
{check}
{quiz who}
)";

constexpr const char* kScenario = R"(duration("10s")
local hub = broker("hub")
device("display", { on = hub }, function(self)
  local client = self:mqtt()
  client:connect(hub)
end)
device("sensor", { on = hub }, function(self)
  local client = self:mqtt()
  client:connect(hub)
  while true do
    sleep(1)
    client:publish("temperature", self:read("temperature"))
  end
end)
)";

constexpr const char* kTasks = R"lua(figure("published", function(run) return run.metrics.published end)

prediction("heard", {
  ask = "Who hears of the temperature?",
  choices = { { "all", "everybody who is connected" }, { "nobody", "nobody" } },
  answer = function(run) return #deliveries(run) > 0 and "all" or "nobody" end,
  why = "A broker sends a message to those who have subscribed to its topic, and to nobody else.",
})

check("subscribed", {
  text = "The display hears every temperature.",
  judge = function(run)
    local heard, sent = #deliveries(run, { topic = "temperature", to = "display" }), #messages(run, { topic = "temperature" })
    if heard > 0 and heard >= sent - 1 then return true end
    return {
      expected = sent .. " temperatures at the display",
      measured = heard .. " of them",
      look = "whether SUBSCRIBE leaves the display",
      feedback = heard == 0 and #messages(run) > sent and "The display publishes, and does not subscribe."
        or "Nothing reaches the display: it has not subscribed to the topic.",
    }
  end,
  hints = { "Who has asked for these messages?", "A client asks with client:subscribe(filter).",
    'Write client:subscribe("temperature") behind client:connect(hub).' },
})

quiz("who", {
  ask = "Who decides who gets a message?",
  choices = {
    { "the publisher, by naming the receivers", feedback = "A publisher names a topic only." },
    { "the subscribers, by their filters", right = true, feedback = "Each says what it wants." },
  },
})
)lua";

constexpr const char* kSubscribe =
    "  client:connect(hub)\n  client:subscribe(\"temperature\")\nend)\ndevice(\"sensor\"";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

}  // namespace

tl::expected<void, std::string> make_lesson(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::exists(folder, error))
    return tl::unexpected(fmt::format("{}: there is something of that name already", folder));
  fs::create_directories(fs::path(folder) / "solution", error);
  if (!error) fs::create_directories(fs::path(folder) / "wrong", error);
  if (error) return tl::unexpected(fmt::format("{}: {}", folder, error.message()));
  const std::string id = fs::path(folder).filename().string();
  const std::string end = "  client:connect(hub)\nend)\ndevice(\"sensor\"";
  const std::pair<std::string, std::string> files[] = {
      {"lesson.md", replaced(kPage, "{ID}", id)},
      {"scenario.lua", kScenario},
      {"tasks.lua", kTasks},
      {"solution/scenario.lua", replaced(kScenario, end, kSubscribe)},
      {"wrong/another_topic.lua",
       "-- feedback: it has not subscribed to the topic\n" +
           replaced(replaced(kScenario, end, kSubscribe), "subscribe(\"temperature\")", "subscribe(\"temperatures\")")},
      {"wrong/publishes.lua", "-- feedback: The display publishes, and does not subscribe\n" +
                                  replaced(replaced(kScenario, end, kSubscribe), "subscribe(\"temperature\")",
                                           "publish(\"please\", \"temperature\")")},
  };
  for (const auto& [name, text] : files) {
    if (const auto written = write_file(folder + "/" + name, text); !written)
      return tl::unexpected(fmt::format("{}/{}: {}", folder, name, written.error()));
  }
  return {};
}

}  // namespace wirelab
