#include "gui/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "gui/controls.hpp"
#include "gui/input.hpp"
#include "gui/paint.hpp"
#include "lab/system/files.hpp"

namespace wirelab::gui {
namespace {

// Records that are read at a time, and for how long in one frame; the first ones always are.
constexpr RecordNumber kReadAFrame = 60'000;
constexpr std::chrono::milliseconds kReading{8};

}  // namespace

Application::Application(const Theme& theme, float scale) : wanted_scale_(scale) {
  skin_.scale = scale;
  skin_.fonts = load_fonts(scale);
  set_theme(theme);
}

Application::~Application() = default;

void Application::set_theme(const Theme& theme) {
  skin_.theme = &theme;
  apply(theme, skin_.scale);
}

float Application::fitting_scale(float wanted, ImVec2 window) {
  constexpr float kLeastWidth = 850, kLeastHeight = 530;  // lengths of the design
  if (window.x <= 0 || window.y <= 0) return wanted;
  return std::max(std::min({wanted, window.x / kLeastWidth, window.y / kLeastHeight}), 0.75f);
}

bool Application::apply_scale() {
  const float scale = fitting_scale(wanted_scale_, ImGui::GetIO().DisplaySize);
  if (scale < wanted_scale_ - 0.01f && told_scale_ != scale)
    note(fmt::format("{:.0f} % does not fit into this window, which shows {:.0f} %: make it larger, too",
                     static_cast<double>(wanted_scale_ * 100), static_cast<double>(scale * 100)));
  told_scale_ = scale;
  if (std::abs(scale - skin_.scale) < 0.01f) return false;
  skin_.scale = scale;
  skin_.fonts = load_fonts(skin_.scale);
  apply(*skin_.theme, skin_.scale);
  return true;
}

void Application::open(std::unique_ptr<Session> session, std::string title) {
  auto made = std::make_unique<Run>();
  made->scenario = session->setup().path;
  made->file_stem = std::filesystem::path(made->scenario).stem().string();
  std::error_code ignored;
  if (std::filesystem::is_regular_file(made->scenario, ignored)) kept_.note_file(made->scenario);
  // As in another run of the same scenario, or as it was left.
  made->places = kept_.places_of(made->scenario);
  for (const auto& other : runs_) {
    if (other->scenario == made->scenario) made->places = other->places;
  }
  if (title.ends_with(".lua")) title = made->file_stem;
  made->title = std::move(title);
  if (++opened_ > 1) made->file_stem += fmt::format("-{}", opened_);
  made->playback = std::make_unique<Playback>(std::move(session));
  runs_.push_back(std::move(made));
  shown_ = runs_.size() - 1;
  selection_ = {};
}

void Application::show(std::string_view view) {
  int bottom = 0;
  int right = 0;
  for (const View& v : make_views()) {
    if (v.place == Place::bottom) {
      if (v.id == view) bottom_tab_ = bottom;
      ++bottom;
    } else if (v.place == Place::right) {
      if (v.id == view) right_tab_ = right;
      ++right;
    } else if (v.place == Place::left && v.id == view) {
      right_tab_ = kLeftAsTab;
    }
  }
}

void Application::look_at(std::int64_t at) {
  if (Run* shown = run()) shown->looking_at = std::max<std::int64_t>(at, 0), shown->replaying = false;
}

std::int64_t Application::shown_at() const {
  if (shown_ >= runs_.size()) return 0;
  return runs_[shown_]->looking_at.value_or(runs_[shown_]->playback->status().now.ns());
}

void Application::select_last(Kind kind) {
  Run* shown = run();
  if (shown == nullptr) return;
  const TraceStore::Reader reader(*shown->playback->store());
  shown->index.read(reader, reader.last());
  const std::int64_t at = shown->looking_at.value_or(shown->playback->status().now.ns());
  for (RecordNumber n = reader.at_or_after(at + 1); n-- > reader.first();) {
    const Record& r = reader.record(n);
    if (r.kind != kind || (kind == Kind::mqtt_sent && ((r.field >> 4) & 15) != 3)) continue;
    select_record(selection_, reader, shown->index, n);
    return;
  }
}

void Application::catch_up(Run& shown, const TraceStore::Reader& reader, const PlaybackStatus& status) {
  const auto began = std::chrono::steady_clock::now();
  bool read_all = shown.index.read(reader, reader.last(), kReadAFrame);
  while (!read_all && std::chrono::steady_clock::now() - began < kReading)
    read_all = shown.index.read(reader, reader.last(), kReadAFrame / 4);
  const std::int64_t at = shown.looking_at.value_or(status.now.ns());
  const RecordNumber wanted = reader.at_or_after(at + 1) - 1;
  const bool there = shown.timeline.seek(reader, wanted, kReadAFrame * 4);
  shown.behind = read_all && there ? 0 : std::max<std::int64_t>(at - shown.index.last_at(), 1);
  moving_ = !read_all || !there || status.playing || status.busy || shown.replaying;
}

void Application::toggle_play(const PlaybackStatus& status) {
  Run* shown = run();
  if (shown == nullptr) return;
  const auto runs = [](const PlaybackStatus& s) { return s.playing || s.busy; };
  bool stops = runs(status) || shown->replaying;
  if (Run* other = run_beside()) stops = stops || runs(other->playback->status());
  shown->replaying = !stops && shown->looking_at.has_value() && *shown->looking_at < status.now.ns();
  if (!shown->replaying && (stops || may_run())) play(!stops);
}

// The shown run, and the one beside it: both go on, or stop.
void Application::play(bool on) {
  for (Run* each : {run(), run_beside()}) {
    if (each == nullptr) continue;
    if (on) {
      each->looking_at.reset();
      each->playback->play(kSpeeds[speed_]);
    } else {
      each->playback->pause();
    }
  }
}

// What has happened is shown again, at the chosen speed; from its end on the run goes on.
void Application::replay(Run& shown, const PlaybackStatus& status) {
  if (!shown.replaying) return;
  // As fast as one can look: all that has happened in ten seconds.
  const double fastest = std::max(100.0, static_cast<double>(status.now.ns()) / 10e9);
  const double speed = kSpeeds[speed_] == 0 ? fastest : kSpeeds[speed_];
  const double passed = static_cast<double>(ImGui::GetIO().DeltaTime) * speed * 1e9;
  const std::int64_t to = shown.looking_at.value_or(0) + std::max<std::int64_t>(static_cast<std::int64_t>(passed), 1);
  if (shown.looking_at && to < status.now.ns()) {
    shown.looking_at = to;
    return;
  }
  shown.replaying = false;
  shown.looking_at.reset();
  play(true);
}

void Application::fork_here() {
  Run* shown = run();
  if (shown == nullptr) return;
  const std::int64_t at = shown->looking_at.value_or(shown->playback->status().now.ns());
  notice_ = "Forking: the run begins again up to this instant ...";
  shown->playback->pause();
  // A fork that nobody waits for any more, since the run is being closed, is given up.
  const std::atomic<bool>& leaving = shown->playback->leaving();
  shown->playback->ask([arrivals = arrivals_, at, title = shown->title, &leaving](Session& session) {
    auto forked = session.fork(Instant::from_ns(at), &leaving);
    const std::lock_guard lock(arrivals->mutex);
    if (!forked) {
      arrivals->notice = forked.error().text;
      return;
    }
    const std::string base = title.substr(0, title.find(" from "));
    arrivals->sessions.push_back(
        {std::move(*forked), fmt::format("{} from {:.3f} s", base, static_cast<double>(at) / 1e9), ""});
  });
}

// Beside the present run, so that two seeds can be compared.
void Application::run_with_seed(std::uint64_t seed) {
  Run* shown = run();
  if (shown == nullptr) return;
  shown->playback->pause();
  shown->playback->ask([arrivals = arrivals_, seed](Session& session) {
    SessionSetup setup = session.setup();
    setup.seed = seed;
    auto begun = Session::begin(setup);
    const std::lock_guard lock(arrivals->mutex);
    if (!begun) {
      arrivals->notice = begun.error().text;
      return;
    }
    arrivals->sessions.push_back(
        {std::move(*begun), fmt::format("{}, seed {}", std::filesystem::path(setup.path).stem().string(), seed), ""});
  });
}

void Application::recall(const Remembered& remembered) {
  kept_ = remembered;
  left_ = kept_.left;
  right_ = kept_.right;
  bottom_ = kept_.bottom;
  show(kept_.bottom_view);
  show(kept_.right_view);
  if (const Theme* theme = find_theme(kept_.theme)) set_theme(*theme);
  if (kept_.scale != 0) wanted_scale_ = kept_.scale;
}

std::string Application::chosen_view(Place place, int chosen) const {
  for (const View& view : make_views()) {
    if (view.place == place && chosen-- == 0) return view.id;
  }
  return {};
}

Remembered Application::remembered() const {
  Remembered all = kept_;
  all.theme = skin_.theme->name;
  all.scale = wanted_scale_;
  all.left = left_, all.right = right_, all.bottom = bottom_;
  all.bottom_view = chosen_view(Place::bottom, bottom_tab_);
  all.right_view = right_tab_ == kLeftAsTab ? chosen_view(Place::left, 0) : chosen_view(Place::right, right_tab_);
  for (const auto& open : runs_) all.note_places(open->scenario, open->places);
  return all;
}

void Application::carry_out(const std::vector<Request>& requests) {
  Run* shown = run();
  if (shown == nullptr) return;
  for (const Request& request : requests) {
    if (const auto* seek = std::get_if<SeekTo>(&request)) {
      shown->playback->pause();
      shown->replaying = false;
      look_at(seek->at);
    } else if (const auto* until = std::get_if<RunUntil>(&request)) {
      if (!may_run()) continue;
      shown->looking_at.reset();
      shown->playback->run_until(until->condition);
    } else if (const auto* view = std::get_if<ShowView>(&request)) {
      show(view->id);
    } else {
      shown->playback->intervene(std::get<Intervention>(request));
    }
  }
}

void Application::tabbed(Look& look, Place place, int& chosen, bool with_left) {
  std::vector<const char*> words;
  std::vector<const View*> shown;
  const auto add = [&](Place from) {
    for (const View& view : run()->views) {
      if (view.place != from) continue;
      words.push_back(view.title);
      shown.push_back(&view);
    }
  };
  add(place);
  if (with_left) add(Place::left);
  if (with_left && lesson_ != nullptr) {
    words.push_back("Lesson");
    shown.push_back(nullptr);
  }
  chosen = std::min(chosen, static_cast<int>(words.size()) - 1);
  tabs(skin_, place == Place::bottom ? "bottom tabs" : "right tabs", words, chosen);
  const float strip = place == Place::bottom ? skin_.px(kStrip) + ImGui::GetStyle().ItemSpacing.y : 0;
  const ImGuiWindowFlags flags =
      ImGuiWindowFlags_NavFlattened |
      (place == Place::bottom ? ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse : 0);
  const View* view = shown[static_cast<std::size_t>(chosen)];
  ImGui::BeginChild(view == nullptr ? "lesson" : view->id, {0, ImGui::GetContentRegionAvail().y - strip}, false, flags);
  if (place == Place::right) ImGui::Dummy({1, skin_.px(6)});
  if (view == nullptr) {
    lesson_pane();
  } else {
    view->draw(look);
  }
  ImGui::EndChild();
}

void Application::panes(Look& look, const PlaybackStatus& status, ImVec2 at, ImVec2 size) {
  const bool narrow = is_narrow(size.x);
  // The canvas keeps nearly half of the width.
  const float sides = std::min(1.0f, size.x / skin_.scale * 0.53f / (left_ + right_));
  const float left = narrow ? 0 : skin_.px(left_ * sides);  // what stands there is a tab on the right then
  const float right = skin_.px(std::min(right_ * (narrow ? 1 : sides), size.x / skin_.scale * 0.34f));
  const bool low = size.y < skin_.px(600);
  const float bottom = skin_.px(std::min(bottom_, size.y / skin_.scale * (low ? 0.46f : 0.5f)));
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
    focus_if_wanted(id);
    draw();
    ImGui::EndChild();
  };
  constexpr ImGuiWindowFlags kStill = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse;
  const auto view_at = [&](Place place) -> const View& {
    return *std::find_if(run()->views.begin(), run()->views.end(), [&](const View& v) { return v.place == place; });
  };
  if (left > 0) pane("left", at, {left, size.y}, 0, [&] { left_pane(look, view_at(Place::left)); });
  const bool two = side_by_side_ && runs_.size() > 1;
  const float one_width = two ? std::floor((middle_width - seam) * 0.5f) : middle_width;
  pane("canvas", {middle_x, at.y}, {one_width, canvas_height}, kStill, [&] { view_at(Place::canvas).draw(look); });
  if (two) {
    const float x = middle_x + one_width + seam;
    list.AddRectFilled({x - seam, at.y}, {x, at.y + canvas_height}, skin_(Colour::line));
    const float y = at.y + canvas_height + seam + skin_.px(kTabs);
    list.AddRectFilled({x - seam, y}, {x, at.y + size.y}, skin_(Colour::line));
    beside(look, {x, at.y}, {one_width, canvas_height}, {x, y}, {one_width, at.y + size.y - y});
  }
  pane("bottom", {middle_x, at.y + canvas_height + seam}, {one_width, bottom}, kStill, [&] {
    tabbed(look, Place::bottom, bottom_tab_);
    time_strip(look, status);
  });
  pane("right", {middle_x + middle_width + seam, at.y}, {right, size.y}, kStill,
       [&] { tabbed(look, Place::right, right_tab_, narrow); });
  if (left > 0)
    splitter(skin_, "##left seam", {at.x + left - skin_.px(3), at.y}, {skin_.px(7), size.y}, true, left_, 1, kLeastLeft,
             kMostLeft);
  splitter(skin_, "##right seam", {middle_x + middle_width - skin_.px(3), at.y}, {skin_.px(7), size.y}, true, right_,
           -1, kLeastRight, kMostRight);
  splitter(skin_, "##bottom seam", {middle_x, at.y + canvas_height - skin_.px(3)}, {middle_width, skin_.px(7)}, false,
           bottom_, -1, kLeastBottom, kMostBottom);
}

void Application::set_scenarios(const std::string& folder) { cards_ = read_cards(folder); }

// On a thread of its own, since a scenario's top level may take its time.
void Application::open_file(const std::string& path) {
  notice_ = "Opening ...";
  moving_ = true;
  opening_.push_back(std::async(std::launch::async, [arrivals = arrivals_, path] {
    std::string problem;
    std::unique_ptr<Session> made;
    if (const auto source = read_file(path)) {
      SessionSetup setup;
      setup.path = path;
      setup.source = *source;
      auto session = Session::begin(setup);
      if (session) {
        made = std::move(*session);
      } else {
        problem = session.error().text;
      }
    } else {
      problem = fmt::format("{}: {}", path, source.error());
    }
    const std::lock_guard lock(arrivals->mutex);
    if (made != nullptr) {
      arrivals->sessions.push_back({std::move(made), std::filesystem::path(path).stem().string(), path});
    } else {
      arrivals->notice = problem;
    }
  }));
}

// The next run at the same instant, or at its newest if it has not come so far: its canvas, and the lower view that is chosen.
void Application::beside(Look& look, ImVec2 canvas, ImVec2 canvas_size, ImVec2 below, ImVec2 below_size) {
  Run& other = *run_beside();
  const PlaybackStatus status = other.playback->status();
  const std::int64_t shown_at = std::min(look.at, status.now.ns());
  const TraceStore::Reader reader(*other.playback->store());
  const bool read_all = other.index.read(reader, reader.last(), kReadAFrame);
  const bool there_yet = other.timeline.seek(reader, reader.at_or_after(shown_at + 1) - 1, kReadAFrame * 4);
  if (!read_all || !there_yet || status.playing || status.busy) moving_ = true;
  std::vector<Request> requests;
  const bool live = shown_at == status.now.ns();
  Look there{reader, other.index, other.timeline.state(), shown_at, std::max(status.end.ns(), status.now.ns()),
             live,   skin_,       other_selection_,       requests, other.places,
             false,  moving_};
  const auto draw = [&](const char* id, ImVec2 at, ImVec2 size, const View& view) {
    ImGui::SetCursorScreenPos(at);
    ImGui::BeginChild(id, size, false, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    view.draw(there);
    ImGui::EndChild();
  };
  int below_it = bottom_tab_;
  for (const View& view : other.views) {
    if (view.place == Place::canvas) draw("canvas beside", canvas, canvas_size, view);
    if (view.place == Place::bottom && below_it-- == 0) draw("view beside", below, below_size, view);
  }
  // Where one looks is the same in both; what is done is done to this one.
  for (const Request& request : requests) {
    if (const auto* intervention = std::get_if<Intervention>(&request)) {
      other.playback->intervene(*intervention);
    } else {
      look.requests.push_back(request);
    }
  }
  ImGui::SetCursorScreenPos(canvas);
  ImGui::BeginChild("canvas beside");
  text_at(*ImGui::GetWindowDrawList(), skin_.fonts.small_strong, canvas.x + skin_.px(16), canvas.y + skin_.px(18),
          skin_(Colour::text_second),
          shortened(skin_.fonts.small_strong,
                    fmt::format("{}, at {:.3f} s", other.title, static_cast<double>(shown_at) / 1e9),
                    canvas_size.x - skin_.px(32)));
  ImGui::EndChild();
}

void Application::start_page(ImVec2 size) {
  const float top = skin_.px(kTopBar);
  ImGui::SetCursorScreenPos({0, top});
  ImGui::BeginChild("start", {size.x, size.y - top - skin_.px(kStatusBar)});
  focus_if_wanted("start");
  std::string chosen;
  if (cards_.empty()) {
    text_centred(*ImGui::GetWindowDrawList(), skin_.fonts.title, {size.x * 0.5f, size.y * 0.42f}, skin_(Colour::text),
                 "No run is open");
    text_centred(*ImGui::GetWindowDrawList(), skin_.fonts.body, {size.x * 0.5f, size.y * 0.42f + skin_.px(40)},
                 skin_(Colour::text_second),
                 "Drop a scenario onto this window, or begin with: wirelab gui scenarios/nightlight.lua");
  } else {
    const int lesson = lesson_cards_.empty() ? -1 : draw_lesson_cards(skin_, lesson_cards_);
    if (lesson >= 0) open_lesson(lesson_cards_[static_cast<std::size_t>(lesson)].folder);
    chosen = draw_cards(skin_, cards_, kept_.recent);
  }
  ImGui::EndChild();
  if (!chosen.empty()) open_file(chosen);
}

void Application::frame() {
  {
    const std::lock_guard lock(arrivals_->mutex);
    if (arrivals_->lesson != nullptr) lesson_arrives(std::move(arrivals_->lesson));
    for (Arrival& arrival : arrivals_->sessions) {
      const std::string path = arrival.session->setup().path;
      if (arrival.instead) std::erase_if(runs_, [&](const auto& open) { return open->scenario == path; });
      open(std::move(arrival.session), arrival.title);
      at_start_ = at_controls_ = false;
      if (arrival.plays) play(true);
      notice_ = runs_.size() > 1 && !arrival.instead
                    ? "All runs are kept: choose between them above; 2 shows two side by side"
                    : "";
    }
    arrivals_->sessions.clear();
    if (std::string text = std::exchange(arrivals_->lesson_problem, {}); !text.empty() && lesson_ != nullptr)
      lesson_->tell_problem(text);
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
  ImGui::PopStyleVar(2);  // menus have their margins
  Run* shown = run();
  const float top = skin_.px(kTopBar);
  const float foot = skin_.px(kStatusBar);
  if (shown == nullptr || at_start_) {
    moving_ = false;
    keys({});
    focus_if_wanted("bar");
    top_bar({}, size.x, top);
    start_page(size);
    status_bar({}, {0, size.y - foot}, size.x, foot);
  } else {
    keys(shown->playback->status());
    focus_if_wanted("bar");
    shown = run();  // a key may have chosen another
    const PlaybackStatus status = shown->playback->status();
    replay(*shown, status);
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
                requests,
                shown->places,
                true,
                moving_};
      top_bar(status, size.x, top);
      panes(look, status, {0, top}, {size.x, size.y - top - foot});
      if (wanted_file_.view != nullptr) write_shown(look, std::exchange(wanted_file_, {}));
    }
    status_bar(shown->playback->status(), {0, size.y - foot}, size.x, foot);
    carry_out(requests);
    if (!requests.empty()) moving_ = true;
    if (lesson_wish_) grant(*std::exchange(lesson_wish_, std::nullopt));
  }
  ImGui::End();
  if (show_keys_) shortcut_sheet();
  std::erase_if(opening_, [](const std::future<void>& file) {
    return file.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  if (wanted_picture_ || !opening_.empty()) moving_ = true;
  if (closing_ != nullptr) {
    kept_ = remembered();
    std::erase_if(runs_, [&](const auto& open) { return open.get() == closing_; });
    closing_ = nullptr;
    shown_ = std::min(shown_, runs_.empty() ? 0 : runs_.size() - 1);
    selection_ = {};
    moving_ = true;
  }
}

}  // namespace wirelab::gui
