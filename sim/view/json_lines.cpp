#include "sim/view/json_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/kernel/nearest.hpp"
#include "sim/view/names_of.hpp"

namespace wirelab {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kTraceFormat = 1;
constexpr RecordNumber kLongestGap = 10'000'000;  // of records that a filter left out

bool names_entity_as_subject(Kind kind) { return kind == Kind::defined; }
bool key_is_blob(Kind kind) {
  switch (kind) {
    case Kind::packet_sent:
    case Kind::packet_transmitted:
    case Kind::packet_arrived:
    case Kind::packet_dropped:
    case Kind::logged:
    case Kind::icmp_received:
    case Kind::hop_sent:
    case Kind::hop_received:
    case Kind::hop_failed:
    case Kind::hop_frame:
    case Kind::tls_content:
    case Kind::expectation_failed: return true;
    default: return false;
  }
}
bool key_is_name(const Record& r) {
  switch (r.kind) {
    case Kind::message_published:
    case Kind::message_accepted:
    case Kind::message_delivered:
    case Kind::http_sent:
    case Kind::http_received:
    case Kind::http_failed: return true;
    case Kind::state:
      return static_cast<Field>(r.field) == Field::session_subscription ||
             static_cast<Field>(r.field) == Field::broker_retained;
    default: return false;
  }
}

std::string_view field_name(const Record& r) {
  switch (r.kind) {
    case Kind::state:
    case Kind::timer_fired: return name_of(static_cast<Field>(r.field));
    case Kind::defined: return name_of(static_cast<EntityKind>(r.field));
    case Kind::packet_dropped: return name_of(static_cast<DropReason>(r.field));
    case Kind::retransmission: return name_of(static_cast<RetransmitReason>(r.field));
    case Kind::message_lost: return name_of(static_cast<LossReason>(r.field));
    case Kind::session_event: return name_of(static_cast<SessionEvent>(r.field));
    case Kind::will_published: return name_of(static_cast<WillCause>(r.field));
    case Kind::program_event: return name_of(static_cast<ProgramEvent>(r.field));
    default: return {};
  }
}

// Whether name_of() has a word for the record's field.
bool field_is_known(const Record& r) {
  const auto below = [&](auto count) { return r.field < static_cast<std::uint16_t>(count); };
  switch (r.kind) {
    case Kind::state:
    case Kind::timer_fired: return below(Field::count_);
    case Kind::defined: return below(EntityKind::count_);
    case Kind::packet_dropped: return below(DropReason::count_);
    case Kind::retransmission: return below(RetransmitReason::count_);
    case Kind::message_lost: return below(LossReason::count_);
    case Kind::session_event: return below(SessionEvent::count_);
    case Kind::will_published: return below(WillCause::count_);
    case Kind::program_event: return below(ProgramEvent::count_);
    default: return true;
  }
}

std::string hex(wire::Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  constexpr char digits[] = "0123456789abcdef";
  for (const std::uint8_t b : bytes) {
    text += digits[b >> 4];
    text += digits[b & 15];
  }
  return text;
}

// JSON needs valid UTF-8; anything else is replaced for reading, the bytes are in "hex".
std::string safe(std::string_view text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string layers_text(LayerMask layers) {
  std::string text;
  for (unsigned i = 0; i < static_cast<unsigned>(Layer::count_); ++i) {
    if ((layers & mask_of(static_cast<Layer>(i))) == 0) continue;
    text += text.empty() ? "" : ",";
    text += name_of(static_cast<Layer>(i));
  }
  return text;
}

tl::expected<LayerMask, std::string> parse_layers(std::string_view text) {
  std::vector<std::string_view> names;
  for (unsigned i = 0; i < static_cast<unsigned>(Layer::count_); ++i) names.push_back(name_of(static_cast<Layer>(i)));
  LayerMask layers = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const auto at = std::find(names.begin(), names.end(), word);
    if (at == names.end()) {
      const std::string_view near = nearest(word, names);
      return tl::unexpected(fmt::format("there is no layer \"{}\"{}; the layers are {}", word,
                                        near.empty() ? "" : fmt::format(": did you mean \"{}\"?", near),
                                        layers_text(kAllLayers)));
    }
    layers |= mask_of(static_cast<Layer>(at - names.begin()));
  }
  return layers;
}

std::string trace_header_line(const TraceHeader& header) {
  Json json;
  json["wirelab_trace"] = kTraceFormat;
  json["scenario"] = header.scenario;
  json["seed"] = header.seed;
  json["digest"] = header.digest;
  if (header.layers != kAllLayers) json["layers"] = layers_text(header.layers);
  return json.dump() + "\n";
}

std::string trace_end_line(RecordNumber last) { return fmt::format("{{\"end\":{}}}\n", last); }

std::string trace_line(const TraceStore::Reader& reader, RecordNumber number) {
  const Record& r = reader.record(number);
  if (r.kind == Kind::none) return {};
  std::string line = fmt::format("{{\"n\":{},\"at\":{},\"kind\":\"{}\"", number, r.at, name_of(r.kind));
  if (r.cause != 0) line += fmt::format(",\"cause\":{}", r.cause);
  if (r.entity != 0) line += ",\"entity\":" + safe(reader.name(r.entity));
  if (r.field != 0) {
    line += fmt::format(",\"field\":{}", r.field);
    if (const auto name = field_name(r); !name.empty()) line += fmt::format(",\"is\":\"{}\"", name);
  }
  if (r.subject != 0)
    line += names_entity_as_subject(r.kind) ? ",\"owner\":" + safe(reader.name(r.subject))
                                            : fmt::format(",\"subject\":{}", r.subject);
  if (r.key != 0) line += key_is_name(r) ? ",\"name\":" + safe(reader.name(r.key)) : fmt::format(",\"key\":{}", r.key);
  if (r.a != 0) line += fmt::format(",\"a\":{}", r.a);
  if (r.b != 0) line += fmt::format(",\"b\":{}", r.b);
  if (r.kind == Kind::packet_sent) {
    const auto bytes = reader.blob(r.key);
    line += ",\"packet\":" + safe(describe_packet(bytes)) + ",\"hex\":\"" + hex(bytes) + "\"";
  } else if (r.kind == Kind::hop_sent || r.kind == Kind::hop_received) {
    line += ",\"hex\":\"" + hex(reader.blob(r.key)) + "\"";
  } else if (r.kind == Kind::logged || r.kind == Kind::expectation_failed ||
             (r.kind == Kind::session_event && r.key != 0 &&
              static_cast<SessionEvent>(r.field) == SessionEvent::protocol_error)) {
    line += ",\"text\":" + safe(reader.text(r.key));
  }
  return line + "}\n";
}

LoadedTrace load_trace(TraceStore& store, TraceHeader header) {
  const TraceStore::Reader reader(store);
  header.layers = store.layers();
  return load_trace(reader, std::move(header), reader.first(), reader.last());
}

LoadedTrace load_trace(const TraceStore::Reader& reader, TraceHeader header, RecordNumber from, RecordNumber to) {
  LoadedTrace trace;
  trace.header = std::move(header);
  trace.first = std::max(from, reader.first());
  std::uint32_t most_name = 0;
  std::uint32_t most_blob = 0;
  for (RecordNumber n = trace.first; n <= std::min(to, reader.last()); ++n) {
    const Record& r = reader.record(n);
    trace.records.push_back(r);
    most_name = std::max(most_name, r.entity);
    if (names_entity_as_subject(r.kind)) most_name = std::max(most_name, r.subject);
    if (key_is_name(r)) most_name = std::max(most_name, r.key);
    if (key_is_blob(r.kind)) most_blob = std::max(most_blob, r.key);
  }
  for (std::uint32_t i = 0; i <= most_name; ++i) trace.names.emplace_back(reader.name(i));
  for (std::uint32_t i = 1; i <= most_blob; ++i) trace.blobs.emplace_back(reader.text(i));
  return trace;
}

tl::expected<LoadedTrace, TraceError> parse_trace(std::string_view text) {
  LoadedTrace trace;
  trace.names.emplace_back();
  std::map<std::string, std::uint32_t> ids{{"", 0}};
  const auto id_of = [&](const Json& json, const char* key) -> std::uint32_t {
    const auto at = json.find(key);
    if (at == json.end() || !at->is_string()) return 0;
    const auto [found, is_new] =
        ids.try_emplace(at->get<std::string>(), static_cast<std::uint32_t>(trace.names.size()));
    if (is_new) trace.names.push_back(found->first);
    return found->second;
  };
  std::map<std::string, Kind, std::less<>> kinds;
  for (std::uint16_t k = 0; k < static_cast<std::uint16_t>(Kind::count_); ++k)
    kinds[std::string(name_of(static_cast<Kind>(k)))] = static_cast<Kind>(k);
  const auto number = [](const Json& json, const char* key) -> std::int64_t {
    const auto at = json.find(key);
    return at != json.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
  };
  int line_number = 0;
  bool whole = false;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return tl::unexpected(TraceError{line_number, "not a JSON object; a trace has one a line"});
    if (line_number == 1) {
      if (number(json, "wirelab_trace") != kTraceFormat)
        return tl::unexpected(
            TraceError{1, "this is no trace that this program can read: the first line must say \"wirelab_trace\":1"});
      const auto word = [&](const char* key, const std::string& otherwise) {
        const auto at = json.find(key);
        return at != json.end() && at->is_string() ? at->get<std::string>() : otherwise;
      };
      trace.header.scenario = word("scenario", "");
      trace.header.seed = static_cast<std::uint64_t>(number(json, "seed"));
      trace.header.digest = word("digest", "");
      if (const auto layers = parse_layers(word("layers", layers_text(kAllLayers)))) {
        trace.header.layers = *layers;
      } else {
        return tl::unexpected(TraceError{1, layers.error()});
      }
      continue;
    }
    if (json.contains("end")) {
      const auto last = static_cast<RecordNumber>(number(json, "end"));
      const RecordNumber next = trace.first + trace.records.size();
      // What a filter left out at the end is not missing.
      if (trace.header.layers != kAllLayers && last >= next && last - next < kLongestGap)
        trace.records.resize(static_cast<std::size_t>(last - trace.first + 1));
      whole = last + 1 == trace.first + trace.records.size();
      if (!text.empty()) return tl::unexpected(TraceError{line_number, "lines follow after the end"});
      continue;
    }
    Record r;
    const auto kind =
        json.contains("kind") && json["kind"].is_string() ? kinds.find(json["kind"].get<std::string>()) : kinds.end();
    if (kind == kinds.end()) return tl::unexpected(TraceError{line_number, "the record has no kind that is known"});
    r.kind = kind->second;
    const auto n = static_cast<RecordNumber>(number(json, "n"));
    if (trace.records.empty()) trace.first = n;
    const RecordNumber next = trace.first + trace.records.size();
    const bool may_skip = trace.header.layers != kAllLayers && n > next && n - next < kLongestGap;
    if (n != next && !may_skip)
      return tl::unexpected(TraceError{line_number, fmt::format("record {} is missing", next)});
    trace.records.resize(static_cast<std::size_t>(n - trace.first));
    r.at = number(json, "at");
    r.cause = static_cast<RecordNumber>(number(json, "cause"));
    r.entity = id_of(json, "entity");
    r.field = static_cast<std::uint16_t>(number(json, "field"));
    r.subject =
        names_entity_as_subject(r.kind) ? id_of(json, "owner") : static_cast<std::uint32_t>(number(json, "subject"));
    r.key = key_is_name(r) ? id_of(json, "name") : static_cast<std::uint32_t>(number(json, "key"));
    r.a = number(json, "a");
    r.b = number(json, "b");
    if (key_is_blob(r.kind) && r.key != 0 && (json.contains("hex") || json.contains("text"))) {
      if (r.key > 100'000'000) return tl::unexpected(TraceError{line_number, "the key is out of range"});
      if (trace.blobs.size() < r.key) trace.blobs.resize(r.key);
      std::string& blob = trace.blobs[r.key - 1];
      if (json.contains("text")) {
        blob = json["text"].is_string() ? json["text"].get<std::string>() : "";
      } else {
        const std::string digits = json["hex"].is_string() ? json["hex"].get<std::string>() : "";
        const auto value = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
        for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
          blob += static_cast<char>((value(digits[i]) << 4) | value(digits[i + 1]));
      }
    }
    if (r.cause >= n) return tl::unexpected(TraceError{line_number, "a record cannot have a later one for its cause"});
    if (!field_is_known(r))
      return tl::unexpected(TraceError{line_number, fmt::format("field {} is not known", r.field)});
    trace.records.push_back(r);
  }
  if (line_number == 0) return tl::unexpected(TraceError{1, "the file is empty"});
  if (!whole) return tl::unexpected(TraceError{line_number, "the trace is not whole: its last line is missing"});
  return trace;
}

}  // namespace wirelab
