// The images and documents that a row is asked with: where they are and what they were when the row
// was prepared. Not their bytes, which are read again when the request is built (read_files.h).
//
// Threads: plain values; immutable once an item has them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"

namespace sluice::stages {

struct RowFile {
  std::string source;      // a path, a URL, or "data:image/png;base64,…"
  std::string_view media;  // a constant (core/media_type.h); of a URL by its ending, or empty
  core::Hash128 name;      // names.h
  bool url = false;
  std::size_t bytes = 0;   // 0 of a URL
  std::size_t tokens = 0;  // that it counts as, at most
};

struct RowFiles {
  std::vector<RowFile> list;  // not empty
  std::size_t encoded = 0;    // bytes that they are in the user content, as base64
  std::size_t tokens = 0;     // of all

  // Bytes that the row holds for them at most: what stands in the user content, and that again in the
  // form of its endpoint.
  std::size_t held() const {
    std::size_t bytes = 2 * encoded;
    for (const RowFile& file : list) bytes += file.source.size() + sizeof(RowFile);
    return bytes;
  }
};

}  // namespace sluice::stages
