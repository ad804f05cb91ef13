// WebSocket's bytes: the vectors of RFC 6455, RFC 3174 and RFC 4648, and frames of all sizes.
#include "sim/wire/websocket.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/kernel/random.hpp"
#include "tests/sim/wire/mqtt_bytes.hpp"

using namespace wirelab;
using namespace wirelab::wire;
using mqtt::bytes;

namespace {

std::string hex(const std::array<std::uint8_t, 20>& digest) {
  std::string text;
  for (const std::uint8_t b : digest) text += fmt::format("{:02x}", b);
  return text;
}

}  // namespace

TEST_CASE("SHA-1 and base 64 have the values of their standards") {
  CHECK(hex(sha1(bytes_of(std::string_view("abc")))) == "a9993e364706816aba3e25717850c26c9cd0d89d");  // RFC 3174, 7.3
  CHECK(hex(sha1(bytes_of(std::string_view("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")))) ==
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  CHECK(hex(sha1(bytes_of(std::string(1'000'000, 'a')))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  const auto in_64 = [](std::string_view text) { return base64(bytes_of(text)); };
  CHECK(in_64("") == "");  // RFC 4648, 10
  CHECK(in_64("f") == "Zg==");
  CHECK(in_64("fo") == "Zm8=");
  CHECK(in_64("foo") == "Zm9v");
  CHECK(in_64("foobar") == "Zm9vYmFy");
}

TEST_CASE("the handshake's key is answered as in RFC 6455, section 1.3") {
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("frames are those of RFC 6455, section 5.7") {
  std::vector<std::uint8_t> out;
  const auto hello = bytes_of(std::string_view("Hello"));
  encode_frame(Opcode::text, hello, std::nullopt, out);
  CHECK(out == bytes({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}));
  out.clear();
  encode_frame(Opcode::text, hello, 0x37fa213d, out);
  CHECK(out == bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
  out.clear();
  encode_frame(Opcode::ping, hello, std::nullopt, out);
  CHECK(out == bytes({0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}));
}

TEST_CASE("frames of every length are read back, byte by byte") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  RandomStream random(seed, "frames", "test");
  for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70000}) {
    std::vector<std::uint8_t> payload(size);
    for (auto& b : payload) b = static_cast<std::uint8_t>(random.bits());
    const auto mask = random.below(2) == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(random.bits()));
    std::vector<std::uint8_t> out;
    encode_frame(Opcode::binary, payload, mask, out);
    if (!mask) CHECK(out.size() == websocket_size(size));
    std::size_t needed = 0;
    for (; needed <= out.size(); ++needed) {
      const auto header = decode_frame_header(Bytes(out).first(needed));
      REQUIRE(header.has_value());
      if (header->has_value()) break;
    }
    const auto header = **decode_frame_header(out);
    CHECK(header.size == needed);
    CHECK(header.length == size);
    CHECK(header.mask == mask);
    REQUIRE(header.size + size == out.size());
    std::vector<std::uint8_t> back(out.begin() + static_cast<std::ptrdiff_t>(header.size), out.end());
    if (mask) mask_bytes(*mask, 0, back);
    CHECK(back == payload);
  }
}

TEST_CASE("frames that RFC 6455, section 5.2, does not allow are refused") {
  const std::vector<std::vector<std::uint8_t>> broken{
      bytes({0xc2, 0}),                                // a reserved bit
      bytes({0x83, 0}),                                // a reserved opcode
      bytes({0x8b, 0}),                                // the same of control frames
      bytes({0x09, 0}),                                // a fragmented ping
      bytes({0x89, 126, 0, 126}),                      // a long one
      bytes({0x82, 126, 0, 125}),                      // a length with too many bytes
      bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255}),  // the same
      bytes({0x82, 127, 128, 0, 0, 0, 0, 0, 0, 0}),    // the highest bit
  };
  for (const auto& frame : broken) CHECK_FALSE(decode_frame_header(frame).has_value());
}
