// Runs scenarios and prints their digests: what the determinism tests build with each compiler and optimisation level.
// Usage: driver SEED SCENARIO...; with --threads each is run in two threads at once, too.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "lab/script/script.hpp"

namespace {

std::string run(const std::string& path, std::uint64_t seed) {
  std::ifstream file(path, std::ios::binary);
  const std::string source{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  wirelab::ScriptOptions options;
  options.seed = seed;
  auto script = wirelab::Script::load(source, path, std::move(options));
  if (!script) return "error: " + script.error().text;
  if (const auto begun = (*script)->begin(nullptr); !begun) return "error: " + begun.error().text;
  if (const auto ran = (*script)->run_until(wirelab::Instant() + (*script)->duration()); !ran)
    return "error: " + ran.error().text;
  const wirelab::DigestTexts digest = (*script)->world().trace().digest();
  std::string line = digest.everything + " " + digest.order + " " + digest.wire;
  for (const std::string& failure : (*script)->failures()) line += "\n  failed: " + failure;
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const bool threads = argc > 1 && std::strcmp(argv[1], "--threads") == 0;
  const int first = threads ? 2 : 1;
  if (argc < first + 2) return 2;
  const std::uint64_t seed = std::strtoull(argv[first], nullptr, 10);
  int status = 0;
  for (int i = first + 1; i < argc; ++i) {
    const std::string path = argv[i];
    const std::string digest = run(path, seed);
    std::printf("%s %s\n", path.substr(path.rfind('/') + 1).c_str(), digest.c_str());
    if (!threads) continue;
    std::vector<std::string> others(2);
    std::vector<std::thread> workers;
    for (auto& other : others) workers.emplace_back([&] { other = run(path, seed); });
    for (auto& worker : workers) worker.join();
    for (const auto& other : others) {
      if (other == digest) continue;
      std::printf("  in a thread it is %s\n", other.c_str());
      status = 1;
    }
  }
  return status;
}
