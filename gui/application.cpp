#include "gui/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "gui/controls.hpp"
#include "gui/input.hpp"
#include "gui/paint.hpp"
#include "lab/system/files.hpp"

namespace wirelab::gui {
namespace {

constexpr double kSpeeds[] = {0.01, 0.1, 1, 10, 0};
constexpr const char* kSpeedWords[] = {"1/100", "1/10", "1x", "10x", "max"};
constexpr float kTopBar = 52;
constexpr float kStatusBar = 28;
constexpr float kStrip = 46;
// Records that are read in one frame: about 4 ms.
constexpr RecordNumber kReadAFrame = 60'000;

}  // namespace

Application::Application(const Theme& theme, float scale) : wanted_scale_(scale), views_(make_views()) {
  skin_.scale = scale;
  skin_.fonts = load_fonts(scale);
  set_theme(theme);
}

Application::~Application() = default;

void Application::set_theme(const Theme& theme) {
  skin_.theme = &theme;
  apply(theme, skin_.scale);
}

bool Application::apply_scale() {
  if (wanted_scale_ == skin_.scale) return false;
  skin_.scale = wanted_scale_;
  skin_.fonts = load_fonts(skin_.scale);
  apply(*skin_.theme, skin_.scale);
  return true;
}

void Application::open(std::unique_ptr<Session> session, std::string title) {
  auto made = std::make_unique<Run>();
  made->title = std::move(title);
  made->playback = std::make_unique<Playback>(std::move(session));
  runs_.push_back(std::move(made));
  shown_ = runs_.size() - 1;
  selection_ = {};
}

void Application::show(std::string_view view) {
  int bottom = 0;
  int right = 0;
  for (const View& v : views_) {
    if (v.place == Place::bottom) {
      if (v.id == view) bottom_tab_ = bottom;
      ++bottom;
    } else if (v.place == Place::right) {
      if (v.id == view) right_tab_ = right;
      ++right;
    }
  }
}

void Application::look_at(std::int64_t at) {
  if (Run* shown = run()) shown->looking_at = std::max<std::int64_t>(at, 0);
}

void Application::select_last(Kind kind) {
  Run* shown = run();
  if (shown == nullptr) return;
  const TraceStore::Reader reader(*shown->playback->store());
  shown->index.read(reader, reader.last());
  const std::int64_t at = shown->looking_at.value_or(shown->playback->status().now.ns());
  for (RecordNumber n = reader.at_or_after(at + 1); n-- > reader.first();) {
    const Record& r = reader.record(n);
    if (r.kind != kind || (kind == Kind::mqtt_sent && (r.field >> 4) != 3)) continue;
    if (kind == Kind::mqtt_sent) selection_.exchange = n, selection_.message = r.key;
    if (const Exchange* exchange = kind == Kind::mqtt_sent ? shown->index.exchange_at(r.subject, r.a) : nullptr) {
      for (RecordNumber k = n + 1; k < n + 12 && k <= reader.last(); ++k) {
        const Record& p = reader.record(k);
        if (p.kind == Kind::packet_sent && p.subject == exchange->stream && p.a <= exchange->begin &&
            p.b > exchange->begin) {
          selection_.packet = p.key;
          break;
        }
      }
    } else if (r.kind == Kind::packet_sent || r.kind == Kind::packet_dropped || r.kind == Kind::packet_transmitted) {
      selection_.packet = r.key;
      const IndexedPacket* packet = shown->index.packet(r.key);
      const Exchange* carried = packet != nullptr && packet->end > packet->begin
                                    ? shown->index.exchange_at(packet->stream, packet->begin)
                                    : nullptr;
      if (carried != nullptr) selection_.exchange = carried->sent, selection_.message = carried->message;
    }
    if (const IndexedEntity* entity = shown->index.find(r.entity)) selection_.node = entity->node;
    return;
  }
}

void Application::catch_up(Run& shown, const TraceStore::Reader& reader, const PlaybackStatus& status) {
  const bool read_all = shown.index.read(reader, reader.last(), kReadAFrame);
  const std::int64_t at = shown.looking_at.value_or(status.now.ns());
  const RecordNumber wanted = reader.at_or_after(at + 1) - 1;
  const bool there = shown.timeline.seek(reader, wanted, kReadAFrame * 4);
  moving_ = !read_all || !there || status.playing || status.busy;
}

void Application::toggle_play(const PlaybackStatus& status) {
  Run* shown = run();
  if (shown == nullptr) return;
  if (status.playing) {
    shown->playback->pause();
  } else {
    shown->looking_at.reset();
    shown->playback->play(kSpeeds[speed_]);
  }
}

void Application::fork_here() {
  Run* shown = run();
  if (shown == nullptr) return;
  const std::int64_t at = shown->looking_at.value_or(shown->playback->status().now.ns());
  notice_ = "Forking: the run begins again up to this instant ...";
  shown->playback->pause();
  shown->playback->ask([arrivals = arrivals_, at, title = shown->title](Session& session) {
    auto forked = session.fork(Instant::from_ns(at));
    const std::lock_guard lock(arrivals->mutex);
    if (!forked) {
      arrivals->notice = forked.error().text;
      return;
    }
    const std::string base = title.substr(0, title.find(" from "));
    arrivals->sessions.emplace_back(std::move(*forked),
                                    fmt::format("{} from {:.3f} s", base, static_cast<double>(at) / 1e9));
  });
}

void Application::save() {
  Run* shown = run();
  if (shown == nullptr) return;
  shown->playback->ask([arrivals = arrivals_](Session& session) {
    const std::string stem = std::filesystem::path(session.setup().path).stem().string();
    const std::string path = stem + "-session.jsonl";
    const auto done = write_file(path, journal_text(session.journal()));
    const std::lock_guard lock(arrivals->mutex);
    arrivals->notice = done ? fmt::format("Saved: wirelab run {} --journal {} replays it", session.setup().path, path)
                            : fmt::format("{}: {}", path, done.error());
  });
}

void Application::carry_out(const std::vector<Request>& requests) {
  Run* shown = run();
  if (shown == nullptr) return;
  for (const Request& request : requests) {
    if (const auto* seek = std::get_if<SeekTo>(&request)) {
      shown->playback->pause();
      look_at(seek->at);
    } else if (const auto* until = std::get_if<RunUntil>(&request)) {
      shown->looking_at.reset();
      shown->playback->run_until(until->condition);
    } else {
      shown->playback->intervene(std::get<Intervention>(request));
    }
  }
}

void Application::keys(const PlaybackStatus& status) {
  const ImGuiIO& io = ImGui::GetIO();
  Run* shown = run();
  if (io.WantTextInput) return;
  if (typed('?')) show_keys_ = !show_keys_;
  if (typed('h') && !cards_.empty()) at_start_ = !at_start_;
  if (typed('+')) set_scale(std::min(skin_.scale + 0.25f, 3.0f));
  if (typed('-')) set_scale(std::max(skin_.scale - 0.25f, 0.75f));
  if (shown == nullptr || at_start_) return;
  if (pressed(ImGuiKey_Space)) toggle_play(status);
  const auto step = [&](Step kind) {
    shown->looking_at.reset();
    shown->playback->step(kind);
  };
  if (typed('.')) step(Step::event);
  if (typed('p')) step(Step::packet);
  if (typed('m')) step(Step::message);
  if (typed('s')) step(Step::second);
  if (typed('k')) fork_here();
  if (typed('l')) shown->looking_at.reset();
  const std::int64_t at = shown->looking_at.value_or(status.now.ns());
  const auto& exchanges = shown->index.exchanges();
  // Back and forth by control packets.
  if (pressed(ImGuiKey_LeftArrow)) {
    const std::size_t before = shown->index.exchanges_before(at);
    shown->playback->pause();
    look_at(before == 0 ? 0 : exchanges[before - 1].sent_at);
  }
  if (pressed(ImGuiKey_RightArrow) && shown->looking_at) {
    const std::size_t after = shown->index.exchanges_before(at + 1);
    if (after < exchanges.size()) {
      look_at(exchanges[after].sent_at);
    } else {
      shown->looking_at.reset();
    }
  }
}

void Application::top_bar(const PlaybackStatus& status, float width, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  Run* shown = run();
  const float middle = height * 0.5f;
  list.AddLine({0, height - 0.5f}, {width, height - 0.5f}, skin_(Colour::line));
  float x = skin_.px(14);
  ImGui::SetCursorScreenPos({x, middle - skin_.px(14)});
  if (ImGui::InvisibleButton("home", {skin_.px(28), skin_.px(28)}) && !cards_.empty()) at_start_ = !at_start_;
  tip(skin_, "All scenarios (h)");
  list.AddRectFilled({x, middle - skin_.px(14)}, {x + skin_.px(28), middle + skin_.px(14)}, skin_(Colour::accent_fill),
                     skin_.px(7));
  if (skin_.fonts.has_icons)
    text_centred(list, skin_.fonts.icons, {x + skin_.px(14), middle}, IM_COL32_WHITE, icon::hub);
  x += skin_.px(38);
  x += text_at(list, skin_.fonts.strong, x, middle, skin_(Colour::text), "Wirelab") + skin_.px(16);
  // The open runs; one at a time is shown.
  const float centre = width * 0.5f;
  const float transport = centre - skin_.px(210);
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::string title = shortened(skin_.fonts.small, runs_[i]->title, skin_.px(150));
    const float w = measure(skin_.fonts.small, title).x + skin_.px(20);
    if (x + w > transport - skin_.px(10)) break;
    ImGui::SetCursorScreenPos({x, middle - skin_.px(14)});
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("run", {w, skin_.px(28)})) shown_ = i, selection_ = {}, at_start_ = false;
    ImGui::PopID();
    if (i == shown_)
      list.AddRectFilled({x, middle - skin_.px(14)}, {x + w, middle + skin_.px(14)}, skin_(Colour::raised),
                         skin_.px(7));
    text_at(list, skin_.fonts.small, x + skin_.px(10), middle, skin_(i == shown_ ? Colour::text : Colour::text_third),
            title);
    x += w + skin_.px(4);
  }
  if (shown == nullptr || at_start_) return;
  const auto at_x = [&](float place, float tall) {
    ImGui::SetCursorScreenPos({place, middle - skin_.px(tall) * 0.5f});
  };
  at_x(transport, 36);
  if (icon_button(skin_, "start", icon::restart, "|<", "Look at the beginning", 36))
    shown->playback->pause(), look_at(0);
  ImGui::SameLine(0, skin_.px(4));
  if (icon_button(skin_, "back", icon::previous, "<", "To the control packet before (left arrow)", 36)) {
    const std::int64_t now = shown->looking_at.value_or(status.now.ns());
    const std::size_t before = shown->index.exchanges_before(now);
    shown->playback->pause();
    look_at(before == 0 ? 0 : shown->index.exchanges()[before - 1].sent_at);
  }
  ImGui::SameLine(0, skin_.px(4));
  if (icon_button(skin_, "play", status.playing ? icon::pause : icon::play, status.playing ? "||" : ">",
                  status.playing ? "Pause (space)" : "Play (space)", 36, true, !status.ended || status.playing))
    toggle_play(status);
  ImGui::SameLine(0, skin_.px(4));
  if (icon_button(skin_, "step", icon::next, ">|",
                  "On by one control packet (m); by event (.), packet (p) or second (s)", 36, false, !status.ended)) {
    shown->looking_at.reset();
    shown->playback->step(Step::message);
  }
  const float clock_x = transport + skin_.px(172);
  const std::int64_t at = shown->looking_at.value_or(status.now.ns());
  const std::string clock = fmt::format("{:.6f} s", static_cast<double>(at) / 1e9);
  const float clock_width = skin_.px(132);
  list.AddRectFilled({clock_x, middle - skin_.px(16)}, {clock_x + clock_width, middle + skin_.px(16)},
                     skin_(Colour::raised), skin_.px(8));
  text_centred(list, skin_.fonts.mono_small, {clock_x + clock_width * 0.5f, middle},
               skin_(shown->looking_at ? Colour::warning : Colour::text), clock);
  at_x(clock_x + clock_width + skin_.px(10), 32);
  if (segments(skin_, "speed", kSpeedWords, speed_)) shown->playback->set_speed(kSpeeds[speed_]);
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
  if (icon_button(skin_, "save", icon::save, "save", "Save the session: its journal replays it exactly", 36)) save();
  right -= skin_.px(40);
  at_x(right, 36);
  if (icon_button(skin_, "fork", icon::fork, "fork", "Fork here (k): run again up to this instant and go another way",
                  36))
    fork_here();
  right -= seed_width + skin_.px(8);
  list.AddRect({right, middle - skin_.px(14)}, {right + seed_width, middle + skin_.px(14)}, skin_(Colour::line_strong),
               skin_.px(8));
  text_centred(list, skin_.fonts.mono_small, {right + seed_width * 0.5f, middle}, skin_(Colour::text_second), seed);
}

void Application::status_bar(const PlaybackStatus& status, ImVec2 at, float width, float height) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float middle = at.y + height * 0.5f;
  list.AddLine({at.x, at.y + 0.5f}, {at.x + width, at.y + 0.5f}, skin_(Colour::line));
  float x = at.x + skin_.px(14);
  const Run* shown = run();
  const bool back = shown != nullptr && shown->looking_at.has_value();
  if (shown == nullptr || at_start_) {
    text_at(list, skin_.fonts.small, x, middle, skin_(notice_.empty() ? Colour::text_third : Colour::error),
            notice_.empty() ? "? shows all keys" : shortened(skin_.fonts.small, notice_, width - skin_.px(28)));
    return;
  }
  const char* word = status.playing ? "Running" : back ? "Looking back" : status.ended ? "At the end" : "Paused";
  const Colour colour = status.playing ? Colour::ok : back ? Colour::warning : Colour::text_third;
  list.AddCircleFilled({x + skin_.px(4), middle}, skin_.px(4), skin_(colour));
  x += skin_.px(16);
  x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::text_second), word) + skin_.px(18);
  x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::text_third), fmt::format("{} events", status.events)) +
       skin_.px(18);
  if (status.interventions > 0)
    x += text_at(list, skin_.fonts.small, x, middle, skin_(Colour::info),
                 fmt::format("{} by hand", status.interventions)) +
         skin_.px(18);
  if (!status.digest.empty() && !back) {
    if (skin_.fonts.has_icons)
      x += text_at(list, skin_.fonts.icons_small, x, middle, skin_(Colour::ok), icon::fingerprint) + skin_.px(6);
    x += text_at(list, skin_.fonts.mono_small, x, middle, skin_(Colour::text_third), status.digest.substr(0, 15)) +
         skin_.px(18);
  }
  const std::string& said = status.problem.empty() ? notice_ : status.problem;
  const char* keys = "space play   m . s step   k fork   ? all keys";
  const float keys_width = measure(skin_.fonts.small, keys).x;
  if (!said.empty()) {
    text_at(list, skin_.fonts.small, x, middle, skin_(status.problem.empty() ? Colour::text : Colour::error),
            shortened(skin_.fonts.small, said, at.x + width - x - skin_.px(20)));
  } else if (at.x + width - x > keys_width + skin_.px(30)) {
    text_right(list, skin_.fonts.small, at.x + width - skin_.px(14), middle, skin_(Colour::text_third), keys);
  }
}

void Application::tabbed(Look& look, Place place, int& chosen) {
  std::vector<const char*> words;
  std::vector<const View*> shown;
  for (const View& view : views_) {
    if (view.place != place) continue;
    words.push_back(view.title);
    shown.push_back(&view);
  }
  tabs(skin_, place == Place::bottom ? "bottom tabs" : "right tabs", words, chosen);
  const float strip = place == Place::bottom ? skin_.px(kStrip) : 0;
  const ImGuiWindowFlags flags =
      place == Place::bottom ? ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse : 0;
  ImGui::BeginChild(shown[static_cast<std::size_t>(chosen)]->id, {0, ImGui::GetContentRegionAvail().y - strip}, false,
                    flags);
  if (place == Place::right) ImGui::Dummy({1, skin_.px(6)});
  shown[static_cast<std::size_t>(chosen)]->draw(look);
  ImGui::EndChild();
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
  const float here = x_of(look.at);
  list.AddLine({here, at.y + skin_.px(5)}, {here, ground + skin_.px(5)}, skin_(Colour::accent), skin_.px(2));
  list.AddCircleFilled({here, at.y + skin_.px(7)}, skin_.px(5), skin_(Colour::accent));
  ImGui::SetCursorScreenPos({left, at.y});
  ImGui::InvisibleButton("time strip", {right - left, tall});
  if (ImGui::IsItemActive()) {
    const double part = std::clamp(static_cast<double>((ImGui::GetIO().MousePos.x - left) / (right - left)), 0.0, 1.0);
    const auto to = static_cast<std::int64_t>(part * static_cast<double>(look.end));
    if (to >= status.now.ns()) {
      if (run()->looking_at) run()->looking_at.reset();
      if (!status.playing && !status.ended) run()->playback->run_to(Instant::from_ns(to));
    } else {
      run()->playback->pause();
      look_at(to);
    }
  }
  tip(skin_, "Click to look there; behind the newest instant the run goes on up to there");
}

void Application::panes(Look& look, const PlaybackStatus& status, ImVec2 at, ImVec2 size) {
  const bool narrow = size.x < skin_.px(1120);
  const float left = show_left_ && !narrow ? skin_.px(left_) : 0;
  const float right = skin_.px(std::min(right_, size.x / skin_.scale * 0.34f));
  const float bottom = skin_.px(std::min(bottom_, size.y / skin_.scale * 0.5f));
  const float seam = std::max(1.0f, std::floor(skin_.scale));
  const float middle_x = at.x + left + (left > 0 ? seam : 0);
  const float middle_width = size.x - (middle_x - at.x) - right - seam;
  const float canvas_height = size.y - bottom - seam;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled({middle_x, at.y}, {middle_x + middle_width, at.y + canvas_height}, skin_(Colour::canvas));
  list.AddRectFilled({middle_x + middle_width, at.y}, {middle_x + middle_width + seam, at.y + size.y},
                     skin_(Colour::line));
  list.AddRectFilled({middle_x, at.y + canvas_height}, {middle_x + middle_width, at.y + canvas_height + seam},
                     skin_(Colour::line));
  if (left > 0) list.AddRectFilled({at.x + left, at.y}, {at.x + left + seam, at.y + size.y}, skin_(Colour::line));
  const auto pane = [&](const char* id, ImVec2 place, ImVec2 extent, ImGuiWindowFlags flags, auto&& draw) {
    ImGui::SetCursorScreenPos(place);
    ImGui::BeginChild(id, extent, false, flags);
    draw();
    ImGui::EndChild();
  };
  constexpr ImGuiWindowFlags kStill = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse;
  const auto view_at = [&](Place place) -> const View& {
    return *std::find_if(views_.begin(), views_.end(), [&](const View& v) { return v.place == place; });
  };
  if (left > 0) pane("left", at, {left, size.y}, 0, [&] { view_at(Place::left).draw(look); });
  pane("canvas", {middle_x, at.y}, {middle_width, canvas_height}, kStill, [&] { view_at(Place::canvas).draw(look); });
  pane("bottom", {middle_x, at.y + canvas_height + seam}, {middle_width, bottom}, kStill, [&] {
    tabbed(look, Place::bottom, bottom_tab_);
    time_strip(look, status);
  });
  pane("right", {middle_x + middle_width + seam, at.y}, {right, size.y}, kStill,
       [&] { tabbed(look, Place::right, right_tab_); });
  if (left > 0)
    splitter(skin_, "##left seam", {at.x + left - skin_.px(3), at.y}, {skin_.px(7), size.y}, true, left_, 1, 240, 460);
  splitter(skin_, "##right seam", {middle_x + middle_width - skin_.px(3), at.y}, {skin_.px(7), size.y}, true, right_,
           -1, 300, 560);
  splitter(skin_, "##bottom seam", {middle_x, at.y + canvas_height - skin_.px(3)}, {middle_width, skin_.px(7)}, false,
           bottom_, -1, 200, 560);
}

void Application::set_scenarios(const std::string& folder) { cards_ = read_cards(folder); }

void Application::open_file(const std::string& path) {
  const auto source = read_file(path);
  if (!source) {
    notice_ = fmt::format("{}: {}", path, source.error());
    return;
  }
  SessionSetup setup;
  setup.path = path;
  setup.source = *source;
  auto session = Session::begin(setup);
  if (!session) {
    notice_ = session.error().text;
    return;
  }
  notice_.clear();
  open(std::move(*session), std::filesystem::path(path).stem().string());
  at_start_ = false;
}

void Application::start_page(ImVec2 size) {
  const float top = skin_.px(kTopBar);
  ImGui::SetCursorScreenPos({0, top});
  ImGui::BeginChild("start", {size.x, size.y - top - skin_.px(kStatusBar)});
  std::string chosen;
  if (cards_.empty()) {
    text_centred(*ImGui::GetWindowDrawList(), skin_.fonts.title, {size.x * 0.5f, size.y * 0.42f}, skin_(Colour::text),
                 "No run is open");
    text_centred(*ImGui::GetWindowDrawList(), skin_.fonts.body, {size.x * 0.5f, size.y * 0.42f + skin_.px(40)},
                 skin_(Colour::text_second),
                 "Drop a scenario onto this window, or begin with: wirelab gui scenarios/nightlight.lua");
  } else {
    chosen = draw_cards(skin_, cards_);
  }
  ImGui::EndChild();
  if (!chosen.empty()) open_file(chosen);
}

void Application::shortcut_sheet() {
  constexpr std::pair<const char*, const char*> keys[] = {
      {"space", "play, pause"},    {"m", "on by one control packet of MQTT"},
      {"p", "on by one packet"},   {".", "on by one event"},
      {"s", "on by one second"},   {"left, right", "look at the control packet before, after"},
      {"l", "the newest instant"}, {"k", "fork at the shown instant"},
      {"f", "fit the canvas"},     {"h", "the start page"},
      {"+  -", "larger, smaller"}, {"tab, arrows, enter", "reach every control"},
      {"?", "this sheet"}};
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({size.x * 0.5f, size.y * 0.5f}, ImGuiCond_Always, {0.5f, 0.5f});
  ImGui::SetNextWindowSize({skin_.px(460), skin_.px(60 + 28 * static_cast<float>(std::size(keys)))});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 1.0f);
  ImGui::Begin("##keys", &show_keys_, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoSavedSettings);
  heading(skin_, "Keys", "? closes this");
  ImDrawList& list = *ImGui::GetWindowDrawList();
  for (const auto& [key, does] : keys) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    text_at(list, skin_.fonts.mono_small, at.x, at.y + skin_.px(10), skin_(Colour::accent), key);
    text_at(list, skin_.fonts.small, at.x + skin_.px(170), at.y + skin_.px(10), skin_(Colour::text), does);
    ImGui::Dummy({1, skin_.px(20)});
  }
  if (pressed(ImGuiKey_Escape)) show_keys_ = false;
  ImGui::End();
  ImGui::PopStyleVar();
}

void Application::frame() {
  {
    const std::lock_guard lock(arrivals_->mutex);
    for (auto& [session, title] : arrivals_->sessions) {
      open(std::move(session), title);
      notice_ = "Both branches are kept: choose between them above";
    }
    arrivals_->sessions.clear();
    if (!arrivals_->notice.empty()) notice_ = std::exchange(arrivals_->notice, {});
  }
  const ImVec2 size = ImGui::GetIO().DisplaySize;
  ImGui::SetNextWindowPos({0, 0});
  ImGui::SetNextWindowSize(size);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0.0f);
  ImGui::Begin("##root", nullptr,
               ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoBackground | ImGuiWindowFlags_NoMove |
                   ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBringToFrontOnFocus |
                   ImGuiWindowFlags_NoScrollWithMouse);
  Run* shown = run();
  const float top = skin_.px(kTopBar);
  const float foot = skin_.px(kStatusBar);
  if (shown == nullptr || at_start_) {
    moving_ = false;
    keys({});
    top_bar({}, size.x, top);
    start_page(size);
    status_bar({}, {0, size.y - foot}, size.x, foot);
  } else {
    const PlaybackStatus status = shown->playback->status();
    keys(status);
    std::vector<Request> requests;
    {
      const TraceStore::Reader reader(*shown->playback->store());
      catch_up(*shown, reader, status);
      Look look{reader,
                shown->index,
                shown->timeline.state(),
                shown->looking_at.value_or(status.now.ns()),
                std::max(status.end.ns(), status.now.ns()),
                !shown->looking_at.has_value(),
                skin_,
                selection_,
                requests};
      panes(look, status, {0, top}, {size.x, size.y - top - foot});
      top_bar(status, size.x, top);
    }
    status_bar(shown->playback->status(), {0, size.y - foot}, size.x, foot);
    carry_out(requests);
    if (!requests.empty()) moving_ = true;
  }
  ImGui::End();
  ImGui::PopStyleVar(2);
  if (show_keys_) shortcut_sheet();
}

}  // namespace wirelab::gui
