#include "gui/views/subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gui/controls.hpp"
#include "gui/paint.hpp"
#include "sim/view/subscription_tree.hpp"

namespace wirelab::gui {
namespace {

std::string who(const Look& look, const SubscriptionTree::Level& level, const std::string& broker) {
  if (level.subscribers.empty()) return {};
  if (level.subscribers.size() > 1) return fmt::format("{} sessions", level.subscribers.size());
  const auto& only = level.subscribers.front();
  return fmt::format("{}, QoS {}", look.name(only.session).substr(broker.size() + 1), only.qos);
}

}  // namespace

void Subscriptions::draw(Look& look, const std::string& broker, std::span<const EntityId> sessions) {
  const Skin& skin = look.skin;
  SubscriptionTree tree;
  std::size_t count = 0;
  for (const EntityId session : sessions) {
    each_value(look, session, Field::session_subscription, [&](std::uint32_t filter, std::int64_t granted) {
      tree.add(look.reader.name(filter), session, static_cast<int>(granted) - 1);
      ++count;
    });
  }
  heading(skin, "Subscriptions", fmt::format("{}", count));
  if (count == 0) {
    explain(skin, "None: nobody has subscribed.");
    return;
  }
  const Exchange* selected = look.selected_exchange();
  const std::string of_selected = selected == nullptr ? "" : topic_of(look, *selected);
  ImGui::PushFont(skin.fonts.small);
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - skin.px(14));
  ImGui::InputTextWithHint("##topic", of_selected.empty() ? "a topic: its path lights up" : of_selected.c_str(), topic_,
                           sizeof topic_);
  ImGui::PopFont();
  const std::string topic = topic_[0] != 0 ? topic_ : of_selected;
  if (!topic.empty()) {
    const std::size_t lit = tree.light(topic);
    explain(skin, fmt::format("{} is selected by {} subscription{}{}", topic, lit, lit == 1 ? "" : "s",
                              topic_[0] == 0 ? ": the selected message" : ""));
  }
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
  const auto levels = tree.listed();
  const auto draw_level = [&](std::size_t i) {
    const SubscriptionTree::Level& level = *levels[i];
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float middle = at.y + skin.px(11);
    const float x = at.x + skin.px(10 + 16 * static_cast<float>(level.depth));
    if (level.lit) {
      list.AddRectFilled({at.x, at.y + skin.px(1)}, {at.x + room, at.y + skin.px(21)}, skin(Colour::accent, 0.16f),
                         skin.px(4));
      // A bar beside what leads there, a whole disc where a filter ends that selects it.
      list.AddRectFilled({at.x, at.y + skin.px(1)}, {at.x + skin.px(3), at.y + skin.px(21)}, skin(Colour::accent));
    }
    const std::string name = level.name.empty() ? "(empty level)" : level.name;
    if (level.selects) list.AddCircleFilled({x - skin.px(5), middle}, skin.px(3), skin(Colour::accent));
    const std::string right = who(look, level, broker);
    const float used = text_at(list, skin.fonts.mono_small, x + skin.px(2), middle,
                               skin(level.lit                   ? Colour::accent
                                    : level.subscribers.empty() ? Colour::text_third
                                                                : Colour::text),
                               name);
    text_right(list, skin.fonts.small, at.x + room - skin.px(4), middle, skin(Colour::text_second),
               shortened(skin.fonts.small, right, room - (x - at.x) - used - skin.px(16)));
    ImGui::PushID(static_cast<int>(i));
    ImGui::InvisibleButton("level", {room, skin.px(22)});
    ImGui::PopID();
    if (name == "+") tip(skin, "+ stands for one whole level [MQTT-4.7.1-3]");
    if (name == "#") tip(skin, "# stands for its parent and everything below [MQTT-4.7.1-2]");
  };
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(levels.size()), skin.px(22) + ImGui::GetStyle().ItemSpacing.y);
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) draw_level(static_cast<std::size_t>(i));
  }
}

}  // namespace wirelab::gui
