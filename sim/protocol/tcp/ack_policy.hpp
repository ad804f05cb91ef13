// When data is acknowledged, as Linux decides it (tcp_event_data_recv, __tcp_ack_snd_check, tcp_cleanup_rbuf): at once for the
// first segments of a connection and after a long gap, for more than one full segment, and when a program has read what was pushed,
// unless the connection talks to and fro ("ping-pong"): then an acknowledgement waits for data to ride on, 40 ms at most.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/kernel/time.hpp"

namespace wirelab::tcp {

struct AckPolicy {
  static constexpr std::uint32_t kQuickAcks = 16;                       // TCP_MAX_QUICKACKS
  static constexpr Duration kLeast = Duration::milliseconds(40);        // TCP_ATO_MIN, TCP_DELACK_MIN
  static constexpr Duration kMost = Duration::milliseconds(500);        // HZ / 2
  static constexpr Duration kMostOfTalk = Duration::milliseconds(200);  // TCP_DELACK_MAX

  std::uint8_t quick = 0;     // so many acknowledgements go at once
  bool ping_pong = false;     // we have answered data with data
  bool scheduled = false;     // something is to be acknowledged
  bool every_second = false;  // lwIP: every second segment, whatever its size; the rest waits for the fast timer
  bool second = false;
  bool pushed = false;                          // a short segment, or one with PSH, came since
  bool pushed_again = false;                    // and another
  std::uint16_t full_segment = 536;             // what the peer's full segments seem to hold (rcv_mss)
  std::uint16_t last_length = 0;                // of the last segment, if it was long enough to be called full; else 0
  Duration timeout = Duration::nanoseconds(0);  // ato; 0 before the first data
  Instant last_data;  // as all times here: the beginning of the kernel's tick that it fell into

  /// Data has come in order, in a segment with so many bytes of options. `most` is what a full segment can hold, `window` what
  /// is offered, `tick` the kernel's, in which times are counted.
  void data_came(std::uint32_t length, std::uint32_t options, bool push, std::uint32_t most, std::uint32_t window,
                 Duration rto, Instant now, Duration tick) {
    second = scheduled;
    scheduled = true;
    measure(length, options, push, most);
    if (timeout.ns() == 0) {
      be_quick(window);
      timeout = kLeast;
    } else {
      const Duration gap = now - last_data;
      if (gap <= kLeast / 2) {
        timeout = half(timeout, tick) + kLeast / 2;
      } else if (gap < timeout) {
        timeout = std::min(half(timeout, tick) + gap, rto);
      } else if (gap > rto) {
        be_quick(window);  // the sender begins anew, and wants to hear of it soon
      }
    }
    last_data = now;
  }
  /// Whether the arrival itself calls for an acknowledgement; `waiting` bytes are not acknowledged.
  bool at_once(std::uint64_t waiting) const {
    if (every_second) return second;
    return waiting > full_segment || (quick > 0 && !ping_pong);
  }
  /// Whether one goes now that the program has read all there was.
  bool after_reading(std::uint64_t waiting) const {
    return scheduled && !every_second && (waiting > full_segment || pushed_again || (pushed && !ping_pong));
  }
  /// How long one may wait otherwise.
  Duration delay(Duration srtt) const {
    if (timeout <= kLeast) return timeout;
    Duration most = ping_pong || pushed ? kMostOfTalk : kMost;
    if (srtt.ns() > 0) most = std::min(most, std::max(srtt, kLeast));
    return std::min(timeout, most);
  }
  /// The delayed one went off: nothing came to ride on.
  void waited_in_vain(Duration rto) {
    if (ping_pong) {
      ping_pong = false;
      timeout = kLeast;
    } else {
      timeout = std::min(timeout * 2, rto);
    }
  }
  /// A segment went out, with whatever is to be acknowledged.
  void acknowledged() {
    if (quick > 0 && scheduled && --quick == 0) timeout = kLeast;
    scheduled = pushed = pushed_again = false;
  }
  /// It carried data.
  void data_went(Instant now) {
    if (timeout.ns() != 0 && now - last_data < timeout) ping_pong = true;
  }

  /// The next ones go at once: as many as the window holds pairs of full segments, 16 at most.
  void be_quick(std::uint32_t window) {
    const std::uint32_t fit = std::max(window / (2u * full_segment), 2u);
    quick = static_cast<std::uint8_t>(std::max<std::uint32_t>(quick, std::min(fit, kQuickAcks)));
  }

 private:
  static Duration half(Duration whole, Duration tick) {
    return Duration::nanoseconds(whole.ns() / 2 / tick.ns() * tick.ns());
  }
  void measure(std::uint32_t length, std::uint32_t options, bool push, std::uint32_t most) {
    const std::uint16_t before = last_length;
    last_length = 0;
    if (length >= full_segment) {
      full_segment = static_cast<std::uint16_t>(std::min(length, most));
      if (push) pushed = true;
      return;
    }
    // Two equal ones in a row are what this peer calls full.
    if (length + options >= 536 || (length + options >= 88 && !push)) {
      const bool twice = length == before;
      last_length = static_cast<std::uint16_t>(length);
      if (twice) {
        full_segment = static_cast<std::uint16_t>(length);
        return;
      }
    }
    if (pushed) pushed_again = true;
    pushed = true;
  }
};

}  // namespace wirelab::tcp
