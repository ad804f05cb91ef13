// The broker's X-ray: its sessions with their subscriptions, what is in flight and queued, wills that are armed with the time they
// have left, and the retained messages; each with the rule that put it there.
#include <fmt/format.h>

#include <algorithm>

#include "gui/content.hpp"
#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/kept_lines.hpp"
#include "gui/views/session.hpp"
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
    told_.clear();
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
        if (const MessageId message = look.index.in_flight(entity, id, look.at); message != 0)
          row("message in flight", kept_topic(look, message), kept_text(look, message));
      });
      each_value(look, entity, Field::session_received,
                 [&](std::uint32_t id, std::int64_t) { row("received", std::to_string(id), "waits for PUBREL"); });
      for (const MessageId message :
           look.index.queued(entity, look.at, static_cast<std::size_t>(look.value(entity, Field::session_queued))))
        row("queued", kept_topic(look, message), kept_text(look, message));
      if (const std::int64_t will = look.value(entity, Field::session_will); will != 0)
        row("will", kept_topic(look, will), kept_text(look, will));
      if (const std::int64_t due = look.value(entity, Field::session_keepalive_timer); due != 0)
        row("1.5 x keep alive ends at", "seconds", fmt::format("{:.9f}", static_cast<double>(due) / 1e9));
    }
    each_value(look, broker, Field::broker_retained, [&](std::uint32_t topic, std::int64_t message) {
      table.rows.push_back({"", "retained", look.name(topic), kept_text(look, message)});
    });
    return table;
  }

 private:
  // A page of those whose names hold what is sought.
  void all_sessions(Look& look, const std::vector<EntityId>& sessions, const std::string& name) {
    const Skin& skin = look.skin;
    constexpr std::size_t kPage = 40;
    std::vector<EntityId> found;
    if (sessions.size() > kPage) {
      ImGui::PushFont(skin.fonts.small);
      ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - skin.px(14));
      ImGui::InputTextWithHint("##client", "find a client by its identifier", sought_, sizeof sought_);
      ImGui::PopFont();
      for (const EntityId session : sessions) {
        if (look.reader.name(session).substr(name.size() + 1).find(sought_) != std::string_view::npos)
          found.push_back(session);
      }
    }
    const std::vector<EntityId>& all = sessions.size() > kPage ? found : sessions;
    const auto [first, last] = pages(skin, "sessions", all.size(), kPage, page_);
    for (std::size_t i = first; i < last; ++i) draw_session(look, all[i], name, told_);
    if (all.empty() && !sessions.empty()) explain(skin, fmt::format("No client has \"{}\" in its identifier", sought_));
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

  // What fired lately, newest first: a click goes there.
  void fired_wills(Look& look, EntityId broker) {
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
      const bool go = kept_line(look, told_, ImGui::GetContentRegionAvail().x - look.skin.px(14), Colour::error,
                                name.substr(name.find('/') + 1) + ": " + kept_topic(look, r.subject),
                                fmt::format("{} ago", seconds_text(look.at - mark.at, 1)),
                                "The server published it: the connection had ended without DISCONNECT [MQTT-3.1.2-8]");
      ImGui::PopID();
      explain(look.skin,
              fmt::format("{}, since: {}", kept_text(look, r.subject), name_of(static_cast<WillCause>(r.field))));
      if (!go) continue;
      select_record(look.selection, look.reader, look.index, mark.record);
      look.requests.push_back(SeekTo{mark.at});
    }
  }

  void retained(Look& look, EntityId broker) {
    const Skin& skin = look.skin;
    std::vector<std::pair<std::uint32_t, std::int64_t>> all;
    each_value(look, broker, Field::broker_retained,
               [&](std::uint32_t topic, std::int64_t message) { all.emplace_back(topic, message); });
    heading(skin, "Retained messages", fmt::format("{}", all.size()));
    if (all.empty()) {
      explain(skin, "None: nothing was published with RETAIN.");
      return;
    }
    kept_lines(look.skin, all.size(), [&](std::size_t i) {  // there may be very many
      const auto [topic, message] = all[i];
      const bool chosen =
          kept_line(look, told_, ImGui::GetContentRegionAvail().x - skin.px(14), Colour::info, look.name(topic),
                    shortened(skin.fonts.small, kept_text(look, message), skin.px(150)),
                    "The last message with RETAIN of this topic: who subscribes gets it at once [MQTT-3.3.1-6]");
      if (chosen) select_kept(look, message);
    });
  }

  int part_ = 0;  // which part is shown; 0: all
  int page_ = 0;  // of the sessions
  char sought_[64] = {};
  ToldRules told_;
  Subscriptions subscriptions_;
};

}  // namespace

View broker_view() {
  return {"broker", "Broker", Place::right, [view = std::make_shared<Broker>()](Look& look) { view->draw(look); },
          [](Look& look) { return made(Broker::table(look)); }};
}

}  // namespace wirelab::gui
