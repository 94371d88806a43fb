#include "scratch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sluice::dsl {

Scratch::Scratch() : before_(std::filesystem::current_path()) {
  std::string name = testing::TempDir() + "sluice-dsl-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = name;
  std::filesystem::current_path(folder_);
}

Scratch::~Scratch() {
  std::filesystem::current_path(before_);
  std::filesystem::remove_all(folder_);
}

void Scratch::write(const std::string& name, std::string_view content) const {
  const std::filesystem::path path = folder_ / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

core::Result<stages::JobSpec> Scratch::load_job(
    std::map<std::string, std::string> parameters) const {
  LoadOptions options;
  options.parameters = std::move(parameters);
  options.environment = [](const std::string& name) {
    return name == "OPENAI_API_KEY" ? std::optional<std::string>("test-key") : std::nullopt;
  };
  return dsl::load("pipeline.lua", options);
}

core::Result<stages::PipelineSpec> Scratch::load(
    std::map<std::string, std::string> parameters) const {
  auto job = load_job(std::move(parameters));
  if (!job) return std::unexpected(job.error());
  EXPECT_EQ(job->questions.size(), 1u);
  return job->questions[0];
}

core::Result<stages::PipelineSpec> Scratch::load_text(std::string_view lua) const {
  write("pipeline.lua", lua);
  return load();
}

std::string pipeline_with(std::string_view validate, std::string_view pack,
                          std::string_view parse) {
  return fmt::format(R"(local s = require "sluice"
return s.pipeline {{
  name = "test",
  s.read {{ "in.jsonl" }},
  {}
  s.pack {{ {} }},
  s.dispatch {{ s.openai {{ model = "m", base_url = "http://127.0.0.1:1/v1" }} }},
  {}
  s.sink {{ "out.jsonl" }},
}}
)",
                     validate, pack, parse);
}

core::Row row_of(std::string_view json) {
  core::Row row;
  row.raw = json;
  return row;
}

}  // namespace sluice::dsl
