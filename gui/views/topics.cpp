// The topics that brokers have accepted messages to, as a tree, each with its last message at the shown instant: how often, how
// long ago, how large, and the payload's beginning.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gui/content.hpp"
#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {
namespace {

class Topics {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    collect(look);
    if (next_ <= look.reader.last()) look.unfinished = true;
    ImGui::Indent(skin.px(14));
    heading(skin, "Topics", fmt::format("{}", accepted_.size()));
    if (accepted_.empty()) explain(skin, "No broker has accepted a message yet.");
    std::vector<std::string> above;
    for (const auto& [topic, records] : accepted_) row(look, topic, records, above);
    ImGui::Unindent(skin.px(14));
  }

  Table table(Look& look) {
    while (next_ <= look.reader.last()) collect(look);
    Table table{{"topic", "messages", "last at, seconds", "bytes", "retain", "payload"}, {}};
    for (const auto& [topic, records] : accepted_) {
      const auto end = std::partition_point(records.begin(), records.end(),
                                            [&](RecordNumber n) { return look.reader.record(n).at <= look.at; });
      if (end == records.begin()) continue;
      const Record& last = look.reader.record(*(end - 1));
      table.rows.push_back({topic, std::to_string(end - records.begin()),
                            fmt::format("{:.9f}", static_cast<double>(last.at) / 1e9), std::to_string(last.a),
                            (last.field & 4) != 0 ? "1" : "0", payload_of(look, last)});
    }
    return table;
  }

 private:
  void collect(const Look& look) {
    constexpr RecordNumber kMost = 60'000;
    const RecordNumber to = std::min(look.reader.last(), std::max(next_, look.reader.first()) + kMost);
    for (next_ = std::max(next_, look.reader.first()); next_ <= to; ++next_) {
      const Record& r = look.reader.record(next_);
      if (r.kind == Kind::message_accepted) accepted_[std::string(look.reader.name(r.key))].push_back(next_);
    }
  }

  // Levels that the topic before had already are not said again: the tree shows by indentation.
  void row(Look& look, const std::string& topic, const std::vector<RecordNumber>& records,
           std::vector<std::string>& above) {
    const Skin& skin = look.skin;
    const auto end = std::partition_point(records.begin(), records.end(),
                                          [&](RecordNumber n) { return look.reader.record(n).at <= look.at; });
    if (end == records.begin()) return;
    std::vector<std::string> levels;
    for (std::size_t at = 0; at <= topic.size();) {
      const std::size_t cut = std::min(topic.find('/', at), topic.size());
      levels.push_back(topic.substr(at, cut - at));
      at = cut + 1;
    }
    std::size_t shared = 0;
    while (shared + 1 < levels.size() && shared < above.size() && levels[shared] == above[shared]) ++shared;
    for (std::size_t i = shared; i + 1 < levels.size(); ++i) line(look, i, levels[i] + "/", "", Colour::text_third);
    above = levels;
    const Record& last = look.reader.record(*(end - 1));
    const auto count = static_cast<std::size_t>(end - records.begin());
    // What is out of sight takes its room only: there may be very many.
    const float room_y = skin.px(16) + ImGui::GetStyle().ItemSpacing.y + skin.px(20);
    if (!ImGui::IsRectVisible({1, room_y})) {
      ImGui::Dummy({1, room_y});
      return;
    }
    const bool retained = (last.field & 4) != 0;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    line(look, levels.size() - 1, levels.back(), fmt::format("{} x, {} ago", count, seconds_text(look.at - last.at, 1)),
         Colour::text);
    ImGui::SetCursorScreenPos(at);
    if (chosen_line(skin, topic.c_str(), ImGui::GetContentRegionAvail().x - skin.px(14), skin.px(16),
                    look.selection.message == last.subject && last.subject != 0))
      select_record(look.selection, look.reader, look.index, *(end - 1));
    tip(skin, "Select the last message of this topic");
    const std::string payload = payload_of(look, last);
    ImGui::Indent(skin.px(14 * static_cast<float>(levels.size())));
    const std::string said =
        (retained ? "retained: " : "") + (payload.empty() ? fmt::format("{} bytes", last.a) : payload);
    const ImVec2 below = ImGui::GetCursorScreenPos();
    text_at(*ImGui::GetWindowDrawList(), skin.fonts.small, below.x, below.y + skin.px(10), skin(Colour::text_second),
            shortened(skin.fonts.small, said, ImGui::GetContentRegionAvail().x - skin.px(14)));
    ImGui::Dummy({1, skin.px(20)});
    ImGui::Unindent(skin.px(14 * static_cast<float>(levels.size())));
  }

  static void line(const Look& look, std::size_t depth, const std::string& left, const std::string& right,
                   Colour colour) {
    const Skin& skin = look.skin;
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float room = ImGui::GetContentRegionAvail().x - skin.px(14);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    text_at(list, skin.fonts.mono_small, at.x + skin.px(14 * static_cast<float>(depth)), at.y + skin.px(10),
            skin(colour), left.empty() ? "(empty level)" : left);
    if (!right.empty())
      text_right(list, skin.fonts.small, at.x + room, at.y + skin.px(10), skin(Colour::text_second), right);
    ImGui::Dummy({room, skin.px(16)});
  }

  static std::string payload_of(const Look& look, const Record& accepted) {
    const auto content = content_of(look, accepted.subject);
    return content ? content->payload : "";
  }

  std::map<std::string, std::vector<RecordNumber>> accepted_;  // by topic, in order of time
  RecordNumber next_ = 0;
};

}  // namespace

View topics_view() {
  const auto view = std::make_shared<Topics>();
  return {"topics", "Topics", Place::right, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
