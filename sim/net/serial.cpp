#include "sim/net/serial.hpp"

#include <algorithm>
#include <bit>

#include "sim/net/link_settings.hpp"

namespace wirelab {
namespace {

constexpr auto kNoiseKey = static_cast<std::uint32_t>(LinkOption::corrupt);
std::int64_t bits_of(Probability share) { return std::bit_cast<std::int64_t>(share.value()); }

}  // namespace

std::optional<SerialFormat> parse_serial_format(std::string_view text) {
  constexpr std::string_view parities = "NEOMS";
  if (text.size() != 3 || text[0] < '5' || text[0] > '8' || (text[2] != '1' && text[2] != '2')) return std::nullopt;
  const std::size_t parity = parities.find(text[1]);
  if (parity == std::string_view::npos) return std::nullopt;
  return SerialFormat{static_cast<std::uint8_t>(text[0] - '0'), static_cast<Parity>(parity),
                      static_cast<std::uint8_t>(text[2] - '0')};
}

SerialPort::SerialPort(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId direction,
                       const SerialSettings& settings, Probability bit_error)
    : events_(events),
      trace_(trace),
      direction_(direction),
      settings_(settings),
      bit_error_(bit_error),
      noise_(seed, trace.names().text(direction), "line noise"),
      sent_(events.make_timer(on_sent, this)),
      sampled_(events.make_timer(on_sampled, this)) {
  trace_.state(direction_, Field::link_up, 0, 1);
  trace_.state(direction_, Field::link_rate, 0, settings_.baud);
  if (!bit_error_.never()) trace_.state(direction_, Field::link_option, 0, bits_of(bit_error_), kNoiseKey);
}

SerialPort::~SerialPort() {
  events_.release(sent_);
  events_.release(sampled_);
}

void SerialPort::join(SerialPort& a, SerialPort& b) {
  a.other_ = &b;
  b.other_ = &a;
}

std::size_t SerialPort::write(std::span<const std::uint8_t> bytes) {
  if (!power_) return bytes.size();
  const std::size_t count = std::min<std::size_t>(bytes.size(), kSendBuffer - to_send_.size());
  if (count == 0) return 0;
  const std::int64_t now = events_.now().ns();
  CauseScope scope(trace_);
  line_free_ = std::max(line_free_, now) + scaled(count * settings_.format.bits(), settings_.baud);
  trace_.emit_cause(Kind::hop_sent, direction_, 0, 0, trace_.packet(bytes.first(count)), line_free_, line_free_);
  trace_.state(direction_, Field::hop_queued, to_send_.size(), static_cast<std::int64_t>(to_send_.size() + count));
  for (const std::uint8_t byte : bytes.first(count)) to_send_.push_back(byte);
  if (!sending_) send_next();
  return count;
}

void SerialPort::on_sent(void* self, std::uint64_t) {
  auto& port = *static_cast<SerialPort*>(self);
  port.sending_ = false;
  if (!port.to_send_.empty()) port.send_next();
  // Not for every byte that makes room: who has more to write is woken when there is room for much.
  const std::uint32_t left = port.to_send_.size();
  if ((left == kSendBuffer / 2 || left == 0) && port.changed_) port.changed_();
}

void SerialPort::send_next() {
  const std::uint8_t byte = to_send_.front();
  to_send_.pop_front();
  trace_.state(direction_, Field::hop_queued, to_send_.size() + 1, to_send_.size());
  Frame& frame = line_[frames_++ % kRemembered];
  frame = {events_.now().ns(), settings_.baud, levels_of(byte), static_cast<std::uint8_t>(settings_.format.bits())};
  sending_ = true;
  events_.arm(sent_, Instant::from_ns(frame.end()));
  if (other_->start_edge_ < 0 && other_->power_ && !cut_) other_->look_for_start(frame.begin);
}

std::uint16_t SerialPort::levels_of(std::uint8_t byte) {
  const SerialFormat& format = settings_.format;
  const auto data = static_cast<std::uint32_t>(byte & ((1u << format.data_bits) - 1));
  std::uint32_t levels = data << 1;  // the start bit is 0
  std::uint32_t place = 1u + format.data_bits;
  const bool odd_ones = std::popcount(data) % 2 != 0;
  switch (format.parity) {
    case Parity::none: break;
    case Parity::even: levels |= (odd_ones ? 1u : 0u) << place++; break;
    case Parity::odd: levels |= (odd_ones ? 0u : 1u) << place++; break;
    case Parity::mark: levels |= 1u << place++; break;
    case Parity::space: ++place; break;
  }
  for (std::uint8_t i = 0; i < format.stop_bits; ++i) levels |= 1u << place++;
  if (!bit_error_.never()) {
    for (std::uint32_t i = 0; i < place; ++i) levels ^= (noise_.chance(bit_error_) ? 1u : 0u) << i;
  }
  return static_cast<std::uint16_t>(levels);
}

bool SerialPort::level_at(std::int64_t at) const {
  if (cut_) return true;
  for (std::uint64_t i = frames_; i > 0 && i + kRemembered > frames_; --i) {
    const Frame& frame = line_[(i - 1) % kRemembered];
    if (frame.begin > at) continue;
    if (at >= frame.end()) return true;
    std::uint32_t bit = 0;
    while (bit + 1u < frame.bits && frame.bit_begins(bit + 1) <= at) ++bit;
    return (frame.levels >> bit & 1) != 0;
  }
  return true;
}

std::optional<std::int64_t> SerialPort::falling_edge_from(std::int64_t at) const {
  if (cut_) return std::nullopt;
  const std::uint64_t first = frames_ > kRemembered ? frames_ - kRemembered : 0;
  for (std::uint64_t i = first; i < frames_; ++i) {
    const Frame& frame = line_[i % kRemembered];
    if (frame.end() <= at) continue;
    bool before = i == first || line_[(i - 1) % kRemembered].end() < frame.begin ||
                  (line_[(i - 1) % kRemembered].levels >> (line_[(i - 1) % kRemembered].bits - 1) & 1) != 0;
    for (std::uint32_t bit = 0; bit < frame.bits; ++bit) {
      const bool level = (frame.levels >> bit & 1) != 0;
      if (before && !level && frame.bit_begins(bit) >= at) return frame.bit_begins(bit);
      before = level;
    }
  }
  return std::nullopt;
}

// The next byte begins with a falling edge; it is read once the middle of its first stop bit has come.
void SerialPort::look_for_start(std::int64_t from) {
  const auto edge = other_->falling_edge_from(from);
  start_edge_ = edge.value_or(-1);
  if (!edge) return;
  const std::uint32_t bits = settings_.format.bits() - settings_.format.stop_bits + 1;  // a second one is not looked at
  events_.arm(sampled_, Instant::from_ns(std::max(*edge + half_bits(2 * bits - 1), events_.now().ns())));
}

void SerialPort::on_sampled(void* self, std::uint64_t) { static_cast<SerialPort*>(self)->sample(); }

void SerialPort::sample() {
  const std::int64_t edge = start_edge_;
  start_edge_ = -1;
  const auto bit = [&](std::uint32_t place) { return other_->level_at(edge + half_bits(2 * place + 1)); };
  if (bit(0)) {  // the line was low for less than half a bit: no start
    look_for_start(edge + half_bits(1));
    return;
  }
  const SerialFormat& format = settings_.format;
  std::uint32_t byte = 0;
  for (std::uint32_t i = 0; i < format.data_bits; ++i) byte |= (bit(1 + i) ? 1u : 0u) << i;
  std::uint32_t place = 1u + format.data_bits;
  bool parity_error = false;
  if (format.parity != Parity::none) {
    const bool odd_ones = std::popcount(byte) % 2 != 0;
    const bool wanted = format.parity == Parity::even  ? odd_ones
                        : format.parity == Parity::odd ? !odd_ones
                                                       : format.parity == Parity::mark;
    parity_error = bit(place++) != wanted;
  }
  const bool framing_error = !bit(place);
  take(static_cast<std::uint8_t>(byte), parity_error, framing_error);
  look_for_start(edge + half_bits(2 * place + 1));
}

void SerialPort::take(std::uint8_t byte, bool parity_error, bool framing_error) {
  CauseScope scope(trace_);
  const auto wrong = [&](SerialError error, std::uint64_t& count) {
    ++count;
    trace_.emit_cause(Kind::serial_error, other_->direction_, 0, error, 0, byte,
                      static_cast<std::int64_t>(taken_ + received_.size()));
  };
  if (framing_error) wrong(SerialError::framing, errors_.framing);
  if (parity_error) wrong(SerialError::parity, errors_.parity);
  if (received_.size() >= settings_.buffer) {
    wrong(SerialError::overrun, errors_.overrun);
    return;
  }
  received_.push_back(byte);
  trace_.state(other_->direction_, Field::hop_waiting, received_.size() - 1, received_.size());
  if (changed_) changed_();
}

std::vector<std::uint8_t> SerialPort::read(std::size_t most) {
  std::vector<std::uint8_t> bytes(std::min<std::size_t>(most, received_.size()));
  const std::uint32_t before = received_.size();
  for (std::uint8_t& byte : bytes) byte = received_.front(), received_.pop_front();
  taken_ += bytes.size();
  if (bytes.empty()) return bytes;
  trace_.emit(Kind::hop_received, other_->direction_, 0, 0, trace_.packet(bytes));
  trace_.state(other_->direction_, Field::hop_waiting, before, received_.size());
  return bytes;
}

void SerialPort::configure(std::uint32_t baud, SerialFormat format) {
  trace_.state(direction_, Field::link_rate, settings_.baud, baud);
  settings_.baud = baud;
  settings_.format = format;
}

void SerialPort::discard_received() {
  trace_.state(other_->direction_, Field::hop_waiting, received_.size(), 0);
  taken_ += received_.size();
  received_.clear();
}

void SerialPort::set_power(bool on) {
  if (power_ == on) return;
  power_ = on;
  if (on) return;
  trace_.state(direction_, Field::hop_queued, to_send_.size(), 0);
  to_send_.clear();
  line_free_ = 0;
  sending_ = false;
  events_.disarm(sent_);
  events_.disarm(sampled_);
  start_edge_ = -1;
  frames_ = 0;
  discard_received();
}

void SerialPort::set_cut(bool cut) {
  trace_.state(direction_, Field::link_up, cut_ ? 0 : 1, cut ? 0 : 1);
  cut_ = cut;
}

void SerialPort::set_noise(Probability bit_error) {
  trace_.state(direction_, Field::link_option, bits_of(bit_error_), bits_of(bit_error), kNoiseKey);
  bit_error_ = bit_error;
}

void SerialPort::visit_state(StateVisitor& visitor) const {
  visitor.value(direction_, Field::link_up, 0, cut_ ? 0 : 1);
  visitor.value(direction_, Field::link_rate, 0, settings_.baud);
  visitor.value(direction_, Field::link_option, kNoiseKey, bits_of(bit_error_));
  visitor.value(direction_, Field::hop_queued, 0, to_send_.size());
  visitor.value(direction_, Field::hop_waiting, 0, other_->received_.size());
}

}  // namespace wirelab
