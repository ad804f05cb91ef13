// Clients and brokers that behave as single programs do.
#include <cmath>

#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Run : FinishedScenario {
  std::vector<double> times_of(Kind kind, int first_byte = -1) const {
    std::vector<double> times;
    const TraceStore::Reader reader(*store);
    for (RecordNumber n = reader.first(); n <= reader.last(); ++n) {
      const Record& r = reader.record(n);
      if (r.kind == kind && (first_byte < 0 || r.field == first_byte)) times.push_back(static_cast<double>(r.at) / 1e9);
    }
    return times;
  }
};

Run run_of(const std::string& source) { return {finish_scenario(source, "profile.lua")}; }

// A client that publishes every second for a minute, with a keep alive of 10 s.
Run busy(const std::string& profile) {
  return run_of(
      "duration('1min')\nlocal hub = broker('hub')\ndevice('d', { on = hub }, function(self)\n"
      "local c = self:mqtt({ keepalive = 10, profile = '" +
      profile + "' }) c:connect(hub)\nwhile true do c:publish('t', 'x') sleep('1s') end end)");
}

}  // namespace

TEST_CASE("PINGREQ goes out after silence, every keep alive, or when nothing is heard") {
  constexpr int kPingreq = 0xc0;
  CHECK(busy("standard").times_of(Kind::mqtt_sent, kPingreq).empty());
  const auto paho = busy("paho 1.6").times_of(Kind::mqtt_sent, kPingreq);
  REQUIRE(paho.size() == 5);
  for (std::size_t i = 1; i < paho.size(); ++i) {
    CHECK(paho[i] - paho[i - 1] >= 10);
    CHECK(paho[i] - paho[i - 1] <= 11.1);
  }
  // At QoS 0 it hears nothing but PINGRESP.
  const auto libmosquitto = busy("libmosquitto 2.0").times_of(Kind::mqtt_sent, kPingreq);
  CHECK(libmosquitto.size() == 5);
}

TEST_CASE("mosquitto looks at keep alives every 5 s, so a will is up to that late") {
  const auto will_after = [](const std::string& broker, const char* when) {
    const Run run = run_of("duration('1min')\nlocal hub = broker('hub', { profile = '" + broker +
                           "' })\n"
                           "local d = device('d', { on = hub }, function(self)\n"
                           "local c = self:mqtt({ keepalive = 10, will = { topic = 'w', payload = 'x' } })\n"
                           "sleep('" +
                           when + "') c:connect(hub) end)\nat('20s', function() d:power_off() end)");
    const auto wills = run.times_of(Kind::will_published);
    REQUIRE(wills.size() == 1);
    return wills[0];
  };
  for (const char* when : {"1s", "3s", "4.5s"}) {
    const double exact = will_after("standard", when), late = will_after("mosquitto 2.0", when);
    CAPTURE(when, exact, late);
    CHECK(late > exact);
    CHECK(late <= exact + 5);
    CHECK(std::fmod(late, 5) == Approx(0).margin(1e-6));
  }
}

TEST_CASE("an unknown profile is told with the nearest one") {
  const auto error = error_of("duration('1s')\nbroker('hub', { profile = 'mosquito 2.0' })");
  CHECK(error.text.find("did you mean \"mosquitto 2.0\"?") != std::string::npos);
}
