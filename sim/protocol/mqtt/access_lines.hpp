// The lines of mosquitto's acl_file, which scripts write, too: "user NAME", "topic [read|write|readwrite|deny] FILTER",
// "pattern [...] FILTER". Empty lines and those that begin with "#" say nothing.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sim/protocol/mqtt/access_list.hpp"

namespace wirelab::mqtt {

class AccessLines {
 public:
  explicit AccessLines(AccessList& list) : list_(list) {}
  /// Adds what the next line says, or tells what is wrong with it.
  tl::expected<void, std::string> take(std::string_view line);

 private:
  AccessList& list_;
  std::string user_;  // whom `topic` is about; empty: the anonymous
};

}  // namespace wirelab::mqtt
