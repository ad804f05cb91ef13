#include "gui/window.hpp"

#include <GLFW/glfw3.h>
#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>
#include <imgui.h>

#include "gui/input.hpp"
#include "gui/picture.hpp"

namespace wirelab::gui {
namespace {

std::string last_error;  // GLFW tells its errors to a function without a place of its own

}  // namespace

tl::expected<void, std::string> run_window(const WindowOptions& options,
                                           const std::function<void(Application&)>& prepare) {
  glfwSetErrorCallback([](int, const char* text) { last_error = text; });
  if (glfwInit() == GLFW_FALSE) return tl::unexpected("no display: " + last_error);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  const std::string kept = remembered_path();
  Remembered remembered = read_remembered(kept);
  const bool sized = options.width != 0;
  const int first_width = sized ? options.width : remembered.width != 0 ? remembered.width : 1440;
  const int first_height = sized ? options.height : remembered.height != 0 ? remembered.height : 900;
  GLFWwindow* window = glfwCreateWindow(first_width, first_height, "Wirelab", nullptr, nullptr);
  if (window == nullptr) {
    glfwTerminate();
    return tl::unexpected("no window: " + last_error);
  }
  glfwMakeContextCurrent(window);
  glfwSwapInterval(1);
  glfwSetWindowSizeLimits(window, 1000, 640, GLFW_DONT_CARE, GLFW_DONT_CARE);
  ImGui::CreateContext();
  ImGui::GetIO().IniFilename = nullptr;
  float scale = options.scale;
  if (scale == 0) {
    float y = 1;
    glfwGetWindowContentScale(window, &scale, &y);
  }
  ImGui_ImplGlfw_InitForOpenGL(window, true);
  ImGui_ImplOpenGL3_Init("#version 330");
  {
    Application application(options.theme == nullptr ? dark_theme() : *options.theme, scale);
    glfwSetWindowUserPointer(window, &application);
    glfwSetDropCallback(window, [](GLFWwindow* at, int count, const char** paths) {
      for (int i = 0; i < count; ++i) static_cast<Application*>(glfwGetWindowUserPointer(at))->open_file(paths[i]);
    });
    if (options.theme != nullptr) remembered.theme = options.theme->name;
    if (options.scale != 0) remembered.scale = options.scale;
    application.recall(remembered);
    prepare(application);
    std::string title = "Wirelab";
    int still = 0;  // frames since anything moved
    while (glfwWindowShouldClose(window) == GLFW_FALSE) {
      // An idle window draws nothing: after a few frames without movement it waits for input.
      if (application.is_moving() || still < 3) {
        glfwPollEvents();
      } else {
        glfwWaitEvents();
        still = 0;
      }
      still = application.is_moving() ? 0 : still + 1;
      ImGui_ImplOpenGL3_NewFrame();
      if (application.apply_scale()) renew_font_texture();
      ImGui_ImplGlfw_NewFrame();
      let_enter_press();
      ImGui::NewFrame();
      application.frame();
      if (const std::string now = application.title(); now != title) {
        title = now;
        glfwSetWindowTitle(window, title.c_str());
      }
      ImGui::Render();
      int width = 0;
      int height = 0;
      glfwGetFramebufferSize(window, &width, &height);
      glViewport(0, 0, width, height);
      const ImVec4 ground = ImGui::ColorConvertU32ToFloat4(application.skin()(Colour::panel));
      glClearColor(ground.x, ground.y, ground.z, 1);
      glClear(GL_COLOR_BUFFER_BIT);
      ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
      if (const auto path = application.take_wanted_picture()) {
        const auto done = write_picture(*path, width, height);
        application.note(done ? "Written: " + *path : *path + ": " + done.error());
        still = 0;
      }
      glfwSwapBuffers(window);
    }
    remembered = application.remembered();
    glfwGetWindowSize(window, &remembered.width, &remembered.height);
    // Not being able to remember is no reason to complain at the end.
    (void)write_remembered(kept, remembered);
  }
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  ImGui::DestroyContext();
  glfwDestroyWindow(window);
  glfwTerminate();
  return {};
}

}  // namespace wirelab::gui
