#include "lab/course/live_diagram.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/wire/http.hpp"
#include "sim/wire/mqtt_word.hpp"
#include "sim/world/intervention.hpp"

namespace wirelab {
namespace {

constexpr std::size_t kTime = 10;  // columns of the time
constexpr std::size_t kMostLanes = 8;
constexpr int kMostAlike = 2;
constexpr std::size_t kNowhere = ~std::size_t{0};

// "cut", "power_off" ... as journals write them, by their number in the trace.
template <std::size_t... Index>
std::string_view name_at(std::size_t index, std::index_sequence<Index...>) {
  std::string_view name;
  ((Index == index ? void(name = name_of(Intervention(std::in_place_index<Index>))) : void()), ...);
  return name;
}
std::string_view intervention_name(std::size_t index) {
  return name_at(index, std::make_index_sequence<std::variant_size_v<Intervention>>());
}

std::string packet_name(std::uint16_t word) {
  std::string text(mqtt::name_of(mqtt::packet_type_of(word)));
  if (mqtt::packet_type_of(word) != mqtt::PacketType::publish) return text;
  const std::uint8_t first = mqtt::first_byte_of(word);
  if (const int qos = (first >> 1) & 3; qos > 0) text += fmt::format(" Q{}", qos);
  if ((first & 8) != 0) text += " DUP";
  if ((first & 1) != 0) text += " RETAIN";
  return text;
}

}  // namespace

LiveDiagram::LiveDiagram(std::shared_ptr<TraceStore> store, int columns, std::size_t most, Print print)
    : store_(std::move(store)),
      columns_(static_cast<std::size_t>(std::clamp(columns, 60, 160))),
      most_(most),
      print_(std::move(print)) {}

void LiveDiagram::draw() {
  const TraceStore::Reader reader(*store_);
  for (RecordNumber n = std::max(seen_ + 1, reader.first()); n <= reader.last(); ++n) take(reader, reader.record(n));
  seen_ = std::max(seen_, reader.last());
}

void LiveDiagram::finish() {
  if (left_out_ > 0) print_(fmt::format("          ... and {} more, most of them like those above", left_out_));
}

std::size_t LiveDiagram::lane_of(const TraceStore::Reader& reader, EntityId entity) {
  for (int i = 0; i < 8 && entity != 0 && !is_node(kinds_[entity]); ++i) entity = owner_[entity];
  if (entity == 0) return kNowhere;
  const auto found = lane_of_node_.find(entity);
  if (found != lane_of_node_.end()) return found->second;
  if (has_head_ || lanes_.size() == kMostLanes) return kNowhere;
  lanes_.emplace_back(reader.name(entity));
  return lane_of_node_[entity] = lanes_.size() - 1;
}

void LiveDiagram::take(const TraceStore::Reader& reader, const Record& r) {
  switch (r.kind) {
    case Kind::defined: {
      const auto kind = static_cast<EntityKind>(r.field);
      owner_[r.entity] = r.subject;
      kinds_[r.entity] = kind;
      if (kind == EntityKind::device || kind == EntityKind::broker || kind == EntityKind::web_server)
        lane_of(reader, r.entity);
      break;
    }
    case Kind::message_published:
    case Kind::message_accepted: topics_[r.subject] = reader.name(r.key); break;
    case Kind::mqtt_sent: under_way_[{r.subject, r.a}] = r; break;
    case Kind::http_sent: under_way_[{r.subject, r.a}] = r; break;
    case Kind::http_received: {
      const auto sent = under_way_.find({r.subject, r.a});
      if (sent == under_way_.end()) break;
      constexpr std::uint16_t kFirstStatus = 100;  // below it the field is a method
      std::string label =
          r.field >= kFirstStatus
              ? fmt::format("{} {}", r.field, http::reason_of(r.field))
              : fmt::format("{} {}", http::name_of(static_cast<http::Method>(r.field)), reader.name(r.key));
      arrow(reader, sent->second, r, std::move(label));
      under_way_.erase(sent);
      break;
    }
    case Kind::mqtt_received: {
      const auto sent = under_way_.find({r.subject, r.a});
      if (sent == under_way_.end()) break;
      const auto type = mqtt::packet_type_of(r.field);
      if (type != mqtt::PacketType::pingreq && type != mqtt::PacketType::pingresp) {
        std::string label = packet_name(r.field);
        const auto topic = topics_.find(sent->second.key);
        if (type == mqtt::PacketType::publish && topic != topics_.end()) label += " " + topic->second;
        arrow(reader, sent->second, r, std::move(label));
      }
      under_way_.erase(sent);
      break;
    }
    case Kind::message_lost:
      note(reader, r.entity, r.at, fmt::format("lost: {}", name_of(static_cast<LossReason>(r.field))));
      break;
    case Kind::will_published:
      note(reader, r.entity, r.at, fmt::format("last will: {}", name_of(static_cast<WillCause>(r.field))));
      break;
    case Kind::session_event: {
      const auto event = static_cast<SessionEvent>(r.field);
      if (event == SessionEvent::connection_lost || event == SessionEvent::keepalive_expired ||
          event == SessionEvent::taken_over || event == SessionEvent::session_resumed)
        note(reader, r.entity, r.at, std::string(name_of(event)));
      break;
    }
    case Kind::intervention: {
      const std::string what(intervention_name(r.field));
      if (is_node(kinds_[r.entity])) {
        note(reader, r.entity, r.at, what);
      } else if (!lanes_.empty()) {
        note(reader, lane_of_node_.begin()->first, r.at, fmt::format("{} {}", what, reader.name(r.entity)));
      }
      break;
    }
    case Kind::logged: note(reader, r.entity, r.at, "\"" + std::string(reader.text(r.key)) + "\""); break;
    default: break;
  }
}

void LiveDiagram::head() {
  has_head_ = true;
  if (lanes_.empty()) return;
  const std::size_t spacing = (columns_ - kTime) / lanes_.size();
  std::string text(kTime, ' ');
  for (const std::string& name : lanes_) {
    const std::string shown = name.substr(0, spacing - 2);
    text += std::string((spacing - shown.size()) / 2, ' ') + shown;
    text.resize(kTime + spacing * (static_cast<std::size_t>(&name - lanes_.data()) + 1), ' ');
  }
  print_(text.substr(0, text.find_last_not_of(' ') + 1));
}

void LiveDiagram::line(std::int64_t at, const std::string& text) {
  if (!has_head_) head();
  // What comes again and again is shown twice, so that what is new is seen.
  if (++drawn_like_[text] > kMostAlike || ++drawn_ > most_) {
    ++left_out_;
    return;
  }
  std::string row = fmt::format("{:8.3f}s ", static_cast<double>(at) / 1e9) + text;
  print_(row.substr(0, row.find_last_not_of(' ') + 1));
}

void LiveDiagram::arrow(const TraceStore::Reader& reader, const Record& sent, const Record& received,
                        std::string label) {
  const std::size_t from = lane_of(reader, sent.entity), to = lane_of(reader, received.entity);
  if (from == kNowhere || to == kNowhere || from == to) return;
  const std::size_t spacing = (columns_ - kTime) / lanes_.size();
  std::string text(spacing * lanes_.size(), ' ');
  const auto middle = [&](std::size_t lane) { return spacing * lane + spacing / 2; };
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) text[middle(lane)] = '|';
  const std::size_t left = std::min(middle(from), middle(to)), right = std::max(middle(from), middle(to));
  for (std::size_t i = left + 1; i < right; ++i) text[i] = '-';
  (from < to ? text[right - 1] : text[left + 1]) = from < to ? '>' : '<';
  // Of what is too long the last word's end is shown: topics and targets differ there.
  const std::size_t room = right - left - 4;
  const std::size_t word = label.rfind(' ');
  if (label.size() > room && word != std::string::npos && room > word + 4) {
    label = label.substr(0, word) + " .." + label.substr(label.size() - (room - word - 3));
  }
  label = label.substr(0, room);
  text.replace(left + (right - left - label.size()) / 2 + 1, label.size(), label);
  line(received.at, text);
}

void LiveDiagram::note(const TraceStore::Reader& reader, EntityId at, std::int64_t when, const std::string& text) {
  const std::size_t lane = lane_of(reader, at);
  if (lane == kNowhere) return;
  const std::size_t spacing = (columns_ - kTime) / lanes_.size();
  std::string row(spacing * lanes_.size(), ' ');
  for (std::size_t i = 0; i < lanes_.size(); ++i) row[spacing * i + spacing / 2] = '|';
  const std::string shown = "* " + text.substr(0, columns_ - kTime - 2);
  // Beside its lane, or as far to the left as it must be to be read whole.
  const std::size_t place = std::min(spacing * lane + spacing / 2, row.size() - std::min(row.size(), shown.size()));
  row.replace(place, shown.size(), shown);
  line(when, row);
}

}  // namespace wirelab
