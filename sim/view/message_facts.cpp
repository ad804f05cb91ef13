#include "sim/view/message_facts.hpp"

#include "sim/wire/mqtt_word.hpp"

namespace wirelab {
namespace {

class Gatherer {
 public:
  explicit Gatherer(const TraceStore::Reader& reader) : reader_(reader) {}

  void take(RecordNumber number, const Record& r) {
    switch (r.kind) {
      case Kind::defined:
        owner_[r.entity] = r.subject;
        kinds_[r.entity] = static_cast<EntityKind>(r.field);
        break;
      case Kind::message_published: begin(r.subject, r); break;
      case Kind::message_accepted: {
        if (!of_.contains(r.subject)) begin(r.subject, r);
        MessageFacts& facts = all_[of_[r.subject]];
        if (facts.accepted_at < 0) facts.accepted_at = r.at;
        // It was stored earlier, under another number, if it is a will.
        if (const auto fired = fired_.find(static_cast<MessageId>(r.b)); r.b != 0 && fired != fired_.end()) {
          facts.will = true;
          std::tie(facts.from, facts.will_cause) = fired->second;
        }
        break;
      }
      case Kind::message_routed:
        if (MessageFacts* facts = find(r.subject)) facts->routed = r.a;
        break;
      case Kind::will_published:
        fired_[r.subject] = {client_of(r.entity), std::string(name_of(static_cast<WillCause>(r.field)))};
        break;
      case Kind::mqtt_sent:
        if (!is_publish(r) || r.key == 0) break;
        carried_[{r.subject, r.a}] = r.key;
        if (MessageFacts* facts = find(r.key)) facts->sendings.push_back({node_of(r.entity), r.at, is_dup(r)});
        break;
      case Kind::mqtt_received: {
        if (!is_publish(r)) break;
        const auto carried = carried_.find({r.subject, r.a});
        if (carried == carried_.end()) break;
        if (r.key != 0 && of_.contains(carried->second)) of_.try_emplace(r.key, of_[carried->second]);
        last_received_ = number;
        last_message_ = carried->second;
        break;
      }
      case Kind::message_delivered:
        if (r.cause != last_received_) break;
        if (MessageFacts* facts = find(last_message_))
          facts->deliveries.push_back({node_of(r.entity), r.at, r.field & 3, (r.field & 4) != 0, (r.field & 8) != 0});
        break;
      case Kind::message_lost:
        if (MessageFacts* facts = find(r.subject))
          facts->lost.push_back(std::string(name_of(static_cast<LossReason>(r.field))));
        break;
      default: break;
    }
  }
  std::vector<MessageFacts> all() && { return std::move(all_); }

 private:
  static bool is_publish(const Record& r) { return ((r.field >> 4) & 15) == 3; }
  static bool is_dup(const Record& r) { return (r.field & 8) != 0; }
  MessageFacts* find(MessageId message) {
    const auto found = of_.find(message);
    return found == of_.end() ? nullptr : &all_[found->second];
  }
  void begin(MessageId message, const Record& r) {
    of_[message] = all_.size();
    MessageFacts facts;
    facts.topic = reader_.name(r.key);
    facts.from = node_of(r.entity);
    facts.qos = r.field & 3;
    facts.retain = (r.field & 4) != 0;
    facts.at = r.at;
    all_.push_back(std::move(facts));
  }
  std::string node_of(EntityId entity) {
    for (int i = 0; i < 8 && entity != 0 && !is_node(kinds_[entity]); ++i) entity = owner_[entity];
    return std::string(reader_.name(entity));
  }
  // A session is named "broker/CLIENT", and "broker/CLIENT#2" the second time.
  std::string client_of(EntityId session) {
    const std::string_view name = reader_.name(session);
    const std::string_view client = name.substr(std::min(name.find('/') + 1, name.size()));
    return std::string(client.substr(0, client.find('#')));
  }

  const TraceStore::Reader& reader_;
  std::vector<MessageFacts> all_;
  std::map<MessageId, std::size_t> of_;  // each hop numbers messages anew
  std::map<EntityId, EntityId> owner_;
  std::map<EntityId, EntityKind> kinds_;
  std::map<MessageId, std::pair<std::string, std::string>> fired_;
  std::map<std::pair<std::uint32_t, std::int64_t>, MessageId> carried_;
  RecordNumber last_received_ = 0;
  MessageId last_message_ = 0;
};

}  // namespace

std::vector<MessageFacts> message_facts(const TraceStore::Reader& reader) {
  Gatherer gatherer(reader);
  for (RecordNumber n = reader.first(); n <= reader.last(); ++n) gatherer.take(n, reader.record(n));
  return std::move(gatherer).all();
}

}  // namespace wirelab
