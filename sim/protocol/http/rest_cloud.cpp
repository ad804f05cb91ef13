#include "sim/protocol/http/rest_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/protocol/http/http_date.hpp"
#include "sim/wire/url.hpp"

namespace wirelab::http {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kFirstFeed = 1'814'812;  // as in the course's sample, whose length the others have, too
constexpr std::int64_t kFeedKeeps = 30 * 86'400;
constexpr int kDeepest = 32;

Response json_response(int status, std::string body) {
  return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

Response error(int status, std::string_view message) {
  return json_response(status, Json{{"status", "error"}, {"message", message}}.dump());
}

Response not_allowed(std::string_view allowed) {
  Response response = error(405, "Method not allowed here");
  response.fields.push_back({"Allow", std::string(allowed)});
  return response;
}

// What is nested deeper than anybody needs would be written again by a function that calls itself as often.
bool is_shallow(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_text && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_text = !in_text;
    } else if (!in_text && (text[i] == '{' || text[i] == '[')) {
      if (++depth > kDeepest) return false;
    } else if (!in_text && (text[i] == '}' || text[i] == ']')) {
      --depth;
    }
  }
  return true;
}

// An object, or nothing.
std::optional<Json> parse_object(const std::string& text) {
  if (!is_shallow(text)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::optional<std::string> text_in(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end()) return std::nullopt;
  if (at->is_string()) return at->get<std::string>();
  return at->is_primitive() && !at->is_null() ? std::optional(at->dump()) : std::nullopt;
}

std::optional<std::string> query_value(const Request& request, std::string_view name) {
  const auto form = wire::parse_form(wire::query_of(request.target));
  if (!form) return std::nullopt;
  for (const auto& [key, value] : *form) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// Prefer: wait=N (RFC 7240, 4.3); 0 where it does not stand there.
std::int64_t wait_of(const Request& request) {
  const std::string* prefer = find(request.fields, "Prefer");
  const std::size_t at = prefer == nullptr ? std::string::npos : prefer->find("wait=");
  if (at == std::string::npos) return 0;
  std::int64_t seconds = 0;
  std::from_chars(prefer->data() + at + 5, prefer->data() + prefer->size(), seconds);
  return std::clamp<std::int64_t>(seconds, 0, 86'400);
}

bool is_good_name(const std::string& name) { return !name.empty() && name.size() <= 200; }

// Digits that look like chance and are the same for the same numbers (SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::string digits(std::uint64_t seed, std::string_view alphabet, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += alphabet[mixed(seed + i) % alphabet.size()];
  return text;
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's, as in the sample's "id"

// What the course's sample brings beside its content, field by field, in HTTP/1.1's way.
Fields feed_fields(const std::string& tag, std::uint64_t seed) {
  return {
      {"Content-Type", "application/json; charset=utf-8"},
      {"X-Frame-Options", "SAMEORIGIN"},
      {"X-XSS-Protection", "1; mode=block"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Download-Options", "noopen"},
      {"X-Permitted-Cross-Domain-Policies", "none"},
      {"Referrer-Policy", "strict-origin-when-cross-origin"},
      {"X-AIO-Worker", "io-rails-2"},
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Allow-Credentials", "false"},
      {"Access-Control-Request-Method", "*"},
      {"Access-Control-Allow-Methods", "POST, PUT, DELETE, GET, OPTIONS, PATCH"},
      {"Access-Control-Allow-Headers", "DNT, Origin, X-Requested-With, X-AIO-Key, Content-Type, Accept, Authorization"},
      {"Access-Control-Expose-Headers",
       "X-Pagination-Limit, X-Pagination-Start, X-Pagination-End, X-Pagination-Count, X-Pagination-Total"},
      {"Access-Control-Max-Age", "1728000"},
      {"ETag", tag},
      {"Cache-Control", "max-age=0, private, must-revalidate"},
      {"X-Request-Id", digits(seed, kHex, 8) + "-" + digits(seed + 8, kHex, 4) + "-" + digits(seed + 12, kHex, 4) +
                           "-" + digits(seed + 16, kHex, 4) + "-" + digits(seed + 20, kHex, 4)},
      {"X-Runtime", "0.033960"},
      {"X-AIO-Proxy", "1"},
      {"Strict-Transport-Security", "max-age=31536000"},
      {"Permissions-Policy", "interest-cohort=()"}};
}

}  // namespace

bool RestCloud::may_enter(const Request& request) const {
  if (settings_.api_key.empty()) return true;
  for (const char* name : {"X-AIO-Key", "X-API-Key"}) {
    const std::string* key = find(request.fields, name);
    if (key != nullptr) return *key == settings_.api_key;
  }
  const std::string* bearer = find(request.fields, "Authorization");
  return bearer != nullptr && *bearer == "Bearer " + settings_.api_key;
}

void RestCloud::handle(Exchange& exchange) {
  const Request& request = exchange.request();
  if (!may_enter(request)) {
    Response refused = error(401, "This needs the key, in X-AIO-Key or X-API-Key");
    refused.fields.push_back({"WWW-Authenticate", "Bearer"});
    exchange.answer(std::move(refused));
    return;
  }
  const auto path = wire::path_of(request.target);
  std::string waits_for;
  Response response = path ? route(request, *path, waits_for) : error(400, "The path is malformed");
  const std::int64_t wait = wait_of(request);
  if (waits_for.empty() || wait == 0) {
    exchange.answer(std::move(response));
    return;
  }
  waiting_.push_back({&exchange, std::move(waits_for)});
  set_waiting(waiting_.size() - 1);
  exchange.wait(std::min(Duration::seconds(wait), settings_.longest_wait));
}

Response RestCloud::route(const Request& request, const Path& path, std::string& waits_for) {
  const auto is = [&](std::initializer_list<std::string_view> parts) {
    return std::equal(path.begin(), path.end(), parts.begin(), parts.end());
  };
  if (is({"api", "v1", "devices"})) return devices_request(request);
  if (is({"api", "v1", "data"})) return data_request(request);
  if (is({"api", "v1", "data", "latest"})) return latest_request(request, waits_for);
  const bool is_feed = path.size() >= 6 && path[0] == "api" && path[1] == "v2" && path[3] == "feeds" &&
                       path[5] == "data" && (path.size() == 6 || (path.size() == 7 && path[6] == "last"));
  if (is_feed) return feed_request(request, path, waits_for);
  return error(404, "There is nothing at this path");
}

Response RestCloud::devices_request(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") {
    Json list = Json::array();
    for (const auto& [id, device] : devices_)
      list.push_back({{"device_id", id}, {"type", device.type}, {"status", "online"}});
    return json_response(200, Json{{"devices", list}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  if (request.method != "POST") return not_allowed("GET, HEAD, POST");
  const auto json = parse_object(request.body);
  if (!json)
    return error(400, "The body is no JSON object, as {\"device_id\": \"sensor-001\", \"type\": \"temperature\"}");
  const auto id = text_in(*json, "device_id");
  if (!id || !is_good_name(*id)) return error(422, "\"device_id\" is missing, or longer than 200 bytes");
  const bool is_new = !devices_.contains(*id);
  if (is_new && devices_.size() >= settings_.most_devices)
    return error(507, "There are as many devices as are allowed");
  Device& device = devices_[*id];
  if (is_new) device.number = static_cast<std::uint32_t>(devices_.size());
  device.type = text_in(*json, "type").value_or(text_in(*json, "device_type").value_or(""));
  return json_response(is_new ? 201 : 200, Json{{"status", "ok"}, {"device_id", *id}}.dump());
}

Response RestCloud::data_request(const Request& request) {
  if (request.method != "POST") return not_allowed("POST");
  const auto json = parse_object(request.body);
  if (!json)
    return error(400, "The body is no JSON object, as {\"device_id\": \"sensor-001\", \"readings\": {\"temp\": 22.5}}");
  const auto id = text_in(*json, "device_id");
  const auto readings = json->find("readings");
  if (!id || readings == json->end()) return error(422, "\"device_id\" or \"readings\" is missing");
  const auto found = devices_.find(*id);
  if (found == devices_.end()) return error(404, "Unknown device");
  found->second.latest = readings->dump();
  ++found->second.count;
  stored("v1/" + *id);
  return json_response(201, Json{{"status", "ok"}, {"points_stored", readings_}}.dump());
}

Response RestCloud::latest_of(const Device& device) const {
  Response response = json_response(200, device.latest);
  response.fields.push_back({"ETag", fmt::format("\"{}-{}\"", device.number, device.count)});
  response.fields.push_back({"Cache-Control", "no-cache"});
  return response;
}

Response RestCloud::latest_request(const Request& request, std::string& waits_for) {
  if (request.method != "GET" && request.method != "HEAD") return not_allowed("GET, HEAD");
  const auto id = query_value(request, "device_id");
  if (!id) return error(400, "Which device? Write ?device_id=sensor-001 behind the path");
  const auto found = devices_.find(*id);
  if (found == devices_.end()) return error(404, "Unknown device");
  const std::string* known = find(request.fields, "If-None-Match");
  Response response = found->second.latest.empty() ? error(404, "No data yet") : latest_of(found->second);
  const std::string* tag = find(response.fields, "ETag");
  if (tag == nullptr || (known != nullptr && *known == *tag)) waits_for = "v1/" + *id;
  return response;
}

Response RestCloud::last_of(const Feed& feed) const {
  return {200, feed_fields(feed.values.front().tag, feed.id * 1000 + feed.count), feed.values.front().json};
}

Response RestCloud::feed_request(const Request& request, const Path& path, std::string& waits_for) {
  const std::string& user = path[2];
  const std::string& key = path[4];
  const bool last = path.size() == 7;
  if (!is_good_name(user) || !is_good_name(key)) return error(404, "not found");
  if (request.method == "POST" && !last) return store_value(request, user, key);
  if (request.method != "GET" && request.method != "HEAD") return not_allowed(last ? "GET, HEAD" : "GET, HEAD, POST");
  const std::string name = user + "/" + key;
  const auto found = feeds_.find(name);
  if (found == feeds_.end()) {
    if (last) waits_for = "v2/" + name;
    return json_response(404, "{\"error\":\"not found - API documentation can be found at docs/http.md\"}");
  }
  const Feed& feed = found->second;
  if (last) {
    const std::string* known = find(request.fields, "If-None-Match");
    if (known != nullptr && *known == feed.values.front().tag) waits_for = "v2/" + name;
    return last_of(feed);
  }
  std::string list;
  for (const Value& value : feed.values) list += (list.empty() ? "[" : ",") + value.json;
  return json_response(200, list + "]");
}

// "value=24" as a form, or {"value": 24}.
Response RestCloud::store_value(const Request& request, const std::string& user, const std::string& key) {
  std::optional<std::string> value;
  const std::string* type = find(request.fields, "Content-Type");
  if (type != nullptr && type->starts_with("application/json")) {
    if (const auto json = parse_object(request.body)) value = text_in(*json, "value");
  } else if (const auto form = wire::parse_form(request.body)) {
    for (const auto& [name, text] : *form) {
      if (name == "value") value = text;
    }
  }
  if (!value) return error(422, "There is no value: write value=24 as a form, or {\"value\": 24} as JSON");
  const std::string name = user + "/" + key;
  if (!feeds_.contains(name) && feeds_.size() >= settings_.most_devices)
    return error(507, "There are as many feeds as are allowed");
  const auto [at, is_new] = feeds_.try_emplace(name);
  Feed& feed = at->second;
  if (is_new) feed.id = kFirstFeed + static_cast<std::uint32_t>(feeds_.size()) - 1;
  ++feed.count;
  const std::int64_t now = settings_.epoch + events_.now().ns() / 1'000'000'000;
  const std::uint64_t seed = mixed(feed.id * 1'000'003 + feed.count);
  const Json json{{"id", "0E" + digits(seed, kBase32, 24)},
                  {"value", *value},
                  {"feed_id", feed.id},
                  {"feed_key", key},
                  {"created_at", iso_date(now)},
                  {"created_epoch", now},
                  {"expiration", iso_date(now + kFeedKeeps)}};
  feed.values.push_front(
      {json.dump(-1, ' ', false, Json::error_handler_t::replace), "W/\"" + digits(seed + 64, kHex, 26) + "\""});
  if (feed.values.size() > kKept) feed.values.pop_back();
  Response response = last_of(feed);
  stored("v2/" + name);
  return response;
}

// Counts it, and answers who has waited for it.
void RestCloud::stored(const std::string& key) {
  trace_.state(entity_, wirelab::Field::web_readings, static_cast<std::int64_t>(readings_),
               static_cast<std::int64_t>(readings_ + 1));
  ++readings_;
  const std::size_t before = waiting_.size();
  std::vector<Exchange*> told;
  std::erase_if(waiting_, [&](const Waiting& waiting) {
    if (waiting.key != key) return false;
    told.push_back(waiting.exchange);
    return true;
  });
  set_waiting(before);
  for (Exchange* exchange : told) {
    std::string again;
    Response response = route(exchange->request(), *wire::path_of(exchange->request().target), again);
    response.fields.push_back({"Preference-Applied", "wait"});
    exchange->answer(std::move(response));
  }
}

void RestCloud::set_waiting(std::size_t before) {
  trace_.state(entity_, wirelab::Field::web_waiting, static_cast<std::int64_t>(before),
               static_cast<std::int64_t>(waiting_.size()));
}

// Nothing new: what is there is answered, which If-None-Match makes a 304.
void RestCloud::time_is_over(Exchange& exchange) {
  forget(exchange);
  std::string again;
  exchange.answer(route(exchange.request(), *wire::path_of(exchange.request().target), again));
}

void RestCloud::forget(Exchange& exchange) {
  const std::size_t before = waiting_.size();
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.exchange == &exchange; });
  set_waiting(before);
}

void RestCloud::crash() {
  devices_.clear();
  feeds_.clear();
  trace_.state(entity_, wirelab::Field::web_readings, static_cast<std::int64_t>(readings_), 0);
  readings_ = 0;
}

void RestCloud::visit_state(StateVisitor& visitor) const {
  visitor.value(entity_, wirelab::Field::web_readings, 0, static_cast<std::int64_t>(readings_));
  visitor.value(entity_, wirelab::Field::web_waiting, 0, static_cast<std::int64_t>(waiting_.size()));
}

}  // namespace wirelab::http
