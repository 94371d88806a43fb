// What other tools call our options, constructors and units, so that a message can name ours.
//
// Threads: any. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::dsl {

// Our word for `word` ("max_output_tokens" for "max_tokens") among `candidates`; else the nearest
// of them; else empty.
std::string_view meant(std::string_view word, std::span<const std::string_view> candidates);

// A text that is nearly a duration or an amount, as it would be written: "10m" for "10 minutes",
// "$10" for "10 USD". Empty where nothing is known.
std::string as_duration(std::string_view text);
std::string as_money(std::string_view text);

// Of an amount in another currency ("€10", "10 EUR") the same number in dollars, "$10", for an
// example; empty where it is none.
std::string dollars_for(std::string_view text);

}  // namespace sluice::dsl
