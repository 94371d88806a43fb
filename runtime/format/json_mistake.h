// Why a text is not JSON, and where: the parser that reads the rows says neither. For texts that it
// has refused; slow beside it, and without memory of its own.
//
// Threads: any. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::format {

struct JsonMistake {
  std::size_t offset = 0;  // bytes from the start of the text to what is wrong
  std::string what;        // "a comma or a '}' is missing before this"
};

// The first mistake in `text`, which should be one JSON value; nullopt where there is none.
std::optional<JsonMistake> find_json_mistake(std::string_view text);

}  // namespace sluice::format
