// Who learns of changes by asking and who by being told: for each, when it asked and found something or nothing, when it was told,
// since when what it knows is no longer so, and what that cost in bytes. Read from the trace: a change is what a device publishes
// by MQTT or posts to a web server; one who asks knows what the server had when it answered.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "sim/view/run_index.hpp"

namespace wirelab {

struct RaceMark {
  std::int64_t at = 0;
  enum class What : std::uint8_t { found_nothing, found_news, told_news, told_nothing, failed } what;
};

struct Racer {
  EntityId node = 0;
  bool asks = false;  // by HTTP; else it is told by MQTT
  std::vector<RaceMark> marks;
  /// From `at` on: since when it knows what is no longer so (-1: all that it knows is so), and for how long it has not in all.
  struct Step {
    std::int64_t at = 0, since = -1, stale = 0;
  };
  std::vector<Step> steps;

  /// How old its knowledge is at an instant: since the first change that it has not learnt. 0: it knows all.
  std::int64_t staleness(std::int64_t at) const;
  /// For how long it has known what was not so, up to the instant.
  std::int64_t stale_in_all(std::int64_t at) const;
  std::size_t count(RaceMark::What what, std::int64_t by) const;
};

class Race {
 public:
  /// Reads on to record `to`, at most `most` records; the index must have been read as far. True if it has read that far.
  bool read(const TraceStore::Reader& reader, const RunIndex& index, RecordNumber to,
            RecordNumber most = ~RecordNumber{0});
  /// In turn one who asks and one who is told, each in the order of their first word.
  std::vector<const Racer*> racers() const;
  /// Of the IP packets that a node has sent or that were sent to it.
  std::uint64_t bytes_by(EntityId node, std::int64_t at) const;
  /// Instants of changes, in order.
  const std::vector<std::int64_t>& changes() const { return changes_; }

 private:
  // What is followed: a topic, or all that is posted (0).
  using Source = std::uint32_t;
  struct Bytes {
    std::int64_t at = 0;
    std::uint64_t sum = 0;
  };
  struct Known {
    Racer racer;
    std::map<Source, std::size_t> learnt;  // how many changes of each
  };
  void take(const TraceStore::Reader& reader, const RunIndex& index, const Record& record);
  void change(Source source, std::int64_t at);
  void learn(Known& known, Source source, std::size_t count, std::int64_t at, RaceMark::What news,
             RaceMark::What nothing);
  void note(Known& known, std::int64_t at);
  Known& known_of(EntityId node, bool asks);

  std::map<EntityId, Known> known_;  // by node
  std::vector<EntityId> order_;
  std::map<Source, std::vector<std::int64_t>> published_;
  std::vector<std::int64_t> changes_;
  std::map<MessageId, std::pair<Source, std::size_t>> messages_;    // which change they are, counted from 1
  std::map<std::pair<StreamId, std::int64_t>, MessageId> carried_;  // by PUBLISH packets
  RecordNumber last_received_ = 0;
  MessageId last_message_ = 0;
  std::map<std::pair<StreamId, std::int64_t>, std::size_t> posted_;   // which change a POST tells of, counted from 1
  std::size_t at_server_ = 0;                                         // changes that were posted and have arrived
  std::set<EntityId> asking_;                                         // clients whose last request was a GET
  std::map<std::pair<StreamId, std::int64_t>, std::size_t> answers_;  // what the server had then
  std::map<EntityId, std::vector<Bytes>> bytes_;                      // of every node
  RecordNumber next_ = 1;
};

}  // namespace wirelab
