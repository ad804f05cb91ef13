// The broker's X-ray: its sessions with their subscriptions, what is in flight and queued, wills that are armed with the time they
// have left, and the retained messages; each with the rule that put it there.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gui/content.hpp"
#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/subscriptions.hpp"
#include "sim/protocol/mqtt/qos.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab::gui {
namespace {

class Broker {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Indent(skin.px(14));
    const EntityId broker = choose(look);
    if (broker == 0) {
      explain(skin, "There is no broker in this world.");
      ImGui::Unindent(skin.px(14));
      return;
    }
    const std::string name = look.name(broker);
    const std::vector<EntityId> sessions = sessions_of(look, broker);
    heading(skin, name, fmt::format("{} session{}", sessions.size(), sessions.size() == 1 ? "" : "s"));
    constexpr const char* words[] = {"All", "Sessions", "Subscriptions", "Retained"};
    segments(skin, "part", words, part_, 28);
    ImGui::Dummy({1, skin.px(2)});
    if (part_ == 0 || part_ == 1) all_sessions(look, sessions, name);
    if (part_ == 0 || part_ == 2) subscriptions_.draw(look, name, sessions);
    if (part_ == 0) ImGui::Dummy({1, skin.px(6)});
    if (part_ == 0 || part_ == 3) retained(look, broker);
    if (part_ == 0 || part_ == 1) fired_wills(look, broker);
    ImGui::Dummy({1, skin.px(12)});
    ImGui::Unindent(skin.px(14));
  }

  /// A row for each thing that the broker keeps.
  static Table table(Look& look) {
    Table table{{"session", "what", "which", "value"}, {}};
    const EntityId broker = choose(look);
    if (broker == 0) return table;
    const std::string name = look.name(broker);
    for (const EntityId entity : sessions_of(look, broker)) {
      const std::string session = look.name(entity).substr(name.size() + 1);
      const auto row = [&](const char* what, const std::string& which, const std::string& value) {
        table.rows.push_back({session, what, which, value});
      };
      row("connected", "", std::to_string(look.value(entity, Field::session_connected)));
      row("clean", "", std::to_string(look.value(entity, Field::session_clean)));
      each_value(look, entity, Field::session_subscription, [&](std::uint32_t filter, std::int64_t granted) {
        row("subscription", look.name(filter), fmt::format("QoS {}", granted - 1));
      });
      each_value(look, entity, Field::session_inflight, [&](std::uint32_t id, std::int64_t state) {
        row("in flight", std::to_string(id), std::string(mqtt::name_of(static_cast<mqtt::SendState>(state))));
      });
      each_value(look, entity, Field::session_received,
                 [&](std::uint32_t id, std::int64_t) { row("received", std::to_string(id), "waits for PUBREL"); });
      row("queued", "", std::to_string(look.value(entity, Field::session_queued)));
      if (const std::int64_t will = look.value(entity, Field::session_will); will != 0)
        row("will", topic_of_message(look, will), content_text(look, will));
      if (const std::int64_t due = look.value(entity, Field::session_keepalive_timer); due != 0)
        row("1.5 x keep alive ends at", "seconds", fmt::format("{:.9f}", static_cast<double>(due) / 1e9));
    }
    each_value(look, broker, Field::broker_retained, [&](std::uint32_t topic, std::int64_t message) {
      table.rows.push_back({"", "retained", look.name(topic), content_text(look, message)});
    });
    return table;
  }

 private:
  static std::string content_text(const Look& look, std::int64_t message) {
    const auto content = content_of(look, static_cast<MessageId>(message));
    if (!content) return fmt::format("message {}", message);
    if (content->payload.empty()) return fmt::format("{} bytes", content->size);
    return "\"" + content->payload + "\"";
  }
  static std::string topic_of_message(const Look& look, std::int64_t message) {
    const auto content = content_of(look, static_cast<MessageId>(message));
    return content ? content->topic : "";
  }
  // The node whose client has this session: where the session last sent something to.
  static EntityId client_node(const Look& look, EntityId session) {
    constexpr std::size_t kMost = 20'000;
    const std::size_t before = look.index.exchanges_before(look.at + 1);
    for (std::size_t i = before; i > 0 && i + kMost > before; --i) {
      const Exchange& e = look.index.exchanges()[i - 1];
      if (e.from == session) return e.to_node;
    }
    return 0;
  }

  static void all_sessions(Look& look, const std::vector<EntityId>& sessions, const std::string& name) {
    const Skin& skin = look.skin;
    constexpr std::size_t kMost = 40;
    for (std::size_t i = 0; i < std::min(kMost, sessions.size()); ++i) session(look, sessions[i], name);
    if (sessions.size() > kMost) explain(skin, fmt::format("and {} more", sessions.size() - kMost));
    ImGui::Dummy({1, skin.px(6)});
  }
  static std::vector<EntityId> sessions_of(const Look& look, EntityId broker) {
    std::vector<EntityId> sessions;
    for (const EntityId entity : look.index.belongings(broker)) {
      const IndexedEntity* known = look.index.find(entity);
      if (known->kind == EntityKind::session && exists(look, entity)) sessions.push_back(entity);
    }
    return sessions;
  }

  // The selected broker, or the first.
  static EntityId choose(const Look& look) {
    EntityId first = 0;
    for (const IndexedEntity& e : look.index.entities()) {
      if (e.kind != EntityKind::broker) continue;
      if (e.entity == look.selection.node) return e.entity;
      if (first == 0) first = e.entity;
    }
    return first;
  }
  // A stored one may have nothing that state could tell of it; one that a broker brought along from before has.
  static bool exists(const Look& look, EntityId session) {
    const auto& values = look.state.values();
    const auto at = values.lower_bound({session, Field::none, 0});
    return look.index.session_exists(session, look.at) || (at != values.end() && at->first.entity == session);
  }

  static void session(Look& look, EntityId entity, const std::string& broker) {
    const Skin& skin = look.skin;
    const std::string client = look.name(entity).substr(broker.size() + 1);
    const bool connected = look.value(entity, Field::session_connected) != 0;
    const bool clean = look.value(entity, Field::session_clean) != 0;
    const std::int64_t deadline = look.value(entity, Field::session_keepalive_timer);
    const MessageId will = static_cast<MessageId>(look.value(entity, Field::session_will));
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
    text_at(list, skin.fonts.small_strong, at.x + skin.px(18), middle, skin(Colour::text),
            shortened(skin.fonts.small_strong, client, room * 0.5f));
    text_right(list, skin.fonts.small, at.x + room, middle, skin(Colour::text_third),
               fmt::format("{}, {}", connected ? "connected" : "stored", clean ? "clean" : "persistent"));
    if (chosen_line(skin, "session", room, skin.px(26), false)) {
      if (const EntityId node = client_node(look, entity); node != 0) select_node(look.selection, node);
    }
    tip(skin, clean ? "Clean session: all of this ends with the connection [MQTT-3.1.2-6]"
                    : "Persistent session: subscriptions and messages of QoS 1 and 2 are kept without a connection "
                      "[MQTT-3.1.2-4, -5]");
    ImGui::Indent(skin.px(18));
    const float inner = room - skin.px(18);
    each_value(look, entity, Field::session_subscription, [&](std::uint32_t filter, std::int64_t granted) {
      line(look, inner, Colour::qos1, look.name(filter), fmt::format("granted QoS {}", granted - 1),
           "A subscription: the server may send at most at this QoS [MQTT-3.8.4-6]");
    });
    each_value(look, entity, Field::session_inflight, [&](std::uint32_t id, std::int64_t state) {
      line(look, inner, Colour::qos2, fmt::format("in flight, id {}", id),
           mqtt::name_of(static_cast<mqtt::SendState>(state)),
           "Sent and not acknowledged; sent again only after a reconnection [MQTT-4.4.0-1]");
    });
    each_value(look, entity, Field::session_received, [&](std::uint32_t id, std::int64_t) {
      line(look, inner, Colour::qos2, fmt::format("received, id {}", id), "waits for PUBREL",
           "QoS 2: the identifier is kept, so that a repetition is not delivered twice [MQTT-4.3.3-2]");
    });
    if (const std::int64_t queued = look.value(entity, Field::session_queued); queued > 0)
      line(look, inner, Colour::warning, fmt::format("{} queued", queued),
           connected ? "the window is full" : "no connection",
           "Messages wait in order until the client is back or the window has room [MQTT-4.6.0-6]");
    if (deadline > 0 && connected) countdown(look, inner, entity, deadline, will != 0);
    if (will != 0) {
      line(look, inner, Colour::error, "will armed", topic_of_message(look, will),
           "Published by the server if the connection ends without DISCONNECT [MQTT-3.1.2-8]");
      explain(skin, content_text(look, will));
    }
    ImGui::Unindent(skin.px(18));
    ImGui::PopID();
  }

  // What is left of 1.5 times the keep alive, as a bar that runs out.
  static void countdown(Look& look, float room, EntityId session, std::int64_t deadline, bool will) {
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
    tip(skin,
        "One and a half times the keep alive after the client's last packet the server closes the connection "
        "[MQTT-3.1.2-24]");
  }

  // What fired lately, newest first: a click goes there.
  static void fired_wills(Look& look, EntityId broker) {
    constexpr std::size_t kMost = 8, kSearched = 20'000;
    const auto& marks = look.index.marks();
    const std::size_t before = look.index.marks_before(look.at + 1);
    std::size_t shown = 0;
    for (std::size_t i = before; i > 0 && i + kSearched > before && shown < kMost; --i) {
      const Mark& mark = marks[i - 1];
      const IndexedEntity* session = mark.kind == Kind::will_published ? look.index.find(mark.entity) : nullptr;
      if (session == nullptr || session->node != broker) continue;
      if (shown++ == 0) heading(look.skin, "Wills that fired");
      const Record& r = look.reader.record(mark.record);
      const std::string name = look.name(mark.entity);
      ImGui::PushID(static_cast<int>(mark.record));
      const bool go = line(look, ImGui::GetContentRegionAvail().x - look.skin.px(14), Colour::error,
                           name.substr(name.find('/') + 1) + ": " + topic_of_message(look, r.subject),
                           fmt::format("{} ago", seconds_text(look.at - mark.at, 1)),
                           "The server published it: the connection had ended without DISCONNECT [MQTT-3.1.2-8]");
      ImGui::PopID();
      explain(look.skin,
              fmt::format("{}, since: {}", content_text(look, r.subject), name_of(static_cast<WillCause>(r.field))));
      if (!go) continue;
      select_record(look.selection, look.reader, look.index, mark.record);
      look.requests.push_back(SeekTo{mark.at});
    }
  }

  // True if it was clicked.
  static bool line(Look& look, float room, Colour colour, std::string_view left, std::string_view right,
                   const char* rule) {
    const Skin& skin = look.skin;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float middle = at.y + skin.px(11);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled({at.x, at.y + skin.px(5)}, {at.x + skin.px(3), at.y + skin.px(17)}, skin(colour), skin.px(1.5f));
    const float right_width = measure(skin.fonts.small, right).x;
    text_at(list, skin.fonts.mono_small, at.x + skin.px(10), middle, skin(Colour::text),
            shortened(skin.fonts.mono_small, left, room - right_width - skin.px(24)));
    text_right(list, skin.fonts.small, at.x + room, middle, skin(Colour::text_second), right);
    ImGui::PushID(left.data(), left.data() + left.size());
    const bool pressed = chosen_line(skin, "line", room, skin.px(22), false);
    ImGui::PopID();
    tip(skin, rule);
    return pressed;
  }

  static void retained(Look& look, EntityId broker) {
    const Skin& skin = look.skin;
    std::vector<std::pair<std::uint32_t, std::int64_t>> all;
    each_value(look, broker, Field::broker_retained,
               [&](std::uint32_t topic, std::int64_t message) { all.emplace_back(topic, message); });
    heading(skin, "Retained messages", fmt::format("{}", all.size()));
    if (all.empty()) {
      explain(skin, "None: nothing was published with RETAIN.");
      return;
    }
    for (const auto& [topic, message] : all) {
      if (!ImGui::IsRectVisible({1, skin.px(22)})) {  // there may be very many
        ImGui::Dummy({1, skin.px(22)});
        continue;
      }
      const bool chosen =
          line(look, ImGui::GetContentRegionAvail().x - skin.px(14), Colour::info, look.name(topic),
               shortened(skin.fonts.small, content_text(look, message), skin.px(150)),
               "The last message with RETAIN of this topic: who subscribes gets it at once [MQTT-3.3.1-6]");
      const RecordNumber origin = look.index.origin_of(static_cast<MessageId>(message));
      if (chosen && origin >= look.reader.first()) select_record(look.selection, look.reader, look.index, origin);
    }
  }

  int part_ = 0;  // which part is shown; 0: all
  Subscriptions subscriptions_;
};

}  // namespace

View broker_view() {
  return {"broker", "Broker", Place::right, [view = std::make_shared<Broker>()](Look& look) { view->draw(look); },
          [](Look& look) { return made(Broker::table(look)); }};
}

}  // namespace wirelab::gui
