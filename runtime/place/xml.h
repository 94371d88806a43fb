// The little that is read of the XML of object stores: elements by name, and their text. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::place {

// What stands between the next <name> and </name> of `xml`, which is cut behind it; nullopt when there is none.
// Elements of the same name inside of each other are not looked for.
std::optional<std::string_view> take_element(std::string_view& xml, std::string_view name);

// The text of the first element of this name, its entities replaced; "" when there is none.
std::string text_of(std::string_view xml, std::string_view name);

// For the text of an element.
std::string escaped(std::string_view text);

}  // namespace sluice::place
