#include "sim/view/metric_series.hpp"

#include <algorithm>
#include <bit>

namespace wirelab {
namespace {

void put(std::vector<MetricSeries::Point>& points, std::int64_t at, double value) {
  if (!points.empty() && points.back().at == at) {
    points.back().value = value;
  } else if ((points.empty() ? 0.0 : points.back().value) != value) {
    points.push_back({at, value});
  }
}

}  // namespace

double value_at(const std::vector<MetricSeries::Point>& points, std::int64_t at) {
  const auto after =
      std::partition_point(points.begin(), points.end(), [&](const MetricSeries::Point& p) { return p.at <= at; });
  return after == points.begin() ? 0.0 : (after - 1)->value;
}

MetricSeries::MetricSeries() {
  for (const Metric& metric : statistics_.metrics(0)) {
    const std::size_t place = series_.size();
    series_.push_back({metric.name, metric.unit, metric.definition, {}});
    if (metric.name == "latency_mean") mean_ = place;
    if (metric.name == "latency_p50") median_ = place;
    if (metric.name == "latency_p95") p95_ = place;
    if (metric.name == "latency_max") longest_ = place;
  }
  for (const std::string_view name : Statistics::counters()) {
    const auto found = std::find_if(series_.begin(), series_.end(), [&](const Series& s) { return s.name == name; });
    counters_.push_back(static_cast<std::size_t>(found - series_.begin()));
  }
}

void MetricSeries::sample_quantiles(std::int64_t at) {
  std::vector<std::int64_t> latencies = statistics_.latencies();
  sampled_ = latencies.size();
  put(series_[median_].points, at, Statistics::quantile_ms(latencies, 0.5));
  put(series_[p95_].points, at, Statistics::quantile_ms(latencies, 0.95));
}

bool MetricSeries::read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most) {
  to = std::min(to, reader.last());
  if (last_ + 1 < reader.first()) last_ = reader.first() - 1;
  for (; most > 0 && last_ < to; --most) {
    const Record& r = reader.record(++last_);
    switch (r.kind) {
      case Kind::none: continue;
      case Kind::defined:
        if (static_cast<EntityKind>(r.field) == EntityKind::metric) {
          own_.emplace_back(r.entity, series_.size());
          series_.push_back({std::string(reader.name(r.entity)), "", "the scenario's own", {}});
        }
        continue;
      case Kind::state:
        if (static_cast<Field>(r.field) != Field::metric_value) continue;
        for (const auto& [entity, place] : own_) {
          if (entity == r.entity) put(series_[place].points, r.at, std::bit_cast<double>(r.b));
        }
        continue;
      default: break;
    }
    statistics_.take(r, last_, r.kind == Kind::packet_sent ? reader.blob(r.key).size() : 0);
    for (std::size_t i = 0; i < counters_.size(); ++i)
      put(series_[counters_[i]].points, r.at, statistics_.counter_at(i));
    const auto& latencies = statistics_.latencies();
    if (latencies.size() == delivered_at_.size()) continue;
    delivered_at_.push_back(r.at);
    sum_us_ += latencies.back() / 1000;
    put(series_[mean_].points, r.at, static_cast<double>(sum_us_) / static_cast<double>(latencies.size()) / 1e3);
    const double longest = series_[longest_].points.empty() ? 0.0 : series_[longest_].points.back().value;
    put(series_[longest_].points, r.at, std::max(longest, static_cast<double>(latencies.back()) / 1e6));
    // Sampled ever more rarely, so that the whole costs little more than the last one.
    if (latencies.size() <= 64 || latencies.size() >= sampled_ + sampled_ / 32) sample_quantiles(r.at);
  }
  return last_ >= to;
}

double MetricSeries::value_at(std::size_t series, std::int64_t at) const {
  if (series != median_ && series != p95_) return wirelab::value_at(series_[series].points, at);
  const auto count = std::upper_bound(delivered_at_.begin(), delivered_at_.end(), at) - delivered_at_.begin();
  std::vector<std::int64_t> latencies(statistics_.latencies().begin(), statistics_.latencies().begin() + count);
  return Statistics::quantile_ms(latencies, series == median_ ? 0.5 : 0.95);
}

bool StateSeries::read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most) {
  to = std::min(to, reader.last());
  if (last_ + 1 < reader.first()) last_ = reader.first() - 1;
  for (; most > 0 && last_ < to; --most) {
    const Record& r = reader.record(++last_);
    if (r.kind != Kind::state || r.entity != entity_ || static_cast<Field>(r.field) != field_) continue;
    put(points_, r.at, is_double(field_) ? std::bit_cast<double>(r.b) : static_cast<double>(r.b));
  }
  return last_ >= to;
}

}  // namespace wirelab
