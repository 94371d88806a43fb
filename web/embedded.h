// What a page brings along, so that it opens without a network: its style, its script, and uPlot
// (MIT), which draws charts. The program carries them inside itself.
//
// Threads: constant data.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::web {

struct EmbeddedFile {
  std::string_view path;  // "page.css"
  std::string_view text;
  std::string_view
      sha256;  // of `text`, in hexadecimal: a page names by it the only scripts it runs
};

std::span<const EmbeddedFile> embedded_files();

inline std::optional<EmbeddedFile> embedded_file(std::string_view path) {
  const auto files = embedded_files();
  const auto found = std::ranges::find(files, path, &EmbeddedFile::path);
  return found == files.end() ? std::nullopt : std::optional(*found);
}

// Nothing where the program was built without it.
struct ChartLibrary {
  EmbeddedFile script;  // defines uPlot
  EmbeddedFile style;
  std::string_view licence;  // which each copy must show
};

inline std::optional<ChartLibrary> chart_library() {
  const auto script = embedded_file("uPlot.iife.min.js");
  const auto style = embedded_file("uPlot.min.css");
  const auto licence = embedded_file("LICENSE");
  if (!script || !style || !licence) return std::nullopt;
  return ChartLibrary{*script, *style, licence->text};
}

}  // namespace sluice::web
