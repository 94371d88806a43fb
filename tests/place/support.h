// What the tests of places share.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "place/places.h"
#include "tests/place/object_server.h"

namespace sluice::place {

inline std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

// Small parts, and no patience.
inline Settings settings_for(const ObjectServer& server) {
  Settings settings;
  settings.s3 = {.endpoint = server.url(),
                 .region = "eu-central-1",
                 .path_style = {},
                 .credentials = core::Secret(ObjectServer::kKeys)};
  settings.patience.tries = 4;
  settings.patience.first_delay = std::chrono::milliseconds(1);
  settings.patience.most_delay = std::chrono::milliseconds(2);
  settings.range_bytes = 1000;
  settings.part_bytes = 1000;
  return settings;
}

inline core::Result<std::string> read_all(storage::InputFile& file) {
  std::string all;
  std::string bytes(700, '\0');
  while (true) {
    const auto got = file.read(bytes);
    if (!got) return std::unexpected(got.error());
    if (got->state == storage::InputFile::State::end) return all;
    all.append(bytes, 0, got->count);
  }
}

inline core::Result<std::string> read_all(Places& places, const std::string& name) {
  std::atomic<std::uint64_t> consumed = 0;
  auto file = places.open(name, consumed);
  if (!file) return std::unexpected(file.error());
  return read_all(**file);
}

// Text that nobody takes for compressed, of which no part is like another.
inline std::string text_of_size(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i) + "\n";
  text.resize(size);
  return text;
}

}  // namespace sluice::place
