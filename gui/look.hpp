// What a view gets to draw with and from: the trace at an instant, what is selected, and a list for what the person asks for. A
// view is one file with one function that makes it; it reads the trace and never reaches into the simulation.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "gui/layout.hpp"
#include "gui/selection.hpp"
#include "gui/skin.hpp"
#include "gui/table.hpp"
#include "sim/view/run_index.hpp"
#include "sim/view/state.hpp"
#include "sim/world/intervention.hpp"

namespace wirelab::gui {

/// What a view asks the application to do.
struct SeekTo {
  std::int64_t at = 0;
};
struct RunUntil {
  std::string condition;  // a Lua expression over counters
};
struct ShowView {
  const char* id;
};
using Request = std::variant<Intervention, SeekTo, RunUntil, ShowView>;

struct Look {
  const TraceStore::Reader& reader;
  const RunIndex& index;
  const FoldedState& state;
  std::int64_t at = 0;   // the instant that is shown, ns
  std::int64_t end = 0;  // of the scenario
  bool live = false;     // the instant shown is the newest: interventions act on what is seen
  const Skin& skin;
  Selection& selection;
  std::vector<Request>& requests;
  Places& places;        // of nodes, by hand
  bool has_keys = true;  // of two runs side by side, one has the keyboard
  bool& unfinished;      // a view sets it that has not yet read all of the trace: more frames come

  std::int64_t value(EntityId entity, Field field, std::uint32_t key = 0) const {
    return state.value(entity, field, key);
  }
  std::string name(EntityId entity) const { return std::string(reader.name(entity)); }
  EntityKind kind_of(EntityId entity) const {
    const IndexedEntity* known = index.find(entity);
    return known == nullptr ? EntityKind::none : known->kind;
  }
  /// The selected control packet; null if none is.
  const Exchange* selected_exchange() const {
    return selection.exchange == 0 ? nullptr : index.exchange(selection.exchange);
  }
};

enum class Place : unsigned char { canvas, left, bottom, right };

/// Makes a table, on a thread of its own where that takes its time; then from what it was given, and the trace.
using TableMaker = std::function<Table(const TraceStore::Reader& reader)>;
/// A table that is made already.
TableMaker made(Table table);

struct View {
  const char* id;
  const char* title;
  Place place;
  std::function<void(Look&)> draw;
  std::function<TableMaker(Look&)> table = nullptr;     // of what it shows, where that is a table
  std::function<std::string(Look&)> picture = nullptr;  // of what it shows as SVG, where it can be drawn so
};

/// All views, in the order of their tabs.
std::vector<View> make_views();

// One file each, in gui/views/.
View topology_view();
View sequence_view();
View log_view();
View packet_view();
View broker_view();
View connection_view();
View control_view();
View journey_view();
View plots_view();
View topics_view();
View network_view();
View machine_view();
View tcp_graph_view();
View tap_view();
View radio_view();
View race_view();

// Words and colours that several views share.
Colour colour_of(const Exchange& exchange);
/// Calls see(key, value) for all values of one field of an entity, in order of the keys.
template <typename See>
void each_value(const Look& look, EntityId entity, Field field, See&& see) {
  const auto& values = look.state.values();
  for (auto at = values.lower_bound({entity, field, 0});
       at != values.end() && at->first.entity == entity && at->first.field == field; ++at)
    see(at->first.key, at->second);
}
/// "PUBLISH a/b", "PUBACK 3": what the control packet is, from the bytes that carried it.
std::string label_of(const Look& look, const Exchange& exchange, bool with_topic);
/// What a packet is, in a few words or in a line; of a message over a hop that carries no IP, what it says.
std::string packet_text(const Look& look, BlobNumber packet, bool in_a_line);
/// What may be known of an exchange: of one that is still to come all, of the others what had been sent by the shown instant.
inline std::int64_t known_by(const Look& look, const Exchange& exchange) {
  return exchange.sent_at > look.at ? INT64_MAX : look.at;
}
/// The control packet's bytes; empty while TCP has not sent all of them.
inline std::vector<std::uint8_t> bytes_of(const Look& look, const Exchange& exchange) {
  return look.index.bytes_of(look.reader, exchange, known_by(look, exchange));
}
/// The topic of a PUBLISH; empty for others.
std::string topic_of(const Look& look, const Exchange& exchange);
/// The packet identifier in its bytes; 0 if there is none.
std::uint16_t packet_id_of(const Look& look, const Exchange& exchange);
/// "12.345 s", "25.1 ms".
std::string seconds_text(std::int64_t ns, int digits = 3);

}  // namespace wirelab::gui
