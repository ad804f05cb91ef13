// Why late, lost, twice? The life of the selected message in plain words, as `wirelab journey` tells it: up to the shown instant,
// and what is later faint.
#include <fmt/format.h>

#include <algorithm>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/kernel/units.hpp"
#include "sim/view/journey.hpp"

namespace wirelab::gui {
namespace {

class JourneyView {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::Indent(skin.px(14));
    if (look.selection.exchange == 0) {
      explain(skin,
              "Select a control packet in the sequence or on the canvas: what became of it and its message is told "
              "here, cause by cause.");
    } else {
      if (told_ != look.selection.exchange || is_stale(look)) tell_soon(look);
      if (!wrong_.empty()) {
        explain(skin, wrong_);
      } else {
        show(look);
      }
    }
    ImGui::Unindent(skin.px(14));
  }

  Table table(Look& look) {
    if (look.selection.exchange != 0) tell(look);
    Table table{{"seconds", "depth", "step"}, {}};
    if (look.selection.exchange == 0 || !wrong_.empty()) return table;
    for (const JourneyStep& step : journey_.steps) {
      if (step.at <= look.at)
        table.rows.push_back(
            {fmt::format("{:.9f}", static_cast<double>(step.at) / 1e9), std::to_string(step.depth), step.what});
    }
    return table;
  }

 private:
  // While the trace grows, until it is over and some time has passed in which more might have come.
  bool is_stale(const Look& look) const {
    if (look.reader.last() == told_up_to_) return false;
    constexpr std::int64_t kLinger = 10'000'000'000;
    const bool settled =
        wrong_.empty() && journey_.is_over && !journey_.steps.empty() && told_at_ > journey_.steps.back().at + kLinger;
    return !settled;
  }

  // Twice a second at most, since it takes some milliseconds.
  void tell_soon(Look& look) {
    constexpr double kPause = 0.5;
    if (told_ != look.selection.exchange || ImGui::GetTime() >= told_when_ + kPause) {
      tell(look);
    } else {
      look.unfinished = true;
    }
  }

  // From a while before the message to a while after it: what it waited for, and what it came to.
  void tell(const Look& look) {
    told_ = look.selection.exchange;
    told_up_to_ = look.reader.last();
    told_at_ = look.index.last_at();
    told_when_ = ImGui::GetTime();
    constexpr RecordNumber kBefore = 40'000;
    constexpr RecordNumber kAfter = 160'000;
    const LoadedTrace trace = load_trace(look.reader, {}, told_ > kBefore ? told_ - kBefore : 1, told_ + kAfter);
    auto journey = journey_of(MessageIndex(trace), told_);
    wrong_ = journey ? "" : journey.error();
    if (journey) journey_ = std::move(*journey);
  }

  void show(const Look& look) const {
    const Skin& skin = look.skin;
    const std::size_t cut = journey_.title.find(", ");
    heading(skin, journey_.title.substr(0, cut));
    if (cut != std::string::npos) explain(skin, journey_.title.substr(cut + 2));
    bool later = false;
    for (const JourneyStep& step : journey_.steps) {
      if (step.at > look.at && !later) {
        later = true;
        ImGui::Dummy({1, skin.px(4)});
        heading(skin, "Later than the shown instant");
      }
      line(skin, step, later);
    }
    if (later || journey_.is_over) return;
    ImGui::Dummy({1, skin.px(4)});
    explain(skin, journey_.waits ? "So far: the message waits." : "So far: the message is on its way.");
  }

  void line(const Skin& skin, const JourneyStep& step, bool later) const {
    const std::string& what = step.what;
    const bool bad = what.find("lost") != std::string::npos || what.find("never") != std::string::npos;
    const bool waits = what.starts_with("waited") || what.starts_with("time-out") || what.starts_with("fast") ||
                       what.starts_with("tail") || what.starts_with("recovery");
    const float alpha = later ? 0.5f : 1.0f;
    const auto coloured = [&](ImFont* font, Colour colour, std::string_view text) {
      ImGui::PushFont(font);
      ImGui::PushStyleColor(ImGuiCol_Text, skin(colour, alpha));
      say(text);
      ImGui::PopStyleColor();
      ImGui::PopFont();
    };
    coloured(skin.fonts.mono_small, Colour::text_third,
             "+" + format_duration(Duration::nanoseconds(step.at - journey_.begins)));
    ImGui::SameLine(skin.px(104 + 12 * static_cast<float>(step.depth)));
    ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - skin.px(14));
    coloured(skin.fonts.small, bad ? Colour::error : waits ? Colour::warning : Colour::text, what);
    ImGui::PopTextWrapPos();
  }

  Journey journey_;
  std::string wrong_;
  RecordNumber told_ = 0;
  RecordNumber told_up_to_ = 0;
  std::int64_t told_at_ = 0;
  double told_when_ = -1;
};

}  // namespace

View journey_view() {
  const auto view = std::make_shared<JourneyView>();
  return {"journey", "Journey", Place::right, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
