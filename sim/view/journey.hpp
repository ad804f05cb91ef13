// The life of one message in plain words, cause by cause: published, cut into segments, lost and sent again, held back behind
// another message's bytes, accepted, routed, delivered, acknowledged.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sim/view/messages.hpp"

namespace wirelab {

struct JourneyStep {
  std::int64_t at = 0;
  int depth = 0;  // of what belongs to the step before
  std::string what;
};

struct Journey {
  std::string title;
  std::int64_t begins = 0;
  std::vector<JourneyStep> steps;  // in order of time
  bool is_over = false;            // it was delivered, or lost; else the trace ends first
  bool waits = false;              // then: in a queue
};

/// The journey of the message that a control packet carried, or acknowledged; of one that carries none, its own. `exchange` is the
/// record of its sending, by whatever hop.
tl::expected<Journey, std::string> journey_of(const MessageIndex& index, RecordNumber exchange);
/// The title, and a line for each step with the time since the beginning.
std::string text_of(const Journey& journey);
/// The text of the nth message (from 1) that was published to the topic; without a topic, of all.
tl::expected<std::string, std::string> tell_journey(const MessageIndex& index, std::string_view topic,
                                                    std::uint32_t nth);

}  // namespace wirelab
