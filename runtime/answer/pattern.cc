#include "answer/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

namespace sluice::answer {
namespace {

// Bytes of the compiled expression and of what its searches remember; there may be many of them.
constexpr std::int64_t kPatternBytes = 1 << 20;

}  // namespace

core::Result<Pattern> Pattern::compile(std::string text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytes);
  auto compiled = std::make_shared<const re2::RE2>(text, options);
  if (!compiled->ok()) return core::fail(core::ErrorCode::pipeline, compiled->error());
  Pattern made;
  made.text_ = std::move(text);
  if (!made.text_.empty()) made.compiled_ = std::move(compiled);
  return made;
}

bool Pattern::found_in(std::string_view subject) const {
  if (!compiled_) return true;
  return re2::RE2::PartialMatch(re2::StringPiece(subject.data(), subject.size()), *compiled_);
}

}  // namespace sluice::answer
