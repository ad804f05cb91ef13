// The broker's X-ray: what waits and what is under way has its topic, its payload and its rule, however many sessions there are.
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

TEST_CASE("messages that wait and that are in flight are shown with topic, payload and rule") {
  // The reader takes two of QoS 2 at a time from a broker that is far away.
  const char* source = R"(
duration("2min")
local hub, home = broker("hub", { max_inflight = 2 }), router("home")
link(home, hub, { delay = "800ms" })
device("reader", { on = home }, function(self)
  local c = self:mqtt({ client_id = "reader", clean_session = false })
  c:connect(hub)
  c:subscribe("plan/#", { qos = 2 })
  c:loop_forever()
end)
device("writer", { on = hub }, function(self)
  local c = self:mqtt()
  c:connect(hub)
  sleep("20s")
  for i = 1, 7 do c:publish("plan/" .. i, "step number " .. i, { qos = 2 }) end
  c:loop_forever()
end)
)";
  Headless screen(1440, 1800);
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_with(source), "xray");
  application.playback()->run_to(seconds_in(21));
  application.playback()->wait();
  application.show("broker");
  screen.settle(application);
  CHECK(screen.has("in flight 1: plan/1"));
  CHECK(screen.has("in flight 2: plan/2"));
  CHECK_FALSE(screen.has("in flight 3: plan/3"));
  CHECK(screen.has("\"step number 2\""));
  CHECK(screen.has("5 queued"));
  for (int i = 3; i <= 7; ++i) {
    CHECK(screen.has("plan/" + std::to_string(i)));
    CHECK(screen.has("\"step number " + std::to_string(i) + "\""));
  }
  CHECK(screen.has("[MQTT-4.4.0-1]"));  // written out, not in a tip
  CHECK(screen.has("[MQTT-4.6.0-6]"));
  // One that waits is selected, with what brought it.
  screen.click(application, "plan/5");
  CHECK(application.selection().message != 0);
  CHECK(application.selection().packet != 0);
  // Back before they were published there are none, and with the window open again there are fewer.
  application.look_at(seconds_in(19).ns());
  screen.settle(application);
  CHECK_FALSE(screen.has("queued"));
  application.playback()->run_to(seconds_in(27));
  application.playback()->wait();
  application.look_at(seconds_in(27).ns());
  screen.settle(application);
  CHECK(screen.has("3 queued"));
  CHECK(screen.has("in flight 3: plan/3"));
}

TEST_CASE("what takes several packets, or was held back by TCP, has its topic and payload") {
  // Nagle's algorithm holds the second of two messages back, for as long as the first is not acknowledged.
  const char* source = R"(
duration("1min")
local hub, home = broker("hub"), router("home")
link(home, hub, { delay = "100ms", rate = "1Mbit/s" })
device("writer", { on = home }, function(self)
  local c = self:mqtt({ will = { topic = "will/long", payload = string.rep("w", 3000) } })
  c:connect(hub)
  sleep("5s")
  c:publish("long", "it is " .. string.rep("ä", 2000), { retain = true })
  sleep("5s")
  c:publish("first", "1", { qos = 1 })
  c:publish("second", "22", { qos = 1, retain = true })
  c:loop_forever()
end)
)";
  Headless screen(1440, 1800);
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_with(source), "long");
  application.playback()->run_to(seconds_in(10.5));
  application.playback()->wait();
  application.show("broker");
  screen.settle(application);
  CHECK(screen.has("will/long"));
  CHECK(screen.has("\"" + std::string(80, 'w') + "... (3000 bytes)\""));
  CHECK(screen.has("it is ää"));
  application.select_last(Kind::mqtt_sent);
  application.show("packet");
  screen.settle(application);
  CHECK(screen.has("No packet has carried it yet"));
  application.playback()->run_to(seconds_in(10.9));
  application.playback()->wait();
  screen.settle(application);
  CHECK(screen.has("second"));
  CHECK(screen.has("22"));
  application.show("topics");
  screen.settle(application);
  CHECK(screen.has("22"));
  CHECK(screen.has("it is ää"));
}

TEST_CASE("every session of a broker with many is reached by page and by name") {
  const char* source = R"(
duration("1min")
local hub = broker("hub")
for i = 1, 95 do
  device(string.format("meter%03d", i), { on = hub }, function(self)
    local c = self:mqtt()
    c:connect(hub)
    c:subscribe("floor/" .. i .. "/+")
    c:loop_forever()
  end)
end
)";
  Headless screen(1440, 3000);
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_with(source), "many");
  application.playback()->run_to(seconds_in(10));
  application.playback()->wait();
  application.show("broker");
  screen.settle(application);
  screen.click(application, "Sessions");
  screen.settle(application);
  CHECK(screen.has("1 to 40 of 95"));
  CHECK(screen.has("meter040"));
  CHECK_FALSE(screen.has("floor/95/+"));
  screen.click(application, "after");
  screen.click(application, "after");
  screen.settle(application);
  CHECK(screen.has("81 to 95 of 95"));
  CHECK(screen.has("floor/95/+"));
  const ImVec2 before = screen.where("before");
  screen.click(application, before.x, before.y - 42);  // the field above
  screen.type(application, "meter07");
  screen.settle(application);
  CHECK(screen.has("floor/70/+"));
  CHECK(screen.has("floor/79/+"));
  CHECK_FALSE(screen.has("floor/80/+"));
  // The tree has all levels, as far down as one scrolls.
  screen.click(application, "Subscriptions");
  screen.settle(application);
  CHECK(screen.has("95"));
}
