#include "mock/text_words.h"

#include <algorithm>
#include <array>

namespace sluice::mock {
namespace {

constexpr std::size_t kLeastLikeness = 3;
constexpr std::size_t kMostWords = 6;
constexpr std::string_view kFiller = "mock";

constexpr std::array<bool, 256> letter_bytes() {
  std::array<bool, 256> letters{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) letters[c] = true;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) letters[c] = true;
  for (std::size_t c = 0x80; c < 0x100; ++c) letters[c] = true;
  return letters;
}
constexpr std::array<bool, 256> kLetters = letter_bytes();
bool is_letter(char c) {
  return kLetters[static_cast<unsigned char>(c)];
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_ascii(std::string_view word) {
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  words.reserve(text.size() / 5);
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (at < text.size() && is_letter(text[at])) ++at;
    words.push_back(text.substr(start, at - start));
  }
  return words;
}

std::size_t likeness(std::string_view choice, std::string_view word) {
  if (choice.empty() || word.empty() || lower(choice[0]) != lower(word[0])) return 0;
  const std::size_t most = std::min(choice.size(), word.size());
  std::size_t same = 0;
  while (same < most && lower(choice[same]) == lower(word[same])) ++same;
  return same >= kLeastLikeness ? same : 0;
}

std::string some_words(const std::vector<std::string_view>& words, std::uint64_t draw,
                       std::size_t min, std::size_t max) {
  std::string out;
  const auto add = [&](std::string_view word) {
    if (!out.empty()) out += ' ';
    out += word;
  };
  const std::size_t start = words.empty() ? 0 : draw % words.size();
  for (std::size_t i = 0; i < std::min(words.size(), kMostWords) && out.size() < max; ++i) {
    const std::string_view word = words[(start + i) % words.size()];
    if (is_ascii(word)) add(word);
  }
  if (out.empty()) add(kFiller);
  while (out.size() < min) add(kFiller);
  if (out.size() > max) out.resize(max);
  return out;
}

}  // namespace sluice::mock
