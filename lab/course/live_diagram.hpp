// A run as a sequence diagram in a terminal, drawn while it goes on: a column for the broker and each device that speaks to it,
// an arrow for each control packet, request and answer when it arrives, and a line for what happens at one of them: a lost
// message, a last will, a program's words.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/trace/store.hpp"

namespace wirelab {

class LiveDiagram {
 public:
  using Print = std::function<void(const std::string& line)>;
  /// At most `most` lines; what is left out is said at the end.
  LiveDiagram(std::shared_ptr<TraceStore> store, int columns, std::size_t most, Print print);
  /// Draws what has happened since the last call.
  void draw();
  /// What else is to be said.
  void finish();

 private:
  void take(const TraceStore::Reader& reader, const Record& record);
  void arrow(const TraceStore::Reader& reader, const Record& sent, const Record& received, std::string label);
  void note(const TraceStore::Reader& reader, EntityId at, std::int64_t when, const std::string& text);
  std::size_t lane_of(const TraceStore::Reader& reader, EntityId entity);
  void line(std::int64_t at, const std::string& text);
  void head();

  std::shared_ptr<TraceStore> store_;
  std::size_t columns_, most_;
  Print print_;
  RecordNumber seen_ = 0;
  std::map<EntityId, EntityId> owner_;
  std::map<EntityId, EntityKind> kinds_;
  std::map<MessageId, std::string> topics_;
  std::map<std::pair<std::uint32_t, std::int64_t>, Record> under_way_;  // by stream and begin
  std::vector<std::string> lanes_;
  std::map<EntityId, std::size_t> lane_of_node_;
  bool has_head_ = false;
  std::map<std::string, int> drawn_like_;  // lines without their time
  std::size_t drawn_ = 0, left_out_ = 0;
};

}  // namespace wirelab
