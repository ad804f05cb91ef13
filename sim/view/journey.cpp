#include "sim/view/journey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/kernel/nearest.hpp"
#include "sim/kernel/units.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab {
namespace {

constexpr int kPublish = 3, kPubcomp = 7;  // types of control packets (MQTT 3.1.1, section 2.2.1)

int type_of(const Record& sent) { return (sent.field >> 4) & 15; }
bool is_publish(const Record& sent) { return type_of(sent) == kPublish; }
bool is_of_handshake(const Record& sent) { return type_of(sent) >= kPublish && type_of(sent) <= kPubcomp; }

// The packet in whose handling it happened; nullptr if it was none.
const Record* packet_behind(const MessageIndex& index, const Record& record) {
  const Record* cause = index.record(record.cause);
  while (cause != nullptr && cause->kind != Kind::packet_sent) cause = index.record(cause->cause);
  return cause;
}

class Teller {
 public:
  explicit Teller(const MessageIndex& index) : index_(index) {}

  Journey tell_will(const Record& will, const Record& accepted) {
    start_ = accepted.at;
    title_ = fmt::format("{}, the will of {}, published at {}", index_.name(accepted.key), client_of(will.entity),
                         format_seconds(accepted.at));
    line(will.at, 0,
         fmt::format("{} publishes the will, since: {}", who(accepted.entity),
                     name_of(static_cast<WillCause>(will.field))));
    routes(accepted, 0);
    return told();
  }

  // Of a broker on real sockets: what its clients do is not in the trace.
  Journey tell_from_accepted(const Record& accepted) {
    start_ = accepted.at;
    title_ = fmt::format("{} from {}, accepted at {}", index_.name(accepted.key),
                         who(packet_behind(index_, accepted)->entity), format_seconds(accepted.at));
    line(accepted.at, 0,
         fmt::format("{} accepts {} bytes at QoS {}{}", who(accepted.entity), accepted.a, accepted.field & 3,
                     (accepted.field & 4) != 0 ? ", retained" : ""));
    routes(accepted, 0);
    return told();
  }

  // One that carries no message: a CONNECT, SUBSCRIBE or PINGREQ, and what came back.
  Journey tell_alone(const Transfer& transfer) {
    start_ = transfer.sent->at;
    title_ =
        fmt::format("{} from {}, sent at {}", mqtt_name(transfer), who(transfer.sent->entity), format_seconds(start_));
    control_packet(transfer, 0, "hands {} to TCP, {} bytes");
    ended_ = true;
    return told();
  }

  Journey tell(const Record& published) {
    start_ = published.at;
    title_ = fmt::format("{} from {}, published at {}", index_.name(published.key), who(published.entity),
                         format_seconds(published.at));
    line(published.at, 0,
         fmt::format("{} publishes {} bytes at QoS {}{}", who(published.entity), published.a, published.field & 3,
                     (published.field & 4) != 0 ? ", retained" : ""));
    losses(published.subject, 0);
    hops(published.subject, 0);
    for (const Record* done : index_.about(Kind::message_completed, published.subject))
      line(done->at, 0, fmt::format("{}: the handshake is complete", who(done->entity)));
    return told();
  }

 private:
  Journey told() {
    // In order of time; what happened at one instant stays as it was told.
    std::stable_sort(steps_.begin(), steps_.end(),
                     [](const JourneyStep& a, const JourneyStep& b) { return a.at < b.at; });
    return {std::move(title_), start_, std::move(steps_), ended_, waiting_};
  }

  void line(std::int64_t at, int depth, const std::string& what) { steps_.push_back({at, depth, what}); }

  void losses(MessageId message, int depth) {
    for (const Record* lost : index_.about(Kind::message_lost, message)) {
      line(lost->at, depth,
           fmt::format("{} lost: {}", who(lost->entity), name_of(static_cast<LossReason>(lost->field))));
      ended_ = true;
    }
  }

  std::string client_of(EntityId session) const {
    const std::string name(index_.name(session));
    return name.substr(name.find('/') + 1);
  }
  // A client by its device's name, a session as what its broker keeps for the client.
  std::string who(EntityId entity) const {
    std::string name(index_.name(entity));
    if (name.ends_with("/mqtt")) return name.substr(0, name.size() - 5);
    if (const std::size_t cut = name.find('/'); cut != std::string::npos)
      return name.substr(0, cut) + ", for " + name.substr(cut + 1) + ",";
    return name;
  }

  // Every control packet that carried the message from here, and what came of it.
  void hops(MessageId message, int depth) {
    for (const Transfer* transfer : index_.transfers_of(message)) {
      if (!index_.sees_arrivals()) {
        const Record& sent = *transfer->sent;
        line(sent.at, depth,
             fmt::format("{} writes {} to a real socket, {} bytes", who(sent.entity), mqtt_name(*transfer),
                         sent.b - sent.a));
        ended_ = true;
        continue;
      }
      if (!is_publish(*transfer->sent)) {
        // What answers an earlier step is told with it; here, what a new connection makes its sender repeat.
        const Transfer* before = index_.at(transfer->answer_to);
        if (before == nullptr || !is_of_handshake(*before->sent))
          control_packet(*transfer, depth, "hands {} to TCP again, {} bytes");
        continue;
      }
      line(transfer->sent->at, depth,
           fmt::format("{} hands PUBLISH to TCP, {} bytes", who(transfer->sent->entity),
                       transfer->sent->b - transfer->sent->a));
      const std::int64_t complete_at = carriage(*transfer, depth + 1);
      if (transfer->received == nullptr) {
        line_undelivered(*transfer, complete_at, message, depth + 1);
        continue;
      }
      arrived(*transfer, depth);
      answers(*transfer, depth);
    }
  }

  // The acknowledgements of a control packet, and theirs in turn.
  void answers(const Transfer& transfer, int depth) {
    for (const Transfer* answer : index_.answers_to(transfer)) {
      if (!is_publish(*answer->sent)) control_packet(*answer, depth, "answers {}, {} bytes");
    }
  }

  // One that carries no payload: how it crossed, and its answers. `words` has places for its name and size.
  void control_packet(const Transfer& transfer, int depth, fmt::string_view words) {
    const Record& sent = *transfer.sent;
    const std::string name = mqtt_name(transfer);
    line(sent.at, depth, who(sent.entity) + " " + fmt::format(fmt::runtime(words), name, sent.b - sent.a));
    const std::int64_t complete_at = carriage(transfer, depth + 1);
    if (transfer.received == nullptr) {
      const bool ended = ended_;  // that is the message's own, not of what acknowledges it
      line_undelivered(transfer, complete_at, sent.key, depth + 1);
      ended_ = ended;
    } else {
      answers(transfer, depth);
    }
  }

  void line_undelivered(const Transfer& transfer, std::int64_t complete_at, MessageId message, int depth) {
    ended_ = true;
    const Record& sent = *transfer.sent;
    const auto packets = index_.of_range(Kind::packet_sent, sent.subject, sent.a, sent.b);
    if (complete_at >= 0) {
      line(complete_at, depth, "the receiver had closed this connection already: nobody reads it");
    } else if (!packets.empty()) {
      const bool lost = !index_.about(Kind::message_lost, message).empty();
      ended_ = lost;
      line(packets.back()->at, depth,
           lost           ? "its last byte never arrived: the connection ended before"
           : message == 0 ? "its last byte has not arrived by the end of the trace"
                          : "its last byte had not arrived when the trace ends");
    } else {
      // Told at the loss, where there is one.
      const auto lost = index_.about(Kind::message_lost, message);
      const std::int64_t at = lost.empty() ? sent.at : lost.front()->at;
      line(at, depth, fmt::format("it never left the send buffer: {}", reason_to_wait(sent, at)));
    }
  }

  // From a broker that has accepted the message to its sessions.
  void routes(const Record& accepted, int depth) {
    const MessageId message = accepted.subject;
    const bool retained = (accepted.field & 4) != 0 && accepted.a > 0;
    if (retained) line(accepted.at, depth, "it is kept as the topic's retained message");
    for (const Record* routed : index_.about(Kind::message_routed, message)) {
      line(routed->at, depth,
           routed->a == 0 ? retained ? "nobody has subscribed yet" : "nobody has subscribed: it goes nowhere"
                          : fmt::format("{} session{} subscribed", routed->a, routed->a == 1 ? " has" : "s have"));
      if (routed->a == 0) ended_ = true;
    }
    for (const Record* queued : index_.about(Kind::message_queued, message)) {
      line(queued->at, depth, fmt::format("{}: waits in the queue", who(queued->entity)));
      waiting_ = true;
    }
    losses(message, depth + 1);
    hops(message, depth + 1);
  }

  void arrived(const Transfer& transfer, int depth) {
    const Record& received = *transfer.received;
    for (const Record* taken : index_.about(Kind::message_accepted, received.key)) {
      if (received.key == 0) break;
      line(taken->at, depth, fmt::format("{} accepts it", who(taken->entity)));
      routes(*taken, depth);
      return;
    }
    // At a client: handed to its program, unless it was a repeated QoS 2 message.
    const RecordNumber number = transfer.received_number;
    for (RecordNumber n = number + 1; n <= number + 40; ++n) {
      const Record* next = index_.record(n);
      if (next == nullptr) break;
      if (next->kind != Kind::message_delivered || next->cause != number) continue;
      line(next->at, depth,
           fmt::format("{} delivers it to the program, {} after it was published", who(next->entity),
                       format_duration(Duration::nanoseconds(next->at - start_))));
      ended_ = true;
      return;
    }
    line(received.at, depth, fmt::format("{} receives it again and does not deliver it twice", who(received.entity)));
  }

  // How the bytes of one control packet crossed: which packets carried them, what was lost, what they waited for.
  // Returns when its last missing byte arrived, -1 if never.
  std::int64_t carriage(const Transfer& transfer, int depth) {
    const Record& sent = *transfer.sent;
    const StreamId stream = sent.subject;
    const auto packets = index_.of_range(Kind::packet_sent, stream, sent.a, sent.b);
    if (packets.empty()) return -1;
    if (packets.front()->at > sent.at) {
      line(packets.front()->at, depth,
           fmt::format("waited {} in the send buffer: {}",
                       format_duration(Duration::nanoseconds(packets.front()->at - sent.at)),
                       reason_to_wait(sent, packets.front()->at)));
    }
    std::int64_t complete_at = -1;  // when the last missing byte of it arrived
    std::int64_t covered = sent.a;
    for (const Record* packet : packets) {
      const bool again = is_repair(*packet);
      const auto others = shared_with(transfer, *packet);
      bool crossed = false;
      std::int64_t arrival = 0;
      std::string fate;
      for (const Record* r : index_.of_blob(packet->key)) {
        if (r->kind == Kind::packet_dropped)
          fate = fmt::format("lost: {}, {}", who(r->entity), name_of(static_cast<DropReason>(r->field)));
        if (r->kind == Kind::packet_arrived) crossed = true, arrival = r->at;
      }
      const bool needless = again && complete_at >= 0 && complete_at <= packet->at;
      line(packet->at, depth,
           fmt::format("{}segment of {} bytes{}{}{}", again ? why_again(*packet) + " " : "", packet->b - packet->a,
                       others, needless ? " (it had arrived; its acknowledgement was lost or late)" : "",
                       fate.empty() ? "" : "; " + fate));
      if (crossed && fate.empty()) {
        line(arrival, depth,
             fmt::format("it arrives after {}", format_duration(Duration::nanoseconds(arrival - packet->at))));
        if (packet->a <= covered && packet->b > covered) covered = packet->b;
        if (covered >= sent.b && complete_at < 0) complete_at = arrival;
      }
    }
    if (transfer.received != nullptr && complete_at >= 0 && transfer.received->at > complete_at) {
      waited_behind(transfer, complete_at, depth);
    }
    return complete_at;
  }

  bool is_repair(const Record& packet) const {
    const Record* cause = index_.record(packet.cause);
    return cause != nullptr && cause->kind == Kind::retransmission;
  }

  std::string why_again(const Record& packet) const {
    const Record* cause = index_.record(packet.cause);
    switch (static_cast<RetransmitReason>(cause->field)) {
      case RetransmitReason::timeout: return "time-out:";
      case RetransmitReason::fast: return "fast retransmit:";
      case RetransmitReason::probe: return "tail loss probe:";
      default: return "recovery:";
    }
  }

  std::string shared_with(const Transfer& transfer, const Record& packet) const {
    std::size_t others = 0;
    for (const Transfer* other : index_.in_range(packet.subject, packet.a, packet.b))
      others += other == &transfer ? 0 : 1;
    return others == 0 ? "" : fmt::format(", shared with {} other control packet{}", others, others == 1 ? "" : "s");
  }

  // Why bytes that were written at `sent` had not left by `until`: earlier ones, named, were not acknowledged.
  std::string reason_to_wait(const Record& sent, std::int64_t until) const {
    const Transfer* before = nullptr;
    for (const Transfer* other : index_.in_range(sent.subject, 0, sent.a)) before = other;
    if (before == nullptr) return "the connection was not ready";
    std::string text =
        fmt::format("{} of {} was not acknowledged yet", mqtt_name(*before), format_seconds(before->sent->at));
    int times = 0;
    bool lost = false;
    for (const Record* packet : index_.of_range(Kind::packet_sent, sent.subject, before->sent->a, before->sent->b)) {
      if (packet->at > until) continue;
      if (is_repair(*packet)) ++times;
      for (const Record* r : index_.of_blob(packet->key)) lost = lost || r->kind == Kind::packet_dropped;
    }
    if (times == 0) return text + " (Nagle, or the window)";
    return text + fmt::format("; {}, and it was sent again {}",
                              lost ? "its segment was lost" : "its acknowledgement was lost or late",
                              times == 1 ? "once" : fmt::format("{} times", times));
  }

  // The bytes were there, but TCP hands on in order only: whose bytes were missing?
  void waited_behind(const Transfer& transfer, std::int64_t complete_at, int depth) {
    const Record& sent = *transfer.sent;
    const std::int64_t waited = transfer.received->at - complete_at;
    std::set<std::string> behind;
    for (const Transfer* other : index_.in_range(sent.subject, 0, sent.a)) {
      for (const Record* packet : index_.of_range(Kind::packet_sent, sent.subject, other->sent->a, other->sent->b)) {
        const bool late = is_repair(*packet) && packet->at <= transfer.received->at &&
                          packet->at + 1 > sent.at - waited * 8 && other->received != nullptr &&
                          other->received->at == transfer.received->at;
        if (late) behind.insert(fmt::format("{} of {}", mqtt_name(*other), format_seconds(other->sent->at)));
      }
    }
    std::string list;
    for (const std::string& one : behind) list += (list.empty() ? "" : ", ") + one;
    line(transfer.received->at, depth,
         fmt::format("waited {} in the receive buffer behind the missing bytes{}{}",
                     format_duration(Duration::nanoseconds(waited)), list.empty() ? " before it" : " of ", list));
  }

  std::string mqtt_name(const Transfer& transfer) const {
    constexpr std::string_view names[] = {"?",           "CONNECT",  "CONNACK", "PUBLISH",   "PUBACK",
                                          "PUBREC",      "PUBREL",   "PUBCOMP", "SUBSCRIBE", "SUBACK",
                                          "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP",  "DISCONNECT"};
    std::string name(names[static_cast<std::size_t>(type_of(*transfer.sent)) % 15]);
    if (transfer.sent->key == 0) return name;
    for (const Kind kind : {Kind::message_published, Kind::message_accepted}) {
      for (const Record* r : index_.about(kind, transfer.sent->key))
        return name + " " + std::string(index_.name(r->key));
    }
    return name;
  }

  const MessageIndex& index_;
  std::string title_;
  std::vector<JourneyStep> steps_;
  std::int64_t start_ = 0;
  bool ended_ = false;
  bool waiting_ = false;  // in a session's queue
};

}  // namespace

std::string text_of(const Journey& journey) {
  std::string text = journey.title + "\n";
  for (const JourneyStep& step : journey.steps)
    text += fmt::format("  {:>12}  {:{}}{}\n", "+" + format_duration(Duration::nanoseconds(step.at - journey.begins)),
                        "", step.depth * 2, step.what);
  if (!journey.is_over)
    text += journey.waits ? "  the run ends here; the message still waits\n"
                          : "  the run ends here; the message is still on its way\n";
  return text;
}

tl::expected<Journey, std::string> journey_of(const MessageIndex& index, RecordNumber exchange) {
  const Record* sent = index.record(exchange);
  if (sent == nullptr || sent->kind != Kind::mqtt_sent) return tl::unexpected(std::string("this is no control packet"));
  // An acknowledgement has the journey of the message that it is about.
  const Transfer* told = index.at(exchange);
  while (told->sent->key == 0) {
    const Transfer* before = index.at(told->answer_to);
    if (before == nullptr || !is_of_handshake(*told->sent)) return Teller(index).tell_alone(*told);
    told = before;
  }
  // Back over the hops: a broker's copy has the number that its receipt gave it.
  MessageId message = told->sent->key;
  for (int hop = 0; hop < 16; ++hop) {
    for (const Record* published : index.about(Kind::message_published, message)) return Teller(index).tell(*published);
    const Transfer* before = nullptr;
    for (const Transfer& transfer : index.transfers()) {
      if (transfer.received != nullptr && transfer.received->key == message) before = &transfer;
    }
    if (before == nullptr || before->sent->key == 0) break;
    message = before->sent->key;
  }
  for (const Record* accepted : index.about(Kind::message_accepted, message)) {
    for (const Record* will : index.about(Kind::will_published, static_cast<MessageId>(accepted->b)))
      return Teller(index).tell_will(*will, *accepted);
  }
  return tl::unexpected(std::string("its beginning lies before what is kept of the trace"));
}

tl::expected<std::string, std::string> tell_journey(const MessageIndex& index, std::string_view topic,
                                                    std::uint32_t nth) {
  constexpr LayerMask kNeeded = mask_of(Layer::link) | mask_of(Layer::tcp) | mask_of(Layer::mqtt);
  if (const LayerMask kept = index.trace().header.layers; (kept & kNeeded) != kNeeded)
    return tl::unexpected(fmt::format("a journey needs the layers {}; this trace was kept with {} only",
                                      layers_text(kNeeded), layers_text(kept)));
  std::uint32_t count = 0;
  std::set<std::string_view> topics;
  const Record* will = nullptr;  // whose message is accepted next
  for (const Record& r : index.trace().records) {
    if (r.kind == Kind::will_published) will = &r;
    const bool of_real_client =
        !index.sees_arrivals() && r.kind == Kind::message_accepted && r.b == 0 && packet_behind(index, r) != nullptr;
    const bool of_will = r.kind == Kind::message_accepted && will != nullptr && r.b == will->subject;
    if (r.kind != Kind::message_published && !of_will && !of_real_client) continue;
    topics.insert(index.name(r.key));
    if (!topic.empty() && index.name(r.key) != topic) continue;
    if (++count != nth) continue;
    Teller teller(index);
    return text_of(of_will          ? teller.tell_will(*will, r)
                   : of_real_client ? teller.tell_from_accepted(r)
                                    : teller.tell(r));
  }
  if (count > 0)
    return tl::unexpected(fmt::format("only {} messages were published{}: ask for --nth 1 to {}", count,
                                      topic.empty() ? "" : fmt::format(" to \"{}\"", topic), count));
  const std::vector<std::string_view> names(topics.begin(), topics.end());
  const std::string_view near = nearest(topic, names);
  std::string list;
  for (const std::string_view name : names) {
    if (list.size() < 300) list += (list.empty() ? "" : ", ") + std::string(name);
  }
  if (topics.empty()) return tl::unexpected(std::string("nothing was published in this run"));
  return tl::unexpected(fmt::format("nothing was published to \"{}\"{} (topics: {})", topic,
                                    near.empty() ? "" : fmt::format(": did you mean \"{}\"?", near), list));
}

}  // namespace wirelab
