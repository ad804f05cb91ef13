#include "sim/world/wifi_service.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/trace/traced_timer.hpp"

namespace wirelab {

using wifi::Event;
using wifi::Frame;
using wifi::Reason;
using wifi::State;
using wifi::Timer;

namespace {

constexpr Duration kAnswer = Duration::seconds(1);
constexpr Duration kBeacon = Duration::seconds(6);
constexpr Duration kFirstKey = Duration::milliseconds(100), kNextKey = Duration::seconds(1);
constexpr std::uint32_t kKeyTries = 4;
constexpr Duration kLookAround = Duration::seconds(10);
constexpr double kWeak = -75, kStronger = 8;  // dBm and dB, for roaming
constexpr double kAudible = radio::kRates[0].sensitivity_dbm;

std::int64_t tenths(double dbm) { return static_cast<std::int64_t>(dbm * 10 - (dbm < 0 ? 0.5 : -0.5)); }

void trace_place(Tracer& trace, EntityId node, Place from, Place to) {
  trace.state(node, Field::place_x, std::bit_cast<std::int64_t>(from.x), std::bit_cast<std::int64_t>(to.x));
  trace.state(node, Field::place_y, std::bit_cast<std::int64_t>(from.y), std::bit_cast<std::int64_t>(to.y));
}

}  // namespace

void WifiService::Point::received(StationIndex station, std::uint16_t frame, bool from_station) {
  Station& member = service->stations_[members[station]];
  const auto what = static_cast<Frame>(frame);
  CauseScope scope(service->trace_);
  const EntityId own = service->network_.node(node).entity, other = service->entity(member);
  service->trace_.emit_cause(Kind::wifi_frame, from_station ? own : other, 0, what, from_station ? other : own);
  if (from_station) {
    service->received_by_point(member, what);
  } else if (member.point == index) {
    service->received_by_station(member, what);
  }
}

void WifiService::Point::received_from_stranger(StationIndex station) {
  Station& member = service->stations_[members[station]];
  if (member.point == index) service->send(member, Frame::deauthentication, false);
}

WifiService::WifiService(EventQueue& events, Tracer& trace, Network& network, std::uint64_t seed, Changed changed)
    : events_(events), trace_(trace), network_(network), seed_(seed), changed_(std::move(changed)) {}

WifiService::~WifiService() {
  for (Station& station : stations_) {
    for (const TimerId timer : station.timers) events_.release(timer);
  }
}

void WifiService::add_access_point(NodeIndex node, const AccessPointSettings& settings, Place place, Realm realm) {
  auto point = std::make_unique<Point>();
  point->service = this;
  point->index = static_cast<std::uint32_t>(points_.size());
  point->node = node;
  point->settings = settings;
  point->place = place;
  point->realm = realm;
  point->air = std::make_unique<Air>(network_.channel_host(), seed_, network_.node(node).entity, *point);
  point->air->set_fading(settings.fading_db);
  trace_place(trace_, network_.node(node).entity, {}, place);
  trace_.state(network_.node(node).entity, Field::wifi_power, 0, tenths(settings.transmit_dbm));
  network_.set_bridge(node);
  point_of_[node] = point->index;
  points_of_[settings.ssid].push_back(point->index);
  points_.push_back(std::move(point));
}

void WifiService::add_station(NodeIndex node, const StationSettings& settings, Place place) {
  const auto index = static_cast<std::uint32_t>(stations_.size());
  Station& station = stations_.emplace_back();
  station.node = node;
  station.settings = settings;
  station.place = place;
  using Function = void (*)(void*, std::uint64_t);
  constexpr Function functions[] = {on_step, on_beacon, on_key, on_roam};
  for (std::size_t i = 0; i < std::size(functions); ++i)
    station.timers[i] = events_.make_timer(functions[i], this, index);
  station.luck = RandomStream(seed_, trace_.names().text(entity(station)), "wifi");
  trace_place(trace_, entity(station), {}, place);
  station_of_[node] = index;
}

void WifiService::set_state(Station& station, State to) {
  trace_.set(entity(station), Field::wifi_state, station.state, to);
  if (station.radio == nullptr) return;
  station.radio->rests(to == State::off ? RadioState::off : to == State::idle ? RadioState::sleep : RadioState::idle);
}

void WifiService::set_point(Station& station, std::uint32_t point) {
  const auto number = [&](std::uint32_t p) {
    return p == kNobody ? std::int64_t{0} : static_cast<std::int64_t>(network_.node(points_[p]->node).entity);
  };
  trace_.state(entity(station), Field::wifi_point, number(station.point), number(point));
  station.point = point;
}

void WifiService::tell(Station& station, Event event, Reason reason) {
  const EntityId point = station.point == kNobody ? 0 : network_.node(points_[station.point]->node).entity;
  trace_.emit_cause(Kind::wifi_event, entity(station), 0, event, point, static_cast<std::int64_t>(reason), 0);
}

void WifiService::arm(Station& station, Timer timer, Duration after) {
  const auto place = static_cast<std::uint32_t>(timer);
  arm_traced(trace_, station.timers[place], entity(station), Field::wifi_timer, events_.now() + after, place);
}
void WifiService::disarm(Station& station, Timer timer) {
  const auto place = static_cast<std::uint32_t>(timer);
  disarm_traced(trace_, station.timers[place], entity(station), Field::wifi_timer, place);
}
void WifiService::fired(Station& station, Timer timer) {
  record_fired(trace_, entity(station), Field::wifi_timer, static_cast<std::uint32_t>(timer));
}

// ---- power and wishes

void WifiService::switch_on(NodeIndex node) {
  if (const auto at = point_of_.find(node); at != point_of_.end()) {
    Point& point = *points_[at->second];
    if (point.up) return;
    point.up = true;
    point.air->set_up(true);
    measure_members(point);
  }
  const auto at = station_of_.find(node);
  if (at == station_of_.end()) return;
  Station& station = stations_[at->second];
  if (station.state != State::off) return;
  set_state(station, State::idle);
  if (station.settings.ssid.empty()) return;
  station.ssid = station.settings.ssid, station.password = station.settings.password;
  station.keeps_on = true;
  scan(station);
}

void WifiService::switch_off(NodeIndex node) {
  if (const auto at = point_of_.find(node); at != point_of_.end()) {
    Point& point = *points_[at->second];
    point.up = false;
    point.air->set_up(false);
    for (std::uint32_t i = 0; i < point.members.size(); ++i) {
      Station& station = stations_[point.members[i]];
      point.air->set_joined(i, false, false);
      if (station.point != at->second) continue;
      disarm(station, Timer::key);
      measure(station);
    }
  }
  const auto at = station_of_.find(node);
  if (at == station_of_.end()) return;
  Station& station = stations_[at->second];
  if (station.state == State::off) return;
  station.keeps_on = false;
  drop_link(station);
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(Timer::count_); ++i) disarm(station, static_cast<Timer>(i));
  set_state(station, State::off);
}

void WifiService::connect(NodeIndex node, const std::string& ssid, const std::string& password) {
  Station& station = stations_[station_of_.at(node)];
  if (station.state == State::off) return;
  if (station.point != kNobody) leave(station, Reason::leaving);
  CauseScope scope(trace_);
  station.ssid = ssid, station.password = password;
  station.keeps_on = false;
  station.failures = 0;
  scan(station);
}

void WifiService::disconnect(NodeIndex node) {
  Station& station = stations_[station_of_.at(node)];
  station.keeps_on = false;
  disarm(station, Timer::step);
  if (station.point != kNobody) {
    leave(station, Reason::leaving);
  } else if (station.state != State::off) {
    set_state(station, State::idle);
  }
}

void WifiService::deauthenticate(NodeIndex node) {
  Station& station = stations_[station_of_.at(node)];
  if (station.point != kNobody) send(station, Frame::deauthentication, false);
}

void WifiService::move(NodeIndex node, Place to) {
  if (const auto at = point_of_.find(node); at != point_of_.end()) {
    trace_place(trace_, network_.node(node).entity, points_[at->second]->place, to);
    points_[at->second]->place = to;
    measure_members(*points_[at->second]);
    return;
  }
  Station& station = stations_[station_of_.at(node)];
  trace_place(trace_, entity(station), station.place, to);
  station.place = to;
  measure(station);
}

// ---- signals

double WifiService::power_at(const Station& station, const Point& point) const {
  const double dx = station.place.x - point.place.x, dy = station.place.y - point.place.y;
  // The weaker way decides: what is not acknowledged is not received.
  const double transmit = std::min(station.settings.transmit_dbm, point.settings.transmit_dbm);
  return radio::received_power(transmit, std::sqrt(dx * dx + dy * dy), station.settings.walls_db);
}

// The signal of the access point that it is with, or nothing; without beacons the clock of giving up runs.
void WifiService::measure(Station& station) {
  if (station.point == kNobody) return;
  Point& point = *points_[station.point];
  const Joint& joint = station.met.at(station.point);
  const double before = point.air->signal(joint.in_air);
  const double dbm = power_at(station, point);
  trace_.state(entity(station), Field::wifi_signal, before <= radio::kUnheard ? 0 : tenths(before), tenths(dbm));
  point.air->set_signal(joint.in_air, dbm);
  const bool heard = point.up && dbm >= kAudible;
  if (station.state != State::joined) return;
  const bool counting = deadline_of(events_, station.timers[static_cast<std::size_t>(Timer::beacon)]) != 0;
  if (heard && counting) disarm(station, Timer::beacon);
  if (!heard && !counting) arm(station, Timer::beacon, kBeacon);
  const bool looking = deadline_of(events_, station.timers[static_cast<std::size_t>(Timer::roam)]) != 0;
  if (heard && dbm < kWeak && !looking) arm(station, Timer::roam, kLookAround);
  if (dbm >= kWeak && looking) disarm(station, Timer::roam);
}

void WifiService::measure_members(Point& point) {
  for (const std::uint32_t member : point.members) {
    if (stations_[member].point == point.index) measure(stations_[member]);
  }
}

std::optional<double> WifiService::signal(NodeIndex node) const {
  const Station& station = stations_[station_of_.at(node)];
  if (station.state != State::joined) return std::nullopt;
  return points_[station.point]->air->signal(station.met.at(station.point).in_air);
}

std::vector<HeardPoint> WifiService::heard(NodeIndex node) const {
  const Station& station = stations_[station_of_.at(node)];
  std::vector<HeardPoint> all;
  for (const auto& point : points_) {
    const double dbm = power_at(station, *point);
    if (point->up && dbm >= kAudible)
      all.push_back({point->node, point->settings.ssid, dbm, !point->settings.password.empty()});
  }
  std::stable_sort(all.begin(), all.end(), [](const HeardPoint& a, const HeardPoint& b) { return a.dbm > b.dbm; });
  return all;
}

std::uint32_t WifiService::best_point(const Station& station) const {
  std::uint32_t best = kNobody;
  double most = kAudible;
  const auto named = points_of_.find(station.ssid);
  if (named == points_of_.end()) return kNobody;
  for (const std::uint32_t index : named->second) {
    if (!points_[index]->up) continue;
    const double dbm = power_at(station, *points_[index]);
    if (dbm >= most && (best == kNobody || dbm > most)) most = dbm, best = index;
  }
  return best;
}

// ---- joining

void WifiService::scan(Station& station) {
  set_state(station, State::scanning);
  tell(station, Event::scan_began, Reason::none);
  arm(station, Timer::step, kScan);
}

// The end of a scan, of a wait for an answer, or of the wait before another attempt.
void WifiService::on_step(void* self, std::uint64_t index) {
  auto& service = *static_cast<WifiService*>(self);
  Station& station = service.stations_[index];
  service.fired(station, Timer::step);
  switch (station.state) {
    case State::idle: service.scan(station); break;
    case State::scanning: {
      service.tell(station, Event::scan_ended, Reason::none);
      const std::uint32_t point = service.best_point(station);
      if (point == kNobody) {
        service.fail(station, Reason::no_access_point);
      } else {
        service.approach(station, point);
      }
      break;
    }
    case State::authenticating:
    case State::associating:
    case State::handshake: service.fail(station, Reason::authentication_expired); break;
    default: break;
  }
}

void WifiService::approach(Station& station, std::uint32_t index) {
  Point& point = *points_[index];
  set_point(station, index);
  auto [at, is_new] = station.met.try_emplace(index);
  if (is_new) {
    ChannelSettings settings;
    settings.rate = 0;
    settings.queue_packets = 100;
    const LinkIndex link = network_.add_station_link(station.node, point.node, settings);
    at->second.link = link;
    at->second.in_air = point.air->add_station(entity(station), network_.channel(link, station.node),
                                               network_.channel(link, point.node));
    point.air->set_radio(at->second.in_air, station.radio);
    point.members.push_back(index_of(station));
  }
  measure(station);
  set_state(station, State::authenticating);
  arm(station, Timer::step, kAnswer);
  send(station, Frame::authentication, true);
}

void WifiService::send(Station& station, Frame frame, bool from_station) {
  const Joint& joint = station.met.at(station.point);
  points_[station.point]->air->send_management(joint.in_air, static_cast<std::uint16_t>(frame), wifi::bytes_of(frame),
                                               from_station);
}

void WifiService::received_by_point(Station& station, Frame frame) {
  if (station.point == kNobody) return;
  const Point& point = *points_[station.point];
  switch (frame) {
    case Frame::authentication: send(station, Frame::authentication_answer, false); break;
    case Frame::association:
      send(station, Frame::association_answer, false);
      if (!point.settings.password.empty()) {
        station.key_tries = 0;
        first_key(station);
      }
      break;
    case Frame::key_2:
      // Its check sum is made with the passphrase: a wrong one is a frame that does not count.
      if (station.password != point.settings.password) break;
      disarm(station, Timer::key);
      send(station, Frame::key_3, false);
      break;
    default: break;
  }
}

void WifiService::first_key(Station& station) {
  arm(station, Timer::key, station.key_tries++ == 0 ? kFirstKey : kNextKey);
  send(station, Frame::key_1, false);
}

void WifiService::on_key(void* self, std::uint64_t index) {
  auto& service = *static_cast<WifiService*>(self);
  Station& station = service.stations_[index];
  service.fired(station, Timer::key);
  if (station.point == kNobody) return;
  if (station.key_tries < kKeyTries) {
    service.first_key(station);
  } else {
    service.send(station, Frame::deauthentication, false);
  }
}

void WifiService::received_by_station(Station& station, Frame frame) {
  const bool open = points_[station.point]->settings.password.empty();
  switch (frame) {
    case Frame::authentication_answer:
      if (station.state != State::authenticating) break;
      set_state(station, State::associating);
      arm(station, Timer::step, kAnswer);
      send(station, Frame::association, true);
      break;
    case Frame::association_answer:
      if (station.state != State::associating) break;
      if (open) {
        join(station);
      } else {
        set_state(station, State::handshake);
        arm(station, Timer::step, Duration::seconds(10));
      }
      break;
    case Frame::key_1:
      if (station.state == State::handshake) send(station, Frame::key_2, true);
      break;
    case Frame::key_3:
      if (station.state != State::handshake) break;
      send(station, Frame::key_4, true);
      join(station);
      break;
    case Frame::deauthentication:
      if (station.state == State::handshake) {
        fail(station, Reason::handshake_timeout);
      } else if (station.state == State::joined) {
        const Joint& joint = station.met.at(station.point);
        leave(station,
              points_[station.point]->air->joined(joint.in_air) ? Reason::leaving : Reason::class_3_from_stranger);
        try_later(station);
      }
      break;
    default: break;
  }
}

void WifiService::join(Station& station) {
  Point& point = *points_[station.point];
  const Joint& joint = station.met.at(station.point);
  disarm(station, Timer::step);
  set_state(station, State::joined);
  station.failures = 0;
  station.reason = Reason::none;
  tell(station, Event::joined, Reason::none);
  point.air->set_joined(joint.in_air, true, !point.settings.password.empty());
  for (const NodeIndex end : {station.node, point.node}) network_.channel(joint.link, end).set_up(true);
  if (network_.node(station.node).address.value == 0) network_.set_realm(station.node, point.realm);
  network_.attach(station.node, joint.link);
  measure(station);
  changed_(station.node, point.node);
}

// ---- leaving

void WifiService::drop_link(Station& station) {
  if (station.point == kNobody) return;
  Point& point = *points_[station.point];
  const Joint& joint = station.met.at(station.point);
  for (const Timer timer : {Timer::beacon, Timer::key, Timer::roam}) disarm(station, timer);
  const double before = point.air->signal(joint.in_air);
  trace_.state(entity(station), Field::wifi_signal, before <= radio::kUnheard ? 0 : tenths(before), 0);
  point.air->set_joined(joint.in_air, false, false);
  point.air->forget(joint.in_air);
  point.air->set_signal(joint.in_air, radio::kUnheard);
  for (const NodeIndex end : {station.node, point.node}) network_.channel(joint.link, end).set_up(false);
  network_.attach(station.node, kNowhere);
  set_point(station, kNobody);
}

void WifiService::leave(Station& station, Reason reason) {
  CauseScope scope(trace_);
  tell(station, Event::left, reason);
  station.reason = reason;
  drop_link(station);
  set_state(station, State::idle);
  changed_(station.node, kNowhere);
}

void WifiService::fail(Station& station, Reason reason) {
  CauseScope scope(trace_);
  tell(station, Event::failed, reason);
  station.reason = reason;
  disarm(station, Timer::step);
  drop_link(station);
  set_state(station, State::idle);
  try_later(station);
  changed_(station.node, kNowhere);
}

void WifiService::try_later(Station& station) {
  if (!station.keeps_on) return;
  const std::int64_t seconds = std::min<std::int64_t>(std::int64_t{1} << std::min(station.failures, 5u), 30);
  ++station.failures;
  const Duration wait = Duration::seconds(seconds);
  arm(station, Timer::step, wait + station.luck.between(Duration{}, Duration::nanoseconds(wait.ns() / 4)));
}

void WifiService::on_beacon(void* self, std::uint64_t index) {
  auto& service = *static_cast<WifiService*>(self);
  Station& station = service.stations_[index];
  service.fired(station, Timer::beacon);
  service.leave(station, Reason::beacon_timeout);
  service.try_later(station);
}

// It has looked around beside its traffic: is somebody of the same name much stronger?
void WifiService::on_roam(void* self, std::uint64_t index) {
  auto& service = *static_cast<WifiService*>(self);
  Station& station = service.stations_[index];
  service.fired(station, Timer::roam);
  const std::uint32_t best = service.best_point(station);
  const double now = service.power_at(station, *service.points_[station.point]);
  const bool goes = best != kNobody && best != station.point &&
                    service.points_[best]->realm == service.points_[station.point]->realm &&
                    service.power_at(station, *service.points_[best]) >= now + kStronger;
  if (!goes) {
    service.measure(station);
    return;
  }
  service.tell(station, Event::roams, Reason::none);
  service.drop_link(station);
  service.approach(station, best);
}

void WifiService::visit_state(StateVisitor& visitor) const {
  for (const auto& point : points_) {
    const EntityId entity = network_.node(point->node).entity;
    visitor.value(entity, Field::place_x, 0, std::bit_cast<std::int64_t>(point->place.x));
    visitor.value(entity, Field::place_y, 0, std::bit_cast<std::int64_t>(point->place.y));
    visitor.value(entity, Field::wifi_power, 0, tenths(point->settings.transmit_dbm));
    point->air->visit_state(visitor);
  }
  for (const Station& station : stations_) {
    const EntityId own = entity(station);
    visitor.value(own, Field::place_x, 0, std::bit_cast<std::int64_t>(station.place.x));
    visitor.value(own, Field::place_y, 0, std::bit_cast<std::int64_t>(station.place.y));
    visitor.value(own, Field::wifi_state, 0, static_cast<std::int64_t>(station.state));
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(Timer::count_); ++i)
      visitor.value(own, Field::wifi_timer, i, deadline_of(events_, station.timers[i]));
    if (station.point == kNobody) continue;
    const Point& point = *points_[station.point];
    visitor.value(own, Field::wifi_point, 0, network_.node(point.node).entity);
    const double dbm = point.air->signal(station.met.at(station.point).in_air);
    visitor.value(own, Field::wifi_signal, 0, dbm <= radio::kUnheard ? 0 : tenths(dbm));
  }
}

}  // namespace wirelab
