#include "sim/view/stream_series.hpp"

#include <algorithm>

namespace wirelab {
namespace {

constexpr std::array<Field, StreamSeries::count_> kFields = {
    Field::tcp_snd_una,  Field::tcp_snd_nxt, Field::tcp_snd_wnd, Field::tcp_cwnd,
    Field::tcp_ssthresh, Field::tcp_srtt,    Field::tcp_rto};

}  // namespace

bool StreamSeries::read(const TraceStore::Reader& reader, RecordNumber to, RecordNumber most) {
  to = std::min(to, reader.last());
  if (last_ + 1 < reader.first()) last_ = reader.first() - 1;
  for (; most > 0 && last_ < to; --most) {
    const Record& r = reader.record(++last_);
    switch (r.kind) {
      case Kind::stream_opened:
        if (r.entity == end_) stream_ = r.subject;
        break;
      case Kind::packet_sent:
        if (r.subject != stream_ || stream_ == 0 || r.b <= r.a) break;
        segment_of_[r.key] = static_cast<std::uint32_t>(segments_.size());
        segments_.push_back({r.at, r.a, r.b, 0, r.a < highest_, r.key});
        highest_ = std::max(highest_, r.b);
        break;
      case Kind::packet_dropped:
        if (const auto found = segment_of_.find(r.key); r.subject == stream_ && found != segment_of_.end())
          segments_[found->second].lost_at = std::max<std::int64_t>(r.at, 1);
        break;
      case Kind::state: {
        if (r.entity != end_) break;
        const auto which = std::find(kFields.begin(), kFields.end(), static_cast<Field>(r.field));
        if (which == kFields.end()) break;
        auto& points = curves_[static_cast<std::size_t>(which - kFields.begin())];
        if (!points.empty() && points.back().at == r.at) points.pop_back();
        points.push_back({r.at, r.b});
        break;
      }
      default: break;
    }
  }
  return last_ >= to;
}

std::int64_t StreamSeries::value_at(Curve which, std::int64_t at) const {
  const auto& points = curves_[which];
  const auto after = std::partition_point(points.begin(), points.end(), [&](const Point& p) { return p.at <= at; });
  return after == points.begin() ? 0 : (after - 1)->value;
}

}  // namespace wirelab
