// Files: read whole, written whole or not at all.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace wirelab {

/// The error says what the system says, without the path.
tl::expected<std::string, std::string> read_file(const std::string& path);
/// Writes beside it and renames, so that the file appears whole or not at all.
tl::expected<void, std::string> write_file(const std::string& path, std::string_view text);

/// Appends to a file that appears under its name only at finish(); taken away again if that is never called.
class WholeFile {
 public:
  static tl::expected<WholeFile, std::string> create(const std::string& path);
  WholeFile(WholeFile&& other) noexcept;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();
  void append(std::string_view text);
  /// The first error of all that was written, if there was one.
  tl::expected<void, std::string> finish();

 private:
  WholeFile() = default;
  void flush();
  std::string path_, temporary_, buffer_, error_;
  int descriptor_ = -1;
};

/// Whether standard output is a terminal that may show colour.
bool colour_on_output();
/// Columns of the terminal, 80 where there is none.
int terminal_columns();

}  // namespace wirelab
