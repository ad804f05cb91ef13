// Topic aliases of one network connection (5.0, section 3.3.2.3.4), in either direction: what the peer has named, and what we have.
#pragma once

#include <tsl/robin_map.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// The peer's: a packet's topic by its alias.
class TopicAliasesIn {
 public:
  /// Gives the packet its topic, and remembers it where it came with an alias. `maximum` is what we allowed. The text that the
  /// packet then shows is valid until the next call.
  tl::expected<void, Malformed> resolve(Publish& packet, std::uint16_t maximum) {
    const auto alias = packet.properties.number(Property::topic_alias);
    if (!alias) return {};
    if (*alias == 0 || *alias > maximum) {
      return tl::make_unexpected(Malformed{"the topic alias is 0 or above the maximum that was announced",
                                           "MQTT-3.3.2-9", ReasonCode::topic_alias_invalid});
    }
    if (!packet.topic.empty()) {
      if (topics_.size() < *alias) topics_.resize(*alias);
      topics_[*alias - 1] = packet.topic;
      return {};
    }
    if (*alias > topics_.size() || topics_[*alias - 1].empty()) {
      return tl::make_unexpected(Malformed{"the topic alias was never given a topic on this connection", "3.3.2.3.4",
                                           ReasonCode::protocol_error});
    }
    packet.topic = topics_[*alias - 1];
    return {};
  }
  void clear() { topics_ = {}; }

 private:
  std::vector<std::string> topics_;
};

/// Ours: the first topics of a connection get one each, as many as the peer allows.
class TopicAliasesOut {
 public:
  void begin(std::uint16_t maximum) {
    maximum_ = maximum;
    numbers_.clear();
  }
  struct Use {
    std::uint16_t alias = 0;     // 0: the topic has none
    bool stands_for_it = false;  // the peer knows it: the topic is left out
  };
  Use look(std::string_view topic) const {
    if (maximum_ == 0) return {};
    if (const auto found = numbers_.find(topic); found != numbers_.end()) return {found->second, true};
    if (numbers_.size() >= maximum_) return {};
    return {static_cast<std::uint16_t>(numbers_.size() + 1), false};
  }
  /// A packet that introduces the alias was written.
  void introduced(std::string_view topic, std::uint16_t alias) { numbers_.emplace(std::string(topic), alias); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::uint16_t maximum_ = 0;
  tsl::robin_map<std::string, std::uint16_t, Hash, std::equal_to<>> numbers_;
};

}  // namespace wirelab::mqtt
