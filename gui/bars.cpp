// The bars of the application: what is above the panes, the status below them, the strip of the whole run, and the sheet of keys.
#include <fmt/format.h>

#include <algorithm>

#include "gui/application.hpp"
#include "gui/controls.hpp"
#include "gui/input.hpp"
#include "gui/paint.hpp"

namespace wirelab::gui {

void Application::top_bar(const PlaybackStatus& status, float width, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  Run* shown = run();
  const float middle = height * 0.5f;
  list.AddLine({0, height - 0.5f}, {width, height - 0.5f}, skin_(Colour::line));
  float x = skin_.px(14);
  ImGui::SetCursorScreenPos({x, middle - skin_.px(14)});
  if (ImGui::InvisibleButton("home", {skin_.px(28), skin_.px(28)}) && !cards_.empty()) at_start_ = !at_start_;
  focus_ring(skin_, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), skin_.px(8));
  tip(skin_, "All scenarios (h)");
  list.AddRectFilled({x, middle - skin_.px(14)}, {x + skin_.px(28), middle + skin_.px(14)}, skin_(Colour::accent_fill),
                     skin_.px(7));
  if (skin_.fonts.has_icons)
    text_centred(list, skin_.fonts.icons, {x + skin_.px(14), middle}, IM_COL32_WHITE, icon::hub);
  x += skin_.px(38);
  x += text_at(list, skin_.fonts.strong, x, middle, skin_(Colour::text), "Wirelab") + skin_.px(16);
  // The shown run; where there are several, a menu of them all.
  const bool narrow = width < skin_.px(1180);
  const float transport = std::max(x + skin_.px(120), narrow ? x + skin_.px(120) : width * 0.5f - skin_.px(270));
  if (!runs_.empty()) {
    const float room = std::min(transport - x - skin_.px(16), skin_.px(270));
    std::string title = runs_[shown_]->title;
    if (runs_.size() > 1) title = fmt::format("{} of {}: {}", shown_ + 1, runs_.size(), title);
    title = shortened(skin_.fonts.small, title, room - skin_.px(34));
    const float w = measure(skin_.fonts.small, title).x + skin_.px(runs_.size() > 1 ? 34.0f : 20.0f);
    ImGui::SetCursorScreenPos({x, middle - skin_.px(14)});
    if (ImGui::InvisibleButton("run", {w, skin_.px(28)})) {
      at_start_ = false;
      if (runs_.size() > 1) ImGui::OpenPopup("runs");
    }
    focus_ring(skin_, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), skin_.px(8));
    tip(skin_, runs_.size() > 1 ? "All open runs (r: the next one)" : runs_[shown_]->title.c_str());
    list.AddRectFilled({x, middle - skin_.px(14)}, {x + w, middle + skin_.px(14)}, skin_(Colour::raised), skin_.px(7));
    text_at(list, skin_.fonts.small, x + skin_.px(10), middle, skin_(Colour::text), title);
    if (runs_.size() > 1) {
      const float sign = x + w - skin_.px(16);
      list.AddTriangleFilled({sign, middle - skin_.px(2)}, {sign + skin_.px(8), middle - skin_.px(2)},
                             {sign + skin_.px(4), middle + skin_.px(3)}, skin_(Colour::text_third));
    }
    runs_menu();
  }
  if (shown == nullptr || at_start_) return;
  const auto at_x = [&](float place, float tall) {
    ImGui::SetCursorScreenPos({place, middle - skin_.px(tall) * 0.5f});
  };
  at_x(transport, 36);
  if (icon_button(skin_, "start", icon::restart, "|<", "Look at the beginning", 36))
    shown->playback->pause(), look_at(0);
  ImGui::SameLine(0, skin_.px(4));
  if (icon_button(skin_, "back", icon::previous, "<",
                  "Back by one control packet (M); by event (,), packet (P) or second (S)", 36))
    step(Step::message, false);
  ImGui::SameLine(0, skin_.px(4));
  const bool runs = status.playing || shown->replaying;
  const bool can_run = !status.ended || runs || shown->looking_at.has_value();
  if (icon_button(skin_, "play", runs ? icon::pause : icon::play, runs ? "||" : ">",
                  runs                ? "Pause (space)"
                  : shown->looking_at ? "Show again what has happened, from here on (space)"
                                      : "Play (space)",
                  36, true, can_run))
    toggle_play(status);
  ImGui::SameLine(0, skin_.px(4));
  if (icon_button(skin_, "step", icon::next, ">|",
                  "On by one control packet (m); by event (.), packet (p) or second (s)", 36, false,
                  !status.ended || shown->looking_at.has_value()))
    step(Step::message, true);
  const float clock_x = transport + skin_.px(172);
  const std::int64_t at = shown->looking_at.value_or(status.now.ns());
  const std::string clock = fmt::format("{:.6f} s", static_cast<double>(at) / 1e9);
  const float clock_width = skin_.px(132);
  list.AddRectFilled({clock_x, middle - skin_.px(16)}, {clock_x + clock_width, middle + skin_.px(16)},
                     skin_(Colour::raised), skin_.px(8));
  text_centred(list, skin_.fonts.mono_small, {clock_x + clock_width * 0.5f, middle},
               skin_(shown->looking_at ? Colour::warning : Colour::text), clock);
  at_x(clock_x + clock_width + skin_.px(10), 32);
  const auto speeds = static_cast<int>(std::size(kSpeedWords));
  if (narrow) {  // one word, which a click changes
    if (text_button(skin_, fmt::format("{}##speed", kSpeedWords[speed_]).c_str())) {
      speed_ = (speed_ + 1) % speeds;
      shown->playback->set_speed(kSpeeds[speed_]);
    }
    tip(skin_, "The speed: a click takes the next one");
  } else if (segments(skin_, "speed", kSpeedWords, speed_)) {
    shown->playback->set_speed(kSpeeds[speed_]);
  }
  // On the right: what concerns the whole.
  const std::string seed = fmt::format("seed {}", status.seed);
  const float seed_width = measure(skin_.fonts.mono_small, seed).x + skin_.px(22);
  float right = width - skin_.px(14) - skin_.px(36);
  at_x(right, 36);
  const bool dark = skin_.theme == &dark_theme();
  const bool light = skin_.theme == &light_theme();
  if (icon_button(skin_, "theme",
                  dark    ? icon::light
                  : light ? icon::contrast
                          : icon::dark,
                  "theme", "Dark, light, high contrast", 36))
    set_theme(dark ? light_theme() : light ? contrast_theme() : dark_theme());
  right -= skin_.px(40);
  at_x(right, 36);
  if (icon_button(skin_, "save", icon::save, "save",
                  "Save the session: the scenario and its journal, which replay it exactly", 36))
    save();
  right -= skin_.px(40);
  at_x(right, 36);
  if (icon_button(skin_, "fork", icon::fork, "fork", "Fork here (k): run again up to this instant and go another way",
                  36))
    fork_here();
  right -= skin_.px(40);
  at_x(right, 36);
  if (icon_button(skin_, "export", icon::list, "file", "Write a file: capture, sequence, trace, pictures, tables", 36))
    ImGui::OpenPopup("write");
  ImGui::PushFont(skin_.fonts.small);
  if (ImGui::BeginPopup("write")) {
    constexpr std::pair<const char*, Export> files[] = {{"Capture for Wireshark (.pcapng)", Export::capture},
                                                        {"Sequence diagram (Mermaid, .mmd)", Export::sequence},
                                                        {"Trace (.jsonl)", Export::trace}};
    for (const auto& [words, what] : files) {
      if (ImGui::MenuItem(words)) write(what);
    }
    if (ImGui::MenuItem("The window as a picture (.png)")) wanted_picture_ = shown->file_stem, picture_in_ = 3;
    ImGui::Separator();
    ImGui::TextDisabled("Pictures of what is shown (.svg)");
    for (const View& view : shown->views) {
      if (view.picture && ImGui::MenuItem(view.title)) wanted_file_ = {&view, true};
    }
    ImGui::Separator();
    ImGui::TextDisabled("Tables, as panels show them (.csv)");
    for (const View& view : shown->views) {
      if (view.table && ImGui::MenuItem(fmt::format("{}##table", view.title).c_str())) wanted_file_ = {&view, false};
    }
    ImGui::EndPopup();
  }
  ImGui::PopFont();
  right -= seed_width + skin_.px(8);
  list.AddRect({right, middle - skin_.px(14)}, {right + seed_width, middle + skin_.px(14)}, skin_(Colour::line_strong),
               skin_.px(8));
  text_centred(list, skin_.fonts.mono_small, {right + seed_width * 0.5f, middle}, skin_(Colour::text_second), seed);
  ImGui::SetCursorScreenPos({right, middle - skin_.px(14)});
  if (ImGui::InvisibleButton("seed", {seed_width, skin_.px(28)})) {
    wanted_seed_ = status.seed + 1;
    ImGui::OpenPopup("another seed");
  }
  focus_ring(skin_, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), skin_.px(8));
  tip(skin_, "What all chance is drawn from: click to run the same scenario with another");
  ImGui::PushFont(skin_.fonts.small);
  if (ImGui::BeginPopup("another seed")) {
    ImGui::SetNextItemWidth(skin_.px(140));
    constexpr std::uint64_t kOne = 1;
    if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
    const bool entered = ImGui::InputScalar("##seed", ImGuiDataType_U64, &wanted_seed_, &kOne, nullptr, nullptr,
                                            ImGuiInputTextFlags_EnterReturnsTrue);
    if (text_button(skin_, "Run with this seed", nullptr, true) || entered) {
      run_with_seed(wanted_seed_);
      ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
  }
  ImGui::PopFont();
}

void Application::runs_menu() {
  ImGui::PushFont(skin_.fonts.small);
  if (ImGui::BeginPopup("runs")) {
    std::size_t closed = runs_.size();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      ImGui::PushID(static_cast<int>(i));
      if (ImGui::MenuItem(runs_[i]->title.c_str(), nullptr, i == shown_)) show_run(i);
      ImGui::PopID();
    }
    ImGui::Separator();
    if (ImGui::MenuItem("Close the shown one")) closed = shown_;
    ImGui::EndPopup();
    if (closed < runs_.size()) closing_ = runs_[closed].get();
  }
  ImGui::PopFont();
}

void Application::show_run(std::size_t which) {
  if (which == shown_) return;
  shown_ = which;
  selection_ = {};
}

void Application::status_bar(const PlaybackStatus& status, ImVec2 at, float width, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float middle = at.y + height * 0.5f;
  list.AddLine({at.x, at.y + 0.5f}, {at.x + width, at.y + 0.5f}, skin_(Colour::line));
  float x = at.x + skin_.px(14);
  const Run* shown = run();
  const bool back = shown != nullptr && shown->looking_at.has_value();
  if (shown == nullptr || at_start_) {
    text_at(list, skin_.fonts.small, x, middle, skin_(notice_.empty() ? Colour::text_third : Colour::text),
            notice_.empty() ? "? shows all keys" : shortened(skin_.fonts.small, notice_, width - skin_.px(28)));
    return;
  }
  const bool again = shown != nullptr && shown->replaying;
  const char* word = status.playing  ? "Running"
                     : again         ? "Showing again"
                     : status.busy   ? "Working"
                     : back          ? "Looking back"
                     : status.failed ? "Failed"
                     : status.ended  ? "At the end"
                                     : "Paused";
  const Colour colour = status.playing  ? Colour::ok
                        : back          ? Colour::warning
                        : status.failed ? Colour::error
                                        : Colour::text_third;
  list.AddCircleFilled({x + skin_.px(4), middle}, skin_.px(4), skin_(colour));
  x += skin_.px(16);
  x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::text_second), word) + skin_.px(18);
  x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::text_third), fmt::format("{} events", status.events)) +
       skin_.px(18);
  // A fast run is ahead of what is shown.
  if (constexpr std::int64_t kNotable = 200'000'000; shown != nullptr && shown->behind > kNotable)
    x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::warning),
                 fmt::format("reading, {} behind", seconds_text(shown->behind, 1))) +
         skin_.px(18);
  if (status.interventions > 0)
    x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::info),
                 fmt::format("{} by hand", status.interventions)) +
         skin_.px(18);
  if (!status.digest.empty()) {
    const float begin = x;
    if (skin_.fonts.has_icons)
      x += text_at(list, skin_.fonts.icons_small, x, middle, skin_(Colour::ok), icon::fingerprint) + skin_.px(6);
    x += text_at(list, skin_.fonts.mono_small, x, middle, skin_(Colour::text_third), status.digest.substr(0, 15));
    ImGui::SetCursorScreenPos({begin, at.y});
    if (ImGui::InvisibleButton("digest", {x - begin, height})) {
      ImGui::SetClipboardText(status.digest.c_str());
      notice_ = "Copied: " + status.digest;
    }
    focus_ring(skin_, ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), skin_.px(4));
    tip(skin_,
        ("The digest of all that has happened up to the newest instant; a click copies it whole:\n" + status.digest)
            .c_str());
    x += skin_.px(18);
  }
  const bool bad = !status.problem.empty() && !(status.failed && !notice_.empty());
  const std::string& said = bad ? status.problem : notice_;
  const char* keys = "space play   m . s step   k fork   ? all keys";
  const float keys_width = measure(skin_.fonts.small, keys).x;
  if (!said.empty()) {
    text_at(list, skin_.fonts.small, x, middle, skin_(bad ? Colour::error : Colour::text),
            shortened(skin_.fonts.small, said, at.x + width - x - skin_.px(20)));
  } else if (at.x + width - x > keys_width + skin_.px(30)) {
    text_right(list, skin_.fonts.small, at.x + width - skin_.px(14), middle, skin_(Colour::text_third), keys);
  }
}

// The whole run as a strip: how busy each moment was, where packets were lost, and the shown instant. A click or drag looks there.
void Application::time_strip(Look& look, const PlaybackStatus& status) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float tall = skin_.px(kStrip);
  list.AddLine({at.x, at.y + 0.5f}, {at.x + width, at.y + 0.5f}, skin_(Colour::line));
  const std::string length = fmt::format("0 - {:.4g} s", static_cast<double>(look.end) / 1e9);
  text_at(list, skin_.fonts.mono_small, at.x + skin_.px(14), at.y + tall * 0.5f, skin_(Colour::text_third), length);
  const float left = at.x + skin_.px(150);
  const float right = at.x + width - skin_.px(14);
  const float bar = skin_.px(5);
  const auto parts = static_cast<std::size_t>(std::max(10.0f, (right - left) / bar));
  const auto activity = look.index.activity(look.end, parts);
  std::uint32_t most = 1;
  for (const auto& part : activity) most = std::max(most, part.packets);
  const float ground = at.y + tall - skin_.px(9);
  const float high = tall - skin_.px(20);
  for (std::size_t i = 0; i < parts; ++i) {
    if (activity[i].packets == 0) continue;
    const float x = left + (right - left) * static_cast<float>(i) / static_cast<float>(parts);
    const float h = std::max(skin_.px(2), high * static_cast<float>(activity[i].packets) / static_cast<float>(most));
    list.AddRectFilled({x, ground - h}, {x + bar - skin_.px(1.5f), ground}, skin_(Colour::accent, 0.65f), skin_.px(1));
    if (activity[i].losses > 0)
      list.AddRectFilled({x, ground + skin_.px(1)}, {x + bar - skin_.px(1.5f), ground + skin_.px(5)},
                         skin_(Colour::error));
  }
  const auto x_of = [&](std::int64_t t) {
    return left + (right - left) * static_cast<float>(static_cast<double>(t) /
                                                      static_cast<double>(std::max<std::int64_t>(look.end, 1)));
  };
  const float newest = x_of(status.now.ns());
  list.AddLine({newest, at.y + skin_.px(8)}, {newest, ground}, skin_(Colour::text_third), skin_.px(1));
  for (const std::int64_t mark : run()->bookmarks) {
    const float x = x_of(mark);
    list.AddTriangleFilled({x - skin_.px(5), at.y + skin_.px(3)}, {x + skin_.px(5), at.y + skin_.px(3)},
                           {x, at.y + skin_.px(12)}, skin_(Colour::warning));
  }
  const float here = x_of(look.at);
  list.AddLine({here, at.y + skin_.px(5)}, {here, ground + skin_.px(5)}, skin_(Colour::accent), skin_.px(2));
  list.AddCircleFilled({here, at.y + skin_.px(7)}, skin_.px(5), skin_(Colour::accent));
  ImGui::SetCursorScreenPos({left, at.y});
  ImGui::InvisibleButton("time strip", {right - left, tall});
  if (ImGui::IsItemActive() && ImGui::IsMouseDown(0)) {
    const double part = std::clamp(static_cast<double>((ImGui::GetIO().MousePos.x - left) / (right - left)), 0.0, 1.0);
    const auto to = static_cast<std::int64_t>(part * static_cast<double>(look.end));
    if (to >= status.now.ns()) {
      if (run()->looking_at) run()->looking_at.reset();
      if (!status.playing && !status.ended && may_run()) run()->playback->run_to(Instant::from_ns(to));
    } else {
      run()->playback->pause();
      run()->replaying = false;
      look_at(to);
    }
  }
  if (ImGui::IsItemHovered() && ImGui::IsMouseClicked(1)) toggle_bookmark(look.at);
  tip(skin_,
      "Click to look there; behind the newest instant the run goes on up to there. The right button marks this "
      "instant");
}

void Application::shortcut_sheet() {
  constexpr std::pair<const char*, const char*> keys[] = {
      {"space", "play, pause; looking back: show again"},
      {"m  M", "on, back by one control packet of MQTT"},
      {"p  P", "on, back by one packet"},
      {".  ,", "on, back by one event"},
      {"s  S", "on, back by one second"},
      {"left, right", "select the control packet before, after"},
      {"y  Y", "select the next, last packet on any link"},
      {"{  }   0  l", "back, on by a twentieth; beginning, newest"},
      {"k", "fork at the shown instant"},
      {"b   [  ]", "bookmark this instant; to the one before, after"},
      {"r", "the next of the open runs"},
      {"2", "two runs side by side"},
      {"n  c  t", "select the next node, cable, packet under way"},
      {"a", "what can be done to what is selected"},
      {"j", "the journey of what is selected"},
      {"f   < >", "fit the canvas; smaller, larger"},
      {"shift arrows", "move the canvas; with ctrl the selected node"},
      {"z Z   x X", "the sequence: nearer, farther; later, earlier"},
      {"w W  e E  u U", "left, right, lower pane: larger, smaller"},
      {"h", "the start page"},
      {"+  -", "larger, smaller"},
      {"tab; arrows, enter", "the next pane; its controls, press. escape: as before"},
      {"?", "this sheet"}};
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  // In two columns where one is too high for the window; as wide as the longest lines are.
  float key_width = 0, text_width = 0;
  for (const auto& [key, does] : keys) {
    key_width = std::max(key_width, measure(skin_.fonts.mono_small, key).x);
    text_width = std::max(text_width, measure(skin_.fonts.small, does).x);
  }
  const float line = skin_.px(24), head = skin_.px(34);
  const ImVec2 margin = ImGui::GetStyle().WindowPadding;
  const bool one = static_cast<float>(std::size(keys)) * line + head + 2 * margin.y < size.y - skin_.px(20);
  const std::size_t rows = one ? std::size(keys) : (std::size(keys) + 1) / 2;
  const float column = key_width + skin_.px(16) + text_width + skin_.px(24);
  const float width = std::min(column * (one ? 1.0f : 2.0f) + 2 * margin.x, size.x - skin_.px(8));
  ImGui::SetNextWindowPos({size.x * 0.5f, size.y * 0.5f}, ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({width, static_cast<float>(rows) * line + head + 2 * margin.y});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1.0f);
  ImGui::Begin("##keys", &show_keys_, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoSavedSettings);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  heading(skin_, "Keys", "? closes this");
  for (std::size_t i = 0; i < std::size(keys); ++i) {
    const float x = at.x + (i < rows ? 0 : column);
    const float y = at.y + head + (static_cast<float>(i % rows) + 0.5f) * line - skin_.px(4);
    text_at(list, skin_.fonts.mono_small, x, y, skin_(Colour::accent), keys[i].first);
    text_at(list, skin_.fonts.small, x + key_width + skin_.px(16), y, skin_(Colour::text), keys[i].second);
  }
  if (pressed(ImGuiKey_Escape)) show_keys_ = false;
  ImGui::End();
  ImGui::PopStyleVar();
}

}  // namespace wirelab::gui
