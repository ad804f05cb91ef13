#include "sim/view/race.hpp"

#include <algorithm>

#include "sim/wire/http.hpp"

namespace wirelab {
namespace {

constexpr std::uint32_t kPosted = 0;

EntityId node_of(const RunIndex& index, EntityId entity) {
  const IndexedEntity* known = index.find(entity);
  return known == nullptr ? EntityId{0} : known->node;
}

bool is_publish(const Record& r) { return ((r.field >> 4) & 15) == 3; }

template <typename Entry>
const Entry* last_by(const std::vector<Entry>& entries, std::int64_t at) {
  const auto after =
      std::upper_bound(entries.begin(), entries.end(), at, [](std::int64_t t, const Entry& e) { return t < e.at; });
  return after == entries.begin() ? nullptr : &*(after - 1);
}

}  // namespace

std::int64_t Racer::staleness(std::int64_t at) const {
  const Step* step = last_by(steps, at);
  return step == nullptr || step->since < 0 ? 0 : at - step->since;
}

std::int64_t Racer::stale_in_all(std::int64_t at) const {
  const Step* step = last_by(steps, at);
  return step == nullptr ? 0 : step->stale + (step->since < 0 ? 0 : at - step->at);
}

std::uint64_t Race::bytes_by(EntityId node, std::int64_t at) const {
  const auto sums = bytes_.find(node);
  const Bytes* entry = sums == bytes_.end() ? nullptr : last_by(sums->second, at);
  return entry == nullptr ? 0 : entry->sum;
}

std::size_t Racer::count(RaceMark::What what, std::int64_t by) const {
  return static_cast<std::size_t>(
      std::count_if(marks.begin(), marks.end(), [&](const RaceMark& m) { return m.what == what && m.at <= by; }));
}

bool Race::read(const TraceStore::Reader& reader, const RunIndex& index, RecordNumber to, RecordNumber most) {
  next_ = std::max(next_, reader.first());
  const RecordNumber end = std::min(to + 1, next_ + std::min(most, to + 1));
  for (; next_ < end; ++next_) take(reader, index, reader.record(next_));
  return next_ > to;
}

std::vector<const Racer*> Race::racers() const {
  std::vector<const Racer*> asking, told, all;
  for (const EntityId node : order_) {
    const Racer& racer = known_.at(node).racer;
    (racer.asks ? asking : told).push_back(&racer);
  }
  for (std::size_t i = 0; i < std::max(asking.size(), told.size()); ++i) {
    if (i < asking.size()) all.push_back(asking[i]);
    if (i < told.size()) all.push_back(told[i]);
  }
  return all;
}

void Race::take(const TraceStore::Reader& reader, const RunIndex& index, const Record& r) {
  switch (r.kind) {
    case Kind::packet_transmitted: {
      const IndexedChannel* channel = index.channel(r.entity);
      if (channel == nullptr || channel->is_hop) return;
      for (const EntityId node : {channel->from, channel->to}) {
        auto& sums = bytes_[node];
        sums.push_back({r.at, (sums.empty() ? 0 : sums.back().sum) + reader.blob(r.key).size()});
      }
      return;
    }
    case Kind::message_published: {
      change(r.key, r.at);
      messages_[r.subject] = {r.key, published_[r.key].size()};
      return;
    }
    case Kind::message_accepted: {
      // One that was stored goes out once more under a number of its own.
      const auto earlier = messages_.find(static_cast<MessageId>(r.b));
      if (r.b != 0 && earlier != messages_.end()) messages_[r.subject] = earlier->second;
      return;
    }
    case Kind::mqtt_sent:
      if (is_publish(r) && r.key != 0) carried_[{r.subject, r.a}] = r.key;
      return;
    case Kind::mqtt_received: {
      if (!is_publish(r)) return;
      const auto carried = carried_.find({r.subject, r.a});
      if (carried == carried_.end()) return;
      // What a broker gets has a number of its own from there on.
      const auto message = messages_.find(carried->second);
      if (r.key != 0 && message != messages_.end()) messages_.try_emplace(r.key, message->second);
      last_received_ = next_;
      last_message_ = carried->second;
      return;
    }
    case Kind::message_delivered: {
      if (r.cause != last_received_) return;
      const auto message = messages_.find(last_message_);
      const EntityId node = node_of(index, r.entity);
      if (message == messages_.end() || node == 0) return;
      learn(known_of(node, false), message->second.first, message->second.second, r.at, RaceMark::What::told_news,
            RaceMark::What::told_nothing);
      return;
    }
    case Kind::http_sent:
    case Kind::http_received: {
      const IndexedEntity* entity = index.find(r.entity);
      if (entity == nullptr) return;
      const bool client = entity->kind == EntityKind::http_client, sent = r.kind == Kind::http_sent;
      const bool posts =
          static_cast<http::Method>(r.field) == http::Method::post && !reader.name(r.key).ends_with("/devices");
      if (client && sent) {
        if (posts) {
          change(kPosted, r.at);
          posted_[{r.subject, r.a}] = published_[kPosted].size();
        }
        if (static_cast<http::Method>(r.field) == http::Method::get) {
          asking_.insert(r.entity);
        } else {
          asking_.erase(r.entity);
        }
      } else if (!client && !sent) {
        // A later one tells of the newest state, whatever became of the one before.
        if (const auto post = posted_.find({r.subject, r.a}); post != posted_.end())
          at_server_ = std::max(at_server_, post->second);
      } else if (!client) {
        answers_[{r.subject, r.a}] = at_server_;
      } else if (const auto answer = answers_.find({r.subject, r.a}); answer != answers_.end()) {
        const std::size_t had = answer->second;
        answers_.erase(answer);
        if (!asking_.contains(r.entity)) return;
        Known& known = known_of(entity->node, true);
        if (r.field == 200 || r.field == 304 || r.field == 404) {
          learn(known, kPosted, r.field == 404 ? 0 : had, r.at, RaceMark::What::found_news,
                RaceMark::What::found_nothing);
        } else {
          known.racer.marks.push_back({r.at, RaceMark::What::failed});
        }
      }
      return;
    }
    case Kind::http_failed: {
      const EntityId node = node_of(index, r.entity);
      if (const auto known = known_.find(node); known != known_.end() && known->second.racer.asks)
        known->second.racer.marks.push_back({r.at, RaceMark::What::failed});
      return;
    }
    default: return;
  }
}

void Race::change(Source source, std::int64_t at) {
  published_[source].push_back(at);
  if (changes_.empty() || changes_.back() != at) changes_.push_back(at);
  for (auto& [node, known] : known_) {
    if (known.learnt.contains(source)) note(known, at);
  }
}

void Race::learn(Known& known, Source source, std::size_t count, std::int64_t at, RaceMark::What news,
                 RaceMark::What nothing) {
  std::size_t& learnt = known.learnt.try_emplace(source, 0).first->second;
  known.racer.marks.push_back({at, count > learnt ? news : nothing});
  learnt = std::max(learnt, count);
  note(known, at);
}

// Since when it does not know what is so, from now on.
void Race::note(Known& known, std::int64_t at) {
  std::int64_t since = -1;
  for (const auto& [source, learnt] : known.learnt) {
    const auto& changes = published_[source];
    if (learnt < changes.size() && (since < 0 || changes[learnt] < since)) since = changes[learnt];
  }
  auto& steps = known.racer.steps;
  const std::int64_t stale = known.racer.stale_in_all(at);
  if (!steps.empty() && steps.back().since == since) return;
  steps.push_back({at, since, stale});
}

Race::Known& Race::known_of(EntityId node, bool asks) {
  const auto [known, is_new] = known_.try_emplace(node);
  if (is_new) {
    known->second.racer.node = node;
    known->second.racer.asks = asks;
    order_.push_back(node);
  }
  return known->second;
}

}  // namespace wirelab
