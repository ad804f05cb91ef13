// The life of one message in plain words, cause by cause: published, cut into segments, lost and sent again, held back behind
// another message's bytes, accepted, routed, delivered.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "sim/view/messages.hpp"

namespace wirelab {

/// The journey of the nth message (from 1) that was published to the topic; without a topic, of all.
/// The journey of the message that a control packet carried: `exchange` is the record of its sending, by whatever hop.
tl::expected<std::string, std::string> tell_journey_of(const MessageIndex& index, RecordNumber exchange);
tl::expected<std::string, std::string> tell_journey(const MessageIndex& index, std::string_view topic,
                                                    std::uint32_t nth);

}  // namespace wirelab
