// What one direction of a link may be set to: the vocabulary of Linux's tc netem (tc-netem(8)) as plain data, and a table of the
// settings by name, from which scripts read them, the journal writes them and the trace follows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/kernel/time.hpp"

namespace wirelab {

/// pareto_normal: a quarter of normal and three quarters of pareto, as netem mixes them.
enum class JitterShape : std::uint8_t { uniform, normal, pareto, pareto_normal };
enum class LossKind : std::uint8_t { independent, gilbert_elliott, gilbert_elliott_in_time, four_states };

/// Two states with a loss probability each. By packet, the state may change before each packet; in time, each state lasts an
/// exponential time, whether or not packets come.
struct GilbertElliott {
  double good_to_bad = 0;  // probability a packet
  double bad_to_good = 0;
  double loss_good = 0;
  double loss_bad = 0;
  Duration mean_good;  // in time only
  Duration mean_bad;
  bool operator==(const GilbertElliott&) const = default;
};

/// netem's "loss state": 1 good, 2 good within a burst, 3 lost within a burst, 4 lost alone, with the probabilities to go over.
struct FourStates {
  double p13 = 0;
  double p31 = 0;
  double p32 = 0;
  double p23 = 0;
  double p14 = 0;
  bool operator==(const FourStates&) const = default;
};

/// A correlation is the probability that a packet shares the draw of the packet before it: the share of packets that are hit stays
/// what was set, and draws `n` packets apart correlate by its nth power. (netem mixes the two draws, which changes the share.)
struct ChannelSettings {
  std::int64_t rate = 0;  // bit/s, 0: not limited
  Duration delay;         // propagation
  Duration jitter;        // uniform: half width; normal: standard deviation; pareto: mean of what is added
  double jitter_correlation = 0;
  JitterShape jitter_shape = JitterShape::uniform;
  bool in_order = true;  // a packet never overtakes another; netem lets it
  double loss = 0;       // independent
  double loss_correlation = 0;
  double duplicate = 0;  // a second copy, with a draw of its own of the jitter
  double duplicate_correlation = 0;
  double corrupt = 0;  // one bit, anywhere in the packet
  double corrupt_correlation = 0;
  double reorder = 0;  // overtakes: it is sent without delay
  double reorder_correlation = 0;
  std::uint32_t gap = 0;  // only each gap-th packet may overtake; 0 and 1: any
  GilbertElliott burst;
  FourStates states;
  std::uint32_t queue_packets = 1000;  // waiting, the one being sent not counted; netem's default limit
  std::uint32_t queue_bytes = 0;       // 0: not limited
  std::uint32_t mtu = 1500;            // of the IP packet
  std::uint32_t overhead = 0;          // bytes of layer 2 a packet
  std::uint32_t cell = 0;           // layer 2 carries cells of so many bytes, the last one filled up (ATM: 48); 0: none
  std::uint32_t cell_overhead = 0;  // bytes a cell (ATM: 5)
  LossKind loss_kind = LossKind::independent;
  bool operator==(const ChannelSettings&) const = default;
};

/// The settings by number. Numbers are keys of records and so part of the digest: append, never renumber.
enum class LinkOption : std::uint8_t {
  rate,
  delay,
  jitter,
  jitter_correlation,
  distribution,
  in_order,
  loss,
  loss_correlation,
  duplicate,
  duplicate_correlation,
  corrupt,
  corrupt_correlation,
  reorder,
  reorder_correlation,
  gap,
  queue,
  queue_bytes,
  mtu,
  overhead,
  cell,
  cell_overhead,
  good_to_bad,
  bad_to_good,
  loss_good,
  loss_bad,
  mean_good,
  mean_bad,
  p13,
  p31,
  p32,
  p23,
  p14,
  loss_kind,
  count_
};

enum class LinkUnit : std::uint8_t { rate, time, ratio, count, bytes, flag, word };

struct LinkOptionInfo {
  std::string_view name;
  LinkUnit unit;
  std::int64_t least = 0;  // of counts, bytes and words
  std::int64_t most = 0;
};

const LinkOptionInfo& info_of(LinkOption option);
/// The names that a value of unit `word` counts.
const std::vector<std::string_view>& words_of(LinkOption option);

/// A value as 64 bits: bit/s, nanoseconds, bytes, counts, 0 or 1, and the bits of a double for a ratio.
std::int64_t value_of(const ChannelSettings& settings, LinkOption option);

struct LinkChange {
  LinkOption option;
  std::int64_t value;
  static LinkChange of(LinkOption option, double ratio);
  static LinkChange of(LinkOption option, Duration time) { return {option, time.ns()}; }
  static LinkChange of(LinkOption option, std::int64_t value) { return {option, value}; }
  bool operator==(const LinkChange&) const = default;
};
/// Empty if the value is in range, else what is wrong.
std::string_view out_of_range(const LinkChange& change);
/// In their order. A loss takes the place of bursts, unless loss_kind follows.
void apply_changes(const std::vector<LinkChange>& changes, ChannelSettings& settings);

}  // namespace wirelab
