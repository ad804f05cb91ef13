// The trace joined into what became of messages: which control packet lies where in which stream, which packets carried its bytes,
// and where it went next. Made once from a loaded trace; journeys and sequences read it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/view/json_lines.hpp"

namespace wirelab {

/// Seconds with nine digits: "12.050000000 s".
std::string format_seconds(std::int64_t ns);

/// One control packet in one stream: sent, and received unless the connection ended before.
struct Transfer {
  const Record* sent = nullptr;
  const Record* received = nullptr;
  RecordNumber sent_number = 0;
  RecordNumber received_number = 0;
  RecordNumber answer_to = 0;  // the receipt of the control packet that it answers; 0: sent of itself
};

class MessageIndex {
 public:
  explicit MessageIndex(const LoadedTrace& trace);

  /// The control packets that carried this message, oldest first; a resend is another one.
  std::vector<const Transfer*> transfers_of(MessageId message) const;
  /// The control packets that were sent because this one was received: its PUBACK, PUBREC, PUBREL, PUBCOMP, or other answer.
  std::vector<const Transfer*> answers_to(const Transfer& transfer) const;
  /// The control packet that was received at this record, or sent; null if there is none.
  const Transfer* at(RecordNumber sent_or_received) const;
  /// All control packets in order of sending.
  const std::vector<Transfer>& transfers() const { return transfers_; }
  /// The transfers that share bytes [begin, end) of a stream.
  std::vector<const Transfer*> in_range(StreamId stream, std::int64_t begin, std::int64_t end) const;
  /// The records of a kind about bytes of a stream that overlap the range, in order.
  std::vector<const Record*> of_range(Kind kind, StreamId stream, std::int64_t begin, std::int64_t end) const;
  /// All records about a blob, in order.
  std::vector<const Record*> of_blob(BlobNumber blob) const;
  /// All records of a kind whose subject is the message.
  std::vector<const Record*> about(Kind kind, MessageId message) const;
  /// Whether packets' arrivals are in the trace; that of a broker on real sockets has none.
  bool sees_arrivals() const { return sees_arrivals_; }
  RecordNumber number_of(const Record* record) const {
    return trace_.first + static_cast<RecordNumber>(record - trace_.records.data());
  }
  const Record* record(RecordNumber number) const;
  const LoadedTrace& trace() const { return trace_; }
  std::string_view name(std::uint32_t id) const {
    return id < trace_.names.size() ? std::string_view(trace_.names[id]) : std::string_view{};
  }

 private:
  RecordNumber receipt_before(const Record& sent) const;
  const LoadedTrace& trace_;
  std::vector<Transfer> transfers_;
  std::map<StreamId, std::vector<std::uint32_t>> by_stream_;  // places in transfers_, in order of begin
  std::multimap<MessageId, std::uint32_t> by_message_;
  std::multimap<RecordNumber, std::uint32_t> by_cause_;  // by answer_to
  std::map<RecordNumber, std::uint32_t> by_number_;      // by sent_number and received_number
  std::map<StreamId, std::vector<const Record*>> stream_records_;
  std::multimap<BlobNumber, const Record*> blob_records_;
  std::multimap<MessageId, const Record*> message_records_;
  bool sees_arrivals_ = false;
};

}  // namespace wirelab
