// A filter for records, in Wireshark's manner: layer == tcp and not text contains "ACK", time > 12.5, qos == 2, or just words,
// which must all stand in the line.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sim/trace/store.hpp"

namespace wirelab {

class RecordFilter {
 public:
  /// The names that may be compared, for an error or a hint: time (seconds), layer, kind, node, text, topic, qos.
  static std::string_view fields();
  /// Empty lets everything pass. The error says what is wrong, and what was meant.
  static tl::expected<RecordFilter, std::string> parse(std::string_view text);

  RecordFilter();
  ~RecordFilter();
  RecordFilter(RecordFilter&&) noexcept;
  RecordFilter& operator=(RecordFilter&&) noexcept;

  bool lets_pass(const TraceStore::Reader& reader, RecordNumber number) const;

  struct Term;  // of the parsed expression

 private:
  std::unique_ptr<Term> root_;
};

}  // namespace wirelab
