#include "gui/offscreen.hpp"

#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>
#include <backends/imgui_impl_opengl3.h>
#include <imgui.h>

#include <utility>

#include "gui/picture.hpp"

namespace wirelab::gui {

tl::expected<Offscreen, std::string> Offscreen::create(int width, int height) {
  Offscreen made;
  made.width_ = width;
  made.height_ = height;
  const auto get_display =
      reinterpret_cast<PFNEGLGETPLATFORMDISPLAYEXTPROC>(eglGetProcAddress("eglGetPlatformDisplayEXT"));
  if (get_display == nullptr)
    return tl::unexpected(std::string("EGL has no platform displays: install libegl1 and libgl1-mesa-dri"));
  EGLDisplay display = get_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  if (display == EGL_NO_DISPLAY || eglInitialize(display, nullptr, nullptr) == EGL_FALSE)
    return tl::unexpected(std::string("no OpenGL without a display: install libegl1 and libgl1-mesa-dri"));
  eglBindAPI(EGL_OPENGL_API);
  const EGLint attributes[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, EGL_DONT_CARE, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  eglChooseConfig(display, attributes, &config, 1, &count);
  const EGLint version[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 3, EGL_NONE};
  EGLContext context = eglCreateContext(display, count > 0 ? config : EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, version);
  if (context == EGL_NO_CONTEXT || eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context) == EGL_FALSE)
    return tl::unexpected(std::string("OpenGL 3.3 is missing: install libgl1-mesa-dri"));
  made.display_ = display;
  made.context_ = context;
  glGenTextures(1, &made.texture_);
  glBindTexture(GL_TEXTURE_2D, made.texture_);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, nullptr);
  glGenFramebuffers(1, &made.framebuffer_);
  glBindFramebuffer(GL_FRAMEBUFFER, made.framebuffer_);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, made.texture_, 0);
  if (!ImGui_ImplOpenGL3_Init("#version 330"))
    return tl::unexpected(std::string("the OpenGL functions could not be loaded"));
  ImGui::GetIO().IniFilename = nullptr;
  return made;
}

Offscreen::Offscreen(Offscreen&& other) noexcept
    : display_(std::exchange(other.display_, nullptr)),
      context_(std::exchange(other.context_, nullptr)),
      width_(other.width_),
      height_(other.height_),
      framebuffer_(other.framebuffer_),
      texture_(other.texture_) {}

Offscreen::~Offscreen() {
  if (context_ == nullptr) return;
  ImGui_ImplOpenGL3_Shutdown();
  eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
  eglDestroyContext(display_, context_);
  eglTerminate(display_);
}

void Offscreen::set_filling(bool on) {
  constexpr GLenum kDiscard = 0x8C89;  // GL_RASTERIZER_DISCARD, of OpenGL 3.0
  on ? glDisable(kDiscard) : glEnable(kDiscard);
}

void Offscreen::draw(const std::function<void()>& build, unsigned clear_rgb) {
  ImGuiIO& io = ImGui::GetIO();
  io.DisplaySize = {static_cast<float>(width_), static_cast<float>(height_)};
  io.DeltaTime = 1.0f / 60;
  ImGui_ImplOpenGL3_NewFrame();
  ImGui::NewFrame();
  build();
  ImGui::Render();
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  glViewport(0, 0, width_, height_);
  glClearColor(static_cast<float>((clear_rgb >> 16) & 255) / 255, static_cast<float>((clear_rgb >> 8) & 255) / 255,
               static_cast<float>(clear_rgb & 255) / 255, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  glFinish();
}

tl::expected<void, std::string> Offscreen::write_png(const std::string& path) const {
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  return write_picture(path, width_, height_);
}

}  // namespace wirelab::gui
