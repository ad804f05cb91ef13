#include "sim/net/link_settings.hpp"

#include <array>
#include <bit>

#include "sim/kernel/units.hpp"

namespace wirelab {
namespace {

constexpr std::int64_t kMany = 0xffffffff;
constexpr std::array<LinkOptionInfo, static_cast<std::size_t>(LinkOption::count_)> kOptions{{
    {"rate", LinkUnit::rate, 0, 1'000'000'000'000},
    {"delay", LinkUnit::time},
    {"jitter", LinkUnit::time},
    {"jitter_correlation", LinkUnit::ratio},
    {"distribution", LinkUnit::word, 0, 3},
    {"in_order", LinkUnit::flag, 0, 1},
    {"loss", LinkUnit::ratio},
    {"loss_correlation", LinkUnit::ratio},
    {"duplicate", LinkUnit::ratio},
    {"duplicate_correlation", LinkUnit::ratio},
    {"corrupt", LinkUnit::ratio},
    {"corrupt_correlation", LinkUnit::ratio},
    {"reorder", LinkUnit::ratio},
    {"reorder_correlation", LinkUnit::ratio},
    {"gap", LinkUnit::count, 0, 1'000'000},
    {"queue", LinkUnit::count, 0, 10'000'000},
    {"queue_bytes", LinkUnit::bytes, 0, kMany},
    {"mtu", LinkUnit::count, 128, 65535},
    {"overhead", LinkUnit::count, 0, 1000},
    {"cell", LinkUnit::count, 0, 65535},
    {"cell_overhead", LinkUnit::count, 0, 1000},
    {"good_to_bad", LinkUnit::ratio},
    {"bad_to_good", LinkUnit::ratio},
    {"loss_good", LinkUnit::ratio},
    {"loss_bad", LinkUnit::ratio},
    {"mean_good", LinkUnit::time},
    {"mean_bad", LinkUnit::time},
    {"p13", LinkUnit::ratio},
    {"p31", LinkUnit::ratio},
    {"p32", LinkUnit::ratio},
    {"p23", LinkUnit::ratio},
    {"p14", LinkUnit::ratio},
    {"loss_kind", LinkUnit::word, 0, 3},
}};

// Calls `f` with the member that the option names.
template <typename Settings, typename F>
auto with_member(Settings& s, LinkOption option, F&& f) {
  switch (option) {
    case LinkOption::rate: return f(s.rate);
    case LinkOption::delay: return f(s.delay);
    case LinkOption::jitter: return f(s.jitter);
    case LinkOption::jitter_correlation: return f(s.jitter_correlation);
    case LinkOption::distribution: return f(s.jitter_shape);
    case LinkOption::in_order: return f(s.in_order);
    case LinkOption::loss: return f(s.loss);
    case LinkOption::loss_correlation: return f(s.loss_correlation);
    case LinkOption::duplicate: return f(s.duplicate);
    case LinkOption::duplicate_correlation: return f(s.duplicate_correlation);
    case LinkOption::corrupt: return f(s.corrupt);
    case LinkOption::corrupt_correlation: return f(s.corrupt_correlation);
    case LinkOption::reorder: return f(s.reorder);
    case LinkOption::reorder_correlation: return f(s.reorder_correlation);
    case LinkOption::gap: return f(s.gap);
    case LinkOption::queue: return f(s.queue_packets);
    case LinkOption::queue_bytes: return f(s.queue_bytes);
    case LinkOption::mtu: return f(s.mtu);
    case LinkOption::overhead: return f(s.overhead);
    case LinkOption::cell: return f(s.cell);
    case LinkOption::cell_overhead: return f(s.cell_overhead);
    case LinkOption::good_to_bad: return f(s.burst.good_to_bad);
    case LinkOption::bad_to_good: return f(s.burst.bad_to_good);
    case LinkOption::loss_good: return f(s.burst.loss_good);
    case LinkOption::loss_bad: return f(s.burst.loss_bad);
    case LinkOption::mean_good: return f(s.burst.mean_good);
    case LinkOption::mean_bad: return f(s.burst.mean_bad);
    case LinkOption::p13: return f(s.states.p13);
    case LinkOption::p31: return f(s.states.p31);
    case LinkOption::p32: return f(s.states.p32);
    case LinkOption::p23: return f(s.states.p23);
    case LinkOption::p14: return f(s.states.p14);
    case LinkOption::loss_kind:
    case LinkOption::count_: break;
  }
  return f(s.loss_kind);
}

}  // namespace

const LinkOptionInfo& info_of(LinkOption option) { return kOptions[static_cast<std::size_t>(option)]; }

const std::vector<std::string_view>& words_of(LinkOption option) {
  static const std::vector<std::string_view> shapes{"uniform", "normal", "pareto", "paretonormal"};
  static const std::vector<std::string_view> kinds{"independent", "gilbert_elliott", "gilbert_elliott_in_time",
                                                   "four_states"};
  return option == LinkOption::distribution ? shapes : kinds;
}

std::int64_t value_of(const ChannelSettings& settings, LinkOption option) {
  return with_member(settings, option, [](const auto& member) -> std::int64_t {
    using T = std::decay_t<decltype(member)>;
    if constexpr (std::is_same_v<T, Duration>) {
      return member.ns();
    } else if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<std::int64_t>(member);
    } else {
      return static_cast<std::int64_t>(member);
    }
  });
}

LinkChange LinkChange::of(LinkOption option, double ratio) {
  return {option, std::bit_cast<std::int64_t>(ratio + 0.0)};  // without a sign of zero
}

std::string_view out_of_range(const LinkChange& change) {
  const LinkOptionInfo& info = info_of(change.option);
  switch (info.unit) {
    case LinkUnit::ratio: {
      const auto ratio = std::bit_cast<double>(change.value);
      return ratio >= 0 && ratio <= 1 ? "" : "it must lie between 0 and 1";
    }
    case LinkUnit::time:
      return change.value >= 0 && change.value <= 86'400'000'000'000 ? "" : "it must lie between 0 and a day";
    default: return change.value >= info.least && change.value <= info.most ? "" : "it is out of range";
  }
}

void apply_changes(const std::vector<LinkChange>& changes, ChannelSettings& settings) {
  for (const LinkChange& change : changes) {
    with_member(settings, change.option, [&](auto& member) {
      using T = std::decay_t<decltype(member)>;
      if constexpr (std::is_same_v<T, Duration>) {
        member = Duration::nanoseconds(change.value);
      } else if constexpr (std::is_same_v<T, double>) {
        member = std::bit_cast<double>(change.value);
      } else {
        member = static_cast<T>(change.value);
      }
    });
    if (change.option == LinkOption::loss) settings.loss_kind = LossKind::independent;
  }
}

}  // namespace wirelab
