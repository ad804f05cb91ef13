// Why late, lost, twice? The life of the selected message in plain words, as `wirelab journey` tells it.
#include <fmt/format.h>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/journey.hpp"

namespace wirelab::gui {
namespace {

class Journey {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Indent(skin.px(14));
    if (look.selection.exchange == 0) {
      explain(skin,
              "Select a control packet in the sequence or on the canvas: what became of it and its message is told "
              "here, cause by cause.");
    } else {
      if (told_ != look.selection.exchange || look.reader.last() > told_up_to_ + 2000) tell(look);
      for (const std::string& line : lines_) {
        if (failed_) {
          explain(skin, line);
        } else {
          show(skin, line);
        }
      }
    }
    ImGui::Unindent(skin.px(14));
  }

  Table table(Look& look) {
    if (look.selection.exchange != 0) tell(look);
    Table table{{"step"}, {}};
    for (const std::string& line : lines_) table.rows.push_back({line});
    return table;
  }

 private:
  // From a while before the message to a while after it: what it waited for, and what it came to.
  void tell(const Look& look) {
    told_ = look.selection.exchange;
    told_up_to_ = look.reader.last();
    constexpr RecordNumber kBefore = 40'000;
    constexpr RecordNumber kAfter = 160'000;
    const LoadedTrace trace = load_trace(look.reader, {}, told_ > kBefore ? told_ - kBefore : 1, told_ + kAfter);
    const auto text = tell_journey_of(MessageIndex(trace), told_);
    failed_ = !text;
    lines_.clear();
    std::string_view rest = text ? std::string_view(*text) : std::string_view(text.error());
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      lines_.emplace_back(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
  }

  static void show(const Skin& skin, const std::string& line) {
    if (line.empty()) return;
    if (line[0] != ' ') {
      heading(skin, line.substr(0, line.find(',')));
      if (const std::size_t cut = line.find(", "); cut != std::string::npos) explain(skin, line.substr(cut + 2));
      return;
    }
    // The time since publishing stands in the first columns.
    const std::size_t sign = line.find('+');
    const std::size_t word = line.find("  ", sign == std::string::npos ? 2 : sign);
    const std::string when =
        sign == std::string::npos || word == std::string::npos ? "" : line.substr(sign, word - sign);
    std::string what = sign == std::string::npos || word == std::string::npos ? line : line.substr(word);
    const std::size_t depth = (what.find_first_not_of(' ') - 2) / 2;
    what = what.substr(what.find_first_not_of(' '));
    const bool bad = what.find("lost") != std::string::npos || what.find("never") != std::string::npos;
    const bool waits = what.starts_with("waited") || what.starts_with("time-out") || what.starts_with("fast") ||
                       what.starts_with("tail") || what.starts_with("recovery");
    ImGui::PushFont(skin.fonts.mono_small);
    ImGui::PushStyleColor(ImGuiCol_Text, skin(Colour::text_third));
    say(when);
    ImGui::PopStyleColor();
    ImGui::PopFont();
    ImGui::SameLine(skin.px(104 + 12 * static_cast<float>(depth)));
    ImGui::PushFont(skin.fonts.small);
    ImGui::PushStyleColor(ImGuiCol_Text, skin(bad ? Colour::error : waits ? Colour::warning : Colour::text));
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - skin.px(14));
    say(what);
    ImGui::PopTextWrapPos();
    ImGui::PopStyleColor();
    ImGui::PopFont();
  }

  bool failed_ = false;
  RecordNumber told_ = 0;
  RecordNumber told_up_to_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace

View journey_view() {
  const auto view = std::make_shared<Journey>();
  return {"journey", "Journey", Place::right, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
