#include "gui/start_page.hpp"

#include <fmt/format.h>
#include <imgui.h>

#include <algorithm>
#include <filesystem>

#include "gui/controls.hpp"
#include "gui/look.hpp"
#include "gui/paint.hpp"
#include "lab/session/session.hpp"
#include "lab/system/files.hpp"
#include "sim/view/state.hpp"

namespace wirelab::gui {
namespace {

// The comment at the top of a scenario, as one text.
std::string question_of(const std::string& source) {
  std::string text;
  for (std::size_t at = 0; source.compare(at, 2, "--") == 0;) {
    const std::size_t end = source.find('\n', at);
    std::string line = source.substr(at + 2, end - at - 2);
    line.erase(0, line.find_first_not_of("- "));
    if (line.empty()) break;
    text += (text.empty() ? "" : " ") + line;
    if (end == std::string::npos) break;
    at = end + 1;
  }
  // What to try comes after the question.
  return text.substr(0, text.find(" Things to try"));
}

// A moment of its beginning in which much is under way, for the picture.
void look_at_traffic(ScenarioCard& card, const RunIndex& index) {
  const auto item = [&](EntityId node) {
    const auto found = card.layout.item_of.find(node);
    return found == card.layout.item_of.end() ? ~0u : found->second;
  };
  std::int64_t best = 0;
  std::size_t most = 0;
  for (const Exchange& exchange : index.exchanges()) {
    if ((exchange.first_byte >> 4) != 3) continue;
    const std::int64_t at = exchange.sent_at + 3'000'000;
    std::size_t count = 0;
    index.under_way(at, [&](const Flight& flight) {
      const IndexedPacket* packet = index.packet(flight.blob);
      count += packet != nullptr && packet->end > packet->begin ? 1 : 0;
    });
    if (count > most) most = count, best = at;
  }
  if (most == 0) return;
  index.under_way(best, [&](const Flight& flight) {
    const IndexedChannel* channel = index.channel(flight.channel);
    const IndexedPacket* packet = index.packet(flight.blob);
    if (channel == nullptr || packet == nullptr || packet->end <= packet->begin) return;
    const Exchange* exchange = index.exchange_at(packet->stream, packet->begin);
    const std::uint32_t from = item(channel->from), to = item(channel->to);
    if (exchange == nullptr || from == ~0u || to == ~0u || from == to) return;
    const auto whole = static_cast<float>(std::max<std::int64_t>(flight.arrival - flight.begin, 1));
    card.spots.push_back(
        {from, to, std::clamp(static_cast<float>(best - flight.begin) / whole, 0.3f, 0.7f), colour_of(*exchange)});
  });
}

// Its world after a few seconds, for the picture.
void look_into(ScenarioCard& card, const std::string& source) {
  SessionSetup setup;
  setup.path = card.path;
  setup.source = source;
  auto session = Session::begin(setup);
  if (!session) {
    card.problem = session.error().text;
    return;
  }
  constexpr std::uint64_t kEvents = 4000;
  (void)(*session)->run(Instant() + Duration::seconds(40), kEvents);  // a failing program has its picture, too
  const TraceStore::Reader reader(*(*session)->store());
  RunIndex index;
  index.read(reader, reader.last());
  card.layout = lay_out(index);
  for (const Placed& placed : card.layout.items)
    card.names.push_back(placed.is_group() ? fmt::format("{} nodes", placed.nodes.size())
                                           : std::string(reader.name(placed.nodes.front())));
  const FoldedState state = state_after(reader, reader.last());
  for (std::size_t i = 0; i + 1 < index.channels().size(); i += 2) {
    const auto from = card.layout.item_of.find(index.channels()[i].from);
    const auto to = card.layout.item_of.find(index.channels()[i].to);
    if (from == card.layout.item_of.end() || to == card.layout.item_of.end()) continue;
    const bool lossy = state.value(index.channels()[i].entity, Field::link_loss) != 0 ||
                       state.value(index.channels()[i + 1].entity, Field::link_loss) != 0;
    card.links.push_back({from->second, to->second, lossy});
  }
  look_at_traffic(card, index);
}

void picture(const Skin& skin, ImDrawList& list, const ScenarioCard& card, ImVec2 low, ImVec2 high) {
  list.AddRectFilled(low, high, skin(Colour::canvas), skin.px(8));
  float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;
  for (const Placed& item : card.layout.items) {
    left = std::min(left, item.x), right = std::max(right, item.x);
    top = std::min(top, item.y), bottom = std::max(bottom, item.y);
  }
  const float scale = std::min({(high.x - low.x - skin.px(90)) / std::max(right - left, 1.0f),
                                (high.y - low.y - skin.px(40)) / std::max(bottom - top, 1.0f), skin.px(0.5f)});
  const auto place = [&](const Placed& item) {
    return ImVec2{(low.x + high.x) * 0.5f + (item.x - (left + right) * 0.5f) * scale,
                  (low.y + high.y) * 0.5f + (item.y - (top + bottom) * 0.5f) * scale};
  };
  for (const ScenarioCard::Cable& cable : card.links) {
    const ImVec2 a = place(card.layout.items[cable.from]), b = place(card.layout.items[cable.to]);
    if (cable.lossy) {
      dashed_line(list, a, b, skin(Colour::warning, 0.75f), skin.px(1.5f), skin.px(4));
    } else {
      list.AddLine(a, b, skin(Colour::line_strong), skin.px(1.5f));
    }
  }
  for (const ScenarioCard::Spot& spot : card.spots) {
    const ImVec2 a = place(card.layout.items[spot.from]), b = place(card.layout.items[spot.to]);
    packet_sign(list, skin, {a.x + (b.x - a.x) * spot.part, a.y + (b.y - a.y) * spot.part}, skin.px(5), spot.colour);
  }
  // Names stand below, where the next one leaves room for them.
  float nearest = 1e9f;
  for (const Placed& a : card.layout.items) {
    for (const Placed& b : card.layout.items) {
      if (a.x == b.x && a.y < b.y) nearest = std::min(nearest, (b.y - a.y) * scale);
    }
  }
  const bool named = card.layout.items.size() <= 9 && nearest > skin.px(30);
  for (std::size_t i = 0; i < card.layout.items.size(); ++i) {
    const Placed& item = card.layout.items[i];
    const ImVec2 at = place(item);
    const bool device = item.kind == EntityKind::device;
    const float half_x = skin.px(device ? 18.0f : 11.0f);
    const float half_y = skin.px(device ? 7.0f : 11.0f);
    list.AddRectFilled({at.x - half_x, at.y - half_y}, {at.x + half_x, at.y + half_y}, skin(Colour::panel), skin.px(4));
    list.AddRectFilled({at.x - half_x, at.y - half_y}, {at.x + half_x, at.y + half_y}, skin.theme->tint(Colour::info),
                       skin.px(4));
    list.AddRect({at.x - half_x, at.y - half_y}, {at.x + half_x, at.y + half_y},
                 skin(item.kind == EntityKind::broker ? Colour::info : Colour::line_strong), skin.px(4), 0,
                 skin.px(1.4f));
    const char* icon = item.kind == EntityKind::broker       ? icon::hub
                       : item.kind == EntityKind::web_server ? icon::cloud
                       : is_router(item.kind)                ? icon::router
                                                             : icon::device;
    if (skin.fonts.has_icons) text_centred(list, skin.fonts.icons_small, at, skin(Colour::info), icon);
    if (named)
      text_centred(list, skin.fonts.tiny, {at.x, at.y + half_y + skin.px(8)}, skin(Colour::text_second),
                   shortened(skin.fonts.tiny, card.names[i], skin.px(84)));
  }
}

}  // namespace

std::vector<ScenarioCard> read_cards(const std::string& folder) {
  std::vector<ScenarioCard> cards;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".lua") continue;
    ScenarioCard card;
    card.name = entry.path().stem().string();
    card.path = entry.path().string();
    if (const auto source = read_file(card.path)) {
      card.question = question_of(*source);
      look_into(card, *source);
    } else {
      card.problem = source.error();
    }
    cards.push_back(std::move(card));
  }
  std::sort(cards.begin(), cards.end(), [](const ScenarioCard& a, const ScenarioCard& b) { return a.name < b.name; });
  return cards;
}

std::string draw_cards(const Skin& skin, const std::vector<ScenarioCard>& cards,
                       const std::vector<std::string>& recent) {
  std::string chosen;
  const ImVec2 origin = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float gap = skin.px(20);
  const int columns = std::max(1, static_cast<int>((room - gap) / (skin.px(400) + gap)));
  const float width =
      std::min((room - gap * static_cast<float>(columns + 1)) / static_cast<float>(columns), skin.px(480));
  const float margin = (room - static_cast<float>(columns) * width - static_cast<float>(columns - 1) * gap) * 0.5f;
  const float tall = skin.px(280);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  text_at(list, skin.fonts.title, origin.x + margin, origin.y + skin.px(34), skin(Colour::text),
          "What would you like to see?");
  text_at(list, skin.fonts.body, origin.x + margin, origin.y + skin.px(70), skin(Colour::text_second),
          "Every scenario is a short Lua program; drop one of your own onto this window.");
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const ScenarioCard& card = cards[i];
    const float x = origin.x + margin + static_cast<float>(i % static_cast<std::size_t>(columns)) * (width + gap);
    const float y = origin.y + skin.px(106) + static_cast<float>(i / static_cast<std::size_t>(columns)) * (tall + gap);
    ImGui::SetCursorScreenPos({x, y});
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("card", {width, tall}) && card.problem.empty()) chosen = card.path;
    const bool hot = ImGui::IsItemHovered() || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible);
    ImGui::PopID();
    list.AddRectFilled({x, y}, {x + width, y + tall}, skin(hot ? Colour::hover : Colour::raised), skin.px(12));
    list.AddRect({x, y}, {x + width, y + tall}, skin(hot ? Colour::accent : Colour::line), skin.px(12), 0,
                 skin.px(hot ? 2.0f : 1.0f));
    picture(skin, list, card, {x + skin.px(12), y + skin.px(12)}, {x + width - skin.px(12), y + skin.px(150)});
    text_at(list, skin.fonts.heading, x + skin.px(16), y + skin.px(172), skin(Colour::text), card.name);
    ImGui::SetCursorScreenPos({x + skin.px(16), y + skin.px(190)});
    ImGui::BeginChild(card.path.c_str(), {width - skin.px(20), tall - skin.px(196)}, false,
                      ImGuiWindowFlags_NoInputs | ImGuiWindowFlags_NoScrollbar);
    explain(skin, card.problem.empty() ? card.question : card.problem);
    ImGui::EndChild();
  }
  const auto rows = (cards.size() + static_cast<std::size_t>(columns) - 1) / static_cast<std::size_t>(columns);
  ImGui::SetCursorScreenPos({origin.x, origin.y + skin.px(110) + static_cast<float>(rows) * (tall + gap)});
  ImGui::Indent(margin);
  if (!recent.empty()) heading(skin, "Opened last");
  for (const std::string& path : recent) {
    if (text_button(skin, path.c_str())) chosen = path;
  }
  ImGui::Unindent(margin);
  ImGui::Dummy({1, skin.px(10)});
  return chosen;
}

}  // namespace wirelab::gui
