#include "sim/wire/tcp.hpp"

namespace wirelab::wire {
namespace {

enum Option : std::uint8_t {
  end_of_options = 0,
  no_operation = 1,
  mss = 2,
  scale = 3,
  permit_sack = 4,
  sack = 5,
  timestamps = 8
};

std::uint8_t flag_bits(const TcpFlags& flags) {
  return static_cast<std::uint8_t>((flags.fin ? 1 : 0) | (flags.syn ? 2 : 0) | (flags.rst ? 4 : 0) |
                                   (flags.psh ? 8 : 0) | (flags.ack ? 16 : 0));
}

// Linux puts "SACK permitted" where the two bytes of padding before the timestamps would be.
std::uint8_t* put_timestamps(const TcpHeader& header, std::uint8_t* at) {
  if (header.has_timestamps) {
    *at++ = header.sack_permitted ? permit_sack : no_operation;
    *at++ = header.sack_permitted ? 2 : no_operation;
    *at++ = timestamps;
    *at++ = 10;
    store32(at, header.timestamp);
    store32(at + 4, header.timestamp_echo);
    return at + 8;
  }
  if (header.sack_permitted) {
    *at++ = no_operation;
    *at++ = no_operation;
    *at++ = permit_sack;
    *at++ = 2;
  }
  return at;
}

// False if the options do not keep to their lengths.
bool read_options(Bytes options, TcpHeader& header) {
  Reader reader(options);
  while (!reader.empty()) {
    const std::uint8_t kind = reader.u8();
    if (kind == end_of_options) return true;
    if (kind == no_operation) continue;
    const std::uint8_t length = reader.u8();
    if (!reader.ok() || length < 2) return false;
    const Bytes body = reader.take(length - 2u);
    if (!reader.ok()) return false;
    switch (kind) {
      case mss:
        if (body.size() != 2) return false;
        header.maximum_segment_size = load16(body.data());
        break;
      case scale:
        if (body.size() != 1) return false;
        header.window_scale = body[0] > 14 ? std::uint8_t{14} : body[0];  // RFC 7323, section 2.3
        break;
      case permit_sack:
        if (!body.empty()) return false;
        header.sack_permitted = true;
        break;
      case timestamps:
        if (body.size() != 8) return false;
        header.has_timestamps = true;
        header.timestamp = load32(body.data());
        header.timestamp_echo = load32(body.data() + 4);
        break;
      case sack:
        if (body.size() % 8 != 0 || body.size() > 32) return false;
        header.sack_count = static_cast<std::uint8_t>(body.size() / 8);
        for (std::size_t i = 0; i < header.sack_count; ++i) {
          header.sack[i] = {load32(body.data() + 8 * i), load32(body.data() + 8 * i + 4)};
        }
        break;
      default: break;  // an option that is not known is passed over (RFC 9293, section 3.1)
    }
  }
  return true;
}

}  // namespace

std::size_t header_size(const TcpHeader& header) {
  std::size_t size = kTcpHeaderSize;
  if (header.maximum_segment_size != 0) size += 4;
  if (header.has_timestamps) {
    size += kTimestampsSize;
  } else if (header.sack_permitted) {
    size += 4;
  }
  if (header.window_scale != TcpHeader::kNoWindowScale) size += 4;
  if (header.sack_count > 0) size += 4 + 8u * header.sack_count;
  return size;
}

void encode(const TcpHeader& header, Ipv4Address source, Ipv4Address destination, std::uint8_t* out,
            std::size_t payload_size) {
  const std::size_t size = header_size(header);
  store16(out, header.source_port);
  store16(out + 2, header.destination_port);
  store32(out + 4, header.sequence);
  store32(out + 8, header.acknowledgement);
  out[12] = static_cast<std::uint8_t>((size / 4) << 4);
  out[13] = flag_bits(header.flags);
  store16(out + 14, header.window);
  store16(out + 16, 0);
  store16(out + 18, 0);
  std::uint8_t* at = out + kTcpHeaderSize;
  if (header.maximum_segment_size != 0) {
    *at++ = mss;
    *at++ = 4;
    store16(at, header.maximum_segment_size);
    at += 2;
  }
  at = put_timestamps(header, at);
  if (header.window_scale != TcpHeader::kNoWindowScale) {
    *at++ = no_operation;
    *at++ = scale;
    *at++ = 3;
    *at++ = header.window_scale;
  }
  if (header.sack_count > 0) {
    *at++ = no_operation;
    *at++ = no_operation;
    *at++ = sack;
    *at++ = static_cast<std::uint8_t>(2 + 8 * header.sack_count);
    for (std::size_t i = 0; i < header.sack_count; ++i) {
      store32(at, header.sack[i].begin);
      store32(at + 4, header.sack[i].end);
      at += 8;
    }
  }
  const std::size_t length = size + payload_size;
  store16(out + 16, checksum_finish(checksum_add({out, length}, pseudo_header_sum(source, destination, kTcp, length))));
}

std::optional<TcpSegment> decode_tcp(Bytes bytes, Ipv4Address source, Ipv4Address destination) {
  if (bytes.size() < kTcpHeaderSize) return std::nullopt;
  const std::size_t size = static_cast<std::size_t>(bytes[12] >> 4) * 4;
  if (size < kTcpHeaderSize || size > bytes.size()) return std::nullopt;
  if (checksum_finish(checksum_add(bytes, pseudo_header_sum(source, destination, kTcp, bytes.size()))) != 0)
    return std::nullopt;
  std::optional<TcpSegment> segment(std::in_place);
  TcpHeader& header = segment->header;
  header.source_port = load16(bytes.data());
  header.destination_port = load16(bytes.data() + 2);
  header.sequence = load32(bytes.data() + 4);
  header.acknowledgement = load32(bytes.data() + 8);
  const std::uint8_t bits = bytes[13];
  header.flags = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0};
  header.window = load16(bytes.data() + 14);
  if (!read_options(bytes.subspan(kTcpHeaderSize, size - kTcpHeaderSize), header)) return std::nullopt;
  segment->payload = bytes.subspan(size);
  return segment;
}

}  // namespace wirelab::wire
