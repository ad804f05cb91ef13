// The serial line against what its levels say: times of bytes, garbage between unequal ports worked out by hand, noise, overruns.
#include "sim/net/serial.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>

using namespace wirelab;

namespace {

struct Cable {
  Cable(const SerialSettings& first, const SerialSettings& second, double bit_errors = 0, std::uint64_t seed = 1)
      : trace(events) {
    const Probability noise = Probability::of(bit_errors);
    a = std::make_unique<SerialPort>(events, trace, seed, trace.define(EntityKind::hop, "a>b"), first, noise);
    b = std::make_unique<SerialPort>(events, trace, seed, trace.define(EntityKind::hop, "b>a"), second, noise);
    SerialPort::join(*a, *b);
  }
  void send(const std::string& text) {
    std::size_t sent = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    while (sent < text.size()) {
      sent += a->write({bytes + sent, text.size() - sent});
      events.run_until(events.now() + Duration::milliseconds(100));
    }
  }
  std::string received() {
    events.run_until(events.now() + Duration::seconds(2));
    const auto bytes = b->read(1'000'000);
    return {bytes.begin(), bytes.end()};
  }
  EventQueue events;
  Tracer trace;
  std::unique_ptr<SerialPort> a, b;
};

SerialSettings port(std::uint32_t baud, const char* format = "8N1") {
  return {baud, *parse_serial_format(format), 4096};
}

}  // namespace

TEST_CASE("a byte takes its bits, and is there in the middle of its stop bit") {
  struct Case {
    const char* format;
    std::uint32_t bits;
  };
  // 8N1 at 9600 baud are 960 bytes a second; two stop bits and parity take a bit more each.
  for (const Case& c : {Case{"8N1", 10}, Case{"7E1", 10}, Case{"8E2", 12}, Case{"5N1", 7}}) {
    CAPTURE(c.format);
    Cable cable(port(9600, c.format), port(9600, c.format));
    std::vector<std::int64_t> at;
    cable.b->set_changed([&] { at.push_back(cable.events.now().ns()); });
    cable.send("0123456789");
    CHECK(cable.received().size() == 10);
    REQUIRE(at.size() == 10);
    const bool two = c.format[2] == '2';
    for (std::size_t i = 0; i < at.size(); ++i) {
      const double bits = static_cast<double>(c.bits) * static_cast<double>(i + 1) - 0.5 - (two ? 1 : 0);
      CHECK(static_cast<double>(at[i]) == Approx(bits * 1e9 / 9600).margin(20));
    }
  }
}

TEST_CASE("every byte crosses in every format") {
  for (const char* const format : {"8N1", "8E1", "8O2", "8M1", "8S1", "7E1", "6N2", "5O1"}) {
    for (const std::uint32_t baud : {300u, 9600u, 115200u}) {
      CAPTURE(format, baud);
      const std::uint32_t mask = (1u << (format[0] - '0')) - 1;
      std::string text, wanted;
      for (std::uint32_t i = 0; i < 256; ++i) text += static_cast<char>(i), wanted += static_cast<char>(i & mask);
      Cable cable(port(baud, format), port(baud, format));
      cable.send(text);
      cable.events.run_until(cable.events.now() + Duration::seconds(12));
      CHECK(cable.received() == wanted);
      CHECK(cable.b->errors().parity + cable.b->errors().framing + cable.b->errors().overrun == 0);
    }
  }
}

TEST_CASE("ports of unequal speed read what the levels make of it") {
  // "U" at 9600 baud is the level changing with every bit. Looked at twice as fast: 0011001100 from its start bit, so the
  // data bits 0 1 1 0 0 1 1 0 (0x66) and no stop bit; from the next falling edge 0 0 1 1 0 0 1 1 1, so 0xe6 and a stop bit.
  Cable twice(port(9600), port(19200));
  twice.send("U");
  CHECK(twice.received() == "\x66\xe6");
  CHECK(twice.b->errors().framing == 1);
  // Up to about 4 % apart the last bit is still hit: half a bit in ten.
  for (const std::uint32_t baud : {9250u, 9980u}) {
    CAPTURE(baud);
    Cable close(port(9600), port(baud));
    close.send("The quick brown fox");
    CHECK(close.received() == "The quick brown fox");
    CHECK(close.b->errors().framing == 0);
  }
  Cable far(port(9600), port(8900));
  far.send("The quick brown fox");
  CHECK(far.received() != "The quick brown fox");
  // A parity that is not agreed on: of 128 bytes those with an odd number of ones have the wrong bit.
  Cable parity(port(9600, "7E1"), port(9600, "7O1"));
  std::string text;
  for (int i = 0; i < 128; ++i) text += static_cast<char>(i);
  parity.send(text);
  CHECK(parity.received() == text);
  CHECK(parity.b->errors().parity == 128);
}

TEST_CASE("noise turns as many bytes as its share of the bits says") {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    CAPTURE(seed);
    constexpr double kShare = 0.002;
    Cable cable(port(115200, "8O1"), port(115200, "8O1"), kShare, seed);
    // All ones, with a parity bit of one: the line falls for a start bit only, so that who misses one finds the next.
    constexpr int kBytes = 20'000;
    int wrong = 0, seen = 0;
    for (int i = 0; i < kBytes / 1000; ++i) {
      cable.send(std::string(1000, '\xff'));
      for (const char c : cable.received()) ++seen, wrong += c != '\xff' ? 1 : 0;
    }
    const double expected = (1 - std::pow(1 - kShare, 8)) * kBytes;
    CHECK(std::abs(wrong - expected) < 4 * std::sqrt(expected));
    CHECK(seen == Approx(kBytes).epsilon(0.01));  // a start bit that is turned is no start
    // An odd number of turned bits among nine is found by parity.
    const double found = 9 * kShare * std::pow(1 - kShare, 8) * kBytes;
    CHECK(std::abs(static_cast<double>(cable.b->errors().parity) - found) < 4 * std::sqrt(found));
  }
}

TEST_CASE("what nobody reads is lost when the buffer is full, and counted") {
  SerialSettings small = port(9600);
  small.buffer = 64;
  Cable cable(port(9600), small);
  cable.send(std::string(100, 'x'));
  cable.events.run_until(cable.events.now() + Duration::seconds(1));
  CHECK(cable.b->waiting() == 64);
  CHECK(cable.b->errors().overrun == 36);
  CHECK(cable.received() == std::string(64, 'x'));
  cable.send("after");
  CHECK(cable.received() == "after");
}

TEST_CASE("a cut cable rests at its idle level, and a port without power sends and keeps nothing") {
  Cable cable(port(9600), port(9600));
  cable.a->set_cut(true);
  cable.send("lost");
  CHECK(cable.received().empty());
  cable.a->set_cut(false);
  cable.send("there");
  CHECK(cable.received() == "there");
  const std::string text = "0123456789";
  cable.a->write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  cable.events.run_until(cable.events.now() + Duration::microseconds(5300));  // five bytes and a little
  cable.a->set_power(false);
  CHECK(cable.received().substr(0, 5) == "01234");
  CHECK(cable.b->waiting() == 0);
}

TEST_CASE("formats are read as they are written") {
  CHECK(parse_serial_format("8N1") == SerialFormat{8, Parity::none, 1});
  CHECK(parse_serial_format("7E2") == SerialFormat{7, Parity::even, 2});
  for (const char* const wrong : {"", "8n1", "9N1", "8N3", "8N", "8N1 "}) CHECK_FALSE(parse_serial_format(wrong));
}
