#include "sim/net/link_presets.hpp"

#include <vector>

namespace wirelab {
namespace {

ChannelSettings channel(std::int64_t rate, Duration delay, Duration jitter = {}) {
  ChannelSettings settings;
  settings.rate = rate;
  settings.delay = delay;
  settings.jitter = jitter;
  return settings;
}

std::vector<LinkPreset> make_presets() {
  constexpr auto us = Duration::microseconds;
  constexpr auto ms = Duration::milliseconds;
  std::vector<LinkPreset> presets;

  // 100BASE-TX: 8 bytes of preamble, 14 of header, 4 of check sequence and 12 of gap a frame; 5.56 ns a metre of copper.
  ChannelSettings ethernet = channel(100'000'000, us(1));
  ethernet.overhead = 38;
  presets.push_back(
      {"ethernet", "IEEE 802.3, clauses 3 and 25: 100 Mbit/s, 100 m of cable and a switch", ethernet, ethernet});

  // At least 16 Mbit/s and 800 kbit/s, says G.992.5; interleaving's delay is an example.
  // ADSL2+ carries IP in cells of ATM: 48 bytes in 53, with 8 of AAL5's trailer and 2 of PPP.
  ChannelSettings dsl_up = channel(1'000'000, ms(10));
  dsl_up.overhead = 10;
  dsl_up.cell = 48;
  dsl_up.cell_overhead = 5;
  dsl_up.queue_packets = 50;
  ChannelSettings dsl_down = dsl_up;
  dsl_down.rate = 16'000'000;
  presets.push_back({"dsl", "ITU-T G.992.5 (ADSL2+) with interleaving, AAL5 of ITU-T I.363.5", dsl_up, dsl_down});

  // Category M1, half duplex: the peak rates of the standard; the way through radio and core is a quarter of the 50 to 100 ms
  // round trip that operators state, and what scheduling adds varies.
  presets.push_back(
      {"lte-m", "3GPP TS 36.306 release 13, category M1 half duplex: 375 and 300 kbit/s; GSMA, LTE-M deployment guide",
       channel(375'000, ms(40), ms(10)), channel(300'000, ms(40), ms(10))});

  // Category NB1: 62.5 kbit/s by multi-tone upwards, 25.5 downwards; a second and more in coverage enhancement.
  presets.push_back({"nb-iot", "3GPP TS 36.306 and TR 45.820: category NB1, 62.5 and 25.5 kbit/s, normal coverage",
                     channel(62'500, ms(350), ms(150)), channel(25'500, ms(350), ms(150))});

  // The rates are an example.
  // Up and down to 35,786 km at the speed of light are 239 ms below the satellite and 279 ms at the edge of what it sees.
  presets.push_back({"satellite", "RFC 2488, section 2: geostationary, 239.6 to 279.0 ms one way",
                     channel(1'000'000, ms(260)), channel(10'000'000, ms(260))});
  return presets;
}

}  // namespace

std::span<const LinkPreset> link_presets() {
  static const std::vector<LinkPreset> presets = make_presets();
  return presets;
}

}  // namespace wirelab
