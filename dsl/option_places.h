// Where the options stand that a remark may be about, which only the input or other options decide:
// `check` shows their lines (stages/inspect/remarks.h).
//
// Threads: as the Lua state. Going through a source's tokens is charged to its sandbox.
#pragma once

#include <cstddef>
#include <lua.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "dsl/arguments.h"
#include "dsl/node.h"
#include "stages/spec.h"

namespace sluice::dsl {

// Of those options among `names` that are there.
std::vector<OptionMark> marks_of(const Arguments& arguments,
                                 std::initializer_list<std::string_view> names);

// Adds those of the items of the list that stands in `arguments` under `option`, by place; none
// where the source does not show it.
void add_item_marks(std::vector<OptionMark>& marks, const Arguments& arguments,
                    std::string_view option);

stages::SourcePlace place_of(const script::Source& source, const script::Span& span);

// The first kMostPlaces of them.
constexpr std::size_t kMostPlaces = 64;
std::vector<stages::OptionPlace> places_of(lua_State* lua, std::span<const OptionMark> marks);

}  // namespace sluice::dsl
