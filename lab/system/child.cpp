#include "lab/system/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

extern char** environ;

namespace wirelab {

tl::expected<Child, std::string> Child::start(const std::vector<std::string>& command, const std::string& output,
                                              const std::string& errors) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const auto open = [&](int descriptor, const std::string& name) {
    posix_spawn_file_actions_addopen(&files, descriptor, name.empty() ? "/dev/null" : name.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
  };
  open(STDOUT_FILENO, output);
  open(STDERR_FILENO, errors);
  pid_t id = -1;
  const int wrong = posix_spawn(&id, words.front(), &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (wrong != 0) return tl::make_unexpected(command.front() + ": " + std::strerror(wrong));
  return Child(id);
}

Child::Child(Child&& other) noexcept : id_(std::exchange(other.id_, -1)) {}

bool Child::running() {
  if (id_ >= 0 && waitpid(id_, nullptr, WNOHANG) != 0) id_ = -1;
  return id_ >= 0;
}

int Child::wait() {
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Child::~Child() {
  if (!running()) return;
  kill(id_, SIGTERM);
  using namespace std::chrono;
  for (const auto until = steady_clock::now() + seconds(5); running() && steady_clock::now() < until;)
    std::this_thread::sleep_for(milliseconds(5));
  if (!running()) return;
  kill(id_, SIGKILL);
  waitpid(id_, nullptr, 0);
}

double Child::cpu_seconds() const {
  double nanoseconds = 0;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(id_) + "/task", ignored)) {
    double used = 0;
    std::ifstream(thread.path() / "schedstat") >> used;
    nanoseconds += used;
  }
  return nanoseconds / 1e9;
}

std::string find_program(const std::string& name, const std::vector<std::string>& folders) {
  std::vector<std::string> places;
  const char* path = std::getenv("PATH");
  for (std::string rest = path == nullptr ? "" : path; !rest.empty();) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    places.push_back(rest.substr(0, colon));
    rest.erase(0, colon + 1);
  }
  places.insert(places.end(), folders.begin(), folders.end());
  for (const std::string& place : places) {
    if (const std::string file = place + "/" + name; access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

std::string own_program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace wirelab
