// The front end as a whole: the panes, the bars above and below, the runs that are open, and what keys do. It draws one frame with
// ImGui and knows neither windows nor OpenGL, so that tests and pictures drive it as a window does.
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gui/exports.hpp"
#include "gui/lesson_cards.hpp"
#include "gui/lesson_pane.hpp"
#include "gui/look.hpp"
#include "gui/playback.hpp"
#include "gui/remembered.hpp"
#include "gui/start_page.hpp"
#include "sim/view/timeline.hpp"

namespace wirelab::gui {

class Application {
 public:
  /// Call with ImGui's context in place; loads the fonts.
  Application(const Theme& theme, float scale);
  ~Application();

  /// Opens a run beside those that are open, and shows it.
  void open(std::unique_ptr<Session> session, std::string title);
  /// Reads a scenario and opens it; what is wrong with it is shown.
  void open_file(const std::string& path);
  /// The folder whose scenarios the start page shows; the page stands where no run is open, or when asked for.
  void set_scenarios(const std::string& folder);
  /// The folder of lessons that the start page shows, and the learner's own.
  void set_lessons(const std::string& root, const std::string& work);
  /// Opens a lesson with its world beside it; what is wrong with it is shown.
  void open_lesson(const std::string& folder);
  /// Builds one frame, between NewFrame() and Render().
  void frame();
  /// What the window is called: the shown run's title.
  std::string title() const { return shown_ < runs_.size() ? "Wirelab: " + runs_[shown_]->title : "Wirelab"; }
  /// Whether the next frame may look different without any input: a run goes on, or a trace is still being read.
  bool is_moving() const { return moving_; }
  /// Fonts must be loaded anew, and their texture with them: before a frame, never within one.
  bool apply_scale();
  void set_scale(float scale) { wanted_scale_ = scale; }
  /// The wanted scale, or the largest at which everything finds its place in a window of this size.
  static float fitting_scale(float wanted, ImVec2 window);
  void set_theme(const Theme& theme);
  /// Takes over what was remembered, and gives what is to be.
  void recall(const Remembered& remembered);
  Remembered remembered() const;

  /// A picture of the window that was asked for: the file to write it to, once. What came of it is told with note().
  std::optional<std::string> take_wanted_picture();
  /// A line for the status bar.
  void note(std::string text) { notice_ = std::move(text); }

  // For tests and pictures.
  Playback* playback() { return shown_ < runs_.size() ? runs_[shown_]->playback.get() : nullptr; }
  Selection& selection() { return selection_; }
  std::size_t runs() const { return runs_.size(); }
  LessonPane* lesson() { return lesson_.get(); }
  void show(std::string_view view);
  void look_at(std::int64_t at);
  /// The record of the shown run whose kind and words fit, at the shown instant or before; for choosing what a picture shows.
  void select_last(Kind kind);
  std::int64_t shown_at() const;
  void write_table_of(std::string_view view);
  void write_picture_of(std::string_view view);
  const Skin& skin() const { return skin_; }

 private:
  struct Run {
    std::string title;
    std::string scenario;                    // its path
    std::string file_stem;                   // of what it writes: another for each run
    std::string saved_as;                    // the name of its saved session; empty: not saved yet
    Places places;                           // of nodes, by hand
    std::vector<View> views = make_views();  // they keep what they have read of this run's trace
    std::unique_ptr<Playback> playback;
    RunIndex index;
    Timeline timeline;
    std::optional<std::int64_t> looking_at;  // empty: the newest instant
    bool replaying = false;                  // the instant that is looked at goes on by itself
    std::vector<std::int64_t> bookmarks;     // in order of time
    std::int64_t behind = 0;                 // ns that are not read yet of what is to be shown
  };
  static constexpr double kSpeeds[] = {0.001, 0.01, 0.1,
                                       1,     10,   0};  // simulated seconds a second, 0: as fast as it goes
  static constexpr const char* kSpeedWords[] = {"1/1000", "1/100", "1/10", "1x", "10x", "max"};
  static constexpr float kTopBar = 52;
  static constexpr float kStatusBar = 28;
  static constexpr float kStrip = 46;
  static constexpr float kTabs = 40;

  void catch_up(Run& run, const TraceStore::Reader& reader, const PlaybackStatus& status);
  void top_bar(const PlaybackStatus& status, float width, float height);
  void status_bar(const PlaybackStatus& status, ImVec2 at, float width, float height);
  void panes(Look& look, const PlaybackStatus& status, ImVec2 at, ImVec2 size);
  void tabbed(Look& look, Place place, int& chosen, bool with_left = false);
  void time_strip(Look& look, const PlaybackStatus& status);
  void start_page(ImVec2 size);
  void lesson_arrives(std::unique_ptr<LessonPane> pane);
  void left_pane(Look& look, const View& control);
  void lesson_pane();
  /// Whether the shown run may go on: of a lesson's own what happens is predicted first.
  bool may_run();
  void grant(LessonWish wish);
  void shortcut_sheet();
  void keys(const PlaybackStatus& status);
  void focus_keys();
  bool is_narrow(float width) const { return width < skin_.px(1120); }
  void focus_if_wanted(const char* pane);
  void carry_out(const std::vector<Request>& requests);
  void runs_menu();
  void show_run(std::size_t which);
  void toggle_play(const PlaybackStatus& status);
  void play(bool on);
  void replay(Run& shown, const PlaybackStatus& status);
  void fork_here();
  void save();
  void write(Export what);
  // A table or picture of what a view shows, wanted until there is a Look to make it from.
  struct WantedFile {
    const View* view = nullptr;
    bool picture = false;
  };
  void write_shown(Look& look, const WantedFile& wanted);
  /// On or back by one step: in what has happened while one looks back, else by running on.
  void step(Step kind, bool forward);
  void run_with_seed(std::uint64_t seed);
  void toggle_bookmark(std::int64_t at);
  void go_to_packet(std::int64_t at, bool forward);
  void go_to_bookmark(const PlaybackStatus& status, bool forward);
  void beside(Look& look, ImVec2 canvas, ImVec2 canvas_size, ImVec2 below, ImVec2 below_size);
  std::string chosen_view(Place place, int chosen) const;
  /// The one that is shown beside; null where only one is.
  Run* run_beside() { return side_by_side_ && runs_.size() > 1 ? runs_[(shown_ + 1) % runs_.size()].get() : nullptr; }
  Run* run() { return shown_ < runs_.size() ? runs_[shown_].get() : nullptr; }

  Skin skin_;
  float wanted_scale_ = 1;
  float told_scale_ = 0;  // the one shown when it was last said that the wanted one does not fit
  std::vector<std::unique_ptr<Run>> runs_;
  std::size_t shown_ = 0;
  const Run* closing_ = nullptr;  // after this frame
  int opened_ = 0;                // so many so far
  Selection selection_;
  float left_ = 300, right_ = 360, bottom_ = 330;
  static constexpr int kLeftAsTab = 1000;  // the tab of what stands on the left where there is room
  int bottom_tab_ = 0, right_tab_ = 0;
  int speed_ = 3;
  std::uint64_t wanted_seed_ = 1;  // in the seed's popup
  bool moving_ = true;
  bool at_start_ = false;     // the start page, though runs are open
  bool show_keys_ = false;    // the sheet of shortcuts
  bool at_controls_ = false;  // arrows, space and enter are the controls', since tab was pressed
  std::size_t focused_pane_ = 0;
  const char* wanted_pane_ = nullptr;  // that gets the focus in this frame
  bool side_by_side_ = false;
  Selection other_selection_;
  Remembered kept_;  // as it was read; its recent files are kept up to date
  std::vector<ScenarioCard> cards_;
  std::vector<LessonCard> lesson_cards_;
  std::string lessons_root_, lessons_work_;
  std::unique_ptr<LessonPane> lesson_;
  std::optional<LessonWish> lesson_wish_;
  int left_tab_ = 0;    // the lesson, what can be done to the world
  std::string notice_;  // shown in the status bar
  std::optional<std::string> wanted_picture_;
  int picture_in_ = 0;  // so many frames: the menu that asked for it is gone by then
  WantedFile wanted_file_;
  // Forks are made on the simulation's thread, files are opened on others, and both are handed over here.
  struct Arrival {
    std::unique_ptr<Session> session;
    std::string title;
    std::string file;      // that was opened, empty for a fork
    bool instead = false;  // of an earlier run of the same scenario
    bool plays = false;
  };
  struct Arrivals {
    std::mutex mutex;
    std::vector<Arrival> sessions;
    std::unique_ptr<LessonPane> lesson;
    std::string lesson_problem;
    std::string notice;
  };
  std::shared_ptr<Arrivals> arrivals_ = std::make_shared<Arrivals>();
  std::vector<std::future<void>> opening_;
};

}  // namespace wirelab::gui
