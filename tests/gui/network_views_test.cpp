// The panels about the network itself: what a tap reads, what a connection has of TLS, and the radio.
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

TEST_CASE("a tap shows what is read by the shown instant, and a connection what it has of TLS") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/eavesdropper.lua"), "eavesdropper");
  application.playback()->run_to(seconds_in(0.07));
  application.playback()->wait();
  application.show("tap");
  const std::string text = screen.settle(application);
  for (const char* const part : {"Who listens on home-hub has read 0 payloads, 1 name or password",
                                 "Server Hello: TLS 1.3", "certificate of hub, signed by Wirelab CA"})
    shows(text, part);
}

TEST_CASE("the race shows who asks beside who is told: the poll that found nothing, the push that arrived") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_of("scenarios/http_vs_mqtt.lua"), "http_vs_mqtt");
  application.playback()->run_to(seconds_in(300));
  application.playback()->wait();
  application.show("race");
  std::string text = screen.settle(application);
  for (const char* const part :
       {"poll_etag", "asks (HTTP)", "asked 30, 23 for nothing", "qos1", "is told (MQTT)", "told 7 times", "up to date",
        " mJ, stale ", "asked, found nothing", "was told", "of 9"})
    shows(text, part);
  // A second after a change, which is seven before the next question.
  application.look_at(Instant::from_ns(static_cast<std::int64_t>(232e9)).ns());
  text = screen.settle(application);
  shows(text, "stale for ");
  application.open(session_of("scenarios/wifi.lua"), "wifi");
  shows(screen.settle(application), "Nobody has asked a web server");
}

TEST_CASE("a connection shows what it has of TLS while its processor works on keys") {
  Headless screen;
  gui::Application application(gui::dark_theme(), 1);
  application.open(session_with("local hub = broker('hub', { tls = true }) device('slow', { on = hub }, function(self) "
                                "self:mqtt({ tls = { processor = 'esp32' } }):connect(hub) end)"),
                   "slow");
  application.playback()->run_to(seconds_in(0.2));
  application.playback()->wait();
  application.select_last(Kind::tls_event);
  application.show("connection");
  const std::string text = screen.settle(application);
  for (const char* const part : {"TLS", "handshake", "working on keys"}) shows(text, part);
}

TEST_CASE("the map of the radio shows who is joined to whom, and how much of the air is in use") {
  Headless screen;
  gui::Application application(gui::light_theme(), 1);
  application.open(session_of("scenarios/wifi.lua"), "wifi");
  application.playback()->run_to(seconds_in(20));
  application.playback()->wait();
  application.show("radio");
  const std::string text = screen.settle(application);
  for (const char* const part : {"air in use, last second:", "attic", " m"}) shows(text, part);
  application.open(session_of("scenarios/qos.lua"), "qos");
  application.show("radio");
  shows(screen.settle(application), "There is no Wi-Fi in this scenario");
}
