// Drawing without a display: an OpenGL context of EGL's with no surface, and a picture of what is drawn.
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>

namespace wirelab::gui {

class Offscreen {
 public:
  /// The error says what is missing.
  static tl::expected<Offscreen, std::string> create(int width, int height);
  Offscreen(Offscreen&& other) noexcept;
  Offscreen& operator=(Offscreen&&) = delete;
  ~Offscreen();
  /// Builds and draws a frame: `build` is called between NewFrame() and Render(). ImGui's context must be in place.
  void draw(const std::function<void()>& build, unsigned clear_rgb);
  /// Off, triangles are set up and then not filled: what is left is what a graphics card would leave to the processor.
  void set_filling(bool on);
  /// Writes what was drawn last, whole or not at all.
  tl::expected<void, std::string> write_png(const std::string& path) const;

 private:
  Offscreen() = default;
  void* display_ = nullptr;
  void* context_ = nullptr;
  int width_ = 0, height_ = 0;
  unsigned framebuffer_ = 0, texture_ = 0;
};

}  // namespace wirelab::gui
