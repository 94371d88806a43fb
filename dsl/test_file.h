// A test file (docs/testing.md): a list of cases, each as the JSON object that
// stages/rehearse/case.h reads, and the functions in them.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "dsl/load.h"

namespace sluice::dsl {

struct TestCase {
  std::string json;  // without its functions
  // Its `reply`, where that is a function: of the question with this index (0 for the case itself),
  // and its number among the file's.
  struct Function {
    std::size_t question = 0;
    std::size_t number = 0;
  };
  std::vector<Function> functions;
};

struct TestCases {
  std::vector<TestCase> cases;
  bool own_pipeline = false;            // pipeline = s.pipeline { … }
  std::optional<std::string> pipeline;  // pipeline = "other.lua"
};

class TestFile {
 public:
  // Mistakes are told as load() tells them. The file may ask for parameters, and need not.
  static core::Result<std::unique_ptr<TestFile>> load(const std::string& path,
                                                      const LoadOptions& options);
  virtual ~TestFile() = default;

  virtual const TestCases& tests() const = 0;
  // Calls a reply function. Its arguments and what it gives are JSON.
  virtual core::Result<std::string> reply(std::size_t function, const std::string& row,
                                          const std::string& ask) = 0;

  // A mistake in the case of this name, at `word` in it, or at the name. `instead`: what the word may
  // have been meant to be.
  virtual core::Error mistake(std::string_view name, std::string_view word, std::string_view what,
                              std::string_view hint,
                              const std::vector<std::string>& instead = {}) const = 0;
  // "file:line" of the case.
  virtual std::string place(std::string_view name) const = 0;
};

}  // namespace sluice::dsl
