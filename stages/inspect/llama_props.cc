#include "inspect/llama_props.h"

#include <simdjson.h>

#include <limits>

#include "core/json.h"

namespace sluice::inspect {

LlamaProps read_llama_props(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const simdjson::padded_string text(json);
  if (core::not_starved(parser.parse(text)).get(root) != simdjson::SUCCESS) return {};
  const auto count = [](const simdjson::simdjson_result<simdjson::dom::element>& at) {
    std::int64_t number = 0;
    const bool fine = at.get_int64().get(number) == simdjson::SUCCESS && number > 0 &&
                      number <= std::numeric_limits<int>::max();
    return fine ? std::optional(static_cast<int>(number)) : std::nullopt;
  };
  return {.slots = count(root["total_slots"]),
          .slot_tokens = count(root["default_generation_settings"]["n_ctx"])};
}

std::string llama_root(std::string_view base_url) {
  constexpr std::string_view kVersion = "/v1";
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  if (base_url.ends_with(kVersion)) base_url.remove_suffix(kVersion.size());
  return std::string(base_url);
}

}  // namespace sluice::inspect
