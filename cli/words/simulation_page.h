// Simulated jobs side by side, as a page (inspect/page.h).
//
// Threads: pure functions; any.
#pragma once

#include <string>
#include <vector>

#include "inspect/page.h"
#include "words/simulation_text.h"

namespace sluice::words {

inspect::Page simulation_page(const std::string& job, const std::string& version,
                              const std::vector<Simulated>& all);

}  // namespace sluice::words
