#include "lab/system/files.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace wirelab {

tl::expected<std::string, std::string> read_file(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(std::string(std::strerror(errno)));
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got < 0) {
      const int error = errno;
      close(descriptor);
      return tl::unexpected(std::string(std::strerror(error)));
    }
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  close(descriptor);
  return text;
}

tl::expected<WholeFile, std::string> WholeFile::create(const std::string& path) {
  WholeFile file;
  // A link stays a link: what it leads to is replaced.
  std::error_code ignored;
  const auto real = std::filesystem::canonical(path, ignored);
  file.path_ = ignored ? path : real.string();
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    // A pipe or a device cannot be replaced; it is written to.
    file.descriptor_ = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file.descriptor_ < 0) return tl::unexpected(std::string(std::strerror(errno)));
    return file;
  }
  file.temporary_ = file.path_ + ".part-" + std::to_string(getpid());
  file.descriptor_ = open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file.descriptor_ < 0) return tl::unexpected(std::string(std::strerror(errno)));
  return file;
}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      buffer_(std::move(other.buffer_)),
      error_(std::move(other.error_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

WholeFile::~WholeFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void WholeFile::append(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= (1u << 18)) flush();
}

void WholeFile::flush() {
  std::size_t done = 0;
  while (error_.empty() && done < buffer_.size()) {
    const ssize_t put = write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) error_ = std::strerror(errno);
    if (put > 0) done += static_cast<std::size_t>(put);
  }
  buffer_.clear();
}

tl::expected<void, std::string> WholeFile::finish() {
  flush();
  if (error_.empty() && close(descriptor_) != 0) error_ = std::strerror(errno);
  descriptor_ = -1;
  if (error_.empty() && !temporary_.empty() && rename(temporary_.c_str(), path_.c_str()) != 0)
    error_ = std::strerror(errno);
  if (error_.empty()) return {};
  if (!temporary_.empty()) unlink(temporary_.c_str());
  return tl::unexpected(error_);
}

tl::expected<void, std::string> write_file(const std::string& path, std::string_view text) {
  auto file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  file->append(text);
  return file->finish();
}

bool colour_on_output() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

int terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 80;
}

}  // namespace wirelab
