#include "sim/device/radio_power.hpp"

namespace wirelab {
namespace {

// In the order of RadioState: off, sleep, idle, receive, transmit.
constexpr RadioPower kModels[] = {
    // At 3.3 V: power-off 1 uA; modem-sleep, one core at 80 MHz, 20 mA; receiving and listening 95 to 100 mA; transmitting
    // 802.11n at MCS 7 with 14 dBm 180 mA. It listens as long as it has joined a network (WIFI_PS_NONE) and sleeps while it has
    // none.
    {"esp32",
     "Espressif, ESP32 Series Datasheet, tables of power consumption by power modes and of RF power consumption",
     {3, 66'000, 321'750, 321'750, 594'000},
     {}},
    // 23 dBm by an amplifier of about half, and 90 mW for the rest; the same 90 mW to receive; light sleep 3 mW, in which it is
    // still paged. In between, connected mode's discontinuous reception: it listens 10 ms of 320 (3GPP TS 36.331, drx-Config),
    // for the 10 s after which networks release a silent connection.
    {"lte-m",
     "3GPP TR 45.820, 5.4 (energy of cellular IoT); 3GPP TS 36.331, drx-Config",
     {0, 3'000, 5'719, 90'000, 500'000},
     Duration::seconds(10)},
};

}  // namespace

std::span<const RadioPower> radio_models() { return kModels; }

}  // namespace wirelab
