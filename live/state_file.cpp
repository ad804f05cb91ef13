#include "live/state_file.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>

#include "lab/system/files.hpp"

namespace wirelab::live {
namespace {

constexpr std::string_view kMark = "saved ";

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

tl::expected<void, std::string> save_state(const std::string& path, const mqtt::Broker& broker) {
  const std::vector<std::uint8_t> state = encode(broker.saved());
  std::string text(kMark);
  text += std::to_string(seconds_now()) + "\n";
  text.append(state.begin(), state.end());
  return write_file(path, text);
}

tl::expected<void, std::string> load_state(const std::string& path, mqtt::Broker& broker) {
  if (!std::filesystem::exists(path)) return {};
  const auto text = read_file(path);
  if (!text) return tl::make_unexpected(text.error());
  const std::size_t end = std::min(text->find('\n'), text->size());
  std::int64_t saved_at = 0;
  const char* const first = text->data() + kMark.size();
  const bool is_ours = std::string_view(*text).starts_with(kMark) && end < text->size() &&
                       std::from_chars(first, text->data() + end, saved_at).ptr == text->data() + end;
  if (!is_ours) return tl::make_unexpected(path + " is no state of a broker; move it away to begin without");
  const auto state = mqtt::decode_saved_broker(wire::bytes_of(std::string_view(*text).substr(end + 1)));
  if (!state) return tl::make_unexpected(path + ": " + state.error() + "; move it away to begin without");
  const std::int64_t elapsed = std::clamp<std::int64_t>(seconds_now() - saved_at, 0, 4'000'000'000);
  broker.restore(*state, Duration::seconds(elapsed));
  return {};
}

}  // namespace wirelab::live
