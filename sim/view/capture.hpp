// A trace as a capture that Wireshark opens: each packet once, where its sender emits it, or as it enters one link. A packet that
// was dropped carries a comment with the place and the reason.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sim/view/json_lines.hpp"

namespace wirelab {

/// The directions of the link with this name ("home-hub" or "hub-home"), or the one that is named ("home>hub"). An error names the
/// nearest link that there is.
tl::expected<std::set<EntityId>, std::string> directions_of(const LoadedTrace& trace, std::string_view link,
                                                            EntityKind kind = EntityKind::link);
/// What a capture of real sockets has besides.
struct CaptureExtras {
  std::int64_t epoch_ns = 0;  // of instant 0, since 1970
  std::string tls_keys;       // in the form of SSLKEYLOGFILE: with them Wireshark reads what TLS has hidden
};

/// Calls write with the capture, piece by piece. `link` empty: every packet at its sender; else the name of a link
/// ("home-hub") or of one direction ("home>hub"). An error names the nearest link that there is.
tl::expected<void, std::string> write_capture(const LoadedTrace& trace, std::string_view link,
                                              const std::function<void(std::string_view)>& write,
                                              const CaptureExtras& extras = {});

}  // namespace wirelab
