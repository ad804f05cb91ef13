// Application messages that a client or broker has to keep: counted by references, in slots that are used again with the memory
// they had. Topic and payload stand in one piece of memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/kernel/check.hpp"
#include "sim/trace/record.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

using MessageRef = std::uint32_t;
inline constexpr MessageRef kNoMessage = 0xffffffff;

struct StoredMessage {
  MessageId id = 0;
  std::uint32_t topic_name = 0;  // in the trace's names
  Qos qos = Qos::at_most_once;
  bool retain = false;
  std::uint32_t references = 0;
  std::uint32_t topic_size = 0;
  std::uint32_t payload_size = 0;
  std::uint32_t capacity = 0;
  MessageRef next_free = kNoMessage;
  std::unique_ptr<std::uint8_t[]> memory;

  std::string_view topic() const { return {reinterpret_cast<const char*>(memory.get()), topic_size}; }
  Bytes payload() const { return {memory.get() + topic_size, payload_size}; }
};

class MessagePool {
 public:
  /// A copy of the message with one reference.
  MessageRef keep(MessageId id, std::uint32_t topic_name, std::string_view topic, Bytes payload, Qos qos, bool retain) {
    MessageRef ref = free_;
    if (ref == kNoMessage) {
      ref = static_cast<MessageRef>(messages_.size());
      messages_.emplace_back();
    } else {
      free_ = messages_[ref].next_free;
    }
    StoredMessage& m = messages_[ref];
    const auto size = static_cast<std::uint32_t>(topic.size() + payload.size());
    if (m.capacity < size) {
      m.capacity = size < 128 ? 128 : size;
      m.memory = std::make_unique_for_overwrite<std::uint8_t[]>(m.capacity);
    }
    m.id = id, m.topic_name = topic_name, m.qos = qos, m.retain = retain, m.references = 1;
    m.topic_size = static_cast<std::uint32_t>(topic.size());
    m.payload_size = static_cast<std::uint32_t>(payload.size());
    if (!topic.empty()) std::memcpy(m.memory.get(), topic.data(), topic.size());
    if (!payload.empty()) std::memcpy(m.memory.get() + topic.size(), payload.data(), payload.size());
    ++in_use_;
    bytes_ += size;
    return ref;
  }
  void add_reference(MessageRef ref) { ++messages_[ref].references; }
  void release(MessageRef ref) {
    StoredMessage& m = messages_[ref];
    check(m.references > 0, "a message that is released was kept");
    if (--m.references > 0) return;
    bytes_ -= m.topic_size + m.payload_size;
    if (m.capacity > 65536) m.memory.reset(), m.capacity = 0;
    m.next_free = free_;
    free_ = ref;
    --in_use_;
  }
  /// Where those who share the pool encode packets, one at a time.
  std::vector<std::uint8_t>& scratch() { return scratch_; }
  const StoredMessage& operator[](MessageRef ref) const { return messages_[ref]; }
  std::size_t in_use() const { return in_use_; }
  /// Of topics and payloads that are kept.
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<StoredMessage> messages_;
  MessageRef free_ = kNoMessage;
  std::size_t in_use_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace wirelab::mqtt
