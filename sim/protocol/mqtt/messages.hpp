// Application messages that a client or broker has to keep: counted by references, in slots that are used again with the memory
// they had. Topic, properties and payload stand in one piece of memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/kernel/check.hpp"
#include "sim/kernel/time.hpp"
#include "sim/trace/record.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

/// An application message on its way. Its properties are those that go along with it from publisher to subscriber, without its
/// expiry interval, which counts down.
struct Message {
  MessageId id = 0;
  std::uint32_t topic_name = 0;  // in the trace's names
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  Properties properties = {};
  Instant expires = Instant::never();
};

using MessageRef = std::uint32_t;
inline constexpr MessageRef kNoMessage = 0xffffffff;

struct StoredMessage {
  MessageId id = 0;
  std::uint32_t topic_name = 0;  // in the trace's names
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::uint32_t references = 0;
  std::uint32_t topic_size = 0;
  std::uint32_t properties_size = 0;
  std::uint32_t payload_size = 0;
  std::uint32_t capacity = 0;
  MessageRef next_free = kNoMessage;
  Instant expires = Instant::never();
  std::unique_ptr<std::uint8_t[]> memory;

  std::size_t size() const { return std::size_t{topic_size} + properties_size + payload_size; }
  std::string_view topic() const { return {reinterpret_cast<const char*>(memory.get()), topic_size}; }
  Properties properties() const { return Properties(Bytes{memory.get() + topic_size, properties_size}); }
  Bytes payload() const { return {memory.get() + topic_size + properties_size, payload_size}; }
  Message message() const { return {id, topic_name, topic(), payload(), qos, retain, properties(), expires}; }
};

class MessagePool {
 public:
  /// A copy of the message with one reference.
  MessageRef keep(const Message& message) {
    MessageRef ref = free_;
    if (ref == kNoMessage) {
      ref = static_cast<MessageRef>(messages_.size());
      messages_.emplace_back();
    } else {
      free_ = messages_[ref].next_free;
    }
    StoredMessage& m = messages_[ref];
    m.id = message.id, m.topic_name = message.topic_name, m.qos = message.qos, m.retain = message.retain;
    m.expires = message.expires, m.references = 1;
    const Bytes topic = wire::bytes_of(message.topic);
    const Bytes properties = message.properties.bytes();
    m.topic_size = static_cast<std::uint32_t>(topic.size());
    m.properties_size = static_cast<std::uint32_t>(properties.size());
    m.payload_size = static_cast<std::uint32_t>(message.payload.size());
    if (m.capacity < m.size()) {
      m.capacity = static_cast<std::uint32_t>(m.size() < 128 ? 128 : m.size());
      m.memory = std::make_unique_for_overwrite<std::uint8_t[]>(m.capacity);
    }
    std::uint8_t* to = m.memory.get();
    for (const Bytes part : {topic, properties, message.payload}) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    ++in_use_;
    bytes_ += m.size();
    return ref;
  }
  void add_reference(MessageRef ref) { ++messages_[ref].references; }
  void release(MessageRef ref) {
    StoredMessage& m = messages_[ref];
    check(m.references > 0, "a message that is released was kept");
    if (--m.references > 0) return;
    bytes_ -= m.size();
    if (m.capacity > 65536) m.memory.reset(), m.capacity = 0;
    m.next_free = free_;
    free_ = ref;
    --in_use_;
  }
  /// Where those who share the pool encode packets, one at a time.
  std::vector<std::uint8_t>& scratch() { return scratch_; }
  const StoredMessage& operator[](MessageRef ref) const { return messages_[ref]; }
  std::size_t in_use() const { return in_use_; }
  /// Of topics, properties and payloads that are kept.
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<StoredMessage> messages_;
  MessageRef free_ = kNoMessage;
  std::size_t in_use_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace wirelab::mqtt
