// What keys do, and stepping: on by running, or to and fro in what has happened.
#include <algorithm>
#include <span>
#include <string_view>
#include <tuple>

#include "gui/application.hpp"
#include "gui/input.hpp"

namespace wirelab::gui {
namespace {

// The instant of the next or the last stop before `at`; empty if there is none.
std::optional<std::int64_t> stop_near(const TraceStore::Reader& reader, std::int64_t at, Step step, bool forward) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (step == Step::second) return forward ? at + kSecond : std::max<std::int64_t>(at - kSecond, 0);
  const auto fits = [&](RecordNumber n) { return step == Step::event || ends_step(step, reader.record(n).kind); };
  if (forward) {
    for (RecordNumber n = reader.at_or_after(at + 1); n <= reader.last(); ++n) {
      if (fits(n)) return reader.record(n).at;
    }
    return std::nullopt;
  }
  for (RecordNumber n = reader.at_or_after(at); n-- > reader.first();) {
    if (fits(n)) return reader.record(n).at;
  }
  return std::nullopt;
}

}  // namespace

void Application::step(Step kind, bool forward) {
  Run* shown = run();
  if (shown == nullptr) return;
  if (forward && !shown->looking_at) {
    if (!may_run()) return;
    shown->playback->step(kind);
    return;
  }
  shown->playback->pause();
  shown->replaying = false;
  const std::int64_t newest = shown->playback->status().now.ns();
  const TraceStore::Reader reader(*shown->playback->store());
  const auto stop = stop_near(reader, shown->looking_at.value_or(newest), kind, forward);
  if (forward && (!stop || *stop >= newest)) {
    shown->looking_at.reset();
  } else {
    look_at(stop.value_or(0));
  }
}

void Application::toggle_bookmark(std::int64_t at) {
  auto& marks = run()->bookmarks;
  const auto place = std::lower_bound(marks.begin(), marks.end(), at);
  if (place != marks.end() && *place == at) {
    marks.erase(place);
  } else {
    marks.insert(place, at);
  }
}

// The packet, whatever it carries, that goes onto a link next or went onto one last: it is selected, with its link, and looked at
// as it sets out.
void Application::go_to_packet(std::int64_t at, bool forward) {
  Run* shown = run();
  shown->playback->pause();
  const auto& flights = shown->index.flights();
  const std::size_t earlier = shown->index.flights_before(at - 1);
  std::size_t place = forward ? earlier : earlier - 1;
  // From one that is selected and sets out at this instant to its neighbour, where several set out together.
  for (std::size_t i = earlier; i < flights.size() && flights[i].begin == at; ++i) {
    if (flights[i].blob == selection_.packet) place = forward ? i + 1 : i - 1;
  }
  if (place >= flights.size()) return;
  look_at(flights[place].begin);
  select_packet(selection_, shown->index, flights[place].blob);
  if (const IndexedChannel* channel = shown->index.channel(flights[place].channel))
    select_link(selection_, channel->link);
}

void Application::go_to_bookmark(const PlaybackStatus& status, bool forward) {
  Run* shown = run();
  const std::int64_t at = shown->looking_at.value_or(status.now.ns());
  const auto& marks = shown->bookmarks;
  if (forward) {
    const auto next = std::upper_bound(marks.begin(), marks.end(), at);
    if (next != marks.end()) look_at(*next);
  } else {
    const auto next = std::lower_bound(marks.begin(), marks.end(), at);
    if (next != marks.begin()) look_at(*(next - 1));
  }
}

// Tab goes from pane to pane; from then on the arrows, space and enter are for what is in them, until escape or a click.
void Application::focus_keys() {
  ImGuiIO& io = ImGui::GetIO();
  constexpr const char* of_a_run[] = {"bar", "left", "canvas", "bottom", "right"};
  constexpr const char* of_a_narrow_run[] = {"bar", "canvas", "bottom", "right"};  // the left one is a tab there
  constexpr const char* of_the_start[] = {"bar", "start"};
  using Panes = std::span<const char* const>;
  const Panes panes = run() == nullptr || at_start_ ? Panes(of_the_start)
                      : is_narrow(io.DisplaySize.x) ? Panes(of_a_narrow_run)
                                                    : Panes(of_a_run);
  wanted_pane_ = nullptr;
  if (pressed(ImGuiKey_Tab) && !io.WantTextInput) {
    at_controls_ = true;
    focused_pane_ = (focused_pane_ + (io.KeyShift ? panes.size() - 1 : 1)) % panes.size();
    wanted_pane_ = panes[focused_pane_];
  }
  if (pressed(ImGuiKey_Escape) || ImGui::IsMouseClicked(0)) at_controls_ = false;
  const bool in_menu = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup);
  if (at_controls_ || in_menu) {
    io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
  } else {
    io.ConfigFlags &= ~ImGuiConfigFlags_NavEnableKeyboard;
  }
}

void Application::focus_if_wanted(const char* pane) {
  if (wanted_pane_ != nullptr && std::string_view(wanted_pane_) == pane) take_focus();
}

void Application::keys(const PlaybackStatus& status) {
  const ImGuiIO& io = ImGui::GetIO();
  Run* shown = run();
  focus_keys();
  if (io.WantTextInput || ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup)) return;  // an open menu has the keys
  if (typed('?')) show_keys_ = !show_keys_;
  if (typed('h') && !cards_.empty()) at_start_ = !at_start_;
  if (typed('+')) {
    set_scale(std::min(skin_.scale + 0.25f, 3.0f));
    told_scale_ = 0;
  }
  if (typed('-')) set_scale(std::max(skin_.scale - 0.25f, 0.75f));
  if (shown == nullptr || at_start_) return;
  if (pressed(ImGuiKey_Space) && !at_controls_) toggle_play(status);
  constexpr std::tuple<char, char, Step> steps[] = {
      {'.', ',', Step::event}, {'p', 'P', Step::packet}, {'m', 'M', Step::message}, {'s', 'S', Step::second}};
  for (const auto& [on, back, kind] : steps) {
    if (typed(on)) step(kind, true);
    if (typed(back)) step(kind, false);
  }
  constexpr float kPane = 20;
  const auto resize = [](float& pane, char larger, char smaller, float least, float most) {
    if (typed(larger)) pane = std::min(pane + kPane, most);
    if (typed(smaller)) pane = std::max(pane - kPane, least);
  };
  resize(left_, 'w', 'W', kLeastLeft, kMostLeft);
  resize(right_, 'e', 'E', kLeastRight, kMostRight);
  resize(bottom_, 'u', 'U', kLeastBottom, kMostBottom);
  if (typed('k')) fork_here();
  if (typed('j')) show("journey");
  if (typed('l')) shown->looking_at.reset(), shown->replaying = false;
  if (typed('r')) show_run((shown_ + 1) % runs_.size());
  if (typed('2')) side_by_side_ = !side_by_side_ && runs_.size() > 1;
  if (typed('[')) go_to_bookmark(status, false);
  if (typed(']')) go_to_bookmark(status, true);
  const std::int64_t at = shown->looking_at.value_or(status.now.ns());
  if (typed('b')) toggle_bookmark(at);
  // Through what has happened by twentieths of it, and to its beginning.
  const std::int64_t stride = std::max<std::int64_t>(status.now.ns() / 20, 1);
  if (typed('0')) look_at(0);
  if (typed('{')) shown->playback->pause(), look_at(at - stride);
  if (typed('}') && shown->looking_at) {
    shown->playback->pause();
    if (at + stride < status.now.ns()) {
      look_at(at + stride);
    } else {
      shown->looking_at.reset();
    }
  }
  if (typed('y')) go_to_packet(at, true);
  if (typed('Y')) go_to_packet(at, false);
  const auto& exchanges = shown->index.exchanges();
  // Back and forth by control packets that are sent; the one that is come to is selected. With shift the canvas is moved.
  if (ImGui::GetIO().KeyShift || at_controls_) return;
  const auto go_to = [&](const Exchange& exchange) {
    look_at(exchange.sent_at);
    select_exchange(selection_, shown->index, exchange, exchange.sent_at);
  };
  // From the selected one where that is sent at the shown instant, since several may be.
  const Exchange* selected = selection_.exchange == 0 ? nullptr : shown->index.exchange(selection_.exchange);
  const bool at_it = selected != nullptr && shown->looking_at && selected->sent_at == at;
  const auto place = at_it ? static_cast<std::size_t>(selected - exchanges.data()) : std::size_t{0};
  if (pressed(ImGuiKey_LeftArrow)) {
    const std::size_t before = at_it ? place : shown->index.exchanges_before(at + (shown->looking_at ? 0 : 1));
    shown->playback->pause();
    if (before == 0) {
      look_at(0);
    } else {
      go_to(exchanges[before - 1]);
    }
  }
  if (pressed(ImGuiKey_RightArrow) && shown->looking_at) {
    const std::size_t after = at_it ? place + 1 : shown->index.exchanges_before(at + 1);
    if (after < exchanges.size()) {
      go_to(exchanges[after]);
    } else {
      shown->looking_at.reset();
    }
  }
}

}  // namespace wirelab::gui
