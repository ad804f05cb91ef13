// A tap on the selected link: what somebody reads by the shown instant who listens there and knows no key.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/tap.hpp"

namespace wirelab::gui {
namespace {

using Seen = TapLine::Kind;

struct KindStyle {
  Colour colour;
  const char* word;  // never by colour alone
};
KindStyle style_of(Seen kind) {
  switch (kind) {
    case Seen::content: return {Colour::error, "content"};
    case Seen::credentials: return {Colour::warning, "credentials"};
    case Seen::about: return {Colour::info, "about"};
    case Seen::hidden: break;
  }
  return {Colour::text_third, "hidden"};
}

class TapView {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    choose(look);
    ImGui::Indent(skin.px(12));
    ImGui::Dummy({1, skin.px(2)});
    if (!tap_) {
      explain(skin, "There is no link to listen on.");
      ImGui::Unindent(skin.px(12));
      return;
    }
    read(look);
    const auto& lines = tap_->tap().lines();
    const auto shown = static_cast<std::size_t>(
        std::partition_point(lines.begin(), lines.end(), [&](const TapLine& line) { return line.at <= look.at; }) -
        lines.begin());
    std::array<std::size_t, 4> counts{};
    for (std::size_t i = 0; i < shown; ++i) ++counts[static_cast<std::size_t>(lines[i].kind)];
    const auto count = [&](Seen kind) { return counts[static_cast<std::size_t>(kind)]; };
    ImGui::PushFont(skin.fonts.small);
    const auto counted = [&](Seen kind, const char* one, const char* many) {
      return fmt::format("{} {}", count(kind), count(kind) == 1 ? one : many);
    };
    const std::string sums = fmt::format("Who listens on {} has read {}, {} and {}; {} hidden.", look.name(link_),
                                         counted(Seen::content, "payload", "payloads"),
                                         counted(Seen::credentials, "name or password", "names or passwords"),
                                         counted(Seen::about, "thing around them", "things around them"),
                                         counted(Seen::hidden, "record stays", "records stay"));
    say(sums);
    tip(skin, "It sees every packet and knows no key. Select another link on the canvas to listen there.");
    rows(look, shown);
    ImGui::PopFont();
    ImGui::Unindent(skin.px(12));
  }

  Table table(Look& look) {
    choose(look);
    if (tap_) read(look);
    Table made{{"instant, s", "from", "to", "what", "text"}, {}};
    if (!tap_) return made;
    for (const TapLine& line : tap_->tap().lines()) {
      if (line.at > look.at) break;
      made.rows.push_back({fmt::format("{:.9f}", static_cast<double>(line.at) / 1e9), line.from, line.to,
                           std::string(name_of(line.kind)), line.text});
    }
    return made;
  }

 private:
  // The selected link, or the first one that there is.
  void choose(Look& look) {
    EntityId wanted = look.selection.link;
    if (look.selection.link == 0) wanted = link_;
    for (const IndexedChannel& channel : look.index.channels()) {
      if (wanted == 0 && !channel.is_hop) wanted = channel.link;
    }
    if (wanted == link_ && tap_) return;
    std::set<EntityId> directions;
    for (const IndexedChannel& channel : look.index.channels()) {
      if (channel.link == wanted) directions.insert(channel.entity);
    }
    link_ = wanted;
    tap_.reset();
    if (!directions.empty()) tap_.emplace(std::move(directions));
    next_ = look.reader.first();
  }

  // Some of the trace a frame, so that the window does not wait.
  void read(Look& look) {
    constexpr RecordNumber kMostAFrame = 200'000;
    const RecordNumber end = std::min(look.reader.last() + 1, next_ + kMostAFrame);
    for (; next_ < end; ++next_)
      tap_->take(
          look.reader.record(next_), [&](EntityId id) { return look.reader.name(id); },
          [&](BlobNumber blob) { return look.reader.blob(blob); });
    if (next_ <= look.reader.last()) look.unfinished = true;
  }

  void rows(Look& look, std::size_t shown) {
    const Skin& skin = look.skin;
    constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Resizable;
    if (!ImGui::BeginTable("tap", 5, kFlags)) return;
    ImGui::TableSetupScrollFreeze(0, 1);
    ImGui::TableSetupColumn("instant", ImGuiTableColumnFlags_WidthFixed, skin.px(100));
    ImGui::TableSetupColumn("from", ImGuiTableColumnFlags_WidthFixed, skin.px(130));
    ImGui::TableSetupColumn("to", ImGuiTableColumnFlags_WidthFixed, skin.px(130));
    ImGui::TableSetupColumn("what", ImGuiTableColumnFlags_WidthFixed, skin.px(84));
    ImGui::TableSetupColumn("is read", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableHeadersRow();
    const auto& lines = tap_->tap().lines();
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(shown));
    while (clipper.Step()) {
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
        const TapLine& line = lines[static_cast<std::size_t>(i)];
        ImGui::PushID(i);
        ImGui::TableNextRow();
        ImGui::TableNextColumn();
        ImGui::PushFont(skin.fonts.mono_small);
        const std::string instant = fmt::format("{:.6f}", static_cast<double>(line.at) / 1e9);
        if (ImGui::Selectable(instant.c_str(), false, ImGuiSelectableFlags_SpanAllColumns))
          look.requests.push_back(SeekTo{line.at});
        ImGui::PopFont();
        for (const std::string* text : {&line.from, &line.to}) {
          ImGui::TableNextColumn();
          say(*text);
        }
        const KindStyle style = style_of(line.kind);
        ImGui::PushStyleColor(ImGuiCol_Text, skin(style.colour));
        ImGui::TableNextColumn();
        say(style.word);
        ImGui::TableNextColumn();
        say(line.text);
        ImGui::PopStyleColor();
        ImGui::PopID();
      }
    }
    if (last_shown_ != shown) ImGui::SetScrollHereY(1);
    last_shown_ = shown;
    ImGui::EndTable();
  }

  EntityId link_ = 0;
  std::optional<LinkTap> tap_;
  RecordNumber next_ = 1;
  std::size_t last_shown_ = 0;
};

}  // namespace

View tap_view() {
  const auto view = std::make_shared<TapView>();
  return {"tap", "Tap", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
