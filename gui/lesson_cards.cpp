#include "gui/lesson_cards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/controls.hpp"
#include "gui/paint.hpp"
#include "gui/prose.hpp"
#include "lab/course/lesson.hpp"
#include "lab/course/progress.hpp"

namespace wirelab::gui {

std::vector<LessonCard> read_lesson_cards(const std::string& root, const std::string& work) {
  std::vector<LessonCard> cards;
  for (const std::string& folder : lesson_folders(root)) {
    LessonCard card;
    card.folder = folder;
    if (const auto lesson = load_lesson(folder)) {
      card.title = lesson->title;
      card.minutes = lesson->minutes;
      if (!lesson->objectives.empty()) card.goal = lesson->objectives.front();
      const auto progress = load_progress(work + "/" + lesson->id + "/progress.json");
      if (progress && progress->done) {
        card.state = LessonCard::State::done;
      } else if (!progress || !progress->lesson.empty()) {
        card.state = LessonCard::State::begun;
      }
    } else {
      card.title = folder;
      card.problem = lesson.error();
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

int draw_lesson_cards(const Skin& skin, const std::vector<LessonCard>& cards) {
  int chosen = -1;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float gap = skin.px(14);
  const auto count = static_cast<float>(std::max<std::size_t>(cards.size(), 1));
  const float edge = skin.px(20);
  const float columns = std::clamp(std::floor((room - 2 * edge + gap) / (skin.px(236) + gap)), 1.0f, count);
  const float width = std::min((room - 2 * edge - gap * (columns - 1)) / columns, skin.px(330));
  const float margin = (room - columns * width - (columns - 1) * gap) * 0.5f;
  const float tall = skin.px(136);
  text_at(list, skin.fonts.title, origin.x + margin, origin.y + skin.px(34), skin(Colour::text), "Lessons");
  text_at(list, skin.fonts.body, origin.x + margin, origin.y + skin.px(70), skin(Colour::text_second),
          "Read, predict, watch it happen, change it, and be told what came of it.");
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const LessonCard& card = cards[i];
    const float column = std::fmod(static_cast<float>(i), columns), row = std::floor(static_cast<float>(i) / columns);
    const ImVec2 low{origin.x + margin + column * (width + gap), origin.y + skin.px(100) + row * (tall + gap)};
    const ImVec2 high{low.x + width, low.y + tall};
    ImGui::SetCursorScreenPos(low);
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("lesson", {width, tall}) && card.problem.empty()) chosen = static_cast<int>(i);
    const bool hot = ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible);
    ImGui::PopID();
    list.AddRectFilled(low, high, skin(hot ? Colour::hover : Colour::raised), skin.px(10));
    list.AddRect(low, high, skin(hot ? Colour::accent : Colour::line), skin.px(10), 0, skin.px(hot ? 2.0f : 1.0f));
    const float x = low.x + skin.px(14), wide = width - skin.px(28);
    const bool done = card.state == LessonCard::State::done;
    const bool begun = card.state == LessonCard::State::begun;
    text_at(list, skin.fonts.tiny, x, low.y + skin.px(18),
            skin(done    ? Colour::ok
                 : begun ? Colour::accent
                         : Colour::text_third),
            fmt::format("{} min{}", card.minutes,
                        done    ? " · done"
                        : begun ? " · begun"
                                : ""));
    const float title = draw_prose(skin, &list, {x, low.y + skin.px(30)}, wide, "**" + card.title + "**");
    list.PushClipRect(low, {high.x, high.y - skin.px(8)}, true);
    draw_prose(skin, &list, {x, low.y + skin.px(28) + title}, wide, card.problem.empty() ? card.goal : card.problem,
               card.problem.empty() ? Colour::text_second : Colour::error);
    list.PopClipRect();
  }
  const float rows = std::ceil(static_cast<float>(cards.size()) / columns);
  ImGui::SetCursorScreenPos({origin.x, origin.y + skin.px(106) + rows * (tall + gap)});
  ImGui::Dummy({1, 1});
  return chosen;
}

}  // namespace wirelab::gui
