// A program that runs beside this one: started, measured and ended by its number.
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace wirelab {

class Child {
 public:
  /// Its output and errors go to files of these names; an empty name discards them. The error is the system's.
  static tl::expected<Child, std::string> start(const std::vector<std::string>& command, const std::string& output,
                                                const std::string& errors);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  /// Ends it, if it still runs: SIGTERM, and SIGKILL where that is not heard within 5 s.
  ~Child();

  bool running();
  /// Waits for its end: its exit status, or 128 and the signal that ended it. Once, while it may be running.
  int wait();
  /// Seconds of processor time that all its threads have used until now.
  double cpu_seconds() const;

 private:
  explicit Child(pid_t id) : id_(id) {}
  pid_t id_ = -1;  // -1: it has ended
};

/// The first file of this name in PATH, or in one of `folders`, that can be run; empty if there is none.
std::string find_program(const std::string& name, const std::vector<std::string>& folders);
/// The program that runs now.
std::string own_program();

}  // namespace wirelab
