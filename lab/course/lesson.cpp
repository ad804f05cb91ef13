#include "lab/course/lesson.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "lab/system/files.hpp"
#include "sim/kernel/nearest.hpp"

namespace wirelab {
namespace {

namespace fs = std::filesystem;

struct Word {
  std::string_view word;
  LessonStep::Kind kind;
  bool has_name;
};
constexpr Word kWords[] = {{"predict", LessonStep::Kind::predict, true}, {"run", LessonStep::Kind::run, false},
                           {"task", LessonStep::Kind::task, true},       {"edit", LessonStep::Kind::edit, false},
                           {"check", LessonStep::Kind::check, false},    {"quiz", LessonStep::Kind::quiz, true}};

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

class Reader {
 public:
  Reader(Lesson& lesson, std::string path) : lesson_(lesson), path_(std::move(path)) {}

  tl::expected<void, std::string> read(std::string_view text) {
    std::string prose;
    int prose_line = 1;
    enum { before, front, body } where = before;
    bool in_code = false;
    const auto end_prose = [&] {
      if (!trimmed(prose).empty()) lesson_.steps.push_back({LessonStep::Kind::text, prose, prose_line});
      prose.clear();
    };
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view raw = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const std::string line = trimmed(raw);
      if (where == before) {
        if (line != "---") return wrong("a lesson begins with its front matter: write --- here");
        where = front;
      } else if (where == front) {
        if (line == "---") {
          where = body;
        } else if (auto taken = take_front(line); !taken) {
          return taken;
        }
      } else {
        if (line.starts_with("```")) in_code = !in_code;
        const bool is_word = !in_code && line.size() > 2 && line.front() == '{' && line.back() == '}' && line[1] != '{';
        if (!is_word) {
          if (prose.empty()) prose_line = line_;
          prose += std::string(raw) + "\n";
          continue;
        }
        end_prose();
        if (auto taken = take_word(line.substr(1, line.size() - 2)); !taken) return taken;
      }
    }
    end_prose();
    if (where != body) return wrong("the front matter does not end: write --- below it");
    if (lesson_.id.empty() || lesson_.title.empty() || lesson_.minutes == 0 || lesson_.objectives.empty() ||
        lesson_.sources.empty())
      return tl::unexpected(path_ + ":1: the front matter needs id, title, minutes, objectives and sources");
    return {};
  }

 private:
  tl::expected<void, std::string> wrong(const std::string& what) const {
    return tl::unexpected(fmt::format("{}:{}: {}", path_, line_, what));
  }
  tl::expected<void, std::string> take_front(const std::string& line) {
    if (line.empty()) return {};
    if (line.starts_with("- ")) {
      if (list_ == nullptr) return wrong("this entry belongs to no list: write objectives: or sources: above it");
      list_->push_back(trimmed(line.substr(2)));
      return {};
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return wrong("write NAME: VALUE");
    const std::string name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    list_ = nullptr;
    if (name == "id") {
      lesson_.id = value;
    } else if (name == "title") {
      lesson_.title = value;
    } else if (name == "minutes" || name == "seed") {
      std::uint64_t number = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size())
        return wrong(fmt::format("\"{}\" is no whole number", value));
      if (name == "seed") {
        lesson_.seed = number;
      } else {
        lesson_.minutes = static_cast<int>(std::min<std::uint64_t>(number, 1000));
      }
    } else if (name == "objectives" || name == "sources") {
      list_ = name == "objectives" ? &lesson_.objectives : &lesson_.sources;
    } else {
      const std::vector<std::string_view> known{"id", "title", "minutes", "seed", "objectives", "sources"};
      const std::string_view near = nearest(name, known);
      return wrong(fmt::format("\"{}\" is not known here{}", name,
                               near.empty() ? "; there are id, title, minutes, seed, objectives, sources"
                                            : fmt::format(": did you mean \"{}\"?", near)));
    }
    return {};
  }
  tl::expected<void, std::string> take_word(const std::string& text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string word = text.substr(0, space), name = trimmed(text.substr(space));
    std::vector<std::string_view> known;
    for (const Word& one : kWords) {
      known.push_back(one.word);
      if (one.word != word) continue;
      if (one.has_name == name.empty())
        return wrong(one.has_name ? fmt::format("{{{}}} needs a name of tasks.lua behind it", word)
                                  : fmt::format("{{{}}} has no name", word));
      lesson_.steps.push_back({one.kind, name, line_});
      return {};
    }
    const std::string_view near = nearest(word, known);
    return wrong(fmt::format("{{{}}} is not known here{}", word,
                             near.empty() ? "; there are predict, run, task, edit, check and quiz"
                                          : fmt::format(": did you mean {{{}}}?", near)));
  }

  Lesson& lesson_;
  std::string path_;
  int line_ = 0;
  std::vector<std::string>* list_ = nullptr;
};

tl::expected<std::string, std::string> text_of(const std::string& path) {
  auto text = read_file(path);
  return text ? text : tl::unexpected(fmt::format("{}: {}", path, text.error()));
}

}  // namespace

tl::expected<Lesson, std::string> load_lesson(const std::string& folder) {
  Lesson lesson;
  lesson.folder = folder;
  const std::string page = folder + "/lesson.md";
  const auto text = text_of(page);
  if (!text) return tl::unexpected(text.error());
  if (const auto read = Reader(lesson, page).read(*text); !read) return tl::unexpected(read.error());
  for (const auto& [name, into] : {std::pair{"scenario.lua", &lesson.scenario},
                                   {"tasks.lua", &lesson.tasks},
                                   {"solution/scenario.lua", &lesson.solution}}) {
    auto source = text_of(folder + "/" + name);
    if (!source) return tl::unexpected(source.error());
    *into = std::move(*source);
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder + "/wrong", ignored)) {
    if (entry.path().extension() != ".lua") continue;
    const auto source = text_of(entry.path().string());
    if (!source) return tl::unexpected(source.error());
    constexpr std::string_view kMark = "-- feedback: ";
    if (!source->starts_with(kMark))
      return tl::unexpected(fmt::format("{}:1: a wrong answer begins with \"-- feedback: \" and what must be answered",
                                        entry.path().string()));
    lesson.wrong.push_back({entry.path().stem().string(), *source,
                            trimmed(source->substr(kMark.size(), source->find('\n') - kMark.size()))});
  }
  std::sort(lesson.wrong.begin(), lesson.wrong.end(),
            [](const WrongAnswer& a, const WrongAnswer& b) { return a.name < b.name; });
  return lesson;
}

std::vector<std::string> lesson_folders(const std::string& root) {
  std::vector<std::string> folders;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    if (fs::is_regular_file(entry.path() / "lesson.md", ignored)) folders.push_back(entry.path().string());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

tl::expected<Lesson, std::string> find_lesson(const std::string& root, const std::string& name) {
  if (fs::is_regular_file(fs::path(name) / "lesson.md")) return load_lesson(name);
  std::vector<std::string> ids;
  for (const std::string& folder : lesson_folders(root)) {
    auto lesson = load_lesson(folder);
    if (fs::path(folder).filename() == name) return lesson;
    if (!lesson) continue;
    if (lesson->id == name) return lesson;
    ids.push_back(lesson->id);
  }
  const std::vector<std::string_view> known(ids.begin(), ids.end());
  const std::string_view near = nearest(name, known);
  return tl::unexpected(
      fmt::format("there is no lesson \"{}\"{}", name,
                  near.empty() ? "; wirelab lesson list shows them" : fmt::format(": did you mean \"{}\"?", near)));
}

}  // namespace wirelab
