#include "gui/views/canvas_legend.hpp"

#include <utility>

#include "gui/controls.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {

bool draw_legend(const Skin& skin, ImDrawList& list, ImVec2 origin, ImVec2 size, ShownLayers& layers) {
  constexpr std::pair<Colour, const char*> entries[] = {{Colour::qos0, "QoS 0"},
                                                        {Colour::qos1, "QoS 1"},
                                                        {Colour::qos2, "QoS 2"},
                                                        {Colour::ok, "ack"},
                                                        {Colour::info, "other"},
                                                        {Colour::error, "lost"}};
  const float y = origin.y + size.y - skin.px(24);
  const bool tight = size.x < skin.px(760);  // the legend stands above the switches then
  const float legend_y = tight ? y - skin.px(34) : y;
  float x = origin.x + skin.px(16);
  float width = skin.px(16);
  for (const auto& [colour, word] : entries) width += measure(skin.fonts.small, word).x + skin.px(30);
  list.AddRectFilled({x, legend_y - skin.px(14)}, {x + width, legend_y + skin.px(14)}, skin(Colour::panel), skin.px(8));
  list.AddRect({x, legend_y - skin.px(14)}, {x + width, legend_y + skin.px(14)}, skin(Colour::line), skin.px(8));
  x += skin.px(16);
  for (const auto& [colour, word] : entries) {
    if (colour == Colour::error) {
      const float d = skin.px(4);
      list.AddLine({x - d, legend_y - d}, {x + d, legend_y + d}, skin(colour), skin.px(2));
      list.AddLine({x - d, legend_y + d}, {x + d, legend_y - d}, skin(colour), skin.px(2));
    } else {
      packet_sign(list, skin, {x, legend_y}, skin.px(5), colour);
    }
    x += skin.px(10) + text_at(list, skin.fonts.small, x + skin.px(10), legend_y, skin(Colour::text_second), word) +
         skin.px(20);
  }
  const float right = origin.x + size.x - skin.px(16);
  const float tall = skin.px(34);
  ImGui::SetCursorScreenPos({right - skin.px(262), y - skin.px(12)});
  ImGui::PushFont(skin.fonts.small);
  check_box(skin, "MQTT", layers.mqtt);
  tip(skin, "Discs, rings and triangles: control packets by name. Off: what carries them is shown by the layers below");
  ImGui::SameLine();
  check_box(skin, "TCP", layers.tcp);
  tip(skin, "Diamonds: segments with flags and length");
  ImGui::SameLine();
  check_box(skin, "frame", layers.frames);
  tip(skin, "Squares: any packet with its size, ICMP and UDP among them");
  ImGui::PopFont();
  ImGui::SetCursorScreenPos({right - skin.px(32), y - tall * 0.5f});
  return icon_button(skin, "fit", icon::fit, "fit", "Fit all into the canvas (f)", 32);
}

}  // namespace wirelab::gui
