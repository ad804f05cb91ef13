// What a person or a scenario does to a running world: whether it can be done, and the doing.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "sim/kernel/nearest.hpp"
#include "sim/world/mqtt_endpoint.hpp"
#include "sim/world/world.hpp"

namespace wirelab {

// "a-b", "b-a", "a>b" or "b>a"; a node's name may have a "-" of its own, so every cut is tried.
std::optional<World::NamedLink> World::find_link(std::string_view name) const {
  for (std::size_t cut = name.find_first_of("->"); cut != std::string_view::npos;
       cut = name.find_first_of("->", cut + 1)) {
    const NodeIndex first = find_node(name.substr(0, cut));
    const NodeIndex second = find_node(name.substr(cut + 1));
    if (first == kNowhere || second == kNowhere) continue;
    const LinkIndex link = network_.link_between(first, second);
    if (link == kNowhere) continue;
    const bool forward = network_.ends(link).a == first;
    return NamedLink{link, name[cut] == '-' ? 0 : forward ? 1 : 2};
  }
  return std::nullopt;
}

// As a link's name, perhaps with the kind behind it: "sensor-gateway (ble)".
std::optional<World::NamedHop> World::find_hop(std::string_view name) const {
  std::string_view kind;
  if (const std::size_t bracket = name.rfind(" ("); bracket != std::string_view::npos && name.ends_with(')')) {
    kind = name.substr(bracket + 2, name.size() - bracket - 3);
    name = name.substr(0, bracket);
  }
  for (std::size_t cut = name.find_first_of("->"); cut != std::string_view::npos;
       cut = name.find_first_of("->", cut + 1)) {
    const NodeIndex first = find_node(name.substr(0, cut));
    const NodeIndex second = find_node(name.substr(cut + 1));
    if (first != kNowhere && second != kNowhere && hops_.joins(first, second, kind))
      return NamedHop{first, second, kind};
  }
  return std::nullopt;
}

std::string World::no_such_link(std::string_view name) const {
  std::vector<std::string> names;
  for (LinkIndex i = 0; i < network_.links(); ++i) {
    const LinkEnds& ends = network_.ends(i);
    const std::string a(trace_.names().text(network_.node(ends.a).entity));
    const std::string b(trace_.names().text(network_.node(ends.b).entity));
    for (const std::string& text : {a + "-" + b, b + "-" + a, a + ">" + b, b + ">" + a}) names.push_back(text);
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = nearest(name, views);
  if (!near.empty()) return fmt::format("there is no link \"{}\": did you mean \"{}\"?", name, near);
  return fmt::format("there is no link \"{}\"; links are named as \"home-hub\", one direction as \"home>hub\"", name);
}

tl::expected<void, std::string> World::can_apply(const Intervention& what) const {
  return std::visit(
      [&](const auto& item) -> tl::expected<void, std::string> {
        if constexpr (requires { item.link; }) {
          using T = std::decay_t<decltype(item)>;
          if (!find_link(item.link)) {
            if (!find_hop(item.link)) return tl::unexpected(no_such_link(item.link));
            if constexpr (std::is_same_v<T, SetImpairment>) {
              const NamedHop hop = *find_hop(item.link);
              const bool serial = hops_.is_serial(hop.a, hop.b, hop.kind);
              const LinkOption changeable = serial ? LinkOption::corrupt : LinkOption::loss;
              for (const LinkChange& change : item.changes) {
                if (change.option != changeable)
                  return tl::unexpected(fmt::format(
                      "of \"{}\" only {} can be changed while it runs", item.link,
                      serial ? "\"corrupt\", the share of turned bits," : "\"loss\", the share of lost frames,"));
              }
            } else if constexpr (!std::is_same_v<T, CutLink> && !std::is_same_v<T, RestoreLink>) {
              return tl::unexpected(
                  fmt::format("\"{}\" carries no IP packets: it can be cut, restored and impaired", item.link));
            }
          }
        }
        if constexpr (requires { item.node; }) {
          const NodeIndex node = find_node(item.node);
          if (node == kNowhere) {
            std::vector<std::string_view> names;
            for (NodeIndex i = 0; i < network_.nodes(); ++i)
              names.push_back(trace_.names().text(network_.node(i).entity));
            const std::string_view near = nearest(item.node, names);
            return tl::unexpected(near.empty()
                                      ? fmt::format("there is no node \"{}\"", item.node)
                                      : fmt::format("there is no node \"{}\": did you mean \"{}\"?", item.node, near));
          }
          if constexpr (requires { item.sensor; }) {
            const DeviceIndex device = device_at(node);
            if (device == kNowhere)
              return tl::unexpected(fmt::format("\"{}\" is no device and has no sensors", item.node));
            if (!has_sensor(device, item.sensor)) {
              const std::string_view near = nearest(item.sensor, sensors_of(device));
              return tl::unexpected(near.empty() ? fmt::format("\"{}\" has no sensor \"{}\"", item.node, item.sensor)
                                                 : fmt::format("\"{}\" has no sensor \"{}\": did you mean \"{}\"?",
                                                               item.node, item.sensor, near));
            }
          }
          if constexpr (requires { item.topic; }) {
            if (!mqtt::is_valid_topic(item.topic) || item.topic.size() > 65535 ||
                !mqtt::is_valid_utf8(wire::bytes_of(item.topic)))
              return tl::unexpected(fmt::format("\"{}\" is no topic to publish to", item.topic));
            if (item.payload.size() > 16'000'000 || !mqtt::is_valid_utf8(wire::bytes_of(item.payload)))
              return tl::unexpected(std::string("the payload is no text of at most 16 MB"));
          }
          if constexpr (requires { item.filter; }) {
            if (!mqtt::is_valid_filter(item.filter) || item.filter.size() > 65535 ||
                !mqtt::is_valid_utf8(wire::bytes_of(item.filter)))
              return tl::unexpected(fmt::format("\"{}\" is no topic filter", item.filter));
          }
          using T = std::decay_t<decltype(item)>;
          if constexpr (std::is_same_v<T, OutsideConnect>) {
            if (find_node(item.to) == kNowhere) return tl::unexpected(fmt::format("there is no node \"{}\"", item.to));
            if (!network_.node(node).up) return tl::unexpected(fmt::format("\"{}\" has no power", item.node));
            if (outside_.has(item.connection))
              return tl::unexpected(fmt::format("there is a connection {} already", item.connection));
          }
          if constexpr (
              requires { item.qos; } || requires { item.filter; }) {
            if (device_at(node) == kNowhere)
              return tl::unexpected(fmt::format("\"{}\" is no device and has no MQTT client", item.node));
            if (!network_.node(node).up) return tl::unexpected(fmt::format("\"{}\" has no power", item.node));
            const Program* const program = devices_[device_at(node)].program.get();
            if (program == nullptr) return tl::unexpected(fmt::format("the program of \"{}\" does not run", item.node));
          }
          if constexpr (std::is_same_v<T, FailNames>) {
            if (!name_services_.contains(node))
              return tl::unexpected(fmt::format("\"{}\" is no name server: only a dns() is", item.node));
          }
          if constexpr (std::is_same_v<T, ForgetBindings>) {
            if (network_.nat(node) == nullptr)
              return tl::unexpected(fmt::format("\"{}\" translates no addresses: only a nat() does", item.node));
          }
          if constexpr (std::is_same_v<T, Deauthenticate>) {
            if (!wifi_.is_station(node)) return tl::unexpected(fmt::format("\"{}\" has no Wi-Fi", item.node));
          }
          if constexpr (std::is_same_v<T, MoveNode>) {
            if (!wifi_.is_station(node) && !wifi_.is_access_point(node))
              return tl::unexpected(fmt::format(
                  "\"{}\" has no place: access points have one, and devices with the option wifi", item.node));
            if (!(std::abs(item.x) <= 1e6) || !(std::abs(item.y) <= 1e6))
              return tl::unexpected(std::string("a place lies within a million metres"));
          }
          if constexpr (std::is_same_v<T, Crash> || std::is_same_v<T, Stop>) {
            if (device_at(node) == kNowhere && !brokers_.contains(node) && !name_services_.contains(node) &&
                !web_services_.contains(node))
              return tl::unexpected(
                  fmt::format("\"{}\" is a router and runs no program: it can lose power", item.node));
          }
        }
        return {};
      },
      what);
}

// A station's link comes with the first access point that it joins.
bool World::may_become_possible(const Intervention& what) const {
  return can_apply(what).has_value() || std::visit(
                                            [&](const auto& item) {
                                              if constexpr (requires { item.link; }) return joins_station(item.link);
                                              return false;
                                            },
                                            what);
}

bool World::joins_station(std::string_view link) const {
  for (std::size_t cut = link.find_first_of("->"); cut != std::string_view::npos;
       cut = link.find_first_of("->", cut + 1)) {
    const NodeIndex first = find_node(link.substr(0, cut)), second = find_node(link.substr(cut + 1));
    if (first == kNowhere || second == kNowhere) continue;
    if ((wifi_.is_station(first) && wifi_.is_access_point(second)) ||
        (wifi_.is_access_point(first) && wifi_.is_station(second)))
      return true;
  }
  return false;
}

template <typename Change>
void World::for_channels(std::string_view name, Change&& change) {
  const NamedLink link = *find_link(name);
  const LinkEnds& ends = network_.ends(link.link);
  if (link.direction != 2) change(network_.channel(link.link, ends.a));
  if (link.direction != 1) change(network_.channel(link.link, ends.b));
}

void World::intervene(const Intervention& what) {
  journal_.push_back({now(), executed(), what});
  trace_.set_cause(0);
  apply(what, true);
}

void World::apply(const Intervention& what, bool by_hand) {
  check(can_apply(what).has_value(), "an intervention names what exists");
  CauseScope scope(trace_);
  const auto type = static_cast<std::uint16_t>(what.index());
  std::visit(
      [&](const auto& item) {
        using T = std::decay_t<decltype(item)>;
        if constexpr (requires { item.connection; }) {
          EntityId from = 0;
          if constexpr (std::is_same_v<T, OutsideConnect>) from = network_.node(find_node(item.node)).entity;
          trace_.emit_cause(Kind::intervention, from, item.connection, type, 0, by_hand ? 1 : 0);
          if constexpr (std::is_same_v<T, OutsideConnect>) {
            const tcp::Endpoint to{network_.node(find_node(item.to)).address, item.port};
            outside_.connect(item.connection, find_node(item.node), to);
          } else if constexpr (std::is_same_v<T, OutsideSend>) {
            outside_.send(item.connection, item.bytes);
          } else if constexpr (std::is_same_v<T, OutsideEnd>) {
            outside_.end(item.connection, item.reset);
          } else {
            outside_.read(item.connection, item.reads);
          }
        } else if constexpr (requires { item.link; }) {
          trace_.emit_cause(Kind::intervention, trace_.intern(item.link), 0, type, 0, by_hand ? 1 : 0);
          if (!find_link(item.link)) {
            const NamedHop hop = *find_hop(item.link);
            if constexpr (std::is_same_v<T, SetImpairment>) {
              for (const LinkChange& change : item.changes)
                hops_.impair(hop.a, hop.b, hop.kind, std::bit_cast<double>(change.value));
            } else {
              hops_.set_cut(hop.a, hop.b, hop.kind, std::is_same_v<T, CutLink>);
            }
            return;
          }
          for_channels(item.link, [&](Channel& channel) {
            if constexpr (std::is_same_v<T, CutLink>) channel.set_up(false);
            if constexpr (std::is_same_v<T, RestoreLink>) channel.set_up(true);
            if constexpr (std::is_same_v<T, DropPacket>) channel.drop_packet(item.packet);
            if constexpr (std::is_same_v<T, DelayPacket>) channel.delay_packet(item.packet, item.by);
            if constexpr (std::is_same_v<T, DuplicatePacket>) channel.duplicate_packet(item.packet);
            if constexpr (std::is_same_v<T, SetImpairment>) {
              ChannelSettings settings = channel.settings();
              apply_changes(item.changes, settings);
              channel.change(settings);
            }
          });
        } else {
          const NodeIndex node = find_node(item.node);
          trace_.emit_cause(Kind::intervention, network_.node(node).entity, 0, type, 0, by_hand ? 1 : 0);
          const DeviceIndex device = device_at(node);
          const auto service = brokers_.find(node);
          const auto names = name_services_.find(node);
          const auto web = web_services_.find(node);
          const auto lose_power = [&] {
            if (device != kNowhere) end_device(device, Ending::power);
            outside_.vanish(node);
            if (service != brokers_.end()) service->second->vanish();
            if (web != web_services_.end()) web->second->vanish();
            if (const auto at = resolvers_.find(node); at != resolvers_.end()) {
              at->second.resolver->forget();
              at->second.socket.reset();
            }
            addresses_.leave(node);
            addresses_.stop_server(node);
            wifi_.switch_off(node);
            energy_.set_power(node, false);
            hops_.set_power(node, false);
            network_.set_node_up(node, false);
            transport_.forget_node(node);
          };
          if constexpr (
              requires { item.qos; } || requires { item.filter; }) {
            act_as(device, what);
          } else if constexpr (std::is_same_v<T, FailNames>) {
            name_services_.at(node)->set_failing(item.fails);
          } else if constexpr (std::is_same_v<T, ForgetBindings>) {
            network_.nat(node)->forget();
          } else if constexpr (std::is_same_v<T, MoveNode>) {
            wifi_.move(node, {item.x, item.y});
          } else if constexpr (std::is_same_v<T, Deauthenticate>) {
            wifi_.deauthenticate(node);
          } else if constexpr (std::is_same_v<T, SetSensor>) {
            sensor(device, item.sensor).set(item.value);
          } else if constexpr (std::is_same_v<T, PowerOff>) {
            lose_power();
          } else if constexpr (std::is_same_v<T, Crash>) {
            if (device != kNowhere) end_device(device, Ending::crash);
            if (names != name_services_.end()) names->second->stop();
            if (service != brokers_.end() && service->second->running()) service->second->crash();
            if (web != web_services_.end() && web->second->running()) web->second->crash();
          } else {
            if (device != kNowhere) end_device(device, Ending::stop);
            if (names != name_services_.end()) names->second->stop();
            if (service != brokers_.end() && service->second->running()) service->second->stop();
            if (web != web_services_.end() && web->second->running()) web->second->stop();
            if constexpr (std::is_same_v<T, Restart>) {
              // What runs no program, a router or an access point, restarts as when its plug is pulled and put back.
              const bool is_router = device == kNowhere && service == brokers_.end() && names == name_services_.end() &&
                                     web == web_services_.end();
              if (is_router && network_.node(node).up) lose_power();
              const bool was_up = network_.node(node).up;
              network_.set_node_up(node, true);
              if (!was_up) addresses_.start_server(node);
              if (!was_up) hops_.set_power(node, true);
              if (!was_up) energy_.set_power(node, true);
              if (!was_up && wifi_.is_station(node)) wifi_.switch_on(node);
              if (!was_up && wifi_.is_access_point(node)) wifi_.switch_on(node);
              if (!was_up && !wifi_.is_station(node)) addresses_.join(node);
              if (service != brokers_.end()) service->second->start();
              if (names != name_services_.end()) names->second->start();
              if (web != web_services_.end()) web->second->start();
              // By an event of its own: what restarts it may be a program in the midst of something.
              if (device != kNowhere) devices_[device].start = events_.schedule(now(), on_restart, this, device);
            }
          }
        }
      },
      what);
}

// Publishing and subscribing by hand, as the program's own client would.
void World::act_as(DeviceIndex index, const Intervention& what) {
  Program* const program = devices_[index].program.get();
  MqttEndpoint* const endpoint = program == nullptr ? nullptr : program->endpoint();
  if (endpoint == nullptr) {
    trace_.emit(Kind::logged, entity_of(index), 0, std::uint16_t{0},
                trace_.text("there is no MQTT client here to publish or subscribe as"));
    return;
  }
  mqtt::Client& client = endpoint->client();
  if (const auto* publish = std::get_if<PublishAs>(&what)) {
    client.publish(publish->topic, wire::bytes_of(publish->payload), static_cast<mqtt::Qos>(publish->qos),
                   publish->retain);
  } else if (const auto* subscribe = std::get_if<SubscribeAs>(&what)) {
    const mqtt::FilterRequest request{subscribe->filter, static_cast<mqtt::Qos>(subscribe->qos)};
    client.subscribe({&request, 1});
  } else if (const auto* unsubscribe = std::get_if<UnsubscribeAs>(&what)) {
    const std::string_view filter = unsubscribe->filter;
    client.unsubscribe({&filter, 1});
  }
}

}  // namespace wirelab
