#include "gui/table.hpp"

namespace wirelab::gui {

std::string csv_field(std::string_view text) {
  const bool number = !text.empty() && text.find_first_not_of("0123456789.e+-") == std::string_view::npos &&
                      text.find_first_of("0123456789") != std::string_view::npos;
  if (number) return std::string(text);
  std::string out = "\"";
  // What begins so is a formula to a spreadsheet.
  if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string csv_of(const Table& table) {
  std::string text;
  const auto line = [&](const std::vector<std::string>& fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(fields[i]);
    text += "\r\n";
  };
  line(table.header);
  for (const auto& row : table.rows) line(row);
  return text;
}

}  // namespace wirelab::gui
