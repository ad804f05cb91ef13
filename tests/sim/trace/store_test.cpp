#include "sim/trace/store.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "sim/trace/tracer.hpp"

using namespace wirelab;

TEST_CASE("readers see whole records while the writer goes on, and eviction waits for them") {
  EventQueue events;
  auto store = std::make_shared<TraceStore>(std::size_t{2} << 20);
  Tracer trace(events, store);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> looked{0};
  std::atomic<bool> wrong{false};
  std::thread reader_thread([&] {
    while (!done.load() || looked.load() == 0) {
      const TraceStore::Reader reader(*store);
      if (reader.last() < reader.first()) continue;
      for (const RecordNumber n : {reader.first(), (reader.first() + reader.last()) / 2, reader.last()}) {
        const Record& record = reader.record(n);
        // Every record says of itself which it is, and its blob and name say the same.
        if (record.a != static_cast<std::int64_t>(n)) wrong = true;
        if (record.key != 0 && reader.text(record.key) != "record " + std::to_string(n)) wrong = true;
        if (reader.name(record.entity) != "entity " + std::to_string(n % 5000)) wrong = true;
        ++looked;
      }
    }
  });
  for (RecordNumber n = 1; n <= 200'000; ++n) {
    const std::string entity = "entity " + std::to_string(n % 5000);
    const BlobNumber text = n % 3 == 0 ? trace.text("record " + std::to_string(n)) : 0;
    trace.emit(Kind::logged, trace.intern(entity), 0, std::uint16_t{0}, text, static_cast<std::int64_t>(n));
    if (n % 100 == 0) trace.flush();
  }
  trace.flush();
  done = true;
  reader_thread.join();
  CHECK_FALSE(wrong);
  CHECK(looked > 0);
  const TraceStore::Reader reader(*store);
  CHECK(reader.last() == 200'000);
  CHECK(store->dropped() > 0);
  CHECK(reader.first() == store->dropped() + 1);
}

TEST_CASE("a digest does not depend on how often the trace is flushed, but on every field") {
  const auto digest = [](int flush_every, int change) {
    EventQueue events;
    Tracer trace(events);
    for (int i = 0; i < 5000; ++i) {
      const std::uint8_t packet[] = {static_cast<std::uint8_t>(i),
                                     static_cast<std::uint8_t>(change == 1 && i == 77 ? 1 : 0)};
      trace.emit(Kind::packet_sent, 1, 0, std::uint16_t{0}, trace.packet(packet), change == 2 && i == 4321 ? 1 : 0);
      trace.text("beside");
      if (i % flush_every == 0) trace.flush();
    }
    return trace.digest();
  };
  const DigestTexts first = digest(1, 0);
  CHECK(digest(977, 0).everything == first.everything);
  CHECK(digest(977, 0).wire == first.wire);
  CHECK(digest(1, 1).everything != first.everything);
  CHECK(digest(1, 1).wire != first.wire);
  CHECK(digest(1, 1).order == first.order);
  CHECK(digest(1, 2).everything != first.everything);
  CHECK(digest(1, 2).wire == first.wire);
}

TEST_CASE("looking up by time finds the first record of an instant") {
  EventQueue events;
  auto store = std::make_shared<TraceStore>();
  struct Writer {
    Tracer* trace;
    static void fire(void* self, std::uint64_t) { static_cast<Writer*>(self)->trace->emit(Kind::logged, 0); }
  };
  Tracer trace(events, store);
  Writer writer{&trace};
  for (int i = 0; i < 3000; ++i) events.schedule(Instant::from_ns(i / 3 * 10), Writer::fire, &writer);
  events.run_until(Instant::from_ns(100'000));
  trace.flush();
  const TraceStore::Reader reader(*store);
  CHECK(reader.at_or_after(0) == 1);
  CHECK(reader.at_or_after(10) == 4);
  CHECK(reader.at_or_after(11) == 7);
  CHECK(reader.at_or_after(1'000'000) == reader.last() + 1);
}

TEST_CASE("a store that keeps some layers drops the others' records and packets, under the numbers that they had") {
  EventQueue events;
  auto store = std::make_shared<TraceStore>(std::size_t{4} << 30, mask_of(Layer::mqtt));
  struct Writer {
    Tracer* trace;
    static void fire(void* self, std::uint64_t i) {
      Tracer& trace = *static_cast<Writer*>(self)->trace;
      const std::uint8_t packet[1000] = {static_cast<std::uint8_t>(i)};
      trace.emit(Kind::packet_sent, 1, 0, std::uint16_t{0}, trace.packet(packet));
      if (i % 3 == 0) trace.emit(Kind::message_published, 2, static_cast<std::uint32_t>(i));
      if (i % 700 == 0) trace.emit(Kind::session_event, 2, 0, SessionEvent::protocol_error, trace.text("text"));
      if (i % 50 == 0) trace.flush();
    }
  };
  Tracer trace(events, store);
  Writer writer{&trace};
  for (std::uint64_t i = 0; i < 20'000; ++i)
    events.schedule(Instant::from_ns(static_cast<std::int64_t>(i) * 10), Writer::fire, &writer, i);
  events.run_until(Instant::from_ns(1'000'000));
  trace.flush();
  const TraceStore::Reader reader(*store);
  CHECK(reader.first() == 1);
  CHECK(reader.last() == trace.records());
  RecordNumber n = 1;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    REQUIRE(reader.record(n++).kind == Kind::none);
    if (i % 3 == 0) {
      REQUIRE(reader.record(n).kind == Kind::message_published);
      REQUIRE(reader.record(n).subject == i);
      REQUIRE(reader.at_or_after(static_cast<std::int64_t>(i) * 10) == n++);
    }
    if (i % 700 == 0) REQUIRE(reader.text(reader.record(n++).key) == "text");
  }
  CHECK(reader.blob(1).empty());
  CHECK(reader.at_or_after(1'000'000) == reader.last() + 1);
}
