// The frame that OpenGL has drawn, as a PNG file; and the texture of the fonts it draws with.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace wirelab::gui {

/// Reads the bound framebuffer, `width` by `height` pixels; the file appears whole or not at all.
tl::expected<void, std::string> write_picture(const std::string& path, int width, int height);

/// To be called when the fonts have been loaded anew, between ImGui_ImplOpenGL3_NewFrame() and ImGui::NewFrame().
void renew_font_texture();

}  // namespace wirelab::gui
