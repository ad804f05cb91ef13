// The TCP connections of the selected node: state, windows, time-outs and timers at the shown instant, and cwnd over time.
#include <fmt/format.h>

#include <algorithm>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/protocol/tcp/connection.hpp"
#include "sim/wire/tls_trace.hpp"

namespace wirelab::gui {
namespace {

class Connections {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Indent(skin.px(14));
    const std::vector<EntityId> ends = open_ends(look);
    heading(skin, look.selection.node == 0 ? "All connections" : look.name(look.selection.node),
            fmt::format("{} open", ends.size()));
    if (ends.empty())
      explain(skin, "No TCP connection is open here at this instant. Select a node on the canvas to see its own.");
    constexpr std::size_t kMost = 12;
    for (std::size_t i = 0; i < std::min(kMost, ends.size()); ++i) connection(look, ends[i]);
    if (ends.size() > kMost) explain(skin, fmt::format("and {} more: select a node", ends.size() - kMost));
    ImGui::Unindent(skin.px(14));
  }

  static Table table(Look& look) {
    Table table{{"connection", "state", "cwnd, segments", "ssthresh, segments", "not acknowledged, bytes",
                 "peer's window, bytes", "SRTT, us", "RTO, us"},
                {}};
    for (const EntityId end : open_ends(look)) {
      const auto get = [&](Field field) { return look.value(end, field); };
      table.rows.push_back({look.name(end), std::string(tcp::name_of(static_cast<tcp::State>(get(Field::tcp_state)))),
                            std::to_string(get(Field::tcp_cwnd)), std::to_string(get(Field::tcp_ssthresh)),
                            std::to_string(get(Field::tcp_snd_nxt) - get(Field::tcp_snd_una)),
                            std::to_string(get(Field::tcp_snd_wnd)), std::to_string(get(Field::tcp_srtt)),
                            std::to_string(get(Field::tcp_rto))});
    }
    return table;
  }

 private:
  // Of the selected node, or of all.
  static std::vector<EntityId> open_ends(const Look& look) {
    std::vector<EntityId> ends;
    for (const IndexedEntity& e : look.index.entities()) {
      if (e.kind == EntityKind::tcp && (look.selection.node == 0 || e.node == look.selection.node) &&
          look.value(e.entity, Field::tcp_state) != 0)
        ends.push_back(e.entity);
    }
    return ends;
  }

  static void row(const Look& look, const char* name, const std::string& value, const char* says) {
    const Skin& skin = look.skin;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    text_at(list, skin.fonts.small, at.x, at.y + skin.px(11), skin(Colour::text_second), name);
    text_right(list, skin.fonts.mono_small, at.x + room, at.y + skin.px(11), skin(Colour::text), value);
    ImGui::InvisibleButton(name, {room, skin.px(22)});
    tip(skin, says);
  }

  void connection(Look& look, EntityId end) {
    const Skin& skin = look.skin;
    ImGui::PushID(static_cast<int>(end));
    const auto state = static_cast<tcp::State>(look.value(end, Field::tcp_state));
    ImGui::Dummy({1, skin.px(2)});
    heading(skin, shortened(skin.fonts.small_strong, look.name(end), ImGui::GetContentRegionAvail().x - skin.px(130)),
            tcp::name_of(state));
    const auto get = [&](Field field) { return look.value(end, field); };
    if (const auto tls = static_cast<tls::State>(get(Field::tls_state)); tls != tls::State::none) {
      row(look, "TLS", std::string(tls::name_of(tls)),
          "What this end has of TLS: in the handshake nothing is protected yet but what follows the hellos (RFC 8446, "
          "2)");
      if (const std::int64_t due = get(Field::tls_timer); due > 0)
        row(look, "working on keys", "for " + seconds_text(due - look.at),
            "Its processor makes and checks keys and signatures until then");
    }
    row(look, "congestion window", fmt::format("{} segments", get(Field::tcp_cwnd)),
        "How many segments may be under way (RFC 5681)");
    const std::int64_t threshold = get(Field::tcp_ssthresh);
    row(look, "slow start until", threshold > 1'000'000 ? "not yet limited" : fmt::format("{} segments", threshold),
        "Below this the window doubles each round trip, above it grows by one (RFC 5681)");
    row(look, "not acknowledged", fmt::format("{} bytes", get(Field::tcp_snd_nxt) - get(Field::tcp_snd_una)),
        "Sent, and no ACK yet");
    row(look, "the peer's window", fmt::format("{} bytes", get(Field::tcp_snd_wnd)),
        "What the peer can take (RFC 9293, 3.8.6)");
    row(look, "round trip, smoothed", seconds_text(get(Field::tcp_srtt) * 1000), "SRTT of RFC 6298");
    row(look, "retransmission time-out", seconds_text(get(Field::tcp_rto) * 1000),
        "SRTT + 4 RTTVAR, at least 200 ms over SRTT as Linux has it, doubled at each time-out");
    const auto timer = [&](Field field, const char* name, const char* says) {
      if (const std::int64_t due = get(field); due > 0) row(look, name, "in " + seconds_text(due - look.at), says);
    };
    timer(Field::tcp_retransmit_timer, "retransmission timer",
          "If no ACK comes by then, the oldest segment is sent again");
    timer(Field::tcp_probe_timer, "tail loss probe",
          "If no ACK comes by then, something is sent to provoke one, before the time-out (RFC 8985, 7)");
    timer(Field::tcp_reorder_timer, "reordering timer", "What has not come by then is taken for lost (RFC 8985, 6)");
    timer(Field::tcp_delayed_ack_timer, "delayed ACK", "An ACK waits for data to ride on, 40 ms at most");
    timer(Field::tcp_persist_timer, "window probe", "The peer's window is closed: it is asked again then");
    timer(Field::tcp_keepalive_timer, "TCP keep alive", "The peer is asked then whether it is still there");
    timer(Field::tcp_close_timer, "time wait", "The connection is forgotten then");
    history(look, end);
    ImGui::PopID();
  }

  // cwnd in the last seconds before the shown instant, from its state records.
  void history(Look& look, EntityId end) {
    const Skin& skin = look.skin;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    const float tall = skin.px(54);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(at, {at.x + room, at.y + tall}, skin(Colour::raised), skin.px(6));
    // Backwards from the present value through the last stretch of the trace.
    constexpr RecordNumber kMost = 30'000;
    const RecordNumber last = look.reader.at_or_after(look.at + 1);
    const RecordNumber first = std::max(look.reader.first(), last > kMost ? last - kMost : 1);
    std::vector<std::pair<std::int64_t, std::int64_t>> steps{{look.at, look.value(end, Field::tcp_cwnd)}};
    std::int64_t begin = look.at;
    std::int64_t most = std::max<std::int64_t>(steps.front().second, 10);
    for (RecordNumber n = last; n-- > first;) {
      const Record& r = look.reader.record(n);
      begin = r.kind == Kind::none ? begin : r.at;
      if (r.entity != end || r.kind != Kind::state || static_cast<Field>(r.field) != Field::tcp_cwnd) continue;
      steps.emplace_back(r.at, r.a);  // before it
      most = std::max(most, r.a);
    }
    const auto span = static_cast<float>(std::max<std::int64_t>(look.at - begin, 1));
    const auto x_of = [&](std::int64_t t) {
      return at.x + skin.px(6) + (room - skin.px(12)) * static_cast<float>(t - begin) / span;
    };
    const auto y_of = [&](std::int64_t v) {
      return at.y + tall - skin.px(6) - (tall - skin.px(22)) * static_cast<float>(v) / static_cast<float>(most);
    };
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::int64_t from = i + 1 < steps.size() ? steps[i + 1].first : begin;
      list.AddLine({x_of(from), y_of(steps[i].second)}, {x_of(steps[i].first), y_of(steps[i].second)},
                   skin(Colour::accent), skin.px(1.8f));
      if (i + 1 < steps.size())
        list.AddLine({x_of(from), y_of(steps[i].second)}, {x_of(from), y_of(steps[i + 1].second)}, skin(Colour::accent),
                     skin.px(1.8f));
    }
    text_at(list, skin.fonts.mono_small, at.x + skin.px(8), at.y + skin.px(10), skin(Colour::text_third),
            fmt::format("cwnd, up to {}", most));
    ImGui::Dummy({room, tall});
  }
};

}  // namespace

View connection_view() {
  return {"connection", "TCP", Place::right, [view = std::make_shared<Connections>()](Look& look) { view->draw(look); },
          [](Look& look) { return made(Connections::table(look)); }};
}

}  // namespace wirelab::gui
