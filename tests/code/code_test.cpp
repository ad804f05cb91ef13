// Code that checks code: which folder may include which, what the engine must not call, how long files and lines may be.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Source {
  std::string path;
  std::vector<std::string> lines;
};

std::vector<Source> sources(const std::vector<std::string>& folders) {
  std::vector<Source> all;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".cpp" && extension != ".hpp") continue;
      Source source{entry.path().generic_string(), {}};
      std::ifstream file(source.path);
      for (std::string line; std::getline(file, line);) source.lines.push_back(line);
      all.push_back(std::move(source));
    }
  }
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.path < b.path; });
  REQUIRE(all.size() > 10);
  return all;
}

// The layer of a path: two parts inside sim/ and lab/, one elsewhere.
std::string layer_of(const std::string& path) {
  const std::size_t first = path.find('/');
  const std::string top = path.substr(0, first);
  if (top != "sim" && top != "lab") return top;
  return path.substr(0, path.find('/', first + 1));
}

// The two tables of the design, section 2.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"sim/kernel", {}},
    {"sim/trace", {"sim/kernel"}},
    {"sim/wire", {"sim/kernel"}},
    {"sim/protocol", {"sim/kernel", "sim/trace", "sim/wire"}},
    {"sim/net", {"sim/kernel", "sim/trace", "sim/wire", "sim/protocol"}},
    {"sim/device", {"sim/kernel", "sim/trace"}},
    {"sim/world", {"sim/kernel", "sim/trace", "sim/wire", "sim/protocol", "sim/net", "sim/device"}},
    {"sim/view", {"sim/kernel", "sim/trace", "sim/wire"}},
};

bool may_include(const std::string& from, const std::string& to) {
  if (from == to) return true;
  const auto row = kMayInclude.find(from);
  if (row != kMayInclude.end()) return row->second.contains(to);
  const bool to_sim = to.starts_with("sim/");
  const bool to_lab = to.starts_with("lab/");
  if (from.starts_with("lab/")) return to_sim || to_lab;
  if (from == "live" || from == "gui") return to_sim || to_lab;
  if (from == "cli") return to_sim || to_lab || to == "live" || to == "gui";
  return from == "tests";
}

}  // namespace

TEST_CASE("includes follow the layers") {
  const std::regex include("^#include \"([^\"]+)\"");
  for (const Source& source : sources({"sim", "lab", "gui", "cli", "tests"})) {
    for (const std::string& line : source.lines) {
      std::smatch m;
      if (!std::regex_search(line, m, include)) continue;
      INFO(source.path << " includes " << m[1].str());
      CHECK(fs::exists(m[1].str()));
      CHECK(may_include(layer_of(source.path), layer_of(m[1].str())));
    }
  }
}

TEST_CASE("the engine calls nothing that differs between runs or machines") {
  struct Banned {
    const char* pattern;
    const char* instead;
  };
  const Banned banned[] = {
      {"std::(sin|cos|tan|asin|acos|atan2?|exp2?|log(2|10|1p)?|pow|cbrt|hypot)\\(", "sim/kernel/mathematics.hpp"},
      {"std::(mt19937|random_device|[a-z_]+_distribution)", "sim/kernel/random.hpp"},
      {"std::unordered_", "tsl::robin_map, and never go through it where order shows"},
      {"(system|steady|high_resolution)_clock|gettimeofday|clock_gettime", "the event queue's clock"},
      {"\\bgetenv\\b|setlocale", "nothing: the environment decides nothing"},
      {"std::(thread|mutex|async|jthread)\\b", "one thread a simulation (the trace's store alone is shared)"},
      {"long double|std::reduce|std::execution", "double, and sums in order"},
      {"#include <(fstream|iostream|filesystem|unistd.h|sys/)", "lab/system"},
      {"std::shuffle|std::sample", "RandomStream::below"},
  };
  const std::set<std::string> shared_by_threads{"sim/trace/store.hpp", "sim/trace/store.cpp"};
  for (const Source& source : sources({"sim", "lab/script"})) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string code = source.lines[i].substr(0, source.lines[i].find("//"));
      for (const Banned& rule : banned) {
        if (!std::regex_search(code, std::regex(rule.pattern))) continue;
        const bool allowed =
            (shared_by_threads.contains(source.path) && std::string(rule.pattern).find("mutex") != std::string::npos) ||
            (source.path == "lab/script/host.cpp" && code.find("setlocale(LC_NUMERIC, nullptr)") != std::string::npos);
        INFO(source.path << ":" << i + 1 << ": use " << rule.instead);
        CHECK(allowed);
      }
    }
  }
}

TEST_CASE("only the window and the picture know GLFW and OpenGL") {
  const std::set<std::string> may{"gui/window.cpp", "gui/offscreen.cpp", "gui/picture.cpp"};
  for (const Source& source : sources({"gui"})) {
    for (const std::string& line : source.lines) {
      if (!std::regex_search(line, std::regex("^#include <(GLFW|GL|EGL|backends)/"))) continue;
      INFO(source.path << ": " << line);
      CHECK(may.contains(source.path));
    }
  }
}

TEST_CASE("files stay of a size that can be read, and say what they are for") {
  for (const Source& source : sources({"sim", "lab", "gui", "cli"})) {
    INFO(source.path);
    CHECK(source.lines.size() <= 600);
    const bool header = source.path.ends_with(".hpp");
    if (header) CHECK(source.lines.front().starts_with("// "));
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      INFO("line " << i + 1);
      CHECK(source.lines[i].size() <= 132);
      CHECK(source.lines[i].find('\t') == std::string::npos);
      CHECK(source.lines[i].find("TO"
                                 "DO") == std::string::npos);
      CHECK(source.lines[i].find("FIX"
                                 "ME") == std::string::npos);
    }
  }
}
