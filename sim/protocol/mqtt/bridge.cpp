#include "sim/protocol/mqtt/bridge.hpp"

#include <algorithm>
#include <charconv>

namespace wirelab::mqtt {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.size(), line.find_first_of(" \t"));
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

}  // namespace

tl::expected<BridgeTopic, std::string> parse_bridge_topic(std::string_view line) {
  const auto words = words_of(line);
  if (words.empty() || words.size() > 5)
    return tl::make_unexpected("a bridge's topic is written as \"PATTERN out|in|both QOS LOCAL_PREFIX REMOTE_PREFIX\"");
  BridgeTopic topic;
  topic.pattern = words[0] == "\"\"" ? std::string_view() : words[0];
  if (words.size() > 1) {
    if (words[1] != "out" && words[1] != "in" && words[1] != "both")
      return tl::make_unexpected("\"" + std::string(words[1]) + "\" is no direction: out, in or both");
    topic.out = words[1] != "in";
    topic.in = words[1] != "out";
  }
  if (words.size() > 2) {
    if (words[2].size() != 1 || words[2][0] < '0' || words[2][0] > '2')
      return tl::make_unexpected("\"" + std::string(words[2]) + "\" is no QoS: 0, 1 or 2");
    topic.qos = static_cast<Qos>(words[2][0] - '0');
  }
  if (words.size() > 3 && words[3] != "\"\"") topic.local_prefix = words[3];
  if (words.size() > 4 && words[4] != "\"\"") topic.remote_prefix = words[4];
  if (topic.pattern.starts_with("$share/"))
    return tl::make_unexpected("a bridge's topic cannot be a shared subscription");
  for (const std::string& prefix : {topic.local_prefix, topic.remote_prefix}) {
    if (!is_valid_filter(prefix + topic.pattern) || prefix.find_first_of("+#") != std::string::npos)
      return tl::make_unexpected("\"" + prefix + topic.pattern + "\" is no topic filter with a prefix before it");
  }
  return topic;
}

Bridge::Bridge(EventQueue& events, Tracer& trace, MessagePool& messages, Broker& local, EntityId entity, Client& remote,
               const BridgeSettings& settings)
    : events_(events),
      trace_(trace),
      broker_(local),
      topics_(settings.topics),
      remote_(remote),
      local_(events, trace, entity, messages, *this) {
  to_broker_.bridge = to_client_.bridge = this;
  remote_.options() = settings.remote;
  if (remote_.options().client_id.empty()) remote_.options().client_id = settings.name;
  ClientOptions& options = local_.options();
  options.client_id = settings.name;
  options.version = Version::v5;
  options.keep_alive = 0;
  options.max_in_flight = 1000;
  options.max_queued = remote_.options().max_queued = local.settings().max_queued;
  pump_ = events_.make_timer(on_pump, this);
}

Bridge::~Bridge() { events_.release(pump_); }

void Bridge::start() { open_local(); }

void Bridge::open_local() {
  for (Pipe* pipe : {&to_broker_, &to_client_}) {
    pipe->stream = trace_.next_stream();
    pipe->written = pipe->delivered = 0;
    pipe->waiting.clear();
    pipe->open = true;
  }
  index_ = broker_.opened_within(&to_client_);
  runs_ = true;
  local_.opened(&to_broker_);
}

void Bridge::end() {
  runs_ = false;
  close_pipes();
  local_.vanish(LossReason::process_died);
}

void Bridge::Pipe::write(Bytes bytes) {
  waiting.insert(waiting.end(), bytes.begin(), bytes.end());
  written += bytes.size();
  bridge->pump_later();
}

void Bridge::pump_later() {
  if (events_.due(pump_) == Instant::never()) events_.arm(pump_, events_.now());
}

void Bridge::on_pump(void* target, std::uint64_t) {
  auto* self = static_cast<Bridge*>(target);
  if (self->to_broker_.open) {
    self->pump();
    return;
  }
  // One of the two has closed the connection between them: the other hears of it, and there is a new one.
  if (self->local_.state() == ClientState::disconnected) {
    self->broker_.closed(self->index_);
  } else {
    self->local_.closed();
  }
  self->open_local();
}

void Bridge::pump() {
  const auto take = [](Pipe& pipe, auto&& deliver) {
    if (!pipe.open || pipe.waiting.empty()) return;
    const std::vector<std::uint8_t> bytes = std::move(pipe.waiting);
    pipe.waiting.clear();
    const StreamRange range{pipe.delivered, pipe.delivered + bytes.size()};
    pipe.delivered = range.end;
    deliver(bytes, range);
  };
  take(to_broker_,
       [&](const auto& bytes, StreamRange range) { broker_.receive(index_, bytes, to_broker_.stream, range); });
  take(to_client_, [&](const auto& bytes, StreamRange range) { local_.receive(bytes, to_client_.stream, range); });
}

void Bridge::close_pipes() {
  if (!to_broker_.open) return;
  to_broker_.open = to_client_.open = false;
  if (runs_) {
    events_.arm(pump_, events_.now() + Duration::seconds(1));
  } else {
    events_.disarm(pump_);
  }
}

void Bridge::subscribe(Client& client, bool remote) {
  const bool five = client.options().version == Version::v5;
  for (const BridgeTopic& topic : topics_) {
    if (remote ? !topic.in : !topic.out) continue;
    const std::string filter = (remote ? topic.remote_prefix : topic.local_prefix) + topic.pattern;
    FilterRequest request{filter, topic.qos};
    request.no_local = request.retain_as_published = five;
    client.subscribe({&request, 1});
  }
}

void Bridge::pass_on(Client& client, const Publish& message, bool to_remote) {
  for (const BridgeTopic& topic : topics_) {
    if (to_remote ? !topic.out : !topic.in) continue;
    const std::string& from = to_remote ? topic.local_prefix : topic.remote_prefix;
    const std::string& onto = to_remote ? topic.remote_prefix : topic.local_prefix;
    // "#" selects the level above it, too, which is shorter than a prefix that ends in "/".
    if (message.topic.size() < from.size() || !matches(from + topic.pattern, message.topic)) continue;
    const std::string name = onto + std::string(message.topic.substr(from.size()));
    if (!is_valid_topic(name) || name.size() > 65535) {
      trace_.emit(Kind::message_lost, client.entity(), 0, LossReason::not_allowed);
      return;
    }
    // Properties of 5.0 go along, but for those that are the connection's own.
    std::vector<std::uint8_t> properties;
    PropertyWriter writer(properties);
    if (client.options().version == Version::v5) {
      message.properties.for_each([&](const PropertyValue& value) {
        if (value.id != Property::topic_alias && value.id != Property::subscription_identifier) writer.copy(value);
      });
    }
    client.publish(name, message.payload, std::min(message.qos, topic.qos), message.retain, Properties(properties));
    return;
  }
}

}  // namespace wirelab::mqtt
