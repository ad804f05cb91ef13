// The metrics of a run over time, read from a trace that is still growing: every built-in metric, the scenario's own, and any field
// of state that one asks for. At every instant the value is what the metric was then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/trace/store.hpp"
#include "sim/view/statistics.hpp"

namespace wirelab {

class MetricSeries {
 public:
  struct Point {
    std::int64_t at = 0;
    double value = 0;  // from then on
  };
  struct Series {
    std::string name, unit, definition;
    std::vector<Point> points;  // in order of time
  };
  MetricSeries();

  /// Reads on to record `to`, at most `most` records. True if it has read that far.
  bool read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most);
  /// The built-in ones first, in the order of Statistics::metrics(); the scenario's own follow as they are met.
  const std::vector<Series>& all() const { return series_; }
  /// Its value at the instant: exact, also where the points of a quantile are only samples of it.
  double value_at(std::size_t series, std::int64_t at) const;

 private:
  void sample_quantiles(std::int64_t at);

  Statistics statistics_;
  RecordNumber last_ = 0;
  std::vector<Series> series_;
  std::vector<std::size_t> counters_;                          // places in series_ of Statistics::counters()
  std::size_t mean_ = 0, median_ = 0, p95_ = 0, longest_ = 0;  // places
  std::int64_t sum_us_ = 0;
  std::vector<std::int64_t> delivered_at_;  // of each latency
  std::size_t sampled_ = 0;                 // latencies when the quantiles were last sampled
  std::vector<std::pair<EntityId, std::size_t>> own_;
};

/// One field of one entity over time.
class StateSeries {
 public:
  StateSeries(EntityId entity, Field field) : entity_(entity), field_(field) {}
  bool read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most);
  const std::vector<MetricSeries::Point>& points() const { return points_; }
  EntityId entity() const { return entity_; }
  Field field() const { return field_; }

 private:
  EntityId entity_;
  Field field_;
  RecordNumber last_ = 0;
  std::vector<MetricSeries::Point> points_;
};

/// The value that is in force at the instant; 0 before the first point.
double value_at(const std::vector<MetricSeries::Point>& points, std::int64_t at);

}  // namespace wirelab
