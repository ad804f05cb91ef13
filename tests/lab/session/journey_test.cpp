// Journeys of what carries no message of its own: acknowledgements have that of their message, others tell of themselves.
#include "sim/view/journey.hpp"

#include "lab/session/session.hpp"
#include "tests/lab/script/scenario_test.hpp"

using namespace wirelab;
using namespace wirelab::test;

namespace {

struct Ran {
  explicit Ran(const char* path) {
    SessionSetup setup;
    setup.path = path;
    setup.source = file_text(path);
    auto begun = Session::begin(std::move(setup));
    if (!begun) FAIL(begun.error().text);
    session = std::move(*begun);
    REQUIRE(session->run(session->end(), ~std::uint64_t{0}));
    trace = load_trace(*session->store(), {});
  }
  std::unique_ptr<Session> session;
  LoadedTrace trace;
};

bool is_dropped(const MessageIndex& index, const Transfer& transfer) {
  for (const Record* packet :
       index.of_range(Kind::packet_sent, transfer.sent->subject, transfer.sent->a, transfer.sent->b)) {
    for (const Record* r : index.of_blob(packet->key)) {
      if (r->kind == Kind::packet_dropped) return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("an acknowledgement that was lost stands in the journey of its message, with what repaired it") {
  const Ran ran("scenarios/qos.lua");
  const MessageIndex index(ran.trace);
  int told = 0;
  for (const Transfer& transfer : index.transfers()) {
    const int type = transfer.sent->field >> 4;
    if (type < 4 || type > 7 || !is_dropped(index, transfer)) continue;
    CAPTURE(transfer.sent_number, type);
    const auto journey = journey_of(index, transfer.sent_number);
    REQUIRE(journey);
    const std::string text = text_of(*journey);
    INFO(text);
    CHECK(text.find("; lost: ") != std::string::npos);
    CHECK(text.find(type == 4   ? "PUBACK"
                    : type == 5 ? "PUBREC"
                    : type == 6 ? "PUBREL"
                                : "PUBCOMP") != std::string::npos);
    // It is the journey of the PUBLISH at its beginning.
    const Transfer* first = &transfer;
    while (index.at(first->answer_to) != nullptr && (first->sent->field >> 4) > 3) first = index.at(first->answer_to);
    REQUIRE((first->sent->field >> 4) == 3);
    CHECK(text_of(*journey_of(index, first->sent_number)) == text);
    ++told;
  }
  CHECK(told > 3);
}

TEST_CASE("every control packet has a journey") {
  for (const char* const path : {"scenarios/qos.lua", "scenarios/last_will.lua", "scenarios/outage.lua"}) {
    const Ran ran(path);
    const MessageIndex index(ran.trace);
    for (const Transfer& transfer : index.transfers()) {
      const auto journey = journey_of(index, transfer.sent_number);
      CAPTURE(path, transfer.sent_number);
      REQUIRE(journey);
      const std::string text = text_of(*journey);
      if ((transfer.sent->field >> 4) != 1) continue;
      // A connection's beginning: the answer belongs to it.
      CHECK(text.starts_with("CONNECT from "));
      if (transfer.received != nullptr) CHECK(text.find("answers CONNACK") != std::string::npos);
    }
  }
}
