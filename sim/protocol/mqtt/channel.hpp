// The assembly of whole control packets from the byte stream under MQTT.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/protocol/byte_channel.hpp"
#include "sim/wire/mqtt.hpp"

namespace wirelab::mqtt {

using wirelab::ByteChannel;
using wirelab::StreamPlace;
using wirelab::StreamRange;

/// Cuts a stream into packets. Whole packets are decoded where they lie; only a part of one is copied.
class PacketAssembler {
 public:
  /// Of what comes from now on; CONNECT, which every stream begins with, is read without knowing.
  void set_version(Version version) {
    version_ = version;
    expects_connect_ = false;
  }
  /// `where` is what the bytes took up in the stream: more than they are where they came in a record of TLS. Calls take(packet,
  /// begin, end) for every whole packet; `begin` and `end` are offsets in the stream. It stops early if `take` returns
  /// false; this object may be gone by then. An error ends the stream.
  template <typename Take>
  tl::expected<void, Malformed> feed(Bytes bytes, StreamRange where, std::size_t most, Take&& take) {
    if (partial_.empty()) {
      std::size_t used = 0;
      const auto result = cut(bytes, where, most, take, used);
      if (!result) return tl::make_unexpected(result.error());
      if (!*result) return {};
      partial_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(used), bytes.end());
      partial_begin_ = where.begin + used;
      return {};
    }
    partial_.insert(partial_.end(), bytes.begin(), bytes.end());
    // A packet larger than a segment comes in many pieces: nothing is looked at before it is whole.
    if (partial_.size() < needed_) return {};
    needed_ = 0;
    std::size_t used = 0;
    const std::vector<std::uint8_t> whole = std::move(partial_);  // `take` may reset this object
    partial_.clear();
    const std::uint64_t begin = partial_begin_;
    const auto result = cut(whole, {begin, where.end}, most, take, used);
    if (!result) return tl::make_unexpected(result.error());
    if (!*result) return {};
    partial_.assign(whole.begin() + static_cast<std::ptrdiff_t>(used), whole.end());
    partial_begin_ = begin + used;
    return {};
  }
  /// Bytes of memory that a part of a packet takes up.
  std::size_t waiting() const { return partial_.capacity(); }
  void reset() {
    partial_ = std::vector<std::uint8_t>();
    partial_begin_ = 0;
    needed_ = 0;
  }

 private:
  // False if `take` has stopped it: then nothing of this object is touched any more.
  template <typename Take>
  tl::expected<bool, Malformed> cut(Bytes bytes, StreamRange where, std::size_t most, Take& take, std::size_t& used) {
    while (used < bytes.size()) {
      const Bytes rest = bytes.subspan(used);
      const auto header = decode_fixed_header(rest, version_);
      if (!header) return tl::make_unexpected(header.error());
      if (!header->has_value()) return true;
      const std::size_t size = (*header)->size();
      // Before its CONNECT a peer gets no memory for more than a CONNECT can need.
      if (size > (expects_connect_ ? std::min(most, kMostConnect) : most))
        return tl::make_unexpected(
            Malformed{"the packet is larger than is allowed here", "MQTT-3.1.2-24", ReasonCode::packet_too_large});
      if (rest.size() < size) {
        needed_ = size;
        return true;
      }
      auto packet = decode(**header, rest.first(size), version_);
      if (!packet) return tl::make_unexpected(packet.error());
      const std::uint64_t begin = where.begin + used;
      used += size;
      if (!take(*packet, begin, used == bytes.size() ? where.end : begin + size)) return false;
    }
    return true;
  }

  static constexpr std::size_t kMostConnect = 8 * 65'537;  // its texts, and some properties
  Version version_ = Version::v3_1_1;
  bool expects_connect_ = true;
  std::vector<std::uint8_t> partial_;
  std::uint64_t partial_begin_ = 0;
  std::size_t needed_ = 0;  // the size of the packet that begins partial_, where that is known
};

}  // namespace wirelab::mqtt
