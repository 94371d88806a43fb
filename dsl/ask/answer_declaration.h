// What --answer declares, in one line:
//
//   queue=billing|bug|access, urgency=int 1..5 "5 is worst", note?=text ..200, tags=list of text
//
//   answer  := field { "," field }
//   field   := NAME [ "?" ] "=" type [ DESCRIPTION ]      "?": may be null
//   type    := CHOICE "|" CHOICE { "|" CHOICE }
//            | "text" [ bounds ]                          characters
//            | ( "int" | "number" ) [ bounds ]
//            | "bool"
//            | "list" [ bounds ] "of" type                elements
//   bounds  := LEAST ".." MOST | ".." MOST | LEAST ".."
//
// A choice with a comma, a bar or quotes in it stands in quotes, a description always does.
//
// Threads: any; a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::ask {

struct DeclaredField {
  std::string name;
  std::string lua;  // "s.int { min = 1, max = 5 }"
};

// In their order, at least one. ErrorCode::usage shows the place.
core::Result<std::vector<DeclaredField>> read_answer(std::string_view argument);

}  // namespace sluice::ask
