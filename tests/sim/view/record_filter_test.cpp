#include <catch2/catch.hpp>

#include "sim/trace/tracer.hpp"
#include "sim/view/record_filter.hpp"

using namespace wirelab;

namespace {

struct Trace {
  Trace() {
    hub = tracer.define(EntityKind::broker, "hub");
    const EntityId link = tracer.define(EntityKind::link, "home>hub");
    tracer.emit(Kind::message_published, hub, 1, std::uint16_t{2}, tracer.intern("a/b"), 5, 0);
    tracer.emit(Kind::packet_dropped, link, 0, DropReason::loss);
    tracer.emit(Kind::message_published, hub, 2, std::uint16_t{0}, tracer.intern("c"), 5, 0);
    tracer.flush();
  }
  // The numbers of the records that pass, behind the two definitions.
  std::string passes(std::string_view text) {
    const auto filter = RecordFilter::parse(text);
    if (!filter) return filter.error();
    const TraceStore::Reader reader(*store);
    std::string all;
    for (RecordNumber n = reader.first() + 2; n <= reader.last(); ++n)
      if (filter->lets_pass(reader, n)) all += std::to_string(n - 2);
    return all;
  }
  EventQueue events;
  std::shared_ptr<TraceStore> store = std::make_shared<TraceStore>();
  Tracer tracer{events, store};
  EntityId hub = 0;
};

}  // namespace

TEST_CASE("records pass a filter of comparisons and words") {
  Trace trace;
  CHECK(trace.passes("") == "123");
  CHECK(trace.passes("hub") == "123");
  CHECK(trace.passes("hub a/b") == "1");
  CHECK(trace.passes("kind == packet_dropped") == "2");
  CHECK(trace.passes("layer != link") == "13");
  CHECK(trace.passes("qos == 2") == "1");
  CHECK(trace.passes("qos < 2") == "3");
  CHECK(trace.passes("topic == \"a/b\" or kind contains dropped") == "12");
  CHECK(trace.passes("not (topic == c || layer == link)") == "1");
  CHECK(trace.passes("node == hub && !topic contains /") == "3");
  CHECK(trace.passes("time > 0.5") == "");
  CHECK(trace.passes("time >= 0 and text contains \"loss\"") == trace.passes("kind == packet_dropped"));
}

TEST_CASE("a wrong filter says what is wrong") {
  Trace trace;
  CHECK(trace.passes("laier == tcp").find("did you mean \"layer\"?") != std::string::npos);
  CHECK(trace.passes("qos == two").find("compared with a number") != std::string::npos);
  CHECK(trace.passes("layer < tcp").find("==, != or contains") != std::string::npos);
  CHECK(trace.passes("(a").find("not closed") != std::string::npos);
  CHECK(trace.passes("a)").find("was not opened") != std::string::npos);
  CHECK(trace.passes("layer ==").find("a value is missing") != std::string::npos);
  CHECK(trace.passes("\"a").find("quotation mark") != std::string::npos);
  CHECK(trace.passes("a or").find("missing at the end") != std::string::npos);
  CHECK(trace.passes("== 5").find("where a field") != std::string::npos);
  CHECK(trace.passes(std::string(300, '(')).find("hundred brackets") != std::string::npos);
}
