#include "stages/pack_savings.h"

#include <algorithm>
#include <cmath>

namespace sluice::stages {
namespace {

constexpr double kEnoughReplies = 8;
constexpr double kEnoughSpread = 0.05;  // standard deviation of the contents, by their mean

}  // namespace

std::vector<FrameBytes> frame_bytes(const PipelineSpec& spec, const Question& question) {
  std::vector<FrameBytes> all;
  const provider::PromptFrame& frame = question.frame;
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
    const bool as_schema = endpoint.structured == provider::StructuredOutput::json_schema;
    all.push_back({.system = frame.system.size() + (as_schema ? 0 : frame.schema_text.size()),
                   .schema = as_schema ? frame.schema.size() : 0});
  }
  return all;
}

PackSavings::PackSavings(std::vector<FrameBytes> packed, std::vector<FrameBytes> single) {
  for (std::size_t e = 0; e < packed.size(); ++e)
    endpoints_.push_back({.packed = packed[e], .single = single[e]});
}

void PackSavings::add(const PackedReply& reply) {
  const auto x = static_cast<double>(reply.content_bytes);
  const auto y = static_cast<double>(reply.input_tokens);
  const std::lock_guard lock(mutex_);
  requests_ += static_cast<std::int64_t>(reply.rows_answered) - 1;
  if (reply.input_tokens == 0 || reply.content_bytes == 0) return;  // not known
  Sums& sums = endpoints_[reply.endpoint];
  sums.replies += 1;
  sums.rows += static_cast<double>(reply.rows_answered);
  sums.single_bytes += static_cast<double>(reply.single_bytes);
  sums.x += x;
  sums.y += y;
  sums.xx += x * x;
  sums.xy += x * y;
}

double PackSavings::tokens_saved(const Sums& s) {
  if (s.replies == 0) return 0;
  const auto system = static_cast<double>(s.packed.system);
  const auto schema = static_cast<double>(s.packed.schema);
  const double spread = s.replies * s.xx - s.x * s.x;  // (n · deviation)²
  double slope = 0;
  double frame = 0;
  if (s.replies >= kEnoughReplies && std::sqrt(std::max(0.0, spread)) >= kEnoughSpread * s.x) {
    slope = (s.replies * s.xy - s.x * s.y) / spread;
    frame = (s.y - slope * s.x) / s.replies;
  }
  if (slope <= 0 || frame <= 0) {
    slope = s.y / (s.x + s.replies * system);
    frame = slope * system;
  }
  const bool schema_counts = frame / slope > system + schema / 2;
  const double packed = system + (schema_counts ? schema : 0);
  const double single = static_cast<double>(s.single.system) +
                        (schema_counts ? static_cast<double>(s.single.schema) : 0);
  const double single_frame = packed > 0 ? frame * single / packed : frame;
  return s.rows * single_frame + slope * s.single_bytes - s.y;
}

PackSavings::Saved PackSavings::saved() const {
  const std::lock_guard lock(mutex_);
  double tokens = 0;
  for (const Sums& sums : endpoints_) tokens += tokens_saved(sums);
  return {requests_, std::llround(tokens)};
}

}  // namespace sluice::stages
