#include "gui/remembered.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lab/system/files.hpp"

namespace wirelab::gui {

void Remembered::note_file(const std::string& path) {
  std::error_code ignored;
  const auto whole = std::filesystem::absolute(path, ignored).lexically_normal().string();
  std::erase(recent, whole);
  recent.insert(recent.begin(), whole);
  constexpr std::size_t kMost = 12;
  if (recent.size() > kMost) recent.resize(kMost);
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
  number("left", remembered.left, 240, 460);
  number("right", remembered.right, 300, 560);
  number("bottom", remembered.bottom, 200, 560);
  if (const auto at = json.find("recent"); at != json.end() && at->is_array()) {
    for (const auto& item : *at) {
      if (item.is_string() && remembered.recent.size() < 12) remembered.recent.push_back(item.get<std::string>());
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
  json["recent"] = remembered.recent;
  return write_file(path, json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace wirelab::gui
