// The front end without a window: frames are built, what they show is read as text and as draw data, and the mouse is moved by hand.
#pragma once

#include <imgui.h>

#include <catch2/catch.hpp>
#include <string>

#include "gui/application.hpp"
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
  }
  ~Headless() { ImGui::DestroyContext(context); }
  ImGuiContext* context = ImGui::CreateContext();

  /// Builds a frame and gives every text in it, a line each.
  std::string frame(gui::Application& application) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    unsigned char* pixels = nullptr;
    int width = 0, height = 0;
    io.Fonts->GetTexDataAsRGBA32(&pixels, &width, &height);
    io.Fonts->SetTexID(reinterpret_cast<ImTextureID>(1));
    ImGui::NewFrame();
    std::string text;
    gui::capture_texts(&text);
    application.frame();
    gui::capture_texts(nullptr);
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
  void click(gui::Application& application, float x, float y) {
    ImGui::SetCurrentContext(context);
    ImGuiIO& io = ImGui::GetIO();
    io.MousePos = {x, y};
    frame(application);
    io.MouseDown[0] = true;
    frame(application);
    io.MouseDown[0] = false;
    frame(application);
  }
};

inline std::unique_ptr<Session> session_of(const std::string& path, std::uint64_t seed = 1) {
  SessionSetup setup;
  setup.path = path;
  setup.source = file_text(path);
  setup.seed = seed;
  auto session = Session::begin(std::move(setup));
  if (!session) FAIL(session.error().text);
  return std::move(*session);
}

inline Instant seconds_in(double s) { return Instant::from_ns(static_cast<std::int64_t>(s * 1e9)); }

}  // namespace wirelab::test
