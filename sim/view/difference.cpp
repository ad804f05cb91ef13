#include "sim/view/difference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/kernel/units.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab {
namespace {

std::string_view name_in(const LoadedTrace& trace, std::uint32_t id) {
  return id < trace.names.size() ? std::string_view(trace.names[id]) : std::string_view{};
}

const std::string* blob_of(const LoadedTrace& trace, const Record& r) {
  const bool has = r.kind == Kind::packet_sent || r.kind == Kind::logged;
  return has && r.key >= 1 && r.key <= trace.blobs.size() ? &trace.blobs[r.key - 1] : nullptr;
}

// Names count as texts: two programs may number them differently.
bool equal(const LoadedTrace& a, const Record& x, const LoadedTrace& b, const Record& y) {
  if (x.at != y.at || x.cause != y.cause || x.kind != y.kind || x.field != y.field || x.a != y.a || x.b != y.b)
    return false;
  if (name_in(a, x.entity) != name_in(b, y.entity)) return false;
  const std::string* p = blob_of(a, x);
  const std::string* q = blob_of(b, y);
  return (p == nullptr) == (q == nullptr) && (p == nullptr || *p == *q);
}

}  // namespace

std::string describe_record(const LoadedTrace& trace, RecordNumber number) {
  const Record& r = trace.records[number - trace.first];
  std::string text = fmt::format("#{} {} {} {}", number, format_instant(Instant::from_ns(r.at)),
                                 name_in(trace, r.entity), name_of(r.kind));
  switch (r.kind) {
    case Kind::state: text += fmt::format(" {}: {} -> {}", name_of(static_cast<Field>(r.field)), r.a, r.b); break;
    case Kind::timer_fired: text += fmt::format(" {}", name_of(static_cast<Field>(r.field))); break;
    case Kind::packet_dropped: text += fmt::format(": {}", name_of(static_cast<DropReason>(r.field))); break;
    case Kind::message_lost: text += fmt::format(": {}", name_of(static_cast<LossReason>(r.field))); break;
    case Kind::session_event: text += fmt::format(": {}", name_of(static_cast<SessionEvent>(r.field))); break;
    case Kind::packet_sent:
      if (const std::string* blob = blob_of(trace, r)) text += ": " + describe_packet(wire::bytes_of(*blob));
      break;
    case Kind::logged:
      if (const std::string* blob = blob_of(trace, r)) text += ": " + *blob;
      break;
    default:
      if (r.a != 0 || r.b != 0) text += fmt::format(" {}..{}", r.a, r.b);
  }
  return text;
}

Difference first_difference(const LoadedTrace& a, const LoadedTrace& b) {
  const std::size_t common = std::min(a.records.size(), b.records.size());
  std::size_t i = 0;
  while (i < common && equal(a, a.records[i], b, b.records[i])) ++i;
  if (i == a.records.size() && i == b.records.size())
    return {true, fmt::format("the runs are the same: {} records\n", i)};
  std::string text = fmt::format("the runs are the same for {} records, then part\n", i);
  for (std::size_t k = i > 3 ? i - 3 : 0; k < i; ++k) text += "    both  " + describe_record(a, a.first + k) + "\n";
  const auto side = [&](const LoadedTrace& trace, const char* label) {
    if (i >= trace.records.size()) {
      text += fmt::format("  {}  ends here\n", label);
      return;
    }
    text += fmt::format("  {}  {}\n", label, describe_record(trace, trace.first + i));
    RecordNumber cause = trace.records[i].cause;
    for (int depth = 0; depth < 4 && cause >= trace.first && cause < trace.first + i; ++depth) {
      text += fmt::format("            because  {}\n", describe_record(trace, cause));
      cause = trace.records[cause - trace.first].cause;
    }
  };
  side(a, " first");
  side(b, "second");
  return {false, text};
}

}  // namespace wirelab
