// A folder of its own for a test, with pipeline files in it, and working directory while it lives.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/row.h"
#include "dsl/load.h"

namespace sluice::dsl {

class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void write(const std::string& name, std::string_view content) const;
  // Loads pipeline.lua with OPENAI_API_KEY=test-key and the given parameters.
  core::Result<stages::JobSpec> load_job(std::map<std::string, std::string> parameters = {}) const;
  // Its only question.
  core::Result<stages::PipelineSpec> load(std::map<std::string, std::string> parameters = {}) const;
  // The same for a file that holds `lua`.
  core::Result<stages::PipelineSpec> load_text(std::string_view lua) const;

 private:
  std::filesystem::path before_;
  std::filesystem::path folder_;
};

// A whole pipeline around the given stages' insides.
std::string pipeline_with(std::string_view validate, std::string_view pack, std::string_view parse);

core::Row row_of(std::string_view json);

}  // namespace sluice::dsl
