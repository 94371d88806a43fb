#include "cli/settings.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::cli {
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == text.npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(kBlank) - from + 1));
}

// A value in a pair of double quotes may begin and end with blanks.
std::string unquoted(std::string value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    return value.substr(1, value.size() - 2);
  return value;
}

core::Status read_file(const std::string& path, std::map<std::string, std::string>& out) {
  std::ifstream in(path);
  if (!in || std::filesystem::is_directory(path))
    return core::fail(core::ErrorCode::usage,
                      fmt::format("--set-file: cannot read '{}'; give a file with name = value "
                                  "lines",
                                  path));
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::string text = trimmed(line);
    if (text.empty() || text.starts_with('#')) continue;
    const std::size_t equals = text.find('=');
    const std::string name = trimmed(std::string_view(text).substr(0, equals));
    if (equals == text.npos || name.empty())
      return core::fail(core::ErrorCode::usage,
                        fmt::format("a line is name = value, not '{}'", text.substr(0, 60)),
                        fmt::format("{}:{}", path, number));
    out[name] = unquoted(trimmed(std::string_view(text).substr(equals + 1)));
  }
  return {};
}

}  // namespace

core::Result<std::map<std::string, std::string>> read_settings(
    const std::vector<std::string>& files, const std::vector<std::string>& settings) {
  std::map<std::string, std::string> parameters;
  for (const std::string& file : files) {
    if (auto read = read_file(file, parameters); !read) return std::unexpected(read.error());
  }
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == setting.npos || equals == 0) {
      return core::fail(core::ErrorCode::usage,
                        fmt::format("--set takes name=value, not '{}'", setting));
    }
    parameters[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return parameters;
}

core::Result<std::vector<std::string>> environment_libraries() {
  std::vector<std::string> folders;
  const char* value = std::getenv("SLUICE_LIB");
  std::istringstream list(value != nullptr ? value : "");
  for (std::string folder; std::getline(list, folder, ':');) {
    if (folder.empty()) continue;
    std::error_code none;
    if (!std::filesystem::is_directory(folder, none))
      return core::fail(
          core::ErrorCode::usage,
          fmt::format("SLUICE_LIB names the folder '{}', which is not there; it holds "
                      "folders with ':' between them",
                      folder));
    folders.push_back(folder);
  }
  return folders;
}

}  // namespace sluice::cli
