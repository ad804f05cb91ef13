#include "gui/views/timer_bars.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

// In the order in which they get a row.
struct TimerLook {
  Field field;
  const char* word;
  const char* says;
  Colour colour;
};
constexpr TimerLook kTimers[] = {
    {Field::tcp_retransmit_timer, "RTO", "If no ACK comes by then, TCP sends the oldest segment again (RFC 6298)",
     Colour::warning},
    {Field::tcp_probe_timer, "probe",
     "If no ACK comes by then, the last segment is sent again, or a new one, to provoke one (RFC 8985, 7)",
     Colour::warning},
    {Field::tcp_reorder_timer, "reordering",
     "What has not come by then, though later segments have, is taken for lost (RFC 8985, 6)", Colour::warning},
    {Field::session_keepalive_timer, "1.5 x keep alive",
     "If nothing comes from the client by then, the server ends the connection [MQTT-3.1.2-24]", Colour::text_second},
    {Field::client_keepalive_timer, "keep alive",
     "If the client sends nothing else by then, it sends PINGREQ [MQTT-3.1.2-23]", Colour::text_second},
    {Field::client_ping_timer, "PINGRESP", "If PINGRESP has not come by then, the client gives the connection up",
     Colour::error},
    {Field::tcp_delayed_ack_timer, "delayed ACK",
     "If no data goes back by then, the ACK goes alone (RFC 1122, 4.2.3.2)", Colour::accent},
    {Field::client_connect_timer, "connect", "Until the attempt is given up, or the next one begins", Colour::qos2},
    {Field::tcp_persist_timer, "window probe",
     "The peer's window is closed; it is asked again then (RFC 9293, 3.8.6.1)", Colour::warning},
    {Field::tcp_keepalive_timer, "TCP keep alive",
     "After so much silence the peer is asked whether it is still there (RFC 1122, 4.2.3.6)", Colour::text_third},
    {Field::tcp_close_timer, "TIME-WAIT", "The connection is forgotten then (RFC 9293, 3.4.1)", Colour::text_third}};

}  // namespace

void draw_words(const Skin& skin, ImDrawList& list, const std::vector<TimerWord>& words) {
  for (const TimerWord& word : words) {
    const float width = measure(skin.fonts.tiny, word.word).x;
    list.AddRectFilled({word.at.x - skin.px(2), word.at.y - skin.px(6)},
                       {word.at.x + width + skin.px(2), word.at.y + skin.px(6)}, skin(Colour::panel, 0.55f),
                       skin.px(3));
    text_at(list, skin.fonts.tiny, word.at.x, word.at.y, skin(word.colour, word.alpha), word.word);
  }
}

void draw_timers(const Look& look, ImDrawList& list, const TimeScale& scale, float y, int rows,
                 const std::set<EntityId>& entities, bool hovered, std::vector<TimerWord>& words) {
  const Skin& skin = look.skin;
  const std::int64_t to = scale.from + scale.span;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  int row = 0;
  for (const TimerLook& kind : kTimers) {
    if (row >= rows) return;
    const float top = y + skin.px(5 + 15 * static_cast<float>(row));
    const float bottom = top + skin.px(13);
    bool drew = false;
    float free_from = -1e9f;  // where the next word may stand
    for (const EntityId entity : entities) {
      for (const std::uint32_t place : look.index.timers().of(entity)) {
        const TimerTrack& track = look.index.timers().track(place);
        if (track.field != kind.field) continue;
        auto change = std::partition_point(track.changes.begin(), track.changes.end(),
                                           [&](const TimerChange& c) { return c.at < scale.from; });
        if (change != track.changes.begin()) --change;
        float last_x = -1e9f;  // bars of less than a pixel are drawn as one
        for (; change != track.changes.end() && change->at < to; ++change) {
          const auto next = change + 1;
          if (change->fired && change->at >= scale.from) {
            const ImVec2 at{scale.x_of(change->at), (top + bottom) * 0.5f};
            const float alpha = change->at > look.at ? 0.34f : 1.0f;
            list.AddCircleFilled(at, skin.px(4.5f), skin(Colour::panel));
            list.AddCircleFilled(at, skin.px(3.5f), skin(kind.colour, alpha));
            drew = true;
          }
          if (change->deadline == 0) continue;
          const bool running = change->at <= look.at && (next == track.changes.end() || next->at > look.at);
          std::int64_t end = next == track.changes.end() ? std::max(look.at, change->at) : next->at;
          if (running) end = look.at;  // what comes of it is not known yet
          const float x0 = std::max(scale.x_of(change->at), scale.left);
          float x1 = std::min(scale.x_of(end), scale.right);
          if (x1 < scale.left) continue;
          if (x1 >= last_x + 1 || running) {
            const float alpha = change->at > look.at ? 0.12f : 0.3f;
            list.AddRectFilled({std::max(x0, last_x), top}, {std::max(x1, x0 + 1), bottom}, skin(kind.colour, alpha));
            if (x0 > last_x + 2)
              list.AddRectFilled({x0, top}, {x0 + skin.px(1.5f), bottom}, skin(kind.colour, alpha * 2));
            last_x = x1;
            drew = true;
          }
          if (running) {
            const float due = std::min(scale.x_of(change->deadline), scale.right);
            list.AddRect({x1, top}, {std::max(due, x1 + 1), bottom}, skin(kind.colour, 0.7f));
            if (change->deadline < to)
              list.AddCircle({due, (top + bottom) * 0.5f}, skin.px(3.5f), skin(kind.colour), 0, skin.px(1.4f));
            x1 = std::max(x1, due);
          }
          const float word = measure(skin.fonts.tiny, kind.word).x;
          if (x1 - x0 > word + skin.px(10) && x0 > free_from) {
            const float alpha = change->at > look.at ? 0.5f : 1.0f;
            words.push_back({{x0 + skin.px(5), (top + bottom) * 0.5f}, kind.word, kind.colour, alpha});
            free_from = x0 + word + skin.px(16);
          }
          if (hovered && mouse.x >= x0 && mouse.x <= std::max(x1, x0 + 3) && mouse.y >= top - 2 &&
              mouse.y <= bottom + 3) {
            ImGui::PushFont(skin.fonts.small);
            const std::string fate = running                       ? "runs"
                                     : next == track.changes.end() ? "ran on"
                                     : next->fired                 ? "went off"
                                     : next->deadline == 0         ? "was cancelled"
                                                                   : "was set anew";
            ImGui::SetTooltip("%s", fmt::format("{} of {}: set at {:.6f} s to {}, {}\n{}", kind.word, look.name(entity),
                                                static_cast<double>(change->at) / 1e9,
                                                seconds_text(change->deadline - change->at), fate, kind.says)
                                        .c_str());
            ImGui::PopFont();
          }
        }
      }
    }
    row += drew ? 1 : 0;
  }
}

}  // namespace wirelab::gui
