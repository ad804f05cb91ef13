#include "sim/protocol/dns/resolver.hpp"

#include <array>

#include "sim/trace/traced_timer.hpp"

namespace wirelab::dns {
namespace {

constexpr Duration kPatience = Duration::seconds(5);
constexpr std::uint8_t kAttempts = 2;

}  // namespace

std::string_view name_of(Failure failure) {
  constexpr std::array<std::string_view, 5> names{"none", "no such name", "the name server failed",
                                                  "no answer from the name server", "no name server is known"};
  return names[static_cast<std::size_t>(failure)];
}

Resolver::Resolver(EventQueue& events, Tracer& trace, std::uint64_t seed, EntityId entity, Send send)
    : events_(events),
      trace_(trace),
      entity_(entity),
      send_(std::move(send)),
      luck_(seed, trace.names().text(entity), "dns") {}

Resolver::~Resolver() {
  for (auto& [name, question] : questions_) events_.release(question.timer);
  events_.cancel(ready_event_);
}

void Resolver::resolve(std::string_view text, Done done) {
  const std::uint32_t name = trace_.intern(text);
  if (const auto known = known_.find(name); known != known_.end()) {
    if (known->second.expires > events_.now()) {
      answer_later(std::move(done), {Failure::none, known->second.address});
      return;
    }
    keep(name, {});
  }
  if (server_.value == 0) {
    answer_later(std::move(done), {Failure::no_server, {}});
    return;
  }
  const auto [at, is_new] = questions_.try_emplace(name);
  Question& question = at->second;
  question.waiting.push_back(std::move(done));
  if (!is_new) return;
  question.name = name;
  question.id = static_cast<std::uint16_t>(luck_.bits());
  question.timer = events_.make_timer(on_timer, this, name);
  ask(question);
}

void Resolver::ask(Question& question) {
  ++question.asked;
  wire::DnsMessage message;
  message.id = question.id;
  message.name = trace_.names().text(question.name);
  std::vector<std::uint8_t> bytes;
  encode(message, bytes);
  arm_traced(trace_, question.timer, entity_, Field::dns_timer, events_.now() + kPatience, question.name);
  send_(server_, bytes);
}

void Resolver::on_timer(void* target, std::uint64_t name) {
  auto* self = static_cast<Resolver*>(target);
  record_fired(self->trace_, self->entity_, Field::dns_timer, static_cast<std::uint32_t>(name));
  Question& question = self->questions_.at(static_cast<std::uint32_t>(name));
  if (question.asked < kAttempts) {
    self->ask(question);
  } else {
    self->finish(question.name, {Failure::no_answer, {}});
  }
}

void Resolver::receive(wire::Ipv4Address from, wire::Bytes bytes) {
  const auto message = wire::decode_dns(bytes);
  if (!message || !message->is_response || from != server_) return;
  const std::uint32_t name = trace_.names().find(message->name);
  const auto at = questions_.find(name);
  if (name == 0 || at == questions_.end() || at->second.id != message->id) return;
  if (message->code == wire::DnsCode::no_error && !message->answers.empty()) {
    keep(name, message->answers.front());
    finish(name, {Failure::none, message->answers.front().address});
  } else {
    const bool missing = message->code == wire::DnsCode::name_error || message->code == wire::DnsCode::no_error;
    finish(name, {missing ? Failure::no_such_name : Failure::server_failure, {}});
  }
}

void Resolver::finish(std::uint32_t name, const Answer& answer) {
  const auto at = questions_.find(name);
  disarm_traced(trace_, at->second.timer, entity_, Field::dns_timer, name);
  events_.release(at->second.timer);
  const std::vector<Done> waiting = std::move(at->second.waiting);
  questions_.erase(at);
  trace_.emit(Kind::name_resolved, entity_, 0, static_cast<std::uint16_t>(answer.failure), name, answer.address.value,
              0);
  for (const Done& done : waiting) done(answer);
}

// An address of 0 takes the entry out.
void Resolver::keep(std::uint32_t name, const wire::DnsAddress& answer) {
  const auto before = known_.find(name);
  const Known old = before == known_.end() ? Known{} : before->second;
  const bool lasts = answer.address.value != 0 && answer.time_to_live != 0;
  Known made{};
  if (lasts) made = {answer.address, events_.now() + Duration::seconds(answer.time_to_live)};
  trace_.state(entity_, Field::dns_known, old.address.value, made.address.value, name);
  trace_.state(entity_, Field::dns_expires, old.expires.ns(), made.expires.ns(), name);
  if (lasts) {
    known_[name] = made;
  } else {
    known_.erase(name);
  }
}

void Resolver::answer_later(Done done, const Answer& answer) {
  ready_.emplace_back(std::move(done), answer);
  if (ready_.size() == 1) ready_event_ = events_.schedule(events_.now(), on_ready, this, 0);
}

void Resolver::on_ready(void* target, std::uint64_t) {
  const auto ready = std::move(static_cast<Resolver*>(target)->ready_);
  static_cast<Resolver*>(target)->ready_.clear();
  for (const auto& [done, answer] : ready) done(answer);
}

void Resolver::forget() {
  while (!questions_.empty()) {
    const auto at = questions_.begin();
    disarm_traced(trace_, at->second.timer, entity_, Field::dns_timer, at->first);
    events_.release(at->second.timer);
    questions_.erase(at);
  }
  while (!known_.empty()) keep(known_.begin()->first, {});
  ready_.clear();
  events_.cancel(ready_event_);
}

void Resolver::visit_state(StateVisitor& visitor) const {
  for (const auto& [name, question] : questions_)
    visitor.value(entity_, Field::dns_timer, name, deadline_of(events_, question.timer));
  for (const auto& [name, known] : known_) {
    visitor.value(entity_, Field::dns_known, name, known.address.value);
    visitor.value(entity_, Field::dns_expires, name, known.expires.ns());
  }
}

}  // namespace wirelab::dns
