#include "gui/views/group_list.hpp"

#include <vector>

#include "gui/controls.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {
void GroupList::draw(Look& look, const NodeCards& cards, std::span<const EntityId> members) {
  const Skin& skin = look.skin;
  ImGui::PushFont(skin.fonts.small);
  if (ImGui::BeginPopup("devices of the group")) {
    if (ImGui::IsWindowAppearing()) filter_[0] = 0, ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(skin.px(280));
    ImGui::InputTextWithHint("##name", "a part of the name", filter_, sizeof filter_);
    std::vector<EntityId> shown;
    for (const EntityId node : members) {
      if (look.reader.name(node).find(filter_) != std::string_view::npos) shown.push_back(node);
    }
    explain(skin, shown.empty() ? "Nobody in the group has such a name."
                                : "Choose one: it stands on the canvas by itself then.");
    ImGui::BeginChild("list", {skin.px(280), skin.px(300)});
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(shown.size()));
    while (clipper.Step()) {
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const EntityId node = shown[static_cast<std::size_t>(i)];
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float width = ImGui::GetContentRegionAvail().x - skin.px(6);
        ImGui::PushID(static_cast<int>(node));
        const bool chosen = chosen_line(skin, "device", width, skin.px(22), look.selection.node == node);
        ImGui::PopID();
        ImDrawList& list = *ImGui::GetWindowDrawList();
        const float middle = at.y + skin.px(11);
        text_at(list, skin.fonts.small, at.x + skin.px(4), middle, skin(Colour::text),
                shortened(skin.fonts.small, look.name(node), width * 0.55f));
        text_right(list, skin.fonts.small, at.x + width - skin.px(4), middle, skin(Colour::text_third),
                   cards.subtitle(look, {{node}, look.kind_of(node), 0, 0}));
        if (!chosen) continue;
        select_node(look.selection, node);
        ImGui::CloseCurrentPopup();
      }
    }
    ImGui::EndChild();
    ImGui::EndPopup();
  }
  ImGui::PopFont();
}

}  // namespace wirelab::gui
