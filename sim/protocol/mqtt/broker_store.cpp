#include "sim/protocol/mqtt/broker_store.hpp"

#include <algorithm>

#include "sim/protocol/mqtt/broker_settings.hpp"

namespace wirelab::mqtt {
namespace {

constexpr std::string_view kMark = "wirelab broker 1\n";

// One list of fields for both directions: the same function describes how a value is written and how it is read.
class Saver {
 public:
  explicit Saver(std::vector<std::uint8_t>& out) : writer_(out) {}
  static constexpr bool kReads = false;
  void number(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) writer_.u8(static_cast<std::uint8_t>(value >> shift));
  }
  template <typename T>
  void field(const T& value) {
    number(static_cast<std::uint64_t>(value), sizeof(T));
  }
  void field(const std::string& text) {
    number(text.size(), 4);
    writer_.raw(wire::bytes_of(text));
  }
  void field(const std::vector<std::uint8_t>& bytes) {
    number(bytes.size(), 4);
    writer_.raw(bytes);
  }
  template <typename T, typename Each>
  void list(const std::vector<T>& values, Each&& each) {
    number(values.size(), 4);
    for (const T& value : values) each(value);
  }

 private:
  wire::Writer writer_;
};

class Loader {
 public:
  explicit Loader(Bytes bytes) : reader_(bytes) {}
  static constexpr bool kReads = true;
  bool ok() const { return reader_.ok(); }
  bool empty() const { return reader_.empty(); }
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8 | reader_.u8();
    return value;
  }
  template <typename T>
  void field(T& value) {
    value = static_cast<T>(number(sizeof(T)));
  }
  void field(std::string& text) {
    const Bytes bytes = reader_.take(number(4));
    text.assign(bytes.begin(), bytes.end());
  }
  void field(std::vector<std::uint8_t>& into) {
    const Bytes bytes = reader_.take(number(4));
    into.assign(bytes.begin(), bytes.end());
  }
  template <typename T, typename Each>
  void list(std::vector<T>& values, Each&& each) {
    // As many as there are bytes for: a length may lie.
    for (std::uint64_t count = number(4); count > 0 && reader_.ok(); --count) {
      values.emplace_back();
      each(values.back());
    }
  }

 private:
  wire::Reader reader_;
};

template <typename Archive, typename Options>
void describe_options(Archive& archive, Options& options) {
  archive.field(options.qos);
  archive.field(options.no_local);
  archive.field(options.retain_as_published);
  archive.field(options.identifier);
}

template <typename Archive, typename Deliveries>
void describe_deliveries(Archive& archive, Deliveries& deliveries) {
  archive.list(deliveries, [&](auto& delivery) {
    archive.field(delivery.message);
    archive.field(delivery.qos);
    archive.field(delivery.retain);
    archive.list(delivery.identifiers, [&](auto& identifier) { archive.field(identifier); });
    archive.field(delivery.packet_id);
    archive.field(delivery.state);
  });
}

template <typename Archive, typename Broker>
void describe(Archive& archive, Broker& broker) {
  archive.list(broker.messages, [&](auto& message) {
    archive.field(message.topic);
    archive.field(message.properties);
    archive.field(message.payload);
    archive.field(message.qos);
    archive.field(message.retain);
    archive.field(message.expires_in);
  });
  archive.list(broker.retained, [&](auto& retained) {
    archive.field(retained.message);
    archive.field(retained.publisher);
  });
  archive.list(broker.sessions, [&](auto& session) {
    archive.field(session.client);
    archive.field(session.user_name);
    archive.field(session.expiry);
    archive.field(session.expires_in);
    archive.list(session.subscriptions, [&](auto& subscription) {
      archive.field(subscription.first);
      describe_options(archive, subscription.second);
    });
    describe_deliveries(archive, session.in_flight);
    describe_deliveries(archive, session.queue);
    describe_deliveries(archive, session.held);
    archive.list(session.received, [&](auto& id) { archive.field(id); });
  });
}

constexpr std::int64_t kLongest = std::int64_t{kNeverExpires} * 1'000'000'000;  // ns
constexpr std::uint32_t kMostIdentifier = 268'435'455;

bool is_qos(Qos qos) { return qos <= Qos::exactly_once; }

// Properties as they stand in a PUBLISH, without those that are never kept.
bool are_properties(const std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint8_t> counted;
  if (bytes.size() > kMostVariable) return false;
  put_variable(static_cast<std::uint32_t>(bytes.size()), counted);
  counted.insert(counted.end(), bytes.begin(), bytes.end());
  wire::Reader reader(counted);
  const auto read = decode_properties(reader, set_of(PacketType::publish));
  if (!read) return false;
  for (const Property own :
       {Property::topic_alias, Property::message_expiry_interval, Property::subscription_identifier}) {
    if (read->find(own)) return false;
  }
  return true;
}

// What is wrong with it; empty if nothing is.
std::string_view fault_of(const SavedBroker& broker) {
  for (const SavedMessage& message : broker.messages) {
    if (!is_valid_utf8(wire::bytes_of(message.topic)) || !is_valid_topic(message.topic) || !is_qos(message.qos) ||
        message.expires_in > kLongest || !are_properties(message.properties))
      return "a message is none that could be sent";
  }
  const auto has_message = [&](const auto& owner) { return owner.message < broker.messages.size(); };
  if (!std::all_of(broker.retained.begin(), broker.retained.end(), has_message)) return "a retained message is missing";
  for (const SavedSession& session : broker.sessions) {
    if (session.client.empty() || session.client.size() > 65535 || session.expiry == 0) return "a session has no name";
    if (session.expires_in > kLongest) return "a session lasts too long";
    for (const auto& [filter, options] : session.subscriptions) {
      if (!is_valid_utf8(wire::bytes_of(filter)) || !is_valid_filter(filter) || !is_qos(options.qos) ||
          options.identifier > kMostIdentifier)
        return "a subscription has no filter";
    }
    for (const auto* list : {&session.in_flight, &session.queue, &session.held}) {
      for (const SavedDelivery& delivery : *list) {
        const bool moves = list == &session.in_flight;
        if (!has_message(delivery) || !is_qos(delivery.qos)) return "a message that waits is missing";
        for (const std::uint32_t identifier : delivery.identifiers) {
          if (identifier == 0 || identifier > kMostIdentifier) return "a subscription identifier is out of range";
        }
        if (list != &session.queue && delivery.packet_id == 0) return "a packet identifier is 0";
        if (moves != (delivery.state != SendState::none) || delivery.state > SendState::wait_pubcomp)
          return "a message is in no state";
      }
    }
  }
  return {};
}

}  // namespace

std::vector<std::uint8_t> encode(const SavedBroker& broker) {
  std::vector<std::uint8_t> out(kMark.begin(), kMark.end());
  Saver saver(out);
  describe(saver, broker);
  return out;
}

tl::expected<SavedBroker, std::string> decode_saved_broker(Bytes bytes) {
  if (!wire::text_of(bytes).starts_with(kMark)) return tl::make_unexpected(std::string("it is no state of a broker"));
  SavedBroker broker;
  Loader loader(bytes.subspan(kMark.size()));
  describe(loader, broker);
  if (!loader.ok()) return tl::make_unexpected(std::string("it ends too early"));
  if (!loader.empty()) return tl::make_unexpected(std::string("something follows behind its end"));
  if (const std::string_view fault = fault_of(broker); !fault.empty()) return tl::make_unexpected(std::string(fault));
  return broker;
}

}  // namespace wirelab::mqtt
