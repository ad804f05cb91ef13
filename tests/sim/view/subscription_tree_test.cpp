// The tree that is shown lights what the broker's own tree would select.
#include "sim/view/subscription_tree.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "sim/kernel/random.hpp"
#include "sim/protocol/mqtt/topic_tree.hpp"

using namespace wirelab;

TEST_CASE("a topic lights the paths of the filters that select it, and no others") {
  SubscriptionTree tree;
  // The examples of MQTT 3.1.1, section 4.7.1.
  for (const char* const filter : {"sport/tennis/player1/#", "sport/#", "sport/tennis/+", "+/tennis/#", "sport+", "#"})
    tree.add(filter, 1, 1);
  const auto lit = [&] {
    std::string text;
    for (const SubscriptionTree::Level* level : tree.listed()) {
      if (level->lit)
        text +=
            std::string(static_cast<std::size_t>(level->depth), ' ') + level->name + (level->selects ? "*" : "") + "\n";
    }
    return text;
  };
  CHECK(tree.light("sport/tennis/player1") == 5);
  CHECK(lit() == "#*\n+\n tennis\n  #*\nsport\n #*\n tennis\n  +*\n  player1\n   #*\n");
  CHECK(tree.light("sport") == 2);
  CHECK(tree.light("$SYS/broker") == 0);
  CHECK(lit().empty());
  CHECK(tree.light("sport/tennis/player1/ranking") == 4);
}

TEST_CASE("for random filters and topics it agrees with the broker's own tree") {
  const std::vector<std::string> levels{"a", "b", "", "$x", "c"};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    RandomStream random(seed, "filters", "test");
    SubscriptionTree shown;
    mqtt::TopicTree real;
    std::set<std::string> filters;
    for (std::uint32_t subscriber = 1; subscriber <= 40; ++subscriber) {
      std::string filter;
      const auto depth = 1 + random.below(4);
      for (std::uint64_t i = 0; i < depth; ++i) {
        if (i > 0) filter += '/';
        const auto draw = random.below(9);
        if (draw == 0 || draw == 1) {
          filter += '+';
        } else if (draw == 2) {
          filter += '#';
          break;
        } else {
          filter += levels[random.below(levels.size())];
        }
      }
      if (filter.empty()) filter = "a";
      shown.add(filter, subscriber, 0);
      real.subscribe(filter, subscriber, {});
    }
    for (int i = 0; i < 60; ++i) {
      std::string topic;
      const auto depth = 1 + random.below(4);
      for (std::uint64_t k = 0; k < depth; ++k) topic += (k > 0 ? "/" : "") + levels[random.below(levels.size())];
      if (topic.empty()) topic = "b";
      CAPTURE(topic);
      std::set<std::uint32_t> expected, lit;
      for (const mqtt::Match& match : real.match(topic).own) expected.insert(match.subscriber);
      CHECK(shown.light(topic) == expected.size());
      for (const SubscriptionTree::Level* level : shown.listed()) {
        if (level->selects) {
          CHECK(level->lit);
          for (const auto& subscriber : level->subscribers) lit.insert(subscriber.session);
        }
      }
      CHECK(lit == expected);
    }
  }
}
