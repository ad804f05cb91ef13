#include "gui/picture.hpp"

#include <GL/gl.h>
#include <backends/imgui_impl_opengl3.h>
#include <png.h>

#include <cstring>
#include <vector>

#include "lab/system/files.hpp"

namespace wirelab::gui {

tl::expected<void, std::string> write_picture(const std::string& path, int width, int height) {
  std::vector<unsigned char> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, pixels.data());
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), -width * 3, nullptr) == 0)
    return tl::unexpected(std::string(image.message));
  std::string file(size, '\0');
  if (png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), -width * 3, nullptr) == 0)
    return tl::unexpected(std::string(image.message));
  file.resize(size);
  return write_file(path, file);
}

// Only the texture: ImGui 1.86 makes buffers anew without their storage, and then draws nothing.
void renew_font_texture() {
  ImGui_ImplOpenGL3_DestroyFontsTexture();
  ImGui_ImplOpenGL3_CreateFontsTexture();
}

}  // namespace wirelab::gui
