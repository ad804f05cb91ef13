// The corpora of the fuzzers, in every build of the tests.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "sim/kernel/random.hpp"
#include "tests/fuzz/targets.hpp"

using namespace wirelab;

namespace {

void run(const std::string& name, void (*target)(std::span<const std::uint8_t>)) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/" + name))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  REQUIRE(paths.size() >= 5);
  RandomStream random(1, name, "corpus");
  for (const auto& path : paths) {
    CAPTURE(path.string());
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
    std::vector<std::uint8_t> bytes(text.begin(), text.end());
    REQUIRE_FALSE(bytes.empty());
    target(bytes);
    // And changed here and there.
    for (int i = 0; i < 200; ++i) {
      std::vector<std::uint8_t> other = bytes;
      for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
        other[random.below(other.size())] = static_cast<std::uint8_t>(random.bits());
      if (random.below(4) == 0) other.resize(random.below(other.size()) + 1);
      target(other);
    }
  }
}

}  // namespace

TEST_CASE("no control packets upset the codec") { run("packets", fuzz::packets); }
TEST_CASE("no conversation upsets the broker") { run("broker", fuzz::broker); }
TEST_CASE("no server upsets the client") { run("client", fuzz::client); }
TEST_CASE("no saved state upsets the broker") { run("saved", fuzz::saved); }
TEST_CASE("no frames upset the WebSocket server") { run("websocket", fuzz::websocket); }
