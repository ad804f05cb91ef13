// The vocabulary of tc netem, each word held against what it promises: shares and means inside their intervals over several seeds,
// distributions against their closed forms.
#include <bit>
#include <cmath>
#include <map>

#include "tests/sim/net/bench_net.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Flow {
  std::vector<std::vector<double>> delays;  // of each packet sent, of each copy that arrived, in ms
  std::vector<int> order;                   // the numbers as they arrived
  std::size_t corrupted = 0, bad = 0;
  std::size_t lost() const {
    std::size_t n = 0;
    for (const auto& copies : delays) n += copies.empty() ? 1 : 0;
    return n;
  }
};

// `n` numbered datagrams, one each 10 ms.
Flow flow_over(const ChannelSettings& settings, std::uint64_t seed, int n) {
  Net net(seed);
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  net.link(a, b, settings);
  Flow flow;
  flow.delays.resize(static_cast<std::size_t>(n));
  std::vector<Instant> sent;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes bytes) {
    const std::uint32_t number = wire::load32(bytes.data());
    REQUIRE(number < sent.size());
    flow.delays[number].push_back((net.events.now() - sent[number]).in_seconds() * 1000);
    flow.order.push_back(static_cast<int>(number));
  });
  for (int i = 0; i < n; ++i) {
    std::uint8_t number[4];
    wire::store32(number, static_cast<std::uint32_t>(i));
    sent.push_back(net.events.now());
    net.transport.send_udp(a, 9, net.at(b, 7), number);
    net.run_ms(10);
  }
  net.run_ms(100'000);
  flow.corrupted = net.count(Kind::packet_corrupted);
  net.trace.flush();
  const TraceStore::Reader reader(*net.store);
  for (RecordNumber i = reader.first(); i <= reader.last(); ++i) {
    const Record& r = reader.record(i);
    flow.bad += r.kind == Kind::packet_dropped && r.field == static_cast<std::uint16_t>(DropReason::bad_checksum);
  }
  CHECK(net.network.packets().in_use() == 0);
  net.expect_fold_equals_live();
  return flow;
}

// Of a sequence of zeros and ones, or of delays.
double autocorrelation(const std::vector<double>& values) {
  double mean = 0, square = 0, product = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    square += (values[i] - mean) * (values[i] - mean);
    if (i > 0) product += (values[i] - mean) * (values[i - 1] - mean);
  }
  return product / square;
}

constexpr int kMany = 20'000;
constexpr double kDeviations = 4.5;  // of a normal: once in 150,000

}  // namespace

TEST_CASE("loss is what was set, alone and correlated") {
  const std::uint64_t seed = GENERATE(11, 12, 13);
  const double p = GENERATE(0.01, 0.3);
  const double correlation = GENERATE(0.0, 0.25, 0.8);
  CAPTURE(seed, p, correlation);
  ChannelSettings settings = path(1, 0, p);
  settings.loss_correlation = correlation;
  const Flow flow = flow_over(settings, seed, kMany);
  std::vector<double> lost;
  for (const auto& copies : flow.delays) lost.push_back(copies.empty() ? 1 : 0);
  // The variance of a mean of a first-order chain: larger by (1 + c) / (1 - c).
  const double deviation = std::sqrt(kMany * p * (1 - p) * (1 + correlation) / (1 - correlation));
  CHECK(std::abs(static_cast<double>(flow.lost()) - kMany * p) < kDeviations * deviation);
  // That of an estimated correlation, wide enough for rare losses that come in runs.
  CHECK(std::abs(autocorrelation(lost) - correlation) < kDeviations * 3 / std::sqrt(kMany * p));
}

TEST_CASE("the model of four states loses what its stationary distribution says") {
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  ChannelSettings settings = path(1, 0);
  settings.loss_kind = LossKind::four_states;
  settings.states = {.p13 = 0.02, .p31 = 0.2, .p32 = 0.3, .p23 = 0.5, .p14 = 0.01};
  const double in_burst = 0.02 / 0.2, good_in_burst = in_burst * 0.3 / 0.5, alone = 0.01;
  const double expected = (in_burst + alone) / (1 + in_burst + good_in_burst + alone);
  const Flow flow = flow_over(settings, seed, kMany);
  CHECK(static_cast<double>(flow.lost()) / kMany == Approx(expected).margin(0.012));
}

TEST_CASE("jitter has the mean and the variance of its distribution, and the correlation that was set") {
  const std::uint64_t seed = GENERATE(21, 22, 23);
  struct Shape {
    JitterShape shape;
    double mean, variance;  // for a jitter of 3 ms
  };
  // Pareto of shape 3 above its least: mean 3, variance 3 x 3^2. The mixture: a quarter of a normal, three quarters of that.
  const Shape shape =
      GENERATE(Shape{JitterShape::uniform, 0, 3}, Shape{JitterShape::normal, 0, 9}, Shape{JitterShape::pareto, 3, 27},
               Shape{JitterShape::pareto_normal, 2.25, 9.0 / 16 + 27 * 9.0 / 16});
  const double correlation = GENERATE(0.0, 0.5);
  CAPTURE(seed, shape.mean, correlation);
  ChannelSettings settings = path(50, 0);
  settings.jitter = Duration::milliseconds(3);
  settings.jitter_shape = shape.shape;
  settings.jitter_correlation = correlation;
  settings.in_order = false;
  const Flow flow = flow_over(settings, seed, kMany);
  REQUIRE(flow.order.size() == kMany);
  std::vector<double> added;
  double sum = 0;
  for (const auto& copies : flow.delays) added.push_back(copies[0] - 50), sum += added.back();
  const double deviation = std::sqrt(shape.variance / kMany * (1 + correlation) / (1 - correlation));
  CHECK(std::abs(sum / kMany - shape.mean) < kDeviations * deviation);
  const bool heavy = shape.mean > 0;
  CHECK(autocorrelation(added) == Approx(correlation).margin(heavy ? 0.15 : 0.04));
  if (!heavy) {
    double variance = 0;
    for (const double a : added) variance += (a - sum / kMany) * (a - sum / kMany) / kMany;
    CHECK(variance == Approx(shape.variance).epsilon(correlation > 0 ? 0.1 : 0.06));
  } else if (shape.shape == JitterShape::pareto) {
    // A sample variance says little of a distribution without a third moment; its median does: 6 ms x (2^(1/3) - 1).
    const auto below = std::count_if(added.begin(), added.end(), [](double a) { return a < 1.559526; });
    const double spread = std::sqrt(0.25 * kMany * (1 + correlation) / (1 - correlation));
    CHECK(std::abs(static_cast<double>(below) - kMany * 0.5) < kDeviations * spread);
  }
}

TEST_CASE("packets overtake only where they may") {
  ChannelSettings settings = path(50, 0);
  settings.jitter = Duration::milliseconds(40);
  const Flow in_order = flow_over(settings, 5, 2000);
  CHECK(std::is_sorted(in_order.order.begin(), in_order.order.end()));
  settings.in_order = false;
  const Flow any = flow_over(settings, 5, 2000);
  CHECK_FALSE(std::is_sorted(any.order.begin(), any.order.end()));
}

TEST_CASE("as many packets are doubled as was set, and a copy makes up for a loss") {
  const std::uint64_t seed = GENERATE(31, 32, 33);
  CAPTURE(seed);
  ChannelSettings settings = path(5, 0);
  settings.duplicate = 0.1;
  const Flow flow = flow_over(settings, seed, kMany);
  CHECK(flow.lost() == 0);
  CHECK(std::abs(static_cast<double>(flow.order.size()) - kMany * 1.1) < kDeviations * std::sqrt(kMany * 0.09));
  settings.duplicate = 1;
  settings.loss = 1;
  CHECK(flow_over(settings, seed, 100).order.size() == 100);
}

TEST_CASE("a corrupted packet never reaches a program, and as many are corrupted as was set") {
  const std::uint64_t seed = GENERATE(41, 42, 43);
  CAPTURE(seed);
  ChannelSettings settings = path(5, 0);
  settings.corrupt = 0.05;
  const Flow flow = flow_over(settings, seed, kMany);
  CHECK(std::abs(static_cast<double>(flow.corrupted) - kMany * 0.05) < kDeviations * std::sqrt(kMany * 0.05 * 0.95));
  CHECK(flow.lost() == flow.corrupted);
  // A turned bit of the address field may also be caught by the header's checksum: always as a bad checksum.
  CHECK(flow.bad == flow.corrupted);

  Net net(seed);
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  settings.rate = 10'000'000;
  net.link(a, b, settings);
  Collector client, server;
  net.transport.listen(b, 80, [&](tcp::Connection&) { return &server; });
  net.transport.connect(a, net.at(b, 80), &client)->write(pattern(200'000));
  net.run_ms(120'000);
  CHECK(server.bytes == pattern(200'000));
}

TEST_CASE("reordering with a gap sends each gap-th packet ahead") {
  ChannelSettings settings = path(100, 0);
  settings.reorder = 1;
  settings.gap = 5;
  const Flow flow = flow_over(settings, 1, 1000);
  REQUIRE(flow.order.size() == 1000);
  for (int i = 0; i < 1000; ++i) {
    CAPTURE(i);
    REQUIRE(flow.delays[static_cast<std::size_t>(i)].at(0) == Approx((i + 1) % 5 == 0 ? 0 : 100));
  }
  settings.gap = 0;
  settings.reorder = 0.25;
  std::size_t ahead = 0;
  for (const auto& copies : flow_over(settings, 2, kMany).delays) ahead += copies.at(0) < 50 ? 1 : 0;
  CHECK(std::abs(static_cast<double>(ahead) - kMany * 0.25) < kDeviations * std::sqrt(kMany * 0.25 * 0.75));
}

TEST_CASE("a packet in cells takes the time of whole cells") {
  Net net;
  const NodeIndex a = net.node("a");
  const NodeIndex b = net.node("b");
  ChannelSettings settings = path(0, 1'000'000);
  settings.overhead = 10;
  settings.cell = 48;
  settings.cell_overhead = 5;
  net.link(a, b, settings);
  Instant arrived;
  net.transport.bind_udp(b, 7, [&](tcp::Endpoint, wire::Bytes) { arrived = net.events.now(); });
  net.transport.send_udp(a, 9, net.at(b, 7), pattern(1472));
  net.run_ms(1000);
  CHECK(arrived.ns() == 32LL * 53 * 8 * 1000);  // 1510 bytes fill 32 cells
}

TEST_CASE("every setting set back is the same as never set") {
  // In the midst of traffic at an odd rate, so that fractions of nanoseconds are carried on; when each packet arrives counts, too.
  // What paces packets begins anew when it changes, so it is only set to what it is.
  const auto run = [](std::optional<LinkOption> touched) {
    Net net;
    const NodeIndex a = net.node("a");
    const NodeIndex b = net.node("b");
    const ChannelSettings settings = path(3, 7'000'001);
    const LinkIndex link = net.link(a, b, settings);
    Collector client, server;
    std::vector<std::int64_t> times;
    net.transport.listen(b, 80, [&](tcp::Connection&) { return &server; });
    net.transport.connect(a, net.at(b, 80), &client)->write(pattern(30'000));
    for (int ms = 0; ms < 400; ++ms) {
      const std::size_t before = server.bytes.size();
      net.run_ms(1);
      if (server.bytes.size() != before) times.push_back(net.events.now().ns());
      if (ms != 12 || !touched) continue;
      const bool paces = *touched == LinkOption::rate || *touched == LinkOption::overhead ||
                         *touched == LinkOption::cell || *touched == LinkOption::cell_overhead;
      const LinkOptionInfo& info = info_of(*touched);
      const bool ratio = info.unit == LinkUnit::ratio;
      const std::int64_t odd = ratio ? std::bit_cast<std::int64_t>(0.5) : std::max<std::int64_t>(info.least, 1);
      ChannelSettings changed = settings;
      apply_changes({{*touched, paces ? value_of(settings, *touched) : odd}}, changed);
      net.network.channel(link, a).change(changed);
      net.expect_fold_equals_live();
      net.network.channel(link, a).change(settings);
      net.expect_fold_equals_live();
    }
    CHECK(server.bytes.size() == 30'000);
    return std::pair(net.trace.digest().wire, times);
  };
  const auto untouched = run(std::nullopt);
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::count_); ++i) {
    const auto option = static_cast<LinkOption>(i);
    CAPTURE(info_of(option).name);
    CHECK(run(option) == untouched);
  }
}

TEST_CASE("the table of settings reads back what it writes") {
  for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(LinkOption::count_); ++i) {
    const auto option = static_cast<LinkOption>(i);
    CAPTURE(info_of(option).name);
    const bool ratio = info_of(option).unit == LinkUnit::ratio;
    const std::int64_t value =
        ratio ? std::bit_cast<std::int64_t>(0.25) : std::max<std::int64_t>(info_of(option).least, 1);
    CHECK(out_of_range({option, value}).empty());
    ChannelSettings settings;
    apply_changes({{option, value}}, settings);
    CHECK(value_of(settings, option) == value);
  }
  CHECK_FALSE(out_of_range(LinkChange::of(LinkOption::loss, 1.5)).empty());
  CHECK_FALSE(out_of_range(LinkChange::of(LinkOption::loss, std::nan(""))).empty());
  CHECK_FALSE(out_of_range({LinkOption::mtu, 20}).empty());
}
