// The subscriptions of a broker as a tree, with the path lit that a topic takes: part of the broker's X-ray.
#pragma once

#include <span>
#include <string>

#include "gui/look.hpp"

namespace wirelab::gui {

class Subscriptions {
 public:
  /// `broker` is the prefix of the sessions' names.
  void draw(Look& look, const std::string& broker, std::span<const EntityId> sessions);

 private:
  char topic_[256] = "";
};

}  // namespace wirelab::gui
