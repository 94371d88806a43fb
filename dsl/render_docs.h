// The pages that are made from the option tables: what a user reads and what an editor knows. The
// tests compare the files in docs/ with them, and write them anew with SLUICE_REGENERATE=1.
//
// Plain functions, any thread.
#pragma once

#include <string>

namespace sluice::dsl {

std::string render_options_page();  // docs/pipeline-options.md
std::string render_editor_types();  // docs/sluice.meta.lua, for the Lua language server (LuaLS)

}  // namespace sluice::dsl
