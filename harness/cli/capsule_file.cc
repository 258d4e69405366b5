#include "harness/cli/capsule_file.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/cli/terminal.h"
#include "harness/explore/replay.h"

namespace harness {

std::expected<LoadedCapsule, std::string> load_capsule(const std::string& path) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format("{}: {}", path, why));
  };
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return wrong(error.message());
  if (bytes > record::Capsule::kBytesMax) return wrong("it is too large for a capsule");
  std::ifstream file(path, std::ios::binary);
  const std::vector<uint8_t> content{std::istreambuf_iterator<char>(file), {}};
  if (!file && !file.eof()) return wrong("it cannot be read");
  auto capsule = record::read_capsule(content);
  if (!capsule) return wrong(capsule.error());
  auto scenario = explore::scenario_of(*capsule);
  if (!scenario) return wrong(scenario.error());
  auto schedule = explore::schedule_of(*capsule, *scenario);
  if (!schedule) return wrong(schedule.error());
  return LoadedCapsule{*std::move(capsule), *std::move(scenario), *std::move(schedule)};
}

bool save_file(const std::string& path, std::string_view content) {
  if (std::filesystem::exists(path)) {
    complain(fmt::format("{} is there already", path));
    return false;
  }
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) complain(fmt::format("{} cannot be written", path));
  return static_cast<bool>(file);
}

std::optional<std::string> save_capsule(const record::Capsule& capsule, const std::string& folder) {
  std::string name;
  for (const char c : capsule.title) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain || c == '.' || c == '-') {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string path = fmt::format("{}/{}.capsule", folder, name);
  for (int i = 2; std::filesystem::exists(path); ++i) {
    path = fmt::format("{}/{}.{}.capsule", folder, name, i);
  }
  const std::vector<uint8_t> content = record::write_capsule(capsule);
  if (!save_file(path, protocol::as_text(content))) return std::nullopt;
  return path;
}

}  // namespace harness
