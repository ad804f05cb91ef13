// What can be done to the world: to the selected node and link, with each action explained in a line, sliders for impairments, and
// publishing or subscribing as any client. Everything is an entry of the journal.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "gui/views/impairments.hpp"

namespace wirelab::gui {
namespace {

class Control {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Dummy({1, skin.px(8)});
    ImGui::Indent(skin.px(16));
    ImGui::PushItemWidth(ImGui::GetContentRegionAvail().x - skin.px(16));
    if (!look.live) {
      heading(skin, "Looking back");
      explain(skin,
              "What you see has happened. Go to the newest instant to act, or fork here: the run begins again up to "
              "this instant, and both branches are kept.");
      ImGui::Dummy({1, skin.px(6)});
    }
    node(look);
    link(look);
    talk(look);
    until(look);
    ImGui::PopItemWidth();
    ImGui::Unindent(skin.px(16));
  }

 private:
  void action(Look& look, const char* label, const char* icon, const char* says, const Intervention& what) {
    if (text_button(look.skin, label, icon) && look.live) look.requests.push_back(what);
    explain(look.skin, says);
    ImGui::Dummy({1, look.skin.px(2)});
  }

  void node(Look& look) {
    const Skin& skin = look.skin;
    const IndexedEntity* entity = look.index.find(look.selection.node);
    if (entity == nullptr) {
      if (look.selection.link != 0) return;
      heading(skin, "Touch the world");
      explain(skin,
              "Click a node or a link on the canvas. What you do to it is written into the journal, so the session can "
              "be saved and replayed exactly.");
      ImGui::Dummy({1, skin.px(10)});
      return;
    }
    const std::string name = look.name(entity->entity);
    heading(skin, name,
            entity->kind == EntityKind::broker         ? "broker"
            : entity->kind == EntityKind::device       ? "device"
            : entity->kind == EntityKind::name_server  ? "name server"
            : entity->kind == EntityKind::web_server   ? "web server"
            : entity->kind == EntityKind::access_point ? "access point"
                                                       : "router");
    const bool power = look.value(entity->entity, Field::node_up) != 0;
    if (power) {
      action(look, "Pull the plug", icon::power,
             "No power: nobody is told, memory is gone. Peers find out by keep alive.", PowerOff{name});
      if (!is_router(entity->kind)) {
        action(look, "Crash", icon::bolt, "The process dies; its system closes the connections, so peers hear at once.",
               Crash{name});
        action(look, "Stop", icon::close,
               entity->kind == EntityKind::broker ? "Wills are published, connections closed; stored sessions stay."
               : entity->kind == EntityKind::web_server ? "Connections are closed; what is stored stays."
                                                        : "DISCONNECT is sent: no will.",
               Stop{name});
      }
    }
    if (power && entity->kind == EntityKind::nat)
      action(look, "Forget all bindings", icon::close,
             "The table of translations is lost; who spoke through it finds out alone.", ForgetBindings{name});
    if (power && entity->kind == EntityKind::name_server) {
      const bool failing = look.value(entity->entity, Field::dns_failing) != 0;
      action(look, failing ? "Answer again" : "Answer with failure", failing ? icon::restart : icon::close,
             failing ? "Questions are answered again." : "Every question is answered: server failure.",
             FailNames{name, !failing});
    }
    if (power && look.value(entity->entity, Field::wifi_point) != 0)
      action(look, "Send out of the Wi-Fi", icon::close,
             "The access point deauthenticates it: address and connections are gone, and it may come back.",
             Deauthenticate{name});
    if (entity->kind == EntityKind::access_point || look.value(entity->entity, Field::wifi_state) != 0)
      place(look, entity->entity, name);
    action(look, "Restart", icon::restart,
           entity->kind == EntityKind::broker       ? "Power on, and the broker begins anew with what it had stored."
           : entity->kind == EntityKind::web_server ? "Power on, and the server begins anew."
           : is_router(entity->kind)                ? "Power on again."
                                                    : "Power on, and the program from its beginning.",
           Restart{name});
    // Sensors: those that have a value at this instant.
    for (const IndexedEntity& e : look.index.entities()) {
      if (e.kind != EntityKind::sensor || e.node != entity->entity) continue;
      const std::string sensor = look.name(e.entity).substr(name.size() + 1);
      // While it is dragged it shows what it will read; the journal gets one entry, at the end.
      const auto now = static_cast<float>(std::bit_cast<double>(look.value(e.entity, Field::sensor_value)));
      float value = dragged_ == e.entity ? reading_ : now;
      ImGui::PushID(static_cast<int>(e.entity));
      ImGui::PushFont(skin.fonts.small);
      ImGui::DragFloat("##sensor", &value, std::max(0.05f, std::abs(value) * 0.005f), 0, 0,
                       (sensor + "  %.2f").c_str());
      if (ImGui::IsItemActive()) {
        dragged_ = e.entity, reading_ = value;
      } else if (dragged_ == e.entity) {
        dragged_ = 0;
      }
      if (ImGui::IsItemDeactivatedAfterEdit() && look.live)
        look.requests.push_back(Intervention{SetSensor{name, sensor, static_cast<double>(value)}});
      tip(skin, "Drag, or type after a double click: the sensor reads this from now on");
      ImGui::PopFont();
      ImGui::PopID();
    }
    ImGui::Dummy({1, skin.px(8)});
  }

  // Where it stands, in metres: dragged, it is carried.
  void place(Look& look, EntityId node, const std::string& name) {
    const Skin& skin = look.skin;
    if (placed_ != node || !ImGui::IsMouseDown(0)) {
      placed_ = node;
      place_[0] = static_cast<float>(std::bit_cast<double>(look.value(node, Field::place_x)));
      place_[1] = static_cast<float>(std::bit_cast<double>(look.value(node, Field::place_y)));
    }
    ImGui::PushFont(skin.fonts.small);
    ImGui::DragFloat2("##place", place_, 0.5f, -100'000, 100'000, "%.1f m");
    if (ImGui::IsItemDeactivatedAfterEdit() && look.live)
      look.requests.push_back(
          Intervention{MoveNode{name, static_cast<double>(place_[0]), static_cast<double>(place_[1])}});
    tip(skin, "Its place, across and down: drag, or type after a double click");
    ImGui::PopFont();
    explain(skin, "Where it stands: distance decides how well it is heard.");
    ImGui::Dummy({1, skin.px(2)});
  }

  void link(Look& look) {
    const Skin& skin = look.skin;
    std::vector<EntityId> channels;
    for (const IndexedChannel& c : look.index.channels()) {
      if (c.link == look.selection.link) channels.push_back(c.entity);
    }
    if (channels.size() < 2) return;
    // What the sliders act on, and show: both directions (they show the first), or one.
    const EntityId channel = channels[direction_ == 2 ? 1 : 0];
    const std::string name = look.name(look.selection.link);
    const bool hop = look.kind_of(channel) == EntityKind::hop;
    heading(skin, name, hop ? "hop" : "link");
    if (look.value(channel, Field::link_up) != 0) {
      action(look, "Cut the cable", icon::cut, "What is under way is lost; neither end is told.", CutLink{name});
    } else {
      action(look, "Mend the cable", icon::restart, "Packets pass again; TCP finds out by its timers.",
             RestoreLink{name});
    }
    std::string acted_on = name;
    const auto ns = [](float ms) {
      return Duration::nanoseconds(static_cast<std::int64_t>(static_cast<double>(ms) * 1e6));
    };
    const auto slider = [&](const char* id, float& value, float most, const char* format, LinkOption option) {
      ImGui::SliderFloat(id, &value, 0, most, format, ImGuiSliderFlags_AlwaysClamp);
      if (!ImGui::IsItemDeactivatedAfterEdit() || !look.live) return;
      const bool time = info_of(option).unit == LinkUnit::time;
      look.requests.push_back(Intervention{SetImpairment{
          acted_on,
          {time ? LinkChange::of(option, ns(value)) : LinkChange::of(option, static_cast<double>(value) / 100)}}});
    };
    const auto percent = [&](Field field, LinkOption option) {
      const auto key = field == Field::link_option ? static_cast<std::uint32_t>(option) : 0;
      return static_cast<float>(std::bit_cast<double>(look.value(channel, field, key)) * 100);
    };
    const bool follows = slid_ != look.selection.link || !ImGui::IsMouseDown(0);
    if (hop) {
      if (follows) {
        slid_ = look.selection.link;
        loss_ = percent(Field::link_loss, LinkOption::loss);
        corrupt_ = percent(Field::link_option, LinkOption::corrupt);
      }
      ImGui::PushFont(skin.fonts.small);
      if (name.ends_with("(serial)")) {
        slider("##corrupt", corrupt_, 5, "bits turned %.2f %%", LinkOption::corrupt);
      } else {
        slider("##loss", loss_, 100, "frames lost %.1f %%", LinkOption::loss);
      }
      ImGui::PopFont();
      explain(skin,
              "It carries no IP: messages or bytes from one program to another. A radio that is cut is out of reach.");
      return;
    }
    if (follows) {
      slid_ = look.selection.link;
      loss_ = percent(Field::link_loss, LinkOption::loss);
      duplicate_ = percent(Field::link_option, LinkOption::duplicate);
      corrupt_ = percent(Field::link_option, LinkOption::corrupt);
      reorder_ = percent(Field::link_option, LinkOption::reorder);
      delay_ = static_cast<float>(look.value(channel, Field::link_delay)) / 1e6f;
      jitter_ = static_cast<float>(look.value(channel, Field::link_jitter)) / 1e6f;
      rate_ = static_cast<float>(look.value(channel, Field::link_rate)) / 1e3f;
    }
    constexpr const char* directions[] = {"both", "there", "back"};
    segments(skin, "direction", directions, direction_, 28);
    tip(skin, fmt::format("Both directions, {} or {}", look.name(channels[0]), look.name(channels[1])).c_str());
    if (direction_ != 0) acted_on = look.name(channel);
    ImGui::PushFont(skin.fonts.small);
    slider("##loss", loss_, 50, "loss %.1f %%", LinkOption::loss);
    slider("##delay", delay_, 500, "delay %.0f ms", LinkOption::delay);
    slider("##jitter", jitter_, 200, "jitter %.0f ms", LinkOption::jitter);
    // The air gives a station's frames their rate and their retries; netem's other words do nothing there.
    const IndexedChannel* shown = look.index.channel(channel);
    if (shown != nullptr && is_wireless(look, *shown)) {
      ImGui::PopFont();
      explain(skin, "Its rate and its errors come from the distance and the air; these come on top.");
      ImGui::Dummy({1, skin.px(8)});
      return;
    }
    slider("##duplicate", duplicate_, 50, "doubled %.1f %%", LinkOption::duplicate);
    slider("##corrupt", corrupt_, 50, "corrupted %.1f %%", LinkOption::corrupt);
    slider("##reorder", reorder_, 50, "overtaking %.1f %%", LinkOption::reorder);
    constexpr float kSlowest = 1, kFastest = 1'000'000;  // kbit/s
    if (rate_ == 0) rate_ = kFastest;                    // not limited
    ImGui::SliderFloat("##rate", &rate_, kSlowest, kFastest,
                       rate_ >= kFastest ? "rate not limited" : "rate %.0f kbit/s",
                       ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_Logarithmic);
    if (ImGui::IsItemDeactivatedAfterEdit() && look.live) {
      const std::int64_t bits = rate_ >= kFastest ? 0 : static_cast<std::int64_t>(rate_) * 1000;
      look.requests.push_back(Intervention{SetImpairment{acted_on, {LinkChange{LinkOption::rate, bits}}}});
    }
    ImGui::PopFont();
    explain(skin, "What is under way keeps its times.");
    ImGui::Dummy({1, skin.px(8)});
  }

  void talk(Look& look) {
    const Skin& skin = look.skin;
    const IndexedEntity* entity = look.index.find(look.selection.node);
    if (entity == nullptr || entity->kind != EntityKind::device) return;
    const std::string name = look.name(entity->entity);
    heading(skin, "Publish or subscribe as " + name);
    ImGui::PushFont(skin.fonts.small);
    ImGui::InputTextWithHint("##topic", "topic or filter", topic_, sizeof topic_);
    ImGui::InputTextWithHint("##payload", "payload", payload_, sizeof payload_);
    ImGui::PopFont();
    constexpr const char* words[] = {"QoS 0", "QoS 1", "QoS 2"};
    segments(skin, "qos", words, qos_);
    ImGui::SameLine();
    ImGui::PushFont(skin.fonts.small);
    if (ImGui::GetContentRegionAvail().x < skin.px(90)) {
      ImGui::NewLine();
    } else {
      ImGui::SetCursorPosY(ImGui::GetCursorPosY() + skin.px(7));  // in the middle of the row
    }
    check_box(skin, "RETAIN", retain_);
    ImGui::PopFont();
    if (text_button(skin, "Publish", nullptr, true) && look.live && topic_[0] != 0)
      look.requests.push_back(
          Intervention{PublishAs{name, topic_, payload_, static_cast<std::uint8_t>(qos_), retain_}});
    ImGui::SameLine();
    if (text_button(skin, "Subscribe") && look.live && topic_[0] != 0)
      look.requests.push_back(Intervention{SubscribeAs{name, topic_, static_cast<std::uint8_t>(qos_)}});
    if (text_button(skin, "Unsubscribe") && look.live && topic_[0] != 0)
      look.requests.push_back(Intervention{UnsubscribeAs{name, topic_}});
  }

  void until(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Dummy({1, skin.px(8)});
    heading(skin, "Run until");
    ImGui::PushFont(skin.fonts.small);
    const bool entered = ImGui::InputTextWithHint("##until", "wills > 0", condition_, sizeof condition_,
                                                  ImGuiInputTextFlags_EnterReturnsTrue);
    ImGui::PopFont();
    if ((text_button(skin, "Run##until", icon::play) || entered) && condition_[0] != 0)
      look.requests.push_back(RunUntil{condition_});
    constexpr std::pair<const char*, const char*> ready[] = {{"a will fires", "since.wills > 0"},
                                                             {"a message is lost", "since.lost > 0"},
                                                             {"TCP sends again", "since.retransmissions > 0"},
                                                             {"queue > 5", "queue > 5"}};
    for (const auto& [words, condition] : ready) {
      ImGui::SameLine();
      if (ImGui::GetContentRegionAvail().x < measure(skin.fonts.small_strong, words).x + skin.px(46)) ImGui::NewLine();
      if (text_button(skin, words)) std::snprintf(condition_, sizeof condition_, "%s", condition);
    }
    explain(
        skin,
        "A Lua expression over counters such as lost, delivered, packets_dropped, or the same since now: since.lost; "
        "also now(), queue (the longest) and queue_of(\"home>hub\").");
  }

  EntityId slid_ = 0, placed_ = 0, dragged_ = 0;
  float reading_ = 0;  // of the sensor that is dragged
  float place_[2] = {};
  float loss_ = 0, delay_ = 0, jitter_ = 0, duplicate_ = 0, corrupt_ = 0, reorder_ = 0, rate_ = 0;
  int direction_ = 0;
  char topic_[128] = "";
  char payload_[256] = "";
  int qos_ = 0;
  bool retain_ = false;
  char condition_[128] = "";
};

}  // namespace

View control_view() {
  return {"control", "Touch", Place::left, [view = std::make_shared<Control>()](Look& look) { view->draw(look); }};
}

}  // namespace wirelab::gui
