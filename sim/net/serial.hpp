// A serial line (UART): two ports joined by a cable, each with a speed and a format of its own. A byte crosses as levels in
// time: a start bit, data bits with the lowest first, perhaps a parity bit, stop bits. The receiver sees nothing but those
// levels: it waits for a falling edge and looks at the middle of each bit by its own clock. So two ports that disagree about
// speed or format read garbage, as they do on a desk, and noise that turns a bit shows as a wrong byte, a parity error or a
// framing error.
//
// What arrives waits in a buffer until the program reads it; what comes when that is full is lost (an overrun). Bytes with
// errors are handed over as they were read and counted, as pySerial under Linux does. Left out: flow control, break, noise on an
// idle line.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/kernel/random.hpp"
#include "sim/kernel/ring.hpp"
#include "sim/trace/state_visitor.hpp"
#include "sim/trace/tracer.hpp"

namespace wirelab {

enum class Parity : std::uint8_t { none, even, odd, mark, space };

struct SerialFormat {
  std::uint8_t data_bits = 8;  // 5 to 8
  Parity parity = Parity::none;
  std::uint8_t stop_bits = 1;  // 1 or 2
  /// Of one byte on the line, with its start and stop bits.
  std::uint32_t bits() const { return 1u + data_bits + (parity == Parity::none ? 0u : 1u) + stop_bits; }
  bool operator==(const SerialFormat&) const = default;
};
/// "8N1", "7E2": data bits, parity (N, E, O, M, S), stop bits. Empty where it is none.
std::optional<SerialFormat> parse_serial_format(std::string_view text);

struct SerialSettings {
  std::uint32_t baud = 9600;
  SerialFormat format;
  std::uint32_t buffer = 4096;  // bytes that wait to be read, as Linux keeps; an Arduino has 64
};

/// How often a port has found something wrong.
struct SerialErrors {
  std::uint64_t parity = 0, framing = 0, overrun = 0;
};

class SerialPort {
 public:
  /// `direction`: the entity of what this port sends.
  SerialPort(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId direction, const SerialSettings& settings,
             Probability bit_error);
  ~SerialPort();
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;
  /// Joins two ports; they must live as long.
  static void join(SerialPort& a, SerialPort& b);
  /// Called whenever there may be something to read, or room to write.
  void set_changed(std::function<void()> changed) { changed_ = std::move(changed); }

  /// Takes as many bytes as its buffer of 4096 has room for, and says how many.
  std::size_t write(std::span<const std::uint8_t> bytes);
  /// Takes at most `most` bytes of those that have arrived.
  std::vector<std::uint8_t> read(std::size_t most);
  std::uint32_t waiting() const { return received_.size(); }
  std::uint8_t peek(std::uint32_t place) const { return received_[place]; }
  /// Bytes that are not sent yet.
  std::uint32_t unsent() const { return to_send_.size(); }
  const SerialErrors& errors() const { return errors_; }
  const SerialSettings& settings() const { return settings_; }
  /// From the next byte on.
  void configure(std::uint32_t baud, SerialFormat format);
  /// Throws away what has arrived and was not read.
  void discard_received();
  /// Without power it sends nothing, and what it held is gone; the line rests at its idle level.
  void set_power(bool on);
  /// The cable is cut, or whole again: what this port sends does not arrive.
  void set_cut(bool cut);
  /// The share of the bits that noise turns on their way from here.
  void set_noise(Probability bit_error);
  void visit_state(StateVisitor& visitor) const;
  EntityId direction() const { return direction_; }

 private:
  // A byte on the line: its bits as levels, the first in the lowest place.
  struct Frame {
    std::int64_t begin = 0;
    std::uint32_t baud = 0;
    std::uint16_t levels = 0;
    std::uint8_t bits = 0;
    std::int64_t bit_begins(std::uint32_t bit) const { return begin + scaled(bit, baud); }
    std::int64_t end() const { return bit_begins(bits); }
  };
  // Nanoseconds that so many bits take, rounded up to the next whole one.
  static std::int64_t scaled(std::uint64_t bits, std::uint32_t baud) {
    return static_cast<std::int64_t>((bits * 1'000'000'000 + baud - 1) / baud);
  }
  static constexpr std::size_t kRemembered = 64;  // frames that a receiver may still look at
  static constexpr std::uint32_t kSendBuffer = 4096;

  static void on_sent(void* self, std::uint64_t);
  static void on_sampled(void* self, std::uint64_t);
  void send_next();
  std::uint16_t levels_of(std::uint8_t byte);
  // Of the line that this port sends on.
  bool level_at(std::int64_t at) const;
  std::optional<std::int64_t> falling_edge_from(std::int64_t at) const;
  // As a receiver.
  void look_for_start(std::int64_t from);
  void sample();
  void take(std::uint8_t byte, bool parity_error, bool framing_error);
  std::int64_t half_bits(std::uint64_t halves) const {
    return static_cast<std::int64_t>(halves * 500'000'000 / settings_.baud);
  }

  EventQueue& events_;
  Tracer& trace_;
  EntityId direction_;
  SerialSettings settings_;
  Probability bit_error_;
  RandomStream noise_;
  SerialPort* other_ = nullptr;
  std::function<void()> changed_;
  bool power_ = true;
  bool cut_ = false;
  bool sending_ = false;
  TimerId sent_, sampled_;
  std::int64_t line_free_ = 0;  // when all that was written so far will have been sent
  Ring<std::uint8_t> to_send_, received_;
  std::uint64_t taken_ = 0;  // bytes that were handed to the program
  SerialErrors errors_;
  std::array<Frame, kRemembered> line_{};
  std::uint64_t frames_ = 0;      // sent so far; the last of them are remembered
  std::int64_t start_edge_ = -1;  // of the byte that is being received; -1: none is
};

}  // namespace wirelab
