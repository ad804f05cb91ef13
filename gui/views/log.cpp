// The log: what happened up to the shown instant, a line a record, newest last. A filter keeps what fits it: words, or comparisons
// in Wireshark's manner; layers can be left out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/record_filter.hpp"
#include "sim/view/words.hpp"

namespace wirelab::gui {
namespace {

class Log {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    ImGui::PushFont(skin.fonts.small);
    ImGui::Dummy({1, skin.px(2)});
    ImGui::Indent(skin.px(12));
    ImGui::SetNextItemWidth(skin.px(300));
    bool changed =
        ImGui::InputTextWithHint("##filter", "words, or: layer == tcp and time > 12.5", filter_, sizeof filter_);
    tip(skin,
        "Words that a line must hold, or comparisons of time, layer, kind, node, text, topic and qos by ==, !=, <, >, "
        "contains, "
        "joined by and, or, not and brackets");
    for (std::size_t i = 1; i < 5; ++i) {
      ImGui::SameLine();
      changed |= check_box(skin, std::string(name_of(static_cast<Layer>(i))).c_str(), shown_[i]);
    }
    if (changed) {
      auto parsed = RecordFilter::parse(filter_);
      wrong_ = parsed ? std::string() : parsed.error();
      if (parsed) parsed_ = std::move(*parsed), right_ = filter_, lines_.clear(), next_ = 0;
    }
    if (!wrong_.empty()) {
      ImGui::SameLine();
      ImGui::PushStyleColor(ImGuiCol_Text, skin(Colour::error));
      say(wrong_);
      ImGui::PopStyleColor();
    }
    ImGui::Unindent(skin.px(12));
    collect(look);
    if (next_ <= look.reader.last()) look.unfinished = true;
    const auto count =
        static_cast<int>(std::partition_point(lines_.begin(), lines_.end(),
                                              [&](RecordNumber n) { return look.reader.record(n).at <= look.at; }) -
                         lines_.begin());
    ImGui::Indent(skin.px(12));
    constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Resizable;
    if (ImGui::BeginTable("log", 3, kFlags)) {
      ImGui::TableSetupScrollFreeze(0, 1);
      ImGui::TableSetupColumn("instant", ImGuiTableColumnFlags_WidthFixed, skin.px(120));
      ImGui::TableSetupColumn("where", ImGuiTableColumnFlags_WidthFixed, skin.px(190));
      ImGui::TableSetupColumn("what", ImGuiTableColumnFlags_WidthStretch);
      ImGui::TableHeadersRow();
      ImGuiListClipper clipper;
      clipper.Begin(count);
      while (clipper.Step()) {
        for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) row(look, lines_[static_cast<std::size_t>(i)]);
      }
      if (count != last_count_ && ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - skin.px(60))
        ImGui::SetScrollHereY(1.0f);
      last_count_ = count;
      ImGui::EndTable();
    }
    ImGui::Unindent(skin.px(12));
    ImGui::PopFont();
  }

  // All lines up to the shown instant, also those that have not been read yet.
  TableMaker table(const Look& look) const {
    return [at = look.at, text = right_, shown = shown_](const TraceStore::Reader& reader) {
      Table table{{"seconds", "where", "what"}, {}};
      const auto filter = RecordFilter::parse(text);
      for (RecordNumber n = reader.first(); n <= reader.last() && reader.record(n).at <= at; ++n) {
        if (!is_shown(reader, n, *filter, shown)) continue;
        const Record& r = reader.record(n);
        table.rows.push_back({fmt::format("{:.9f}", static_cast<double>(r.at) / 1e9),
                              std::string(reader.name(r.entity)), words_of(reader, n)});
      }
      return table;
    };
  }

 private:
  // Goes through what is new in the trace, a limited stretch a frame.
  void collect(const Look& look) {
    constexpr RecordNumber kMost = 20'000;
    const RecordNumber to = std::min(look.reader.last(), std::max(next_, look.reader.first()) + kMost);
    for (next_ = std::max(next_, look.reader.first()); next_ <= to; ++next_) {
      if (is_shown(look.reader, next_, parsed_, shown_)) lines_.push_back(next_);
    }
  }
  using Layers = std::array<bool, 5>;
  static bool is_shown(const TraceStore::Reader& reader, RecordNumber number, const RecordFilter& filter,
                       const Layers& shown) {
    const Record& r = reader.record(number);
    if (!is_line(r.kind)) return false;
    const Layer layer = layer_of(r.kind, r.field);
    if (layer != Layer::world && !shown[static_cast<std::size_t>(layer)]) return false;
    return filter.lets_pass(reader, number);
  }
  static bool is_line(Kind kind) {
    switch (kind) {
      case Kind::none:
      case Kind::defined:
      case Kind::state:
      case Kind::stream_opened:
      case Kind::packet_transmitted:
      case Kind::packet_arrived:
      case Kind::stream_delivered:
      case Kind::message_routed:
      case Kind::count_: return false;
      default: return true;
    }
  }

  static void row(Look& look, RecordNumber number) {
    const Record& r = look.reader.record(number);
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::PushID(static_cast<int>(number));
    ImGui::PushFont(look.skin.fonts.mono_small);
    const std::string instant = fmt::format("{:.6f}", static_cast<double>(r.at) / 1e9);
    if (ImGui::Selectable(instant.c_str(), false, ImGuiSelectableFlags_SpanAllColumns)) {
      look.requests.push_back(SeekTo{r.at});
      select_record(look.selection, look.reader, look.index, number);
    }
    ImGui::PopFont();
    ImGui::TableNextColumn();
    const std::string where = look.name(r.entity);
    say(where);
    ImGui::TableNextColumn();
    const std::string what = words_of(look.reader, number);
    const bool bad = r.kind == Kind::packet_dropped || r.kind == Kind::message_lost || r.kind == Kind::will_published ||
                     r.kind == Kind::expectation_failed;
    const bool again = r.kind == Kind::retransmission;
    if (bad || again) ImGui::PushStyleColor(ImGuiCol_Text, look.skin(bad ? Colour::error : Colour::warning));
    say(what);
    if (bad || again) ImGui::PopStyleColor();
    ImGui::PopID();
  }

  char filter_[256] = "";
  RecordFilter parsed_;
  std::string right_;  // the text that parsed_ is of
  std::string wrong_;  // what is wrong with the filter; the last right one holds meanwhile
  Layers shown_ = {true, false, true, true, true};
  std::vector<RecordNumber> lines_;
  RecordNumber next_ = 0;
  int last_count_ = 0;
};

}  // namespace

View log_view() {
  const auto view = std::make_shared<Log>();
  return {"log", "Log", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return view->table(look); }};
}

}  // namespace wirelab::gui
