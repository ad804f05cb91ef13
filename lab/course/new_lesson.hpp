// What a teacher begins with: a small lesson that is whole, to be changed piece by piece.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace wirelab {

/// The folder must not exist; its name becomes the lesson's id.
tl::expected<void, std::string> make_lesson(const std::string& folder);

}  // namespace wirelab
