// A lesson's Markdown as text for a terminal: wrapped, with headings, lists, code and emphasis; in colour where that is wanted.
#pragma once

#include <string>

namespace wirelab {

std::string page_text(const std::string& markdown, int columns, bool colour);

}  // namespace wirelab
