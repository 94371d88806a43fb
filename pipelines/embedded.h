// The texts of pipelines/recipes and pipelines/init, which the program carries inside itself, so
// that they are there wherever it is installed.
//
// Threads: constant data.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::pipelines {

struct EmbeddedFile {
  std::string_view path;  // "recipes/classify.lua"
  std::string_view text;
};

// In the order of their paths; tests are not among the recipes'.
std::span<const EmbeddedFile> embedded_files();

inline std::optional<std::string_view> embedded_file(std::string_view path) {
  const auto files = embedded_files();
  const auto found = std::ranges::find(files, path, &EmbeddedFile::path);
  return found == files.end() ? std::nullopt : std::optional(found->text);
}

}  // namespace sluice::pipelines
