// Random MQTT packets for another codec to agree with. `make SEED COUNT` prints a packet a line: its version, its bytes as we
// encode them, and what we read from these bytes. `check` reads such lines, with another's bytes, and says where we read something
// else.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/kernel/random.hpp"
#include "sim/wire/mqtt.hpp"

using namespace wirelab;
using namespace wirelab::mqtt;
using Json = nlohmann::ordered_json;

namespace {

std::string hex_of(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}
std::vector<std::uint8_t> bytes_of_hex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

// ---- what a packet says, for both sides: properties as pairs of identifier and value, in order of their texts

Json json_of(Properties properties) {
  std::vector<std::string> all;
  properties.for_each([&](const PropertyValue& value) {
    const Json id = static_cast<int>(value.id);
    switch (rule_of(value.id)->type) {
      case PropertyType::text: all.push_back(Json::array({id, wire::text_of(value.bytes)}).dump()); break;
      case PropertyType::binary: all.push_back(Json::array({id, hex_of(value.bytes)}).dump()); break;
      case PropertyType::text_pair:
        all.push_back(Json::array({id, wire::text_of(value.bytes), wire::text_of(value.second)}).dump());
        break;
      default: all.push_back(Json::array({id, value.number}).dump());
    }
  });
  std::sort(all.begin(), all.end());
  return all;
}

Json json_of(const Packet& packet, Version version) {
  Json json;
  const PacketType type = type_of(packet);
  json["type"] = static_cast<int>(type);
  const bool since_5 = version == Version::v5;
  std::visit(
      [&](const auto& p) {
        if constexpr (requires { p.packet_id; }) json["id"] = p.packet_id;
        if constexpr (requires { p.reason; }) {
          if (since_5) json["reason"] = static_cast<int>(p.reason);
        }
        if constexpr (requires { p.codes; }) {
          if (type == PacketType::suback || since_5) json["codes"] = std::vector<int>(p.codes.begin(), p.codes.end());
        }
        if constexpr (requires { p.properties; }) {
          if (since_5) json["properties"] = json_of(p.properties);
        }
        if constexpr (requires { p.filters; }) {
          json["filters"] = Json::array();
          FilterList filters = p.filters;
          while (const auto f = filters.next()) {
            Json filter = Json::array({f->filter});
            if (type == PacketType::subscribe) filter.push_back(static_cast<int>(f->qos));
            if (type == PacketType::subscribe && since_5)
              filter.insert(filter.end(), {f->no_local, f->retain_as_published, static_cast<int>(f->retain_handling)});
            json["filters"].push_back(filter);
          }
        }
      },
      packet);
  if (const auto* p = std::get_if<Connect>(&packet)) {
    json["level"] = p->level, json["clean"] = p->clean_session, json["keep_alive"] = p->keep_alive;
    json["client"] = p->client_id;
    if (p->will) {
      json["will"] = {{"topic", p->will->topic},
                      {"payload", hex_of(p->will->payload)},
                      {"qos", static_cast<int>(p->will->qos)},
                      {"retain", p->will->retain}};
      if (since_5) json["will"]["properties"] = json_of(p->will->properties);
    }
    if (p->user_name) json["user"] = *p->user_name;
    if (p->password) json["password"] = hex_of(*p->password);
  }
  if (const auto* p = std::get_if<Connack>(&packet)) {
    json["present"] = p->session_present;
    if (!since_5) json["code"] = static_cast<int>(p->code);
  }
  if (const auto* p = std::get_if<Publish>(&packet)) {
    json["topic"] = p->topic, json["payload"] = hex_of(p->payload), json["qos"] = static_cast<int>(p->qos);
    json["retain"] = p->retain, json["dup"] = p->dup;
  }
  return json;
}

// ---- random packets

struct Maker {
  RandomStream random;
  Version version = Version::v5;
  std::vector<std::uint8_t> memory[2] = {};
  std::vector<std::string> texts = {};

  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(random.below(count)); }
  bool chance() { return below(2) == 0; }
  std::string text(std::uint32_t most) {
    static constexpr const char* kPieces[] = {"a", "Z", "7", "/", " ", "_", "ü", "日", "🌡"};
    std::string out;
    for (std::uint32_t i = below(most) + 1; i > 0; --i) out += kPieces[below(9)];
    return out;
  }
  std::string_view keep(std::string value) { return texts.emplace_back(std::move(value)); }
  PacketId id() { return static_cast<PacketId>(1 + below(65535)); }
  Properties properties(PacketSet place, std::vector<std::uint8_t>& into, bool with_alias) {
    into.clear();
    if (version != Version::v5) return {};
    PropertyWriter writer(into);
    bool has_method = false;
    for (const PropertyRule& rule : mqtt::properties()) {
      const bool needed = rule.id == Property::authentication_method && place == set_of(PacketType::auth);
      if ((rule.places & place) == 0 || (!needed && below(3) == 0)) continue;
      if (rule.id == Property::topic_alias && !with_alias) continue;
      if (rule.id == Property::authentication_data && !has_method) continue;
      has_method = has_method || rule.id == Property::authentication_method;
      switch (rule.type) {
        case PropertyType::flag: writer.number(rule.id, below(2)); break;
        case PropertyType::two_bytes: writer.number(rule.id, 1 + below(65535)); break;
        case PropertyType::four_bytes: writer.number(rule.id, 1 + below(4'000'000'000)); break;
        case PropertyType::variable: writer.number(rule.id, 1 + below(below(4) == 0 ? kMostVariable : 300)); break;
        case PropertyType::text: writer.text(rule.id, text(12)); break;
        case PropertyType::binary: writer.binary(rule.id, wire::bytes_of(text(12))); break;
        case PropertyType::text_pair:
          for (std::uint32_t i = 1 + below(3); i > 0; --i) writer.pair(text(6), text(6));
          break;
      }
    }
    return Properties(into);
  }
  ReasonCode reason(PacketType type) {
    for (;;) {
      const ReasonRule& rule = reasons()[below(static_cast<std::uint32_t>(reasons().size()))];
      if ((rule.packets & set_of(type)) != 0) return rule.code;
    }
  }
  std::vector<std::uint8_t> codes(PacketType type) {
    std::vector<std::uint8_t> out;
    for (std::uint32_t i = 1 + below(4); i > 0; --i) {
      constexpr std::uint8_t before_5[] = {0, 1, 2, 0x80};
      out.push_back(version == Version::v5 ? static_cast<std::uint8_t>(reason(type)) : before_5[below(4)]);
    }
    return out;
  }
  void connect(std::vector<std::uint8_t>& out) {
    Connect packet;
    packet.level = static_cast<std::uint8_t>(version);
    packet.clean_session = chance(), packet.keep_alive = id(), packet.client_id = keep(text(20));
    packet.properties = properties(set_of(PacketType::connect), memory[0], false);
    if (chance())
      packet.will = Will{keep(text(20)), wire::bytes_of(keep(text(40))), static_cast<Qos>(below(3)), chance(),
                         properties(kWill, memory[1], false)};
    if (chance()) packet.user_name = keep(text(9));
    if (packet.user_name && chance()) packet.password = wire::bytes_of(keep(text(9)));
    encode(packet, out);
  }
  std::vector<std::uint8_t> packet() {
    std::vector<std::uint8_t> out;
    texts.clear(), texts.reserve(64);
    const auto type = static_cast<PacketType>(1 + below(version == Version::v5 ? 15 : 14));
    const Properties own = type == PacketType::connect ? Properties() : properties(set_of(type), memory[0], false);
    const bool since_5 = version == Version::v5;
    switch (type) {
      case PacketType::connect: connect(out); break;
      case PacketType::connack: {
        Connack p;
        p.properties = own;
        p.reason = since_5 ? reason(type) : ReasonCode::success;
        p.code = static_cast<ConnectCode>(below(6));
        p.session_present = (since_5 ? p.reason == ReasonCode::success : p.code == ConnectCode::accepted) && chance();
        encode(p, out, version);
        break;
      }
      case PacketType::publish: {
        Publish p{keep(text(30)), wire::bytes_of(keep(text(200))), static_cast<Qos>(below(3)), chance()};
        if (p.qos != Qos::at_most_once) p.dup = chance(), p.packet_id = id();
        p.properties = properties(set_of(type), memory[0], true);
        encode(p, out, version);
        break;
      }
      case PacketType::puback:
      case PacketType::pubrec:
      case PacketType::pubrel:
      case PacketType::pubcomp:
        if (since_5) {
          encode_acknowledgement(type, id(), reason(type), below(3) == 0 ? Properties() : own, out);
        } else {
          encode_acknowledgement(type, id(), out);
        }
        break;
      case PacketType::subscribe:
      case PacketType::unsubscribe: {
        std::vector<FilterRequest> requests;
        std::vector<std::string_view> filters;
        for (std::uint32_t i = 1 + below(4); i > 0; --i) {
          FilterRequest& request = requests.emplace_back();
          request.filter = keep(text(12) + (chance() ? "/+/#" : ""));
          request.qos = static_cast<Qos>(below(3));
          if (since_5) request.no_local = chance(), request.retain_as_published = chance();
          if (since_5) request.retain_handling = static_cast<RetainHandling>(below(3));
          filters.push_back(request.filter);
        }
        if (type == PacketType::subscribe) {
          encode_subscribe(id(), requests, out, version, own);
        } else {
          encode_unsubscribe(id(), filters, out, version, own);
        }
        break;
      }
      case PacketType::suback: encode_suback(id(), codes(type), out, version, own); break;
      case PacketType::unsuback:
        if (since_5) {
          encode_unsuback(id(), codes(type), own, out);
        } else {
          encode_acknowledgement(type, id(), out);
        }
        break;
      case PacketType::disconnect:
        if (since_5) {
          encode(Disconnect{reason(type), own}, out);
          break;
        }
        [[fallthrough]];
      case PacketType::pingreq:
      case PacketType::pingresp: encode_empty(type, out); break;
      case PacketType::auth: encode(Auth{reason(type), own}, out); break;
    }
    return out;
  }
};

Json read_packet(const std::vector<std::uint8_t>& bytes, Version version) {
  const auto header = decode_fixed_header(bytes, version);
  if (!header || !header->has_value() || (*header)->size() != bytes.size()) return "no whole packet";
  const auto packet = decode(**header, bytes, version);
  if (!packet) return fmt::format("{} [{}]", packet.error().what, packet.error().statement);
  return json_of(*packet, version);
}

int make(std::uint64_t seed, int count) {
  Maker maker{RandomStream(seed, "packets", "peer")};
  for (int i = 0; i < count; ++i) {
    maker.version = maker.below(3) == 0 ? Version::v3_1_1 : Version::v5;
    const auto bytes = maker.packet();
    Json line;
    line["v"] = static_cast<int>(maker.version);
    line["hex"] = hex_of(bytes);
    line["packet"] = read_packet(bytes, maker.version);
    std::cout << line.dump() << '\n';
  }
  return 0;
}

int check_lines() {
  int agreed = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const Json json = Json::parse(line);
    const Json ours = read_packet(bytes_of_hex(json["hex"]), static_cast<Version>(json["v"].get<int>()));
    if (nlohmann::json(ours) != nlohmann::json(json["packet"])) {
      std::cerr << "theirs: " << line << "\nours:   " << ours.dump() << '\n';
      return 1;
    }
    ++agreed;
  }
  std::cout << agreed << " packets of theirs are read as they meant them\n";
  return agreed > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  if (count == 4 && std::string_view(words[1]) == "make") return make(std::stoull(words[2]), std::stoi(words[3]));
  return check_lines();
}
