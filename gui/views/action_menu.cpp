#include "gui/views/action_menu.hpp"

#include <utility>

#include "gui/controls.hpp"

namespace wirelab::gui {

void draw_action_menu(Look& look, const Target& target) {
  ImGui::PushFont(look.skin.fonts.small);
  if (ImGui::BeginPopup("what to do")) {
    if (!look.live) ImGui::TextDisabled("looking back: go to the newest instant, or fork here, to act");
    const auto entry = [&](const char* label, const char* says, auto&& make) {
      if (ImGui::MenuItem(label, nullptr, false, look.live)) look.requests.push_back(Intervention{make()});
      tip(look.skin, says);
    };
    const std::string name = look.name(target.entity);
    ImGui::TextDisabled("%s", name.c_str());
    ImGui::Separator();
    if (target.kind == TargetKind::node) {
      entry("Pull the plug", "No power: nothing is sent any more, nobody is told, memory is gone",
            [&] { return PowerOff{name}; });
      const IndexedEntity* entity = look.index.find(target.entity);
      if (entity != nullptr && !is_router(entity->kind)) {
        entry("Crash the process", "The process dies; its operating system closes the connections",
              [&] { return Crash{name}; });
        entry("Stop it properly", "A client says DISCONNECT; a broker publishes the wills and keeps stored sessions",
              [&] { return Stop{name}; });
      }
      if (entity != nullptr && entity->kind == EntityKind::nat)
        entry("Forget all bindings", "The table of translations is lost", [&] { return ForgetBindings{name}; });
      if (look.value(target.entity, Field::wifi_point) != 0)
        entry("Send it out of the Wi-Fi", "Its access point deauthenticates it; it may come back",
              [&] { return Deauthenticate{name}; });
      entry("Restart", "Power on, and the program begins from its beginning", [&] { return Restart{name}; });
    } else if (target.kind == TargetKind::link) {
      bool up = true;
      for (const IndexedChannel& channel : look.index.channels()) {
        if (channel.link == target.entity) up = look.value(channel.entity, Field::link_up) != 0;
      }
      if (up) {
        entry("Cut the cable", "What is under way is lost; neither end is told", [&] { return CutLink{name}; });
      } else {
        entry("Mend the cable", "Packets pass again; TCP finds out by itself", [&] { return RestoreLink{name}; });
      }
    } else if (target.kind == TargetKind::packet) {
      if (ImGui::MenuItem("Why late, lost, twice?")) {
        select_packet(look.selection, look.index, target.packet);
        look.requests.push_back(ShowView{"journey"});
      }
      tip(look.skin, "The journey of the message that it carries (j)");
      entry("Drop this packet", "It is taken out; TCP notices by itself", [&] {
        return DropPacket{name, target.packet};
      });
      for (const auto& [label, by] :
           {std::pair{"Delay it by 20 ms", 20}, {"Delay it by 200 ms", 200}, {"Delay it by 2 s", 2000}})
        entry(label, "Later packets overtake it", [&] {
          return DelayPacket{name, target.packet, Duration::milliseconds(by)};
        });
      entry("Double it", "A copy arrives right behind it", [&] { return DuplicatePacket{name, target.packet}; });
    }
    ImGui::EndPopup();
  }
  ImGui::PopFont();
}

}  // namespace wirelab::gui
