// docs/mqtt-conformance.md says for each normative statement of MQTT 3.1.1 and 5.0 which tests hold it. It is generated from the
// identifiers that stand in the tests' sources: in a file named mqtt5_*, and as MQTT5-..., they are those of 5.0, elsewhere
// those of 3.1.1. With UPDATE=1 the page is written.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
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

const std::string kPage = "docs/mqtt-conformance.md";

struct Statement {
  std::string id, who, words;
  std::string not_applicable;   // why
  std::set<std::string> tests;  // "file: name of the test"
};

struct Standard {
  std::string version, title;
  std::vector<Statement> statements;
  Statement* find(const std::string& id) {
    const auto found =
        std::find_if(statements.begin(), statements.end(), [&](const Statement& s) { return s.id == id; });
    return found == statements.end() ? nullptr : &*found;
  }
};

std::vector<std::vector<std::string>> rows_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    std::stringstream text(line);
    for (std::string cell; std::getline(text, cell, '\t');) cells.push_back(cell);
    if (!cells.empty()) rows.push_back(cells);
  }
  return rows;
}

Standard standard(const std::string& version, const std::string& title) {
  Standard made{version, title, {}};
  for (const auto& row : rows_of("tests/conformance/statements-" + version + ".tsv")) {
    REQUIRE(row.size() == 3);
    made.statements.push_back({row[0], row[1], row[2], {}, {}});
  }
  return made;
}

// Marks what the tests of one file hold.
void read_tests(const std::string& path, Standard& old, Standard& five) {
  static const std::regex kId("MQTT(5?)-([0-9]+\\.[0-9]+\\.[0-9]+-[0-9]+)");
  const std::string file = fs::path(path).filename().string();
  const bool of_5 = file.starts_with("mqtt5_");
  std::ifstream in(path);
  std::string name;
  for (std::string line; std::getline(in, line);) {
    if (const std::size_t at = line.find("TEST_CASE("); at != std::string::npos) {
      // A long name goes on in the next lines.
      name.clear();
      std::size_t begin = line.find('"', at);
      for (std::string rest = line;;) {
        for (; begin != std::string::npos; begin = rest.find('"', begin + 1)) {
          const std::size_t end = rest.find('"', begin + 1);
          name += rest.substr(begin + 1, end - begin - 1);
          begin = end;
        }
        line += rest == line ? "" : rest;
        if (rest.find('{') != std::string::npos || !std::getline(in, rest)) break;
        begin = rest.find('"');
      }
    }
    for (auto found = std::sregex_iterator(line.begin(), line.end(), kId); found != std::sregex_iterator(); ++found) {
      Standard& named = of_5 || (*found)[1].length() > 0 ? five : old;
      const std::string id = "MQTT-" + (*found)[2].str();
      CAPTURE(path, line, named.version, id);
      Statement* statement = named.find(id);
      REQUIRE(statement != nullptr);  // else the number is wrong
      REQUIRE_FALSE(name.empty());
      const std::string short_name = std::regex_replace(name, std::regex(" *\\[[^\\]]*MQTT[^\\]]*\\]"), "");
      statement->tests.insert("`" + file + "`: " + short_name);
    }
  }
}

std::size_t missing(const Standard& standard) {
  return static_cast<std::size_t>(
      std::count_if(standard.statements.begin(), standard.statements.end(),
                    [](const Statement& s) { return s.tests.empty() && s.not_applicable.empty(); }));
}

std::string page_of(const std::vector<const Standard*>& standards) {
  std::ostringstream page;
  page << "# MQTT, statement by statement\n\n"
          "Every normative statement of the two standards, in our words, and the tests that hold it. The page is\n"
          "generated from the identifiers in the tests (`UPDATE=1 build/tests/test_code \"*statement*\"`), and a test\n"
          "compares it with them.\n\n";
  for (const Standard* standard : standards) {
    const std::size_t all = standard->statements.size();
    const auto excused = static_cast<std::size_t>(
        std::count_if(standard->statements.begin(), standard->statements.end(),
                      [](const Statement& s) { return s.tests.empty() && !s.not_applicable.empty(); }));
    page << "- MQTT " << standard->version << ": " << all << " statements, " << all - excused - missing(*standard)
         << " tested, " << excused << " not applicable, " << missing(*standard) << " missing\n";
  }
  for (const Standard* standard : standards) {
    page << "\n## MQTT " << standard->version << " (" << standard->title << ")\n\n"
         << "| statement | obliges | demands | held by |\n|---|---|---|---|\n";
    for (const Statement& s : standard->statements) {
      page << "| " << s.id << " | " << s.who << " | " << s.words << " | ";
      if (s.tests.empty()) page << (s.not_applicable.empty() ? "**missing**" : "not applicable: " + s.not_applicable);
      bool first = true;
      for (const std::string& test : s.tests) {
        page << (first ? "" : "<br>") << test;
        first = false;
      }
      page << " |\n";
    }
  }
  return page.str();
}

}  // namespace

TEST_CASE("the page of statements is as the tests say") {
  Standard old = standard("3.1.1", "OASIS standard, 29 October 2014");
  Standard five = standard("5.0", "OASIS standard, 7 March 2019");
  for (const auto& row : rows_of("tests/conformance/not_applicable.tsv")) {
    REQUIRE(row.size() == 3);
    Statement* statement = (row[0] == "5.0" ? five : old).find(row[1]);
    CAPTURE(row[0], row[1]);
    REQUIRE(statement != nullptr);
    statement->not_applicable = row[2];
  }
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator("tests")) {
    if (entry.path().extension() == ".cpp" && entry.path().filename() != "conformance_test.cpp")
      paths.push_back(entry.path().generic_string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) read_tests(path, old, five);
  const std::string page = page_of({&old, &five});
  if (std::getenv("UPDATE") != nullptr) std::ofstream(kPage) << page;
  std::ifstream file(kPage);
  std::stringstream is;
  is << file.rdbuf();
  // With UPDATE=1 the page is written anew.
  CHECK((is.str() == page));
}
