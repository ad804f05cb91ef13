// Asking against being told, side by side: for each device how old what it knows is, what it has cost in bytes and energy, and when
// it asked and found nothing, found something, or was told.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "sim/view/race.hpp"
#include "sim/view/radio_account.hpp"

namespace wirelab::gui {
namespace {

using What = RaceMark::What;
constexpr RecordNumber kReadAFrame = 200'000;
constexpr float kLane = 58, kWords = 340;
constexpr const char* kWindows[] = {"30 s", "2 min", "10 min", "all"};
constexpr std::int64_t kSeconds[] = {30, 120, 600, 0};

// Of a device without a radio there is no energy.
std::optional<double> millijoules(const Look& look, EntityId node) {
  RadioAccount account;
  bool any = false;
  for (const Field field : {Field::radio_power, Field::radio_time, Field::radio_since, Field::radio_state}) {
    each_value(look, node, field, [&](std::uint32_t key, std::int64_t value) {
      Record record{};
      record.field = static_cast<std::uint16_t>(field);
      record.key = key;
      record.b = value;
      account.take(record);
      any |= field == Field::radio_power;
    });
  }
  return any ? std::optional(account.millijoules(look.at)) : std::nullopt;
}

std::string bytes_text(std::uint64_t bytes) {
  return bytes < 10'000 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
}

struct Standing {
  std::string name, way, staleness, cost, words;
  bool stale = false;
};

Standing standing_of(const Look& look, const Race& race, const Racer& racer) {
  Standing s;
  s.name = look.name(racer.node);
  s.way = racer.asks ? "asks (HTTP)" : "is told (MQTT)";
  const std::int64_t age = racer.staleness(look.at);
  s.stale = age > 0;
  s.staleness = s.stale ? "stale for " + seconds_text(age, 1) : "up to date";
  s.cost = bytes_text(race.bytes_by(racer.node, look.at));
  if (const auto energy = millijoules(look, racer.node)) s.cost += fmt::format(", {:.0f} mJ", *energy);
  const double share =
      look.at == 0 ? 0 : static_cast<double>(racer.stale_in_all(look.at)) / static_cast<double>(look.at) * 100;
  s.cost += fmt::format(", stale {:.1f} %", share);
  const std::size_t news = racer.count(racer.asks ? What::found_news : What::told_news, look.at);
  const std::size_t nothing = racer.count(What::found_nothing, look.at);
  s.words = racer.asks ? fmt::format("asked {}, {} for nothing", news + nothing, nothing)
                       : fmt::format("told {} times", news);
  return s;
}

class RaceView {
 public:
  void draw(Look& look) {
    const Skin& skin = look.skin;
    if (!race_.read(look.reader, look.index, look.reader.last(), kReadAFrame)) look.unfinished = true;
    const std::vector<const Racer*> racers = race_.racers();
    if (racers.empty()) {
      ImGui::Indent(skin.px(12));
      ImGui::Dummy({1, skin.px(4)});
      explain(skin, "Nobody has asked a web server or been told by a broker yet. Try the scenario http_vs_mqtt.");
      ImGui::Unindent(skin.px(12));
      return;
    }
    const float top = ImGui::GetCursorPosY();
    ImGui::SetCursorPos({skin.px(12), top + skin.px(4)});
    segments(skin, "window", kWindows, window_, 26);
    const float tall = ImGui::GetContentRegionAvail().y;
    const auto fit = static_cast<std::size_t>(std::max(1.0f, std::floor((tall - skin.px(26)) / skin.px(kLane))));
    std::size_t first = 0, end = racers.size();
    if (end > fit) {
      ImGui::SameLine();
      std::tie(first, end) = pages(skin, "racers", racers.size(), fit, page_);
    }
    legend(look);
    const std::int64_t length = kSeconds[window_] * 1'000'000'000;
    const std::int64_t from = length == 0 ? 0 : std::max<std::int64_t>(look.at - length, 0);
    const std::int64_t to = length == 0 ? std::max<std::int64_t>(look.at, 1) : from + length;
    ImGui::BeginChild("lanes", {0, 0}, false, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x;
    for (std::size_t i = first; i < end; ++i)
      lane(look, *racers[i], {at.x, at.y + static_cast<float>(i - first) * skin.px(kLane)}, width, from, to);
    ImGui::Dummy({1, static_cast<float>(end - first) * skin.px(kLane)});
    ImGui::EndChild();
  }

  Table table(Look& look) {
    (void)race_.read(look.reader, look.index, look.reader.last());
    Table table;
    table.header = {"device", "way", "staleness_s", "stale_s", "bytes", "mJ", "news", "found_nothing"};
    for (const Racer* racer : race_.racers()) {
      const auto energy = millijoules(look, racer->node);
      table.rows.push_back({look.name(racer->node), racer->asks ? "asks" : "is told",
                            fmt::format("{:.3f}", static_cast<double>(racer->staleness(look.at)) / 1e9),
                            fmt::format("{:.3f}", static_cast<double>(racer->stale_in_all(look.at)) / 1e9),
                            fmt::format("{}", race_.bytes_by(racer->node, look.at)),
                            energy ? fmt::format("{:.3f}", *energy) : std::string(),
                            fmt::format("{}", racer->count(racer->asks ? What::found_news : What::told_news, look.at)),
                            fmt::format("{}", racer->count(What::found_nothing, look.at))});
    }
    return table;
  }

 private:
  static void sign(ImDrawList& list, const Skin& skin, ImVec2 at, What what) {
    const float r = skin.px(5);
    switch (what) {
      case What::found_news: list.AddCircleFilled(at, r, skin(Colour::ok)); break;
      case What::told_news:
        list.AddQuadFilled({at.x, at.y - r * 1.3f}, {at.x + r * 1.3f, at.y}, {at.x, at.y + r * 1.3f},
                           {at.x - r * 1.3f, at.y}, skin(Colour::qos2));
        break;
      case What::found_nothing: list.AddCircle(at, r, skin(Colour::text_third), 0, skin.px(1.5f)); break;
      case What::told_nothing:
        list.AddQuad({at.x, at.y - r}, {at.x + r, at.y}, {at.x, at.y + r}, {at.x - r, at.y}, skin(Colour::text_third),
                     skin.px(1.5f));
        break;
      case What::failed: cross(list, skin, at, r); break;
    }
  }

  static void legend(const Look& look) {
    const Skin& skin = look.skin;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const ImVec2 low = ImGui::GetCursorScreenPos();
    float x = low.x + skin.px(12);
    const float y = low.y + skin.px(10);
    constexpr std::pair<What, const char*> signs[] = {{What::found_nothing, "asked, found nothing"},
                                                      {What::found_news, "asked, found news"},
                                                      {What::told_news, "was told"},
                                                      {What::failed, "no answer"}};
    for (const auto& [what, word] : signs) {
      sign(list, skin, {x + skin.px(6), y}, what);
      x += skin.px(16);
      x += text_at(list, skin.fonts.small, x, y, skin(Colour::text_second), word) + skin.px(16);
    }
    list.AddRectFilled({x, y - skin.px(6)}, {x + skin.px(18), y + skin.px(6)}, skin(Colour::warning, 0.35f),
                       skin.px(2));
    text_at(list, skin.fonts.small, x + skin.px(24), y, skin(Colour::text_second), "out of date");
    x += skin.px(24) + measure(skin.fonts.small, "out of date").x + skin.px(16);
    dashed_line(list, {x, y - skin.px(7)}, {x, y + skin.px(7)}, skin(Colour::text_third), skin.px(1), skin.px(3));
    text_at(list, skin.fonts.small, x + skin.px(8), y, skin(Colour::text_second), "a change");
    ImGui::Dummy({1, skin.px(22)});
  }

  void lane(Look& look, const Racer& racer, ImVec2 at, float width, std::int64_t from, std::int64_t to) {
    const Skin& skin = look.skin;
    ImDrawList& list = *ImGui::GetWindowDrawList();
    const Standing standing = standing_of(look, race_, racer);
    const float middle = at.y + skin.px(kLane) * 0.5f;
    list.AddLine({at.x, at.y + 0.5f}, {at.x + width, at.y + 0.5f}, skin(Colour::line));
    const float x = at.x + skin.px(14);
    ImGui::SetCursorScreenPos(at);
    ImGui::PushID(static_cast<int>(racer.node));
    if (ImGui::InvisibleButton("racer", {skin.px(kWords), skin.px(kLane)})) look.selection.node = racer.node;
    ImGui::PopID();
    const float named =
        text_at(list, skin.fonts.small_strong, x, middle - skin.px(19), skin(Colour::text), standing.name);
    text_at(list, skin.fonts.small, x + named + skin.px(8), middle - skin.px(19), skin(Colour::text_third),
            standing.way);
    const float said = text_at(list, skin.fonts.small, x, middle, skin(standing.stale ? Colour::warning : Colour::ok),
                               standing.staleness);
    text_right(list, skin.fonts.small, at.x + skin.px(kWords - 12), middle, skin(Colour::text_third),
               shortened(skin.fonts.small, standing.words, skin.px(kWords - 38) - said));
    text_at(list, skin.fonts.small, x, middle + skin.px(19), skin(Colour::text_second), standing.cost);
    const float left = at.x + skin.px(kWords), right = at.x + width - skin.px(14);
    const auto x_of = [&](std::int64_t t) {
      return left + (right - left) * static_cast<float>(static_cast<double>(t - from) / static_cast<double>(to - from));
    };
    const float low = middle - skin.px(16), high = middle + skin.px(16);
    for (std::size_t i = 0; i < racer.steps.size(); ++i) {
      const auto& step = racer.steps[i];
      const std::int64_t end = std::min(i + 1 < racer.steps.size() ? racer.steps[i + 1].at : look.at, look.at);
      if (step.since < 0 || end < from || step.at > std::min(to, look.at)) continue;
      list.AddRectFilled({x_of(std::max(step.at, from)), low}, {x_of(end), high}, skin(Colour::warning, 0.35f),
                         skin.px(2));
    }
    for (const std::int64_t change : race_.changes()) {
      if (change < from || change > std::min(to, look.at)) continue;
      dashed_line(list, {x_of(change), at.y + skin.px(4)}, {x_of(change), at.y + skin.px(kLane - 4)},
                  skin(Colour::text_third, 0.7f), skin.px(1), skin.px(3));
    }
    list.AddLine({left, middle}, {std::min(x_of(look.at), right), middle}, skin(Colour::line_strong), skin.px(1));
    for (const RaceMark& mark : racer.marks) {
      if (mark.at < from || mark.at > std::min(to, look.at)) continue;
      sign(list, skin, {x_of(mark.at), middle}, mark.what);
    }
    ImGui::SetCursorScreenPos({left, at.y});
    ImGui::PushID(static_cast<int>(racer.node));
    if (ImGui::InvisibleButton("time", {std::max(right - left, 1.0f), skin.px(kLane)})) {
      const double part = static_cast<double>((ImGui::GetIO().MousePos.x - left) / (right - left));
      const auto to_look = from + static_cast<std::int64_t>(part * static_cast<double>(to - from));
      if (to_look <= look.at) look.requests.push_back(SeekTo{to_look});
    }
    ImGui::PopID();
  }

  Race race_;
  int window_ = 1, page_ = 0;
};

}  // namespace

View race_view() {
  auto view = std::make_shared<RaceView>();
  return {"race", "Race", Place::bottom, [view](Look& look) { view->draw(look); },
          [view](Look& look) { return made(view->table(look)); }};
}

}  // namespace wirelab::gui
