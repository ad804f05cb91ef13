// A table as text and as CSV: what a panel shows, for a spreadsheet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wirelab::gui {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// RFC 4180: lines end with CR LF, every field but a plain number stands in quotes, and quotes in it are doubled. A text that a
/// spreadsheet would take for a formula gets a ' in front.
std::string csv_of(const Table& table);
std::string csv_field(std::string_view text);

}  // namespace wirelab::gui
