// Pictures of the front end in each theme, drawn without a display and compared with kept ones: a sixth of the size, and with
// tolerance, since fonts and renderers differ a little between machines. UPDATE=1 in the environment writes them anew; then look.
#include <backends/imgui_impl_opengl3.h>
#include <png.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "gui/offscreen.hpp"
#include "gui/picture.hpp"
#include "tests/gui/headless.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

constexpr int kWidth = 1440, kHeight = 900, kShrink = 6;

struct Picture {
  int width = 0, height = 0;
  std::vector<unsigned char> rgb;
};

Picture read_png(const std::string& path) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()) != 0);
  image.format = PNG_FORMAT_RGB;
  Picture picture{static_cast<int>(image.width), static_cast<int>(image.height),
                  std::vector<unsigned char>(PNG_IMAGE_SIZE(image))};
  REQUIRE(png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr) != 0);
  return picture;
}

void write_png(const std::string& path, const Picture& picture) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  REQUIRE(png_image_write_to_file(&image, path.c_str(), 0, picture.rgb.data(), 0, nullptr) != 0);
}

Picture shrunk(const Picture& whole) {
  Picture small{whole.width / kShrink, whole.height / kShrink, {}};
  for (int y = 0; y < small.height; ++y) {
    for (int x = 0; x < small.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        int sum = 0;
        for (int dy = 0; dy < kShrink; ++dy) {
          for (int dx = 0; dx < kShrink; ++dx)
            sum += whole.rgb[static_cast<std::size_t>(((y * kShrink + dy) * whole.width + x * kShrink + dx) * 3 + c)];
        }
        small.rgb.push_back(static_cast<unsigned char>(sum / (kShrink * kShrink)));
      }
    }
  }
  return small;
}

struct Scene {
  const char* name;
  const char* scenario;  // null: the start page
  double at;
  Kind select;  // none: nothing
  const char* panel;
};
constexpr Scene kScenes[] = {{"start", nullptr, 0, Kind::none, ""},
                             {"nightlight", "scenarios/nightlight.lua", 30.24, Kind::none, "packet"},
                             {"qos2", "scenarios/qos.lua", 2.12, Kind::mqtt_sent, "packet"},
                             {"dropped", "scenarios/qos.lua", 32.2, Kind::packet_dropped, "journey"},
                             {"broker", "scenarios/topics.lua", 5.0, Kind::mqtt_sent, "broker"},
                             {"will", "scenarios/last_will.lua", 69.0, Kind::none, "broker"},
                             {"handshake", "scenarios/qos.lua", 2.12, Kind::mqtt_sent, "machine"},
                             {"plots", "scenarios/outage.lua", 300.0, Kind::none, "plots"},
                             {"log", "scenarios/last_will.lua", 75.0, Kind::none, "log"},
                             {"stream", "scenarios/qos.lua", 120.0, Kind::packet_dropped, "stream"},
                             {"tap", "scenarios/eavesdropper.lua", 0.12, Kind::none, "tap"},
                             {"radio", "scenarios/wifi.lua", 100.0, Kind::none, "radio"},
                             {"network", "scenarios/nat.lua", 30.0, Kind::none, "network"},
                             {"topics", "scenarios/topics.lua", 20.0, Kind::none, "topics"},
                             {"cut", "scenarios/outage.lua", 75.0, Kind::none, "connection"}};

// All may differ by a little, and one of two hundred values by much.
void check_alike(const Picture& now, const Picture& kept) {
  REQUIRE(now.rgb.size() == kept.rgb.size());
  double sum = 0;
  std::size_t far = 0;
  for (std::size_t i = 0; i < now.rgb.size(); ++i) {
    const int difference = std::abs(now.rgb[i] - kept.rgb[i]);
    sum += difference;
    far += difference > 48 ? 1 : 0;
  }
  CHECK(sum / static_cast<double>(now.rgb.size()) < 2.0);
  CHECK(far < now.rgb.size() / 200);
}

}  // namespace

TEST_CASE("pictures of each view in each theme are as they were looked at") {
  const bool update = std::getenv("UPDATE") != nullptr;
  const std::string folder = "tests/gui/pictures/";
  const std::string drawn =
      std::filesystem::temp_directory_path() / ("wirelab-picture-" + std::to_string(getpid()) + ".png");
  for (const gui::Theme* theme : {&gui::dark_theme(), &gui::light_theme(), &gui::contrast_theme()}) {
    for (const Scene& scene : kScenes) {
      CAPTURE(theme->name, scene.name);
      ImGui::CreateContext();
      auto screen = gui::Offscreen::create(kWidth, kHeight);
      if (!screen) FAIL(screen.error());
      {
        gui::Application application(*theme, 1);
        if (scene.scenario == nullptr) {
          application.set_scenarios("scenarios");
        } else {
          application.open(session_of(scene.scenario), scene.name);
          application.playback()->run_to(seconds_in(scene.at));
          application.playback()->wait();
          application.show(scene.panel);
          if (scene.select != Kind::none) application.select_last(scene.select);
        }
        for (int i = 0; i < 6 || application.is_moving(); ++i)
          screen->draw([&] { application.frame(); }, theme->at(gui::Colour::panel));
        REQUIRE(screen->write_png(drawn));
      }
      { const auto gone = std::move(*screen); }
      ImGui::DestroyContext();
      const Picture now = shrunk(read_png(drawn));
      const std::string kept_path = folder + scene.name + "-" + std::string(theme->name) + ".png";
      if (update) {
        write_png(kept_path, now);
        continue;
      }
      const Picture kept = read_png(kept_path);
      check_alike(now, kept);
    }
  }
  std::filesystem::remove(drawn);
}

TEST_CASE("pictures made larger while they are shown are as if they had been begun larger") {
  const std::string drawn =
      std::filesystem::temp_directory_path() / ("wirelab-picture-" + std::to_string(getpid()) + ".png");
  const auto picture = [&](float begun) {
    ImGui::CreateContext();
    auto screen = gui::Offscreen::create(kWidth, kHeight);
    if (!screen) FAIL(screen.error());
    {
      gui::Application application(gui::dark_theme(), begun);
      application.open(session_of("scenarios/nightlight.lua"), "nightlight");
      const auto draw = [&] { screen->draw([&] { application.frame(); }, 0); };
      draw();
      application.set_scale(1.5f);
      ImGui_ImplOpenGL3_NewFrame();
      if (application.apply_scale()) gui::renew_font_texture();
      for (int i = 0; i < 6 || application.is_moving(); ++i) draw();
      REQUIRE(screen->write_png(drawn));
    }
    { const auto gone = std::move(*screen); }
    ImGui::DestroyContext();
    return shrunk(read_png(drawn));
  };
  check_alike(picture(1), picture(1.5f));
  std::filesystem::remove(drawn);
}
