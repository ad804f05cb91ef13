#include "gui/views/kept_lines.hpp"

#include <fmt/format.h>

#include "gui/content.hpp"
#include "gui/controls.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {

bool kept_line(Look& look, ToldRules& told, float room, Colour colour, std::string_view left, std::string_view right,
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
  if (told.tell(rule)) explain(skin, rule, Colour::text_third);
  return pressed;
}

std::string kept_text(const Look& look, std::int64_t message) {
  const auto content = content_of(look, static_cast<MessageId>(message));
  if (!content) return fmt::format("message {}", message);
  if (content->payload.empty()) return fmt::format("{} bytes", content->size);
  return "\"" + content->payload + "\"";
}

void select_kept(Look& look, std::int64_t message) {
  const RecordNumber origin = look.index.origin_of(static_cast<MessageId>(message));
  if (origin >= look.reader.first() && origin <= look.reader.last())
    select_record(look.selection, look.reader, look.index, origin);
}

std::string kept_topic(const Look& look, std::int64_t message) {
  const auto content = content_of(look, static_cast<MessageId>(message));
  return content ? content->topic : "";
}

}  // namespace wirelab::gui
