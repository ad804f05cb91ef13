#include "lab/script/mqtt_options.hpp"

#include <fmt/format.h>

#include "lab/script/device_program.hpp"
#include "sim/protocol/mqtt/access_lines.hpp"

namespace wirelab::script {
namespace {

using mqtt::Property;
using mqtt::Version;

// What packets carry in fields of 16 bits of length.
void check_field(lua_State* L, std::string_view text, std::string_view what, bool utf8) {
  if (text.size() > 65535) raise(L, fmt::format("{} is longer than 65,535 bytes", what));
  if (utf8 && !mqtt::is_valid_utf8(wire::bytes_of(text)))
    raise(L, fmt::format("{} is not valid UTF-8 [MQTT-1.5.3-1]", what));
}

// A time that packets carry in whole seconds; "never" is 4,294,967,295.
std::optional<std::uint32_t> seconds(lua_State* L, Options& options, const char* name, const char* where,
                                     std::uint32_t most = 0xffffffff) {
  const bool may_be_never = most == 0xffffffff;
  if (!options.push(name)) return std::nullopt;
  const bool never = lua_type(L, -1) == LUA_TSTRING && std::string_view(lua_tostring(L, -1)) == "never";
  lua_pop(L, 1);
  if (never && may_be_never) return most;
  const std::int64_t ns = options.duration(name)->ns();
  const std::int64_t whole = ns / 1'000'000'000;
  if (whole * 1'000'000'000 != ns || whole >= static_cast<std::int64_t>(most) + (may_be_never ? 0 : 1))
    raise(L, fmt::format("option \"{}\" of {} must be whole seconds, at most {}{}", name, where, most - may_be_never,
                         may_be_never ? ", or \"never\"" : "; 0 switches it off"));
  return static_cast<std::uint32_t>(whole);
}

// The user properties of the table at the top of the stack, in its order: { { "name", "value" }, ... }.
void read_pairs(lua_State* L, mqtt::PropertyWriter& writer, const char* where) {
  const std::string form =
      fmt::format("option \"user\" of {} must be a list of pairs, as {{ {{ \"unit\", \"C\" }} }}", where);
  if (!lua_istable(L, -1)) raise(L, form);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) != 2) raise(L, form);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    if (lua_isstring(L, -1) == 0 || lua_isstring(L, -2) == 0) raise(L, form);
    std::size_t name_size = 0, value_size = 0;
    const char* name = lua_tolstring(L, -2, &name_size);
    const char* value = lua_tolstring(L, -1, &value_size);
    check_field(L, {name, name_size}, "a user property's name", true);
    check_field(L, {value, value_size}, "a user property's value", true);
    writer.pair({name, name_size}, {value, value_size});
    lua_pop(L, 3);
  }
}

Version read_version(Options& options) {
  const auto text = options.choice("version", {"3.1", "3.1.1", "5.0"}).value_or("3.1.1");
  return text == "5.0" ? Version::v5 : text == "3.1" ? Version::v3_1 : Version::v3_1_1;
}

void read_five(lua_State* L, Options& options, mqtt::ClientOptions& client) {
  mqtt::OptionsOf5 five;
  bool any = false;
  const auto given = [&](auto value, auto& into) {
    if (!value) return;
    into = static_cast<std::decay_t<decltype(into)>>(*value);
    any = true;
  };
  given(seconds(L, options, "session_expiry", "mqtt()"), five.session_expiry);
  given(options.integer("receive_maximum", 1, 65535), five.receive_maximum);
  given(options.size("max_packet_size"), five.max_packet_size);
  given(options.integer("topic_alias_maximum", 0, 65535), five.topic_alias_maximum);
  if (options.push("user")) {
    mqtt::PropertyWriter writer(five.properties);
    read_pairs(L, writer, "mqtt()");
    lua_pop(L, 1);
    any = true;
  }
  if (any && client.version != Version::v5)
    raise(L,
          "session_expiry, receive_maximum, max_packet_size, topic_alias_maximum and user belong to 5.0: write "
          "version = \"5.0\", too");
  if (any) client.five = std::make_shared<const mqtt::OptionsOf5>(std::move(five));
}

void read_users(lua_State* L, Options& options, const std::string& where, mqtt::AccessList& access) {
  if (const auto anonymous = options.boolean("anonymous")) access.allow_anonymous = *anonymous;
  if (options.push("users")) {
    const std::string form =
        fmt::format("option \"users\" of {} must be a table of passwords by name, as {{ ann = \"secret\" }}", where);
    if (!lua_istable(L, -1)) raise(L, form);
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) raise(L, form);
      access.add_user(lua_tostring(L, -2), lua_tostring(L, -1));
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  if (!options.push("acl")) return;
  if (!lua_istable(L, -1))
    raise(L, fmt::format("option \"acl\" of {} must be a list of lines, as {{ \"topic read public/#\" }}", where));
  mqtt::AccessLines lines(access);
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, -1, i);
    const char* line = lua_tostring(L, -1);
    if (line == nullptr) raise(L, fmt::format("line {} of option \"acl\" of {} is no text", i, where));
    if (const auto taken = lines.take(line); !taken)
      raise(L, fmt::format("line {} of option \"acl\" of {}: {}", i, where, taken.error()));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

}  // namespace

mqtt::Qos qos_of(std::optional<std::int64_t> qos) { return static_cast<mqtt::Qos>(qos.value_or(0)); }

// A topic that may be published to; the error says what is wrong with it.
void check_topic(lua_State* L, std::string_view topic) {
  if (topic.empty()) raise(L, "the topic is empty: it needs at least one character [MQTT-4.7.3-1]");
  if (topic.size() > 65535) raise(L, "the topic is longer than 65,535 bytes");
  if (!mqtt::is_valid_utf8(wire::bytes_of(topic))) raise(L, "the topic is not valid UTF-8 [MQTT-1.5.3-1]");
  if (!mqtt::is_valid_topic(topic))
    raise(L, fmt::format("the topic \"{}\" has a wildcard: + and # are for subscriptions only [MQTT-3.3.2-2]", topic));
}

void check_filter(lua_State* L, std::string_view filter) {
  if (filter.size() > 65535 || !mqtt::is_valid_utf8(wire::bytes_of(filter)))
    raise(L, "the filter is too long or not valid UTF-8");
  if (!mqtt::is_valid_filter(filter)) {
    raise(L, fmt::format("\"{}\" is no topic filter: + and # stand for whole levels, and # only as the last one, as in "
                         "\"home/+/temperature\" or \"home/#\" [MQTT-4.7.1-2]",
                         filter));
  }
  if (filter.starts_with("$share/") && !mqtt::shared_filter(filter))
    raise(L, fmt::format("\"{}\" is no shared subscription: write \"$share/GROUP/FILTER\" [MQTT5-4.8.2-1]", filter));
}

void read_processor(Options& options, Processor& processor) {
  if (const auto time = options.duration("service_time")) processor.service_time = *time;
  processor.exponential = options.choice("service", {"constant", "exponential"}).value_or("constant") == "exponential";
  if (const auto packets = options.integer("inbox", 1, 1'000'000'000))
    processor.inbox = static_cast<std::uint32_t>(*packets);
}

void read_broker(lua_State* L, Options& options, const std::string& name, mqtt::BrokerSettings& settings,
                 mqtt::AccessList& access) {
  const std::string where = fmt::format("broker(\"{}\")", name);
  const auto number = [&](const char* option, std::int64_t least, std::int64_t most, auto& into) {
    if (const auto n = options.integer(option, least, most)) into = static_cast<std::decay_t<decltype(into)>>(*n);
  };
  const auto flag = [&](const char* option, bool& into) {
    if (const auto given = options.boolean(option)) into = *given;
  };
  number("max_inflight", 1, 65535, settings.max_in_flight);
  number("max_queued", 0, 1'000'000'000, settings.max_queued);
  if (const auto bytes = options.size("max_queued_bytes"))
    settings.max_queued_bytes = static_cast<std::uint64_t>(*bytes);
  if (const auto drop = options.choice("drop", {"newest", "oldest"}))
    settings.drop = *drop == "oldest" ? mqtt::DropPolicy::oldest : mqtt::DropPolicy::newest;
  flag("queue_qos0", settings.queue_qos0);
  if (const auto longest = seconds(L, options, "persistent_client_expiration", where.c_str()))
    settings.longest_session_expiry = *longest;
  if (const auto size = options.size("max_packet_size")) {
    if (*size < 20) raise(L, fmt::format("option \"max_packet_size\" of {} must be at least 20 bytes", where));
    settings.max_packet_size = std::min<std::size_t>(static_cast<std::size_t>(*size), settings.max_packet_size);
  }
  number("receive_maximum", 1, 65535, settings.receive_maximum);
  number("max_topic_alias", 0, 65535, settings.max_topic_alias);
  if (const auto most = seconds(L, options, "max_keepalive", where.c_str(), 65535))
    settings.max_keep_alive = static_cast<std::uint16_t>(*most);
  number("max_topic_levels", 1, 65535, settings.max_topic_levels);
  number("max_subscriptions", 0, 1'000'000'000, settings.max_subscriptions);
  number("max_qos", 0, 2, settings.maximum_qos);
  number("max_connections", 0, 1'000'000'000, settings.max_connections);
  number("max_sessions", 0, 1'000'000'000, settings.max_sessions);
  number("max_retained", 0, 1'000'000'000, settings.max_retained);
  number("max_filter_levels", 0, 1'000'000'000, settings.max_filter_levels);
  if (const auto bytes = options.size("memory_limit")) settings.memory_limit = static_cast<std::uint64_t>(*bytes);
  flag("retain_available", settings.retain_available);
  flag("wildcard_subscriptions", settings.wildcard_subscriptions);
  flag("subscription_identifiers", settings.subscription_identifiers);
  flag("shared_subscriptions", settings.shared_subscriptions);
  flag("check_payload_format", settings.check_payload_format);
  flag("persistence", settings.persistence);
  if (const auto time = options.duration("autosave_interval")) settings.autosave_interval = *time;
  if (const auto time = options.duration("connect_timeout")) settings.connect_timeout = *time;
  if (const auto time = options.duration("sys_interval")) settings.sys_interval = *time;
  settings.response_information = options.text("response_information").value_or("");
  check_field(L, settings.response_information, "the response_information", true);
  const auto profile = options.choice("profile", mqtt::names_of_manners(mqtt::kBrokerManners)).value_or("standard");
  settings.manners = mqtt::manners_named(mqtt::kBrokerManners, profile);
  read_users(L, options, where, access);
}

mqtt::ClientOptions read_client(lua_State* L, Options& options, std::string_view device) {
  mqtt::ClientOptions client;
  client.version = read_version(options);
  client.client_id = options.text("client_id").value_or(std::string(device));
  if (const auto keep_alive = seconds(L, options, "keepalive", "mqtt()", 65535))
    client.keep_alive = static_cast<std::uint16_t>(*keep_alive);
  const auto profile = options.choice("profile", mqtt::names_of_manners(mqtt::kClientManners)).value_or("standard");
  client.manners = mqtt::manners_named(mqtt::kClientManners, profile);
  client.clean_session = options.boolean("clean_session").value_or(true);
  if (const auto n = options.integer("max_inflight", 1, 60000)) client.max_in_flight = static_cast<std::uint16_t>(*n);
  if (const auto n = options.integer("max_queued", 0, 1'000'000'000))
    client.max_queued = static_cast<std::uint32_t>(*n);
  check_field(L, client.client_id, "the client_id", true);
  const mqtt::Credentials credentials{options.text("username").value_or(""), options.text("password").value_or("")};
  check_field(L, credentials.user_name, "the username", true);
  check_field(L, credentials.password, "the password", false);
  if (!credentials.user_name.empty()) client.credentials = std::make_shared<const mqtt::Credentials>(credentials);
  if (!credentials.password.empty() && credentials.user_name.empty())
    raise(L, "a password needs a username with it [MQTT-3.1.2-22]");
  read_five(L, options, client);
  if (options.push("will")) {
    Options will(L, -1, "mqtt(), will");
    mqtt::WillOptions described;
    described.topic = will.text("topic").value_or("");
    described.payload = will.text("payload").value_or("");
    described.qos = qos_of(will.integer("qos", 0, 2));
    described.retain = will.boolean("retain").value_or(false);
    described.properties = read_properties(L, will, client.version, "mqtt(), will");
    if (const auto delay = seconds(L, will, "delay", "mqtt(), will", 0x7fffffff)) {
      if (client.version != Version::v5) raise(L, "a will's delay belongs to 5.0: write version = \"5.0\", too");
      mqtt::PropertyWriter(described.properties).number(Property::will_delay_interval, *delay);
    }
    will.finish();
    check_topic(L, described.topic);
    check_field(L, described.payload, "the will's payload", false);
    client.will = std::make_shared<const mqtt::WillOptions>(described);
    lua_pop(L, 1);
  }
  if (client.client_id.empty() && !client.clean_session && client.version != Version::v5)
    raise(L, "an empty client_id needs clean_session = true [MQTT-3.1.3-7]");
  return client;
}

std::vector<std::uint8_t> read_properties(lua_State* L, Options& options, Version version, const char* where) {
  std::vector<std::uint8_t> out;
  mqtt::PropertyWriter writer(out);
  if (const auto utf8 = options.boolean("utf8"); utf8 && *utf8) writer.number(Property::payload_format_indicator, 1);
  if (const auto expiry = seconds(L, options, "expiry", where, 0x7fffffff))
    writer.number(Property::message_expiry_interval, *expiry);
  const auto text = [&](const char* name, Property property) {
    const auto given = options.text(name);
    if (!given) return;
    check_field(L, *given, fmt::format("option \"{}\"", name), property != Property::correlation_data);
    if (property == Property::correlation_data) {
      writer.binary(property, wire::bytes_of(*given));
    } else {
      writer.text(property, *given);
    }
  };
  text("content_type", Property::content_type);
  if (const auto topic = options.text("response_topic")) {
    check_topic(L, *topic);
    writer.text(Property::response_topic, *topic);
  }
  text("correlation", Property::correlation_data);
  if (options.push("user")) {
    read_pairs(L, writer, where);
    lua_pop(L, 1);
  }
  if (!out.empty() && version != Version::v5)
    raise(L, fmt::format("{}: utf8, expiry, content_type, response_topic, correlation and user are properties of 5.0: "
                         "make the client with version = \"5.0\"",
                         where));
  return out;
}

void set_properties(lua_State* L, const mqtt::Properties& properties) {
  if (properties.empty()) return;
  lua_Integer users = 0, identifiers = 0;
  const auto push = [&](wire::Bytes bytes) {
    lua_pushlstring(L, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const auto append = [&](const char* list, lua_Integer& count) {
    if (count == 0) {
      lua_newtable(L);
      lua_setfield(L, -3, list);
    }
    lua_getfield(L, -2, list);
    lua_insert(L, -2);
    lua_rawseti(L, -2, ++count);
    lua_pop(L, 1);
  };
  properties.for_each([&](const mqtt::PropertyValue& value) {
    switch (value.id) {
      case Property::payload_format_indicator:
        lua_pushboolean(L, value.number != 0 ? 1 : 0);
        lua_setfield(L, -2, "utf8");
        break;
      case Property::message_expiry_interval:
        lua_pushinteger(L, value.number);
        lua_setfield(L, -2, "expiry");
        break;
      case Property::content_type: push(value.bytes), lua_setfield(L, -2, "content_type"); break;
      case Property::response_topic: push(value.bytes), lua_setfield(L, -2, "response_topic"); break;
      case Property::correlation_data: push(value.bytes), lua_setfield(L, -2, "correlation"); break;
      case Property::subscription_identifier:
        lua_pushinteger(L, value.number);
        append("identifiers", identifiers);
        break;
      case Property::user_property:
        lua_createtable(L, 2, 0);
        push(value.bytes);
        lua_rawseti(L, -2, 1);
        push(value.second);
        lua_rawseti(L, -2, 2);
        append("user", users);
        break;
      default: break;
    }
  });
}

}  // namespace wirelab::script
