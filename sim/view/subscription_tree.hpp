// The subscriptions of a broker as a tree of levels for showing, and which paths of it a topic takes. It follows the rules of MQTT
// 3.1.1, section 4.7, by themselves: the broker's own tree (sim/protocol/mqtt/topic_tree.hpp) is tested against it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/trace/record.hpp"

namespace wirelab {

class SubscriptionTree {
 public:
  struct Subscriber {
    EntityId session = 0;
    int qos = 0;
  };
  struct Level {
    std::string name;
    int depth = 0;
    bool lit = false;                     // on the path of a filter that selects the topic
    bool selects = false;                 // the filter that ends here does
    std::vector<Subscriber> subscribers;  // whose filter ends here
  };

  void add(std::string_view filter, EntityId session, int qos);
  /// Lights the paths of all filters that select the topic, and no others; returns how many subscriptions they are.
  std::size_t light(std::string_view topic);
  /// All levels, each before those below it, in the order of their names.
  std::vector<const Level*> listed() const;

 private:
  struct Node {
    Level level;
    std::map<std::string, std::size_t, std::less<>> below;
  };
  std::size_t child(std::size_t node, std::string_view level);
  std::size_t light(std::size_t node, std::string_view rest, bool more, bool first);
  std::size_t select(std::size_t node);
  void list(std::size_t node, std::vector<const Level*>& into) const;
  std::vector<Node> nodes_ = std::vector<Node>(1);  // the root first
};

}  // namespace wirelab
