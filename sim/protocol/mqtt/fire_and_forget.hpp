// QoS 0 messages that were handed to a connection and may still be lost with it. The protocol forgets such a message at once; the
// trace does not, so that every loss has a name. Only the end of each in the stream is kept, until the peer's network side
// has acknowledged it.
#pragma once

#include "sim/kernel/ring.hpp"
#include "sim/protocol/mqtt/channel.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab::mqtt {

class FireAndForget {
 public:
  /// A message whose last byte lies before `end` was written.
  void sent(const ByteChannel& channel, MessageId message, std::uint64_t end) {
    const std::uint64_t done = channel.acknowledged();
    while (!pending_.empty() && pending_.front().end <= done) pending_.pop_front();
    pending_.push_back({end, message});
  }
  /// The connection has ended: what was not acknowledged is lost.
  void connection_ended(std::uint64_t acknowledged, Tracer& trace, EntityId entity, LossReason reason) {
    for (; !pending_.empty(); pending_.pop_front()) {
      if (pending_.front().end > acknowledged) trace.emit(Kind::message_lost, entity, pending_.front().message, reason);
    }
  }

 private:
  struct Entry {
    std::uint64_t end;
    MessageId message;
  };
  Ring<Entry> pending_;
};

}  // namespace wirelab::mqtt
