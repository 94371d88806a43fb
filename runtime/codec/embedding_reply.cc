#include "codec/embedding_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sluice::codec {
namespace {

static_assert(std::endian::native == std::endian::little, "floats are taken over as they come");

constexpr std::uint8_t kNotBase64 = 0xFF;

consteval std::array<std::uint8_t, 256> base64_values() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  values.fill(kNotBase64);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kValues = base64_values();

// Adds the bytes that `text` stands for; false where it is not base64.
bool decode(std::string_view text, std::vector<unsigned char>& bytes) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  bytes.resize(text.size() * 3 / 4);
  std::size_t out = 0;
  std::uint32_t bits = 0;
  std::uint8_t wrong = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(text[i])];
    wrong |= static_cast<std::uint8_t>(value & 0xC0);
    bits = bits << 6 | value;
    if (i % 4 == 0) continue;
    // Of 6 · (i % 4 + 1) bits, the last full byte but what is left over.
    bytes[out++] = static_cast<unsigned char>(bits >> (2 * (3 - i % 4)));
  }
  return wrong == 0;
}

bool append_base64(std::string_view text, std::vector<float>& numbers) {
  thread_local std::vector<unsigned char> bytes;
  if (!decode(text, bytes) || bytes.empty() || bytes.size() % sizeof(float) != 0) return false;
  const std::size_t before = numbers.size();
  numbers.resize(before + bytes.size() / sizeof(float));
  std::memcpy(numbers.data() + before, bytes.data(), bytes.size());
  return true;
}

bool append_list(const simdjson::dom::array& list, std::vector<float>& numbers) {
  std::size_t count = 0;
  for (const provider::Element element : list) {
    double number = 0;
    if (element.get(number) != simdjson::SUCCESS) return false;
    numbers.push_back(static_cast<float>(number));
    ++count;
  }
  return count > 0;
}

void drop_vectors(provider::Reply& reply) {
  reply.vectors.clear();
  reply.dimensions = 0;
}

// Where a vector has not as many numbers as `dimensions` (0: any), the endpoint cannot do what is asked for.
void check_dimensions(provider::Reply& reply, int dimensions) {
  if (dimensions == 0 || reply.dimensions == static_cast<std::size_t>(dimensions)) return;
  provider::Outcome& outcome = reply.outcome;
  outcome.action = provider::Action::stop;
  outcome.cause = provider::Cause::unsupported;
  outcome.message = fmt::format(
      "HTTP {}: the vectors have {} numbers, not the {} of dimensions: this model has no others; "
      "leave dimensions out, or ask another model",
      outcome.status, reply.dimensions, dimensions);
  drop_vectors(reply);
}

}  // namespace

bool append_floats(const provider::Element& vector, std::vector<float>& numbers) {
  const std::size_t before = numbers.size();
  std::string_view text;
  simdjson::dom::array list;
  if (vector.get(text) == simdjson::SUCCESS) {
    if (!append_base64(text, numbers)) return false;
  } else if (vector.get(list) != simdjson::SUCCESS || !append_list(list, numbers)) {
    return false;
  }
  return std::all_of(numbers.begin() + static_cast<std::ptrdiff_t>(before), numbers.end(),
                     [](float number) { return std::isfinite(number); });
}

bool place_vector(const std::vector<float>& numbers, std::size_t index, std::size_t count,
                  provider::Reply& reply) {
  if (reply.dimensions == 0) {
    reply.dimensions = numbers.size();
    reply.vectors.resize(count * reply.dimensions);
  }
  if (numbers.size() != reply.dimensions) return false;
  std::ranges::copy(numbers,
                    reply.vectors.begin() + static_cast<std::ptrdiff_t>(index * reply.dimensions));
  return true;
}

void EmbeddingCodecBase::take_vectors(const provider::Element& body, std::string_view name,
                                      provider::Reply& reply) const {
  const auto found = provider::member(body, name);
  simdjson::dom::array list;
  if (!found || found->get(list) != simdjson::SUCCESS || list.size() == 0) {
    if (const auto error = provider::error_in(body))
      return provider::fill_failure_inside_ok(reply.outcome, profile_, *error, spec_.key);
    return not_an_answer(reply, fmt::format("no {} in the reply", name));
  }
  if (const std::string_view wrong = read_vectors(list, reply); !wrong.empty()) {
    drop_vectors(reply);
    return not_an_answer(reply, wrong);
  }
  check_dimensions(reply, spec_.dimensions);
}

}  // namespace sluice::codec
