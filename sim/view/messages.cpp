#include "sim/view/messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace wirelab {

std::string format_seconds(std::int64_t ns) {
  return fmt::format("{}.{:09} s", ns / 1'000'000'000, ns % 1'000'000'000);
}

MessageIndex::MessageIndex(const LoadedTrace& trace) : trace_(trace) {
  std::map<std::pair<StreamId, std::int64_t>, std::uint32_t> open;
  for (std::size_t i = 0; i < trace_.records.size(); ++i) {
    const Record& r = trace_.records[i];
    const RecordNumber number = trace_.first + i;
    switch (r.kind) {
      case Kind::mqtt_sent: {
        const auto place = static_cast<std::uint32_t>(transfers_.size());
        transfers_.push_back({&r, nullptr, number, 0, receipt_before(r)});
        by_cause_.emplace(transfers_.back().answer_to, place);
        by_number_.emplace(number, place);
        by_stream_[r.subject].push_back(place);
        if (r.key != 0) by_message_.emplace(r.key, place);
        open[{r.subject, r.a}] = place;
        break;
      }
      case Kind::mqtt_received: {
        const auto found = open.find({r.subject, r.a});
        if (found == open.end()) break;
        transfers_[found->second].received = &r;
        transfers_[found->second].received_number = number;
        by_number_.emplace(number, found->second);
        break;
      }
      case Kind::packet_sent:
      case Kind::packet_dropped:
      case Kind::packet_arrived:
      case Kind::packet_transmitted:
        blob_records_.emplace(r.key, &r);
        sees_arrivals_ = sees_arrivals_ || r.kind == Kind::packet_arrived;
        if (r.subject != 0) stream_records_[r.subject].push_back(&r);
        break;
      case Kind::retransmission:
      case Kind::stream_delivered:
      case Kind::stream_held: stream_records_[r.subject].push_back(&r); break;
      case Kind::message_published:
      case Kind::message_accepted:
      case Kind::message_routed:
      case Kind::message_queued:
      case Kind::message_delivered:
      case Kind::message_completed:
      case Kind::message_lost:
      case Kind::will_published: message_records_.emplace(r.subject, &r); break;
      default: break;
    }
  }
}

std::vector<const Transfer*> MessageIndex::transfers_of(MessageId message) const {
  std::vector<const Transfer*> found;
  const auto [begin, end] = by_message_.equal_range(message);
  for (auto at = begin; at != end; ++at) found.push_back(&transfers_[at->second]);
  return found;
}

// The receipt in whose handling it was sent: the nearest of its causes that is one.
RecordNumber MessageIndex::receipt_before(const Record& sent) const {
  constexpr int kNear = 8;
  const Record* cause = record(sent.cause);
  for (int i = 0; i < kNear && cause != nullptr; ++i) {
    if (cause->kind == Kind::mqtt_received) return number_of(cause);
    if (cause->kind == Kind::timer_fired) return 0;
    cause = record(cause->cause);
  }
  return 0;
}

std::vector<const Transfer*> MessageIndex::answers_to(const Transfer& transfer) const {
  std::vector<const Transfer*> found;
  if (transfer.received_number == 0) return found;
  const auto [begin, end] = by_cause_.equal_range(transfer.received_number);
  for (auto at = begin; at != end; ++at) found.push_back(&transfers_[at->second]);
  return found;
}

const Transfer* MessageIndex::at(RecordNumber sent_or_received) const {
  const auto found = by_number_.find(sent_or_received);
  return found == by_number_.end() ? nullptr : &transfers_[found->second];
}

std::vector<const Transfer*> MessageIndex::in_range(StreamId stream, std::int64_t begin, std::int64_t end) const {
  std::vector<const Transfer*> found;
  const auto all = by_stream_.find(stream);
  if (all == by_stream_.end()) return found;
  for (const std::uint32_t place : all->second) {
    const Transfer& transfer = transfers_[place];
    if (transfer.sent->a < end && transfer.sent->b > begin) found.push_back(&transfer);
  }
  return found;
}

std::vector<const Record*> MessageIndex::of_range(Kind kind, StreamId stream, std::int64_t begin,
                                                  std::int64_t end) const {
  std::vector<const Record*> found;
  const auto all = stream_records_.find(stream);
  if (all == stream_records_.end()) return found;
  for (const Record* r : all->second) {
    if (r->kind == kind && r->a < end && r->b > begin) found.push_back(r);
  }
  return found;
}

std::vector<const Record*> MessageIndex::of_blob(BlobNumber blob) const {
  std::vector<const Record*> found;
  const auto [begin, end] = blob_records_.equal_range(blob);
  for (auto at = begin; at != end; ++at) found.push_back(at->second);
  return found;
}

std::vector<const Record*> MessageIndex::about(Kind kind, MessageId message) const {
  std::vector<const Record*> found;
  const auto [begin, end] = message_records_.equal_range(message);
  for (auto at = begin; at != end; ++at) {
    if (at->second->kind == kind) found.push_back(at->second);
  }
  return found;
}

const Record* MessageIndex::record(RecordNumber number) const {
  return number < trace_.first || number >= trace_.first + trace_.records.size()
             ? nullptr
             : &trace_.records[number - trace_.first];
}

}  // namespace wirelab
