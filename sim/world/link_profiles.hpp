// Links that change by themselves: each profile goes through its steps, and then begins again or leaves the link as described.
#pragma once

#include <deque>

#include "sim/net/network.hpp"
#include "sim/world/description.hpp"

namespace wirelab {

class LinkProfiles {
 public:
  LinkProfiles(EventQueue& events, Tracer& trace, Network& network)
      : events_(events), trace_(trace), network_(network) {}
  LinkProfiles(const LinkProfiles&) = delete;
  /// `link` is the profile's link in the network, as `described`. Its steps begin when the profile says, from now.
  void add(const LinkProfile& profile, LinkIndex link, const LinkDescription& described);

 private:
  struct Playing {
    LinkProfile profile;
    LinkIndex link;
    ChannelSettings to_a, to_b;
    std::size_t next = 0;
  };
  static void on_step(void* self, std::uint64_t playing);
  void set(const Playing& playing, const LinkProfile::Step* step);

  EventQueue& events_;
  Tracer& trace_;
  Network& network_;
  std::deque<Playing> playing_;
};

}  // namespace wirelab
