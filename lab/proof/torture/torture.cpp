#include "lab/proof/torture/torture.hpp"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <thread>

namespace wirelab::torture {

std::vector<Failure> play_and_judge(std::uint64_t seed, mqtt::Mutation mutation, const Omissions& without,
                                    std::uint64_t* events) {
  Plan plan = make_plan(seed);
  plan.broker.mutation = mutation;
  const auto played = play(plan, without);
  if (events != nullptr) *events += played->events;
  return Judge(plan, without, *played).judge();
}

TortureResult torture(const TortureOptions& options, const std::function<void(std::uint64_t)>& tell) {
  using Clock = std::chrono::steady_clock;
  const auto ends = Clock::now() + std::chrono::duration<double>(options.minutes * 60);
  TortureResult result;
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> end{options.seeds};  // beyond a failing one no other is played
  std::mutex mutex;
  const auto work = [&] {
    for (std::uint64_t i = next++; i < end; i = next++) {
      if (options.minutes > 0 && Clock::now() > ends) return;
      const std::uint64_t seed = options.first_seed + i;
      std::uint64_t events = 0;
      auto failures = play_and_judge(seed, options.mutation, options.without, &events);
      const std::lock_guard lock(mutex);
      ++result.seeds;
      result.events += events;
      tell(result.seeds);
      if (failures.empty() || (result.failed && result.failed_seed < seed)) continue;
      result.failed = true;
      result.failed_seed = seed;
      result.failures = std::move(failures);
      end = i;
    }
  };
  std::vector<std::thread> threads;
  const unsigned jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  result.without = options.without;
  if (result.failed && options.shrink) {
    result.without = shrink(result.failed_seed, options.mutation, options.without);
    result.failures = play_and_judge(result.failed_seed, options.mutation, result.without);
  }
  return result;
}

// Leaves out halves, quarters ... of what is there, for as long as that still fails (delta debugging).
Omissions shrink(std::uint64_t seed, mqtt::Mutation mutation, Omissions without) {
  int runs = 0;
  const auto fails = [&](const Omissions& less) {
    return ++runs < 600 && !play_and_judge(seed, mutation, less).empty();
  };
  const Plan plan = make_plan(seed);
  const auto leave_out = [&](std::set<std::size_t> Omissions::*which, std::size_t count) {
    bool smaller = false;
    for (std::size_t chunk = std::max<std::size_t>(1, count / 2);; chunk /= 2) {
      std::vector<std::size_t> left;
      for (std::size_t i = 0; i < count; ++i) {
        if (!(without.*which).contains(i)) left.push_back(i);
      }
      for (std::size_t begin = 0; begin < left.size(); begin += chunk) {
        Omissions less = without;
        for (std::size_t i = begin; i < std::min(left.size(), begin + chunk); ++i) (less.*which).insert(left[i]);
        if (!fails(less)) continue;
        without = less;
        smaller = true;
      }
      if (chunk == 1) return smaller;
    }
  };
  for (bool smaller = true; smaller && runs < 600;) {
    smaller = leave_out(&Omissions::steps, plan.steps.size());
    smaller = leave_out(&Omissions::devices, plan.devices.size()) || smaller;
    Omissions calm = without;
    calm.calm_links = true;
    if (!without.calm_links && fails(calm)) without = calm, smaller = true;
  }
  return without;
}

std::string text_of(const std::set<std::size_t>& places) {
  std::string text;
  for (auto at = places.begin(); at != places.end();) {
    const std::size_t first = *at;
    std::size_t last = first;
    for (++at; at != places.end() && *at == last + 1; ++at) last = *at;
    text += fmt::format("{}{}", text.empty() ? "" : ",", first);
    if (last != first) text += fmt::format("-{}", last);
  }
  return text;
}

bool read_places(std::string_view text, std::set<std::size_t>& places) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    std::size_t first = 0, last = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), first);
    last = first;
    if (read.ec != std::errc()) return false;
    const char* end = read.ptr;
    if (end != part.data() + part.size()) {
      if (*end != '-') return false;
      const auto second = std::from_chars(end + 1, part.data() + part.size(), last);
      if (second.ec != std::errc() || second.ptr != part.data() + part.size() || last < first || last - first > 100'000)
        return false;
    }
    for (std::size_t i = first; i <= last; ++i) places.insert(i);
  }
  return true;
}

std::string command_of(std::uint64_t seed, mqtt::Mutation mutation, const Omissions& without) {
  std::string text = fmt::format("wirelab torture --first {} --seeds 1", seed);
  if (mutation != mqtt::Mutation::none) text += fmt::format(" --mutation {}", name_of(mutation));
  if (!without.steps.empty()) text += " --without-steps " + text_of(without.steps);
  if (!without.devices.empty()) text += " --without-devices " + text_of(without.devices);
  if (without.calm_links) text += " --calm-links";
  return text;
}

}  // namespace wirelab::torture
