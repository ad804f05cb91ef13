// The frame that OpenGL has drawn, as a PNG file.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace wirelab::gui {

/// Reads the bound framebuffer, `width` by `height` pixels; the file appears whole or not at all.
tl::expected<void, std::string> write_picture(const std::string& path, int width, int height);

}  // namespace wirelab::gui
