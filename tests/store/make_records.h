// Short ways to make the records that a job keeps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/hash.h"
#include "core/money.h"
#include "store/records.h"

namespace sluice::store {

inline core::Hash128 hash_of(std::string_view text) {
  return core::hash128(text);
}

// The answer {"id":"NAME","label":"LABEL"} to the question NAME by MODEL.
inline Entry answer(const std::string& name, const std::string& label = "x",
                    const std::string& model = "m1") {
  Entry entry;
  entry.row = hash_of("row " + name);
  entry.question = hash_of("question " + name);
  entry.model = model;
  entry.line = R"({"id":")" + name + R"(",)";
  entry.answer_at = static_cast<std::uint32_t>(entry.line.size());
  entry.line += R"("label":")" + label + R"("})";
  return entry;
}

inline Entry reject(const std::string& name) {
  Entry entry;
  entry.row = hash_of("row " + name);
  entry.question = hash_of("question " + name);
  entry.kind = Kind::reject;
  entry.line = R"({"id":")" + name + R"(","reason":"refusal"})";
  return entry;
}

inline core::Money dollars(double d) {
  return *core::Money::from_dollars(d);
}

inline Settlement settled(std::uint64_t attempt, std::uint32_t endpoint, double cost) {
  return {.attempt = attempt,
          .endpoint = endpoint,
          .answered = true,
          .billing = provider::Billing::known,
          .usage = {.input = 100, .cached_input = 10, .output = 20, .reasoning = 5},
          .cost = dollars(cost)};
}

}  // namespace sluice::store
