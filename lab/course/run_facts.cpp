#include "lab/course/run_facts.hpp"

#include "lab/script/script.hpp"

namespace wirelab {

tl::expected<RunFacts, std::string> run_for_facts(const std::string& source, const std::string& path,
                                                  std::uint64_t seed) {
  RunFacts facts;
  facts.seed = seed;
  ScriptOptions options;
  options.seed = seed;
  options.log = [&](Instant at, std::string_view device, std::string_view text) {
    facts.log.push_back({at.in_seconds(), std::string(device), std::string(text)});
  };
  auto script = Script::load(source, path, std::move(options));
  if (!script) return tl::unexpected(script.error().text);
  // What became of messages: the program's and MQTT's records tell it; packets are not kept.
  constexpr std::size_t kMemory = std::size_t{1} << 30;
  const auto store = std::make_shared<TraceStore>(kMemory, mask_of(Layer::mqtt));
  if (const auto begun = (*script)->begin(store); !begun) return tl::unexpected(begun.error().text);
  if (const auto ran = (*script)->run_until(Instant() + (*script)->duration()); !ran)
    return tl::unexpected(ran.error().text);
  for (const Metric& metric : (*script)->metrics()) facts.metrics[metric.name] = metric.value;
  World& world = (*script)->world();
  for (DeviceIndex i = 0; i < world.devices(); ++i) facts.devices.emplace_back(world.name_of_device(i));
  facts.messages = message_facts(TraceStore::Reader(*store));
  return facts;
}

}  // namespace wirelab
