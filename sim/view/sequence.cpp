#include "sim/view/sequence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "sim/view/names_of.hpp"
#include "sim/wire/mqtt_word.hpp"

namespace wirelab {
namespace {

struct Line {
  std::int64_t at;
  std::size_t order;
  std::string text;
};

// Mermaid ends a statement at a semicolon and knows #code; as an escape.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ';')
      out += "#59;";
    else if (c == '#')
      out += "#35;";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));  // a line end would end the statement
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string sequence_diagram(const MessageIndex& index, std::size_t most) {
  const LoadedTrace& trace = index.trace();
  // Every entity belongs, by way of its owners, to a node; nodes are the lanes.
  std::map<EntityId, EntityId> owner;
  std::map<EntityId, EntityKind> kinds;
  for (const Record& r : trace.records) {
    if (r.kind == Kind::defined) {
      owner[r.entity] = r.subject;
      kinds[r.entity] = static_cast<EntityKind>(r.field);
    }
  }
  const auto node_of = [&](EntityId entity) {
    for (int i = 0; i < 8 && entity != 0 && !is_node(kinds[entity]); ++i) entity = owner[entity];
    return entity;
  };
  std::map<StreamId, std::string> bytes;  // each stream as its sender emitted it
  std::vector<EntityId> lanes;
  std::map<EntityId, std::size_t> lane_of;
  const auto lane = [&](EntityId node) {
    const auto [at, is_new] = lane_of.try_emplace(node, lanes.size());
    if (is_new) lanes.push_back(node);
    return fmt::format("n{}", at->second);
  };
  for (const Record& r : trace.records) {
    if (r.kind != Kind::packet_sent || r.subject == 0 || r.b <= r.a || r.key == 0 || r.key > trace.blobs.size())
      continue;
    const std::string& packet = trace.blobs[r.key - 1];
    std::string& stream = bytes[r.subject];
    const auto length = static_cast<std::size_t>(r.b - r.a);
    if (r.b > 16'000'000 || packet.size() < length) continue;
    if (stream.size() < static_cast<std::size_t>(r.b)) stream.resize(static_cast<std::size_t>(r.b));
    packet.copy(stream.data() + r.a, length, packet.size() - length);
  }
  std::vector<Line> lines;
  std::size_t arrows = 0;
  for (const Transfer& transfer : index.transfers()) {
    const Record& sent = *transfer.sent;
    const EntityId from = node_of(sent.entity);
    EntityId to = transfer.received != nullptr ? node_of(transfer.received->entity) : 0;
    if (++arrows > most) continue;
    const std::string& stream = bytes[sent.subject];
    std::string what = "MQTT";
    if (static_cast<std::size_t>(sent.b) <= stream.size()) {
      what = describe_mqtt(wire::bytes_of(std::string_view(stream).substr(static_cast<std::size_t>(sent.a),
                                                                          static_cast<std::size_t>(sent.b - sent.a))),
                           mqtt::version_of(sent.field));
    }
    const std::string from_lane = lane(from);
    if (to == 0) {
      lines.push_back({sent.at, lines.size(),
                       fmt::format("{}-x{}: {:.3f} s {} (never arrived)", from_lane, from_lane,
                                   static_cast<double>(sent.at) / 1e9, escape(what))});
    } else {
      const double late = static_cast<double>(transfer.received->at - sent.at) / 1e6;
      lines.push_back({sent.at, lines.size(),
                       fmt::format("{}->>{}: {:.3f} s {} (+{:.1f} ms)", from_lane, lane(to),
                                   static_cast<double>(sent.at) / 1e9, escape(what), late)});
    }
  }
  const std::int64_t last_shown = arrows > most && !lines.empty() ? lines.back().at : INT64_MAX;
  for (const Record& r : trace.records) {
    if (r.at > last_shown) break;
    if (r.kind == Kind::retransmission) {
      const EntityId node = node_of(r.entity);
      if (lane_of.contains(node))
        lines.push_back(
            {r.at, lines.size(),
             fmt::format("Note over {}: {:.3f} s TCP sends again ({})", lane(node), static_cast<double>(r.at) / 1e9,
                         name_of(static_cast<RetransmitReason>(r.field)))});
    } else if (r.kind == Kind::packet_dropped && !lanes.empty()) {
      lines.push_back({r.at, lines.size(),
                       fmt::format("Note over {}: {:.3f} s packet dropped on {} ({})", lane(lanes.front()),
                                   static_cast<double>(r.at) / 1e9, escape(index.name(r.entity)),
                                   name_of(static_cast<DropReason>(r.field)))});
    }
  }
  std::sort(lines.begin(), lines.end(),
            [](const Line& a, const Line& b) { return a.at != b.at ? a.at < b.at : a.order < b.order; });
  std::string text = "sequenceDiagram\n";
  for (std::size_t i = 0; i < lanes.size(); ++i)
    text += fmt::format("  participant n{} as {}\n", i, escape(index.name(lanes[i])));
  for (const Line& line : lines) text += "  " + line.text + "\n";
  if (arrows > most) text += fmt::format("  %% {} more control packets are left out\n", arrows - most);
  return text;
}

}  // namespace wirelab
