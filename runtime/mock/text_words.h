// The words of a text, for guessing and for making up text. Plain functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::mock {

// Runs of letters (ASCII, and every byte of what is not ASCII), borrowed from `text`.
std::vector<std::string_view> words_of(std::string_view text);

// How many letters `choice` and `word` have in common at their beginnings, in any case; 0 below
// three, since two letters say nothing.
std::size_t likeness(std::string_view choice, std::string_view word);

// Some ASCII words of `words`, beginning where `draw` says; at least `min` and at most `max`
// characters.
std::string some_words(const std::vector<std::string_view>& words, std::uint64_t draw,
                       std::size_t min, std::size_t max);

}  // namespace sluice::mock
