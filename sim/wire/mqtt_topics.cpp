// Topic names and filters (section 4.7 of both standards) and the texts they are made of (3.1.1: section 1.5.3, 5.0: 1.5.4).
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

std::string_view take_level(std::string_view& text, bool& more) {
  const std::size_t end = text.find('/');
  const std::string_view level = text.substr(0, end);
  more = end != std::string_view::npos;
  text = more ? text.substr(end + 1) : std::string_view{};
  return level;
}

bool is_valid_utf8(Bytes bytes) {
  std::size_t i = 0;
  const std::size_t size = bytes.size();
  while (i < size) {
    const std::uint8_t lead = bytes[i];
    if (lead == 0) return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t extra = 0;
    std::uint32_t point = 0;
    std::uint32_t least = 0;
    if ((lead & 0xe0) == 0xc0) {
      extra = 1, point = lead & 0x1f, least = 0x80;
    } else if ((lead & 0xf0) == 0xe0) {
      extra = 2, point = lead & 0x0f, least = 0x800;
    } else if ((lead & 0xf8) == 0xf0) {
      extra = 3, point = lead & 0x07, least = 0x10000;
    } else {
      return false;
    }
    if (size - i <= extra) return false;
    for (std::size_t k = 1; k <= extra; ++k) {
      if ((bytes[i + k] & 0xc0) != 0x80) return false;
      point = (point << 6) | (bytes[i + k] & 0x3f);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += extra + 1;
  }
  return true;
}

bool is_valid_topic(std::string_view topic) {
  return !topic.empty() && topic.find_first_of("+#") == std::string_view::npos;
}

bool is_valid_filter(std::string_view filter) {
  if (filter.empty()) return false;
  bool more = true;
  while (more) {
    const std::string_view level = take_level(filter, more);
    if (level == "#") return !more;
    if (level != "+" && level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

std::optional<SharedFilter> shared_filter(std::string_view filter) {
  constexpr std::string_view kShare = "$share/";
  if (!filter.starts_with(kShare)) return std::nullopt;
  filter.remove_prefix(kShare.size());
  bool more = false;
  const std::string_view group = take_level(filter, more);
  if (group.empty() || group.find_first_of("+#") != std::string_view::npos || !more || filter.empty())
    return std::nullopt;
  return SharedFilter{group, filter};
}

bool matches(std::string_view filter, std::string_view topic) {
  // A wildcard in first place does not select topics that begin with $ [MQTT-4.7.2-1].
  if (!topic.empty() && topic.front() == '$' && !filter.empty() && (filter.front() == '+' || filter.front() == '#'))
    return false;
  bool more_filter = true;
  bool more_topic = true;
  while (more_filter) {
    const std::string_view wanted = take_level(filter, more_filter);
    if (wanted == "#") return true;  // also the parent level itself
    if (!more_topic) return false;
    const std::string_view level = take_level(topic, more_topic);
    if (wanted != "+" && wanted != level) return false;
  }
  return !more_topic;
}

}  // namespace wirelab::mqtt
