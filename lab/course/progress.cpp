#include "lab/course/progress.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "lab/system/files.hpp"

namespace wirelab {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

tl::expected<Progress, std::string> load_progress(const std::string& path) {
  Progress progress;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return progress;
  const auto text = read_file(path);
  if (!text) return tl::unexpected(fmt::format("{}: {}", path, text.error()));
  try {
    const Json json = Json::parse(*text);
    progress.lesson = json.at("lesson");
    json.at("predictions").get_to(progress.predictions);
    json.at("predicted_right").get_to(progress.predicted_right);
    json.at("answers").get_to(progress.answers);
    json.at("answered_right").get_to(progress.answered_right);
    json.at("tasks").get_to(progress.tasks);
    json.at("checks").get_to(progress.checks);
    json.at("hints").get_to(progress.hints);
    progress.has_run = json.value("has_run", false);
    progress.done = json.at("done");
  } catch (const Json::exception&) {
    return tl::unexpected(fmt::format("{}: this is no progress of a lesson; move it away to begin anew", path));
  }
  return progress;
}

tl::expected<void, std::string> save_progress(const std::string& path, const Progress& progress) {
  Json json;
  json["lesson"] = progress.lesson;
  json["predictions"] = progress.predictions;
  json["predicted_right"] = progress.predicted_right;
  json["answers"] = progress.answers;
  json["answered_right"] = progress.answered_right;
  json["tasks"] = progress.tasks;
  json["checks"] = progress.checks;
  json["hints"] = progress.hints;
  json["has_run"] = progress.has_run;
  json["done"] = progress.done;
  const auto saved = write_file(path, json.dump(2) + "\n");
  return saved ? saved : tl::unexpected(fmt::format("{}: {}", path, saved.error()));
}

}  // namespace wirelab
