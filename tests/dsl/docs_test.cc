// The pages in docs/ that are made from the option tables are up to date.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "dsl/options.h"
#include "dsl/render_docs.h"
#include "format/formats.h"

namespace sluice::dsl {
namespace {

void expect_rendered(const std::string& name, const std::string& rendered) {
  const std::string path = std::string(SLUICE_SOURCE_DIR) + "/docs/" + name;
  if (std::getenv("SLUICE_REGENERATE") != nullptr) std::ofstream(path) << rendered;
  std::stringstream committed;
  committed << std::ifstream(path).rdbuf();
  EXPECT_TRUE(committed.str() == rendered)
      << "docs/" << name << " is not what dsl/options.cc says. To write it anew: "
      << "SLUICE_REGENERATE=1 dsl_test --gtest_filter='Docs.*'";
}

TEST(Docs, OptionsPageIsWhatTheOptionTablesSay) {
  expect_rendered("pipeline-options.md", render_options_page());
}

TEST(Docs, EditorTypesAreWhatTheOptionTablesSay) {
  expect_rendered("sluice.meta.lua", render_editor_types());
}

TEST(Docs, FormatTakesTheNamesOfTheFormats) {
  std::string names;
  for (const format::Format& format : format::formats())
    if (format.name != "file")  // s.files
      names += (names.empty() ? "" : "|") + std::string(format.name);
  EXPECT_EQ(find_option(section("read"), "format")->choices, names);
}

}  // namespace
}  // namespace sluice::dsl
