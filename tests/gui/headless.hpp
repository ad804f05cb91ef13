// The front end without a window: frames are built, what they show is read as text and as draw data, and the mouse is moved by hand.
#pragma once

#include <imgui.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "gui/application.hpp"
#include "gui/input.hpp"
#include "gui/paint.hpp"
#include "tests/lab/script/scenario_test.hpp"

namespace wirelab::test {

struct Headless {
  explicit Headless(float width = 1440, float height = 900) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.DisplaySize = {width, height};
    io.DeltaTime = 1.0f / 60;
    for (int key = 0; key < ImGuiKey_COUNT; ++key) io.KeyMap[key] = 300 + key;
  }
  ~Headless() { ImGui::DestroyContext(context); }
  ImGuiContext* context = ImGui::CreateContext();
  std::vector<gui::ShownText> texts;  // of the last frame

  /// Where a text of the last frame that is, or begins with, this one stands: the first or the last of several. On the left the
  /// first are drawn, then the canvas, what is below, and what is on the right.
  ImVec2 where(std::string_view text, bool last = false) const {
    for (const bool whole : {true, false}) {
      const auto fits = [&](const gui::ShownText& t) { return whole ? t.text == text : t.text.starts_with(text); };
      if (last) {
        const auto shown = std::find_if(texts.rbegin(), texts.rend(), fits);
        if (shown != texts.rend()) return shown->at;
      } else {
        const auto shown = std::find_if(texts.begin(), texts.end(), fits);
        if (shown != texts.end()) return shown->at;
      }
    }
    FAIL("nothing shows \"" << text << "\"");
    return {};
  }
  bool has(std::string_view text) const {
    return std::any_of(texts.begin(), texts.end(),
                       [&](const auto& t) { return t.text.find(text) != std::string::npos; });
  }

  /// Builds a frame and gives every text in it, a line each.
  std::string frame(gui::Application& application) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    io.Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
    io.Fonts->SetTexID(reinterpret_cast<ImTextureID>(1));
    gui::let_enter_press();
    ImGui::NewFrame();
    texts.clear();
    gui::capture_texts(&texts);
    application.frame();
    gui::capture_texts(nullptr);
    std::string text;
    for (const gui::ShownText& shown : texts) text += shown.text + "\n";
    ImGui::Render();
    // What is drawn is whole: every index has its vertex.
    const ImDrawData* data = ImGui::GetDrawData();
    REQUIRE(data->TotalVtxCount > 0);
    bool whole = true;
    for (int i = 0; i < data->CmdListsCount; ++i) {
      for (const ImDrawIdx index : data->CmdLists[i]->IdxBuffer)
        whole = whole && index < data->CmdLists[i]->VtxBuffer.Size;
    }
    REQUIRE(whole);
    return text;
  }
  /// Frames until nothing moves, then one more.
  std::string settle(gui::Application& application) {
    for (int i = 0; i < 500; ++i) {
      frame(application);
      if (!application.is_moving() && i > 3) break;
    }
    return frame(application);
  }
  /// Frames for as long as something is done on another thread; nothing may be playing.
  std::string finish(gui::Application& application) {
    while (application.is_moving()) frame(application);
    return settle(application);
  }
  void click(gui::Application& application, float x, float y, int button = 0) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = {x, y};
    frame(application);
    io.MouseDown[button] = true;
    frame(application);
    io.MouseDown[button] = false;
    frame(application);
  }
  /// On a text that is shown.
  void click(gui::Application& application, std::string_view text, bool last = false) {
    const ImVec2 at = where(text, last);
    click(application, at.x, at.y);
  }
  void drag(gui::Application& application, ImVec2 from, ImVec2 to) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = from;
    frame(application);
    io.MouseDown[0] = true;
    frame(application);
    for (int i = 1; i <= 5; ++i) {
      io.MousePos = {from.x + (to.x - from.x) * static_cast<float>(i) / 5,
                     from.y + (to.y - from.y) * static_cast<float>(i) / 5};
      frame(application);
    }
    io.MouseDown[0] = false;
    frame(application);
  }
  /// One of ImGui's keys, down for a frame.
  std::string press(gui::Application& application, ImGuiKey key) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    io.KeysDown[io.KeyMap[key]] = true;
    frame(application);
    io.KeysDown[io.KeyMap[key]] = false;
    return settle(application);
  }
  std::string type(gui::Application& application, std::string_view keys) {
    ImGui::SetCurrentContext(context);
    for (const char c : keys) {
      ImGui::GetIO().AddInputCharacter(static_cast<unsigned char>(c));
      frame(application);
    }
    return settle(application);
  }
};

/// Of a scenario that stands in the test.
inline std::unique_ptr<Session> session_with(const std::string& source, const std::string& path = "made.lua",
                                             std::uint64_t seed = 1) {
  SessionSetup setup;
  setup.path = path;
  setup.source = source;
  setup.seed = seed;
  auto session = Session::begin(std::move(setup));
  if (!session) FAIL(session.error().text);
  return std::move(*session);
}
inline std::unique_ptr<Session> session_of(const std::string& path, std::uint64_t seed = 1) {
  return session_with(file_text(path), path, seed);
}

inline Instant seconds_in(double s) { return Instant::from_ns(static_cast<std::int64_t>(s * 1e9)); }

inline void shows(const std::string& text, const std::string& part) {
  INFO(text << "\nwithout: " << part);
  CHECK(text.find(part) != std::string::npos);
}

}  // namespace wirelab::test
