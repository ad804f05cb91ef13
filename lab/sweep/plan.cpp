#include "lab/sweep/plan.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "sim/kernel/units.hpp"
#include "sim/kernel/version.hpp"
#include "sim/world/journal.hpp"

namespace wirelab {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::uint64_t SweepPlan::combinations() const {
  std::uint64_t product = 1;
  for (const SweepAxis& axis : axes) product *= axis.values.size();
  return product;
}

std::vector<std::string> SweepPlan::values_of(std::uint64_t combination) const {
  std::vector<std::string> values(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    values[i] = axes[i].values[combination % axes[i].values.size()];
    combination /= axes[i].values.size();
  }
  return values;
}

tl::expected<SweepAxis, std::string> parse_axis(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return tl::unexpected(fmt::format("--set {}: write NAME=VALUE or NAME=V1,V2, as in --set loss=0,2%,5%", text));
  SweepAxis axis{text.substr(0, equals), {}};
  for (std::size_t at = equals + 1;;) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    axis.values.push_back(text.substr(at, comma - at));
    if (axis.values.back().empty())
      return tl::unexpected(fmt::format("--set {}: a value is missing: write {}=V1,V2", text, axis.name));
    if (comma == text.size()) break;
    at = comma + 1;
  }
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (axis.values[i] == axis.values[j])
        return tl::unexpected(fmt::format("--set {}: the value {} stands there twice", text, axis.values[i]));
    }
  }
  return axis;
}

std::string manifest_of(const SweepPlan& plan) {
  Json json;
  json["wirelab_sweep"] = 1;
  json["version"] = std::string(kVersion);
  json["scenario"] = plan.scenario;
  json["scenario_hash"] = scenario_hash(plan.source);
  json["axes"] = Json::array();
  for (const SweepAxis& axis : plan.axes) json["axes"].push_back({{"name", axis.name}, {"values", axis.values}});
  json["first_seed"] = plan.first_seed;
  json["seeds"] = plan.seeds;
  json["until"] = plan.until ? fmt::format("{}ns", plan.until->ns()) : "";
  return json.dump(2) + "\n";
}

std::string difference_from(const SweepPlan& plan, const std::string& manifest) {
  const Json there = Json::parse(manifest, nullptr, false);
  if (!there.is_object()) return "its sweep.json is no manifest of a sweep";
  const Json here = Json::parse(manifest_of(plan));
  for (const auto& [name, value] : here.items()) {
    const auto found = there.find(name);
    if (found != there.end() && *found == value) continue;
    if (name == "scenario_hash") return "the scenario has changed since";
    if (name == "version") return "it was begun by another version of Wirelab";
    return fmt::format("there \"{}\" is {}, here {}", name, found == there.end() ? "missing" : found->dump(),
                       value.dump());
  }
  return {};
}

tl::expected<SweepPlan, std::string> parse_manifest(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  SweepPlan plan;
  try {
    plan.scenario = json.at("scenario");
    for (const Json& axis : json.at("axes")) plan.axes.push_back({axis.at("name"), axis.at("values")});
    plan.first_seed = json.at("first_seed");
    plan.seeds = json.at("seeds");
    if (const std::string until = json.at("until"); !until.empty()) {
      const auto length = parse_duration(until);
      if (!length) return tl::unexpected(length.error());
      plan.until = *length;
    }
  } catch (const Json::exception&) {
    return tl::unexpected(std::string("this is no manifest of a sweep"));
  }
  if (plan.seeds == 0) return tl::unexpected(std::string("a sweep has at least one seed"));
  for (const SweepAxis& axis : plan.axes) {
    if (axis.values.empty()) return tl::unexpected(fmt::format("\"{}\" has no values", axis.name));
  }
  return plan;
}

std::string hash_of(const SweepPlan& plan) {
  const std::string text = manifest_of(plan);
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace wirelab
