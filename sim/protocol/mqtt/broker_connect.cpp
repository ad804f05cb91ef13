// Who comes in: CONNECT, authentication in several steps, and CONNACK.
#include <algorithm>

#include "sim/protocol/mqtt/broker.hpp"

namespace wirelab::mqtt {
namespace {

// What 3.1.1 says in the place of a reason; empty where it has no word, and the connection is closed without one.
std::optional<ConnectCode> code_of(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::unsupported_protocol_version: return ConnectCode::unacceptable_version;
    case ReasonCode::client_identifier_not_valid: return ConnectCode::identifier_rejected;
    case ReasonCode::server_unavailable:
    case ReasonCode::server_busy:
    case ReasonCode::quota_exceeded:
    case ReasonCode::connection_rate_exceeded: return ConnectCode::server_unavailable;
    case ReasonCode::bad_user_name_or_password: return ConnectCode::bad_credentials;
    case ReasonCode::not_authorized:
    case ReasonCode::banned: return ConnectCode::not_authorized;
    default: return std::nullopt;
  }
}

Version version_of(std::uint8_t level) {
  return level == 5 ? Version::v5 : level == 3 ? Version::v3_1 : Version::v3_1_1;
}

}  // namespace

void Broker::take_connect(ConnectionIndex index, const Connect& packet) {
  BrokerConnection& connection = *connections_[index];
  connection.version = version_of(packet.level);
  connection.assembler.set_version(connection.version);
  if (connection.version == Version::v5) {
    connection.five = std::make_unique<ConnectionOf5>();
    ConnectionOf5& five = *connection.five;
    const auto number = [&](Property property, std::uint32_t otherwise) {
      return packet.properties.number(property).value_or(otherwise);
    };
    five.receive_maximum = static_cast<std::uint16_t>(number(Property::receive_maximum, 65535));
    five.max_packet_size = number(Property::maximum_packet_size, 0xffffffff);
    five.problem_information = number(Property::request_problem_information, 1) != 0;
    five.aliases_out.begin(static_cast<std::uint16_t>(
        std::min<std::uint32_t>(number(Property::topic_alias_maximum, 0), settings_.max_topic_alias)));
  }
  std::string_view why;
  const ReasonCode reason = admits(packet, connection.version, why);
  if (reason != ReasonCode::success) {
    if (watch_ != nullptr) watch_->on_refused(packet, reason);
    refuse(index, reason, why);
    return;
  }
  if (const auto method = packet.properties.text(Property::authentication_method)) {
    connection.five->authentication = std::make_unique<Authentication>();
    connection.five->authentication->method = *method;
    encode(packet, connection.five->authentication->connect);
    authenticate(index, packet.properties.binary(Property::authentication_data).value_or(Bytes{}));
    return;
  }
  const ReasonCode known = access_ == nullptr || connection.is_within ? ReasonCode::success : access_->connect(packet);
  if (known != ReasonCode::success) {
    if (watch_ != nullptr) watch_->on_refused(packet, known);
    refuse(index, known, {});
    return;
  }
  let_in(index, packet, packet.user_name.value_or(std::string_view{}));
}

// What has nothing to do with who the client is.
ReasonCode Broker::admits(const Connect& packet, Version version, std::string_view& why) const {
  if (packet.level < 3 || packet.level > 5) return ReasonCode::unsupported_protocol_version;  // [MQTT-3.1.2-2]
  const auto known = by_client_.find(packet.client_id);
  // Who takes over its own session takes no place of anybody else's.
  const bool takes_over = known != by_client_.end() && sessions_[known->second]->connected();
  if (settings_.max_connections != 0 && open_connections_ > settings_.max_connections && !takes_over) {
    why = "there are as many connections as are allowed";
    return version == Version::v5 ? ReasonCode::quota_exceeded : ReasonCode::server_unavailable;
  }
  if (settings_.max_sessions != 0 && by_client_.size() >= settings_.max_sessions && known == by_client_.end()) {
    why = "there are as many sessions as are allowed";
    return version == Version::v5 ? ReasonCode::quota_exceeded : ReasonCode::server_unavailable;
  }
  if (packet.client_id.empty() && version != Version::v5 && (!packet.clean_session || version == Version::v3_1))
    return ReasonCode::client_identifier_not_valid;  // [MQTT-3.1.3-8]
  // Clients below 5.0 cannot be told another keep alive; mosquitto refuses them with this code, too.
  if (version != Version::v5 && keep_alive_for(packet.keep_alive) != packet.keep_alive)
    return ReasonCode::client_identifier_not_valid;
  if (!packet.will) return ReasonCode::success;
  const Will& will = *packet.will;
  if (will.qos > settings_.maximum_qos) {
    why = "the will's QoS is above the maximum QoS";
    return ReasonCode::qos_not_supported;  // [MQTT-3.2.2-12]
  }
  if (will.retain && !settings_.retain_available) {
    why = "the will is to be retained, which is not available";
    return ReasonCode::retain_not_supported;  // [MQTT-3.2.2-13]
  }
  if (will.topic.starts_with("$SYS/")) {
    why = "topics under $SYS are the broker's own";
    return ReasonCode::not_authorized;
  }
  if (static_cast<std::size_t>(std::count(will.topic.begin(), will.topic.end(), '/')) >= settings_.max_topic_levels) {
    why = "the will's topic has too many levels";
    return ReasonCode::topic_name_invalid;
  }
  if (settings_.check_payload_format && will.properties.number(Property::payload_format_indicator) == 1u &&
      !is_valid_utf8(will.payload)) {
    why = "the will's payload is said to be UTF-8, and is not";
    return ReasonCode::payload_format_invalid;
  }
  return ReasonCode::success;
}

std::uint16_t Broker::keep_alive_for(std::uint16_t wanted) const {
  const std::uint16_t most = settings_.max_keep_alive;
  return most != 0 && (wanted == 0 || wanted > most) ? most : wanted;
}

// CONNACK with the reason, in the words of the client's version, then the end [MQTT-3.2.2-7].
void Broker::refuse(ConnectionIndex index, ReasonCode reason, std::string_view why) {
  BrokerConnection& connection = *connections_[index];
  const auto code = code_of(reason);
  if (connection.version == Version::v5) {
    encode_with_reason(connection, why, [&](Properties properties) {
      encode(Connack{false, ConnectCode::accepted, reason, properties}, scratch_, Version::v5);
    });
    send(connection, 0);
  } else if (code) {
    scratch_.clear();
    encode(Connack{false, *code}, scratch_);
    send(connection, 0);
  }
  const auto key = connection.version != Version::v5 && code ? static_cast<std::uint32_t>(*code)
                                                             : static_cast<std::uint32_t>(reason);
  trace_.emit(Kind::session_event, entity_, 0, SessionEvent::refused, key);
  drop_connection(index);
}

// One step further; at its end the client is in, or out (5.0, section 4.12).
void Broker::authenticate(ConnectionIndex index, Bytes data) {
  BrokerConnection& connection = *connections_[index];
  Authentication& exchange = *connection.five->authentication;
  const AuthenticationStep step = access_ == nullptr ? AuthenticationStep{ReasonCode::bad_authentication_method, {}, {}}
                                                     : access_->authenticate(exchange.method, data, exchange.state);
  if (is_failure(step.reason)) {
    if (exchange.connect.empty()) {
      end_connection(index, SessionEvent::refused, WillCause::protocol_error, step.reason);
    } else {
      refuse(index, step.reason, {});
    }
    return;
  }
  if (step.reason == ReasonCode::success && !exchange.connect.empty()) {
    const std::vector<std::uint8_t> bytes = std::move(exchange.connect);
    exchange.connect.clear();
    exchange.state.assign(step.data.begin(), step.data.end());
    const auto header = decode_fixed_header(bytes);
    let_in(index, std::get<Connect>(*decode(**header, bytes)), step.user_name);
    return;
  }
  if (step.reason == ReasonCode::success) exchange.again = false;
  scratch_.clear();
  properties_.clear();
  PropertyWriter writer(properties_);
  writer.text(Property::authentication_method, exchange.method);  // [MQTT-4.12.0-5]
  if (!step.data.empty()) writer.binary(Property::authentication_data, step.data);
  encode(Auth{step.reason, Properties(properties_)}, scratch_);
  send(connection, 0);
}

void Broker::take_auth(ConnectionIndex index, const Auth& packet) {
  BrokerConnection& connection = *connections_[index];
  Authentication* const exchange = connection.five == nullptr ? nullptr : connection.five->authentication.get();
  if (exchange == nullptr) {
    protocol_error(index, {"an AUTH came on a connection without an authentication method", "MQTT-4.12.0-7",
                           ReasonCode::protocol_error});
    return;
  }
  if (connection.session != kNoIndex) arm_keep_alive(index);
  const bool under_way = !exchange->connect.empty() || exchange->again;
  const ReasonCode expected = under_way ? ReasonCode::continue_authentication : ReasonCode::reauthenticate;
  if (packet.properties.text(Property::authentication_method) != exchange->method) {
    protocol_error(index,
                   {"the authentication method changed on the way", "MQTT-4.12.0-5", ReasonCode::protocol_error});
  } else if (packet.reason != expected) {
    protocol_error(index, {"an AUTH came that nothing was waiting for", "MQTT-4.12.0-3", ReasonCode::protocol_error});
  } else {
    if (!under_way) exchange->state.clear();
    exchange->again = connection.session != kNoIndex;
    authenticate(index, packet.properties.binary(Property::authentication_data).value_or(Bytes{}));
  }
}

void Broker::let_in(ConnectionIndex index, const Connect& packet, std::string_view user_name) {
  BrokerConnection& connection = *connections_[index];
  const bool nameless = packet.client_id.empty();
  const std::string client = nameless ? given_name() : std::string(packet.client_id);
  if (const auto found = by_client_.find(std::string_view(client));
      found != by_client_.end() && sessions_[found->second]->connected()) {
    // The newcomer takes over [MQTT-3.1.4-2; 5.0: MQTT-3.1.4-3].
    end_connection(sessions_[found->second]->connection, SessionEvent::taken_over, WillCause::taken_over,
                   ReasonCode::session_taken_over);
  }
  disarm_timer(index);
  std::uint32_t expiry = packet.clean_session ? 0 : kNeverExpires;  // 3.1.1
  if (connection.version == Version::v5)
    expiry = packet.properties.number(Property::session_expiry_interval).value_or(0);
  bool present = false;
  const SessionIndex session_index = open_session(client, packet.clean_session, expiry, present);
  Session& session = *sessions_[session_index];
  connection.session = session_index;
  session.connection = index;
  session.user_name = user_name;
  session.is_within = connection.is_within;
  session.keep_alive = keep_alive_for(packet.keep_alive);
  ++connected_;
  trace_.state(session.entity, Field::session_connected, 0, 1);
  trace_.emit(Kind::session_event, session.entity, 0,
              present ? SessionEvent::session_resumed : SessionEvent::session_created);
  if (watch_ != nullptr) watch_->on_connected(session, connection);
  if (packet.will) arm_will(session, packet);
  arm_keep_alive(index);
  send_connack(index, packet, present && !breaks(Mutation::denies_the_session),
               nameless ? std::string_view(client) : std::string_view{});
  resume(session_index);
}

void Broker::arm_will(Session& session, const Connect& packet) {
  const Will& will = *packet.will;
  forwarded_.clear();
  PropertyWriter writer(forwarded_);
  session.will_delay = 0;
  session.will_expiry = kNeverExpires;
  will.properties.for_each([&](const PropertyValue& value) {
    if (value.id == Property::will_delay_interval) {
      session.will_delay = value.number;
    } else if (value.id == Property::message_expiry_interval) {
      session.will_expiry = value.number;
    } else {
      writer.copy(value);
    }
  });
  const MessageId id = trace_.next_message();
  set_will(session, messages_.keep({id, trace_.intern(will.topic), will.topic, will.payload, will.qos, will.retain,
                                    Properties(forwarded_)}));
}

void Broker::send_connack(ConnectionIndex index, const Connect& packet, bool present, std::string_view given) {
  BrokerConnection& connection = *connections_[index];
  const Session& session = *sessions_[connection.session];
  scratch_.clear();
  if (connection.version != Version::v5) {
    encode(Connack{present, ConnectCode::accepted}, scratch_);
    send(connection, 0);
    return;
  }
  properties_.clear();
  PropertyWriter writer(properties_);
  const auto unless = [&](std::uint32_t usual, Property property, std::uint32_t value) {
    if (value != usual) writer.number(property, value);
  };
  unless(packet.properties.number(Property::session_expiry_interval).value_or(0), Property::session_expiry_interval,
         session.expiry);
  unless(65535, Property::receive_maximum, settings_.receive_maximum);
  unless(2, Property::maximum_qos, static_cast<std::uint32_t>(settings_.maximum_qos));
  unless(1, Property::retain_available, settings_.retain_available ? 1 : 0);
  unless(kMaximumRemainingLength + 5, Property::maximum_packet_size,
         static_cast<std::uint32_t>(settings_.max_packet_size));
  if (!given.empty()) writer.text(Property::assigned_client_identifier, given);  // [MQTT-3.2.2-16]
  unless(0, Property::topic_alias_maximum, settings_.max_topic_alias);
  unless(1, Property::wildcard_subscription_available, settings_.wildcard_subscriptions ? 1 : 0);
  unless(1, Property::subscription_identifier_available, settings_.subscription_identifiers ? 1 : 0);
  unless(1, Property::shared_subscription_available, settings_.shared_subscriptions ? 1 : 0);
  unless(packet.keep_alive, Property::server_keep_alive, session.keep_alive);
  if (!settings_.response_information.empty() && packet.properties.number(Property::request_response_information) == 1u)
    writer.text(Property::response_information, settings_.response_information);
  if (const Authentication* exchange = connection.five->authentication.get(); exchange != nullptr) {
    writer.text(Property::authentication_method, exchange->method);
    if (!exchange->state.empty()) writer.binary(Property::authentication_data, exchange->state);
  }
  encode(Connack{present, ConnectCode::accepted, ReasonCode::success, Properties(properties_)}, scratch_, Version::v5);
  send(connection, 0);
}

// A name that no client has [MQTT-3.1.3-6].
std::string Broker::given_name() {
  std::string name;
  do {
    name = "auto-" + std::to_string(++given_names_);
  } while (by_client_.contains(std::string_view(name)));
  return name;
}

}  // namespace wirelab::mqtt
