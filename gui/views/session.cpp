#include "gui/views/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/controls.hpp"
#include "gui/paint.hpp"
#include "sim/protocol/mqtt/qos.hpp"

namespace wirelab::gui {
namespace {

// The node whose client has this session: where the session last sent something to.
EntityId client_node(const Look& look, EntityId session) {
  const auto& all = look.index.exchanges();
  for (std::size_t i = look.index.exchanges_before(look.at + 1); i > 0; --i) {
    if (all[i - 1].from == session && all[i - 1].to_node != 0) return all[i - 1].to_node;
  }
  return 0;
}

// What is left of 1.5 times the keep alive, as a bar that runs out.
void countdown(Look& look, ToldRules& told, float room, EntityId session, std::int64_t deadline, bool will) {
  const Skin& skin = look.skin;
  const std::int64_t left = deadline - look.at;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float middle = at.y + skin.px(10);
  // The whole of it began with the client's last packet, when the timer was set.
  const TimerTrack* track = look.index.timers().find(session, Field::session_keepalive_timer);
  const TimerChange* set = track == nullptr ? nullptr : track->at(look.at);
  const std::int64_t whole = set == nullptr ? left : std::max<std::int64_t>(deadline - set->at, 1);
  const bool late = left < whole / 4;
  const std::string text = fmt::format("keep alive ends in {}", seconds_text(left, 1));
  text_at(list, skin.fonts.small, at.x, middle, skin(late ? Colour::error : Colour::text_second), text);
  text_right(list, skin.fonts.small, at.x + room, middle, skin(Colour::text_third),
             fmt::format("of {}{}", seconds_text(whole, 1), will ? ", then the will" : ""));
  const float part = std::clamp(static_cast<float>(left) / static_cast<float>(whole), 0.0f, 1.0f);
  const float y = at.y + skin.px(22);
  list.AddRectFilled({at.x, y}, {at.x + room, y + skin.px(4)}, skin(Colour::raised), skin.px(2));
  list.AddRectFilled({at.x, y}, {at.x + room * part, y + skin.px(4)}, skin(late ? Colour::error : Colour::accent),
                     skin.px(2));
  ImGui::InvisibleButton("countdown", {room, skin.px(30)});
  constexpr const char* rule =
      "One and a half times the keep alive after the client's last packet the server closes the connection "
      "[MQTT-3.1.2-24]";
  tip(skin, rule);
  if (told.tell(rule)) explain(skin, rule, Colour::text_third);
}

void in_flight(Look& look, EntityId session, float room, ToldRules& told) {
  each_value(look, session, Field::session_inflight, [&](std::uint32_t id, std::int64_t state) {
    const MessageId message = look.index.in_flight(session, id, look.at);
    const bool chosen =
        kept_line(look, told, room, Colour::qos2, fmt::format("in flight {}: {}", id, kept_topic(look, message)),
                  mqtt::name_of(static_cast<mqtt::SendState>(state)),
                  "Sent and not acknowledged; sent again only after a reconnection [MQTT-4.4.0-1]");
    if (message == 0) return;
    explain(look.skin, kept_text(look, message));
    if (chosen) select_kept(look, message);
  });
}

void queue(Look& look, EntityId session, float room, bool connected, ToldRules& told) {
  const auto count = static_cast<std::size_t>(look.value(session, Field::session_queued));
  if (count == 0) return;
  kept_line(look, told, room, Colour::warning, fmt::format("{} queued", count),
            connected ? "the window is full" : "no connection",
            "Messages wait in order until the client is back or the window has room [MQTT-4.6.0-6]");
  const std::vector<MessageId> waiting = look.index.queued(session, look.at, count);
  ImGui::PushID("queue");
  kept_lines(look.skin, waiting.size(), [&](std::size_t i) {
    ImGui::PushID(static_cast<int>(i));
    const bool chosen =
        kept_line(look, told, room, Colour::warning, kept_topic(look, waiting[i]),
                  shortened(look.skin.fonts.small, kept_text(look, waiting[i]), look.skin.px(130)),
                  "Of QoS 1 or 2, with a subscription that selects it: kept for the session [MQTT-3.1.2-5]");
    ImGui::PopID();
    if (chosen) select_kept(look, waiting[i]);
  });
  ImGui::PopID();
}

}  // namespace

void draw_session(Look& look, EntityId entity, const std::string& broker, ToldRules& told) {
  const Skin& skin = look.skin;
  const std::string client = look.name(entity).substr(broker.size() + 1);
  const bool connected = look.value(entity, Field::session_connected) != 0;
  const bool clean = look.value(entity, Field::session_clean) != 0;
  const std::int64_t deadline = look.value(entity, Field::session_keepalive_timer);
  const std::int64_t will = look.value(entity, Field::session_will);
  ImGui::PushID(static_cast<int>(entity));
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float middle = at.y + skin.px(13);
  if (connected) {
    list.AddCircleFilled({at.x + skin.px(6), middle}, skin.px(4.5f), skin(Colour::ok));
  } else {
    list.AddCircle({at.x + skin.px(6), middle}, skin.px(4.5f), skin(Colour::warning), 0, skin.px(1.8f));
  }
  const std::string state = fmt::format("{}, {}", connected ? "connected" : "stored", clean ? "clean" : "persistent");
  const float left = room - skin.px(28) - measure(skin.fonts.small, state).x;
  text_at(list, skin.fonts.small_strong, at.x + skin.px(18), middle, skin(Colour::text),
          shortened(skin.fonts.small_strong, client, left));
  text_right(list, skin.fonts.small, at.x + room, middle, skin(Colour::text_third), state);
  if (chosen_line(skin, "session", room, skin.px(26), false)) {
    if (const EntityId node = client_node(look, entity); node != 0) select_node(look.selection, node);
  }
  const char* kind = clean ? "Clean session: all of this ends with the connection [MQTT-3.1.2-6]"
                           : "Persistent session: subscriptions and messages of QoS 1 and 2 are kept without a "
                             "connection [MQTT-3.1.2-4, -5]";
  tip(skin, kind);
  ImGui::Indent(skin.px(18));
  if (told.tell(kind)) explain(skin, kind, Colour::text_third);
  const float inner = room - skin.px(18);
  each_value(look, entity, Field::session_subscription, [&](std::uint32_t filter, std::int64_t granted) {
    kept_line(look, told, inner, Colour::qos1, look.name(filter), fmt::format("granted QoS {}", granted - 1),
              "A subscription: the server may send at most at this QoS [MQTT-3.8.4-6]");
  });
  in_flight(look, entity, inner, told);
  each_value(look, entity, Field::session_received, [&](std::uint32_t id, std::int64_t) {
    kept_line(look, told, inner, Colour::qos2, fmt::format("received, id {}", id), "waits for PUBREL",
              "QoS 2: the identifier is kept, so that a repetition is not delivered twice [MQTT-4.3.3-2]");
  });
  queue(look, entity, inner, connected, told);
  if (deadline > 0 && connected) countdown(look, told, inner, entity, deadline, will != 0);
  if (will != 0) {
    kept_line(look, told, inner, Colour::error, "will armed", kept_topic(look, will),
              "Published by the server if the connection ends without DISCONNECT [MQTT-3.1.2-8]");
    explain(skin, kept_text(look, will));
  }
  ImGui::Unindent(skin.px(18));
  ImGui::PopID();
}

}  // namespace wirelab::gui
