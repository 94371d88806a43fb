// Remarks of `check` for people and for programs.
//
// Threads: any. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "inspect/remarks.h"

namespace sluice::words {

// A mistake in the pipeline file, its text taken apart.
inspect::Remark remark_of(const core::Error& error, const std::string& file);

// "  warning    in.jsonl:3: …; hint", a line each.
std::string remarks_text(const std::vector<inspect::Remark>& remarks);

// {"ok":…,"findings":[{"severity","file","line","column","message","hint"}]}; what is not known is
// null.
std::string remarks_json(const std::vector<inspect::Remark>& remarks, bool ok);

}  // namespace sluice::words
