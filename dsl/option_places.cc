#include "dsl/option_places.h"

#include <algorithm>

#include "script/diagnostic.h"

namespace sluice::dsl {

std::vector<OptionMark> marks_of(const Arguments& arguments,
                                 std::initializer_list<std::string_view> names) {
  std::vector<OptionMark> marks;
  const Place& place = arguments.place();
  for (const std::string_view name : names)
    if (arguments.has(name))
      marks.push_back({.option = name, .mark = {place.source, place.key(name)}});
  return marks;
}

void add_item_marks(std::vector<OptionMark>& marks, const Arguments& arguments,
                    std::string_view option) {
  const Place& place = arguments.place();
  const auto list = std::ranges::find(place.entries, option, &script::Entry::key);
  if (place.source == nullptr || list == place.entries.end()) return;
  const script::Token& first = place.source->tokens()[list->value_token];
  if (place.source->token_text(first) != "{") return;
  std::size_t item = 0;
  for (const script::Entry& entry : place.source->entries(list->value_token))
    if (entry.key.empty())
      marks.push_back({.option = option, .item = item++, .mark = {place.source, entry.value}});
}

stages::SourcePlace place_of(const script::Source& source, const script::Span& span) {
  return {.file = source.name(),
          .line = static_cast<std::uint64_t>(span.line),
          .column = static_cast<std::uint64_t>(source.column(span.offset)),
          .shown = script::shown_at(source, span)};
}

std::vector<stages::OptionPlace> places_of(lua_State* lua, std::span<const OptionMark> marks) {
  std::vector<stages::OptionPlace> places;
  for (const OptionMark& one : marks.first(std::min(marks.size(), kMostPlaces))) {
    const script::Source* source = one.mark.source;
    if (source == nullptr) continue;
    script::Sandbox::of(lua).charge(source->tokens().size());
    places.push_back(
        {.option = one.option, .item = one.item, .place = place_of(*source, one.mark.span)});
  }
  return places;
}

}  // namespace sluice::dsl
