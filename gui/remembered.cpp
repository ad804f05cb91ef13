#include "gui/remembered.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lab/system/files.hpp"

namespace wirelab::gui {

namespace {

constexpr std::size_t kMost = 12;

std::string whole_path(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

// {"node": [x, y], ...}; what is not so is left out.
Places read_places(const nlohmann::json& json) {
  Places places;
  for (const auto& [name, at] : json.items()) {
    if (at.is_array() && at.size() == 2 && at[0].is_number() && at[1].is_number())
      places[name] = {std::clamp(at[0].get<float>(), -1e6f, 1e6f), std::clamp(at[1].get<float>(), -1e6f, 1e6f)};
  }
  return places;
}

}  // namespace

void Remembered::note_file(const std::string& path) {
  const std::string whole = whole_path(path);
  std::erase(recent, whole);
  recent.insert(recent.begin(), whole);
  if (recent.size() > kMost) recent.resize(kMost);
}

Places Remembered::places_of(const std::string& scenario) const {
  const std::string whole = whole_path(scenario);
  for (const auto& [path, put] : places) {
    if (path == whole) return put;
  }
  return {};
}

void Remembered::note_places(const std::string& scenario, const Places& put) {
  const std::string whole = whole_path(scenario);
  std::erase_if(places, [&](const auto& entry) { return entry.first == whole; });
  if (!put.empty()) places.insert(places.begin(), {whole, put});
  if (places.size() > kMost) places.resize(kMost);
}

std::string remembered_path() {
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  const char* const home = std::getenv("HOME");
  if (config != nullptr && *config != '\0') return std::string(config) + "/wirelab/gui.json";
  if (home != nullptr && *home != '\0') return std::string(home) + "/.config/wirelab/gui.json";
  return {};
}

Remembered read_remembered(const std::string& path) {
  Remembered remembered;
  const auto text = path.empty() ? tl::unexpected(std::string()) : read_file(path);
  if (!text) return remembered;
  const auto json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object()) return remembered;
  const auto number = [&](const char* key, float& value, float least, float most) {
    const auto at = json.find(key);
    if (at != json.end() && at->is_number()) value = std::clamp(at->get<float>(), least, most);
  };
  if (const auto at = json.find("theme"); at != json.end() && at->is_string())
    remembered.theme = at->get<std::string>();
  number("scale", remembered.scale, 0, 3);
  if (remembered.scale != 0) remembered.scale = std::max(remembered.scale, 0.75f);
  number("left", remembered.left, kLeastLeft, kMostLeft);
  number("right", remembered.right, kLeastRight, kMostRight);
  number("bottom", remembered.bottom, kLeastBottom, kMostBottom);
  float width = 0, height = 0;
  number("width", width, 0, 16384);
  number("height", height, 0, 16384);
  if (width >= 640 && height >= 480)
    remembered.width = static_cast<int>(width), remembered.height = static_cast<int>(height);
  const auto word = [&](const char* key, std::string& value) {
    if (const auto at = json.find(key); at != json.end() && at->is_string()) value = at->get<std::string>();
  };
  word("lower view", remembered.bottom_view);
  word("right view", remembered.right_view);
  if (const auto at = json.find("places"); at != json.end() && at->is_array()) {
    for (const auto& entry : *at) {
      if (!entry.is_object() || !entry.contains("scenario") || !entry["scenario"].is_string() ||
          !entry.contains("nodes"))
        continue;
      if (remembered.places.size() < kMost && entry["nodes"].is_object())
        remembered.places.emplace_back(entry["scenario"].get<std::string>(), read_places(entry["nodes"]));
    }
  }
  if (const auto at = json.find("recent"); at != json.end() && at->is_array()) {
    for (const auto& item : *at) {
      if (item.is_string() && remembered.recent.size() < kMost) remembered.recent.push_back(item.get<std::string>());
    }
  }
  return remembered;
}

tl::expected<void, std::string> write_remembered(const std::string& path, const Remembered& remembered) {
  if (path.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return tl::unexpected(error.message());
  nlohmann::ordered_json json;
  json["theme"] = remembered.theme;
  json["scale"] = remembered.scale;
  json["left"] = remembered.left;
  json["right"] = remembered.right;
  json["bottom"] = remembered.bottom;
  json["width"] = remembered.width;
  json["height"] = remembered.height;
  json["lower view"] = remembered.bottom_view;
  json["right view"] = remembered.right_view;
  json["recent"] = remembered.recent;
  json["places"] = nlohmann::ordered_json::array();
  for (const auto& [scenario, put] : remembered.places)
    json["places"].push_back({{"scenario", scenario}, {"nodes", put}});
  return write_file(path, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace wirelab::gui
