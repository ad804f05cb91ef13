#include "lab/sweep/row.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace wirelab {
namespace {

using Json = nlohmann::ordered_json;

std::string checksum_of(std::string_view text) { return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size())); }

}  // namespace

std::string to_line(const SweepRow& row) {
  Json json;
  json["run"] = row.run;
  for (const auto& [name, value] : row.parameters) json["parameters"].push_back({name, value});
  for (const auto& metric : row.metrics)
    json["metrics"].push_back({metric.name, metric.unit, metric.definition, metric.value});
  json["digest"] = row.digest;
  json["error"] = row.error;
  // What a scenario prints need not be UTF-8.
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return checksum_of(text) + " " + text + "\n";
}

std::optional<SweepRow> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view text = line.substr(space + 1);
  if (checksum_of(text) != line.substr(0, space)) return std::nullopt;
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  SweepRow row;
  row.run = json.value("run", std::uint64_t{0});
  for (const Json& one : json.value("parameters", Json::array())) row.parameters.emplace_back(one[0], one[1]);
  for (const Json& one : json.value("metrics", Json::array())) row.metrics.push_back({one[0], one[1], one[2], one[3]});
  row.digest = json.value("digest", "");
  row.error = json.value("error", "");
  return row;
}

void add_lines(std::string_view text, SweepRows& rows) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto row = parse_line(text.substr(0, end))) rows.try_emplace(row->run, std::move(*row));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace wirelab
