// What the parts are measured on: the rows and the job of bench/tickets.lua, the chat completion
// that answers one, and places to put things.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/projection.h"
#include "core/row.h"
#include "provider/codec.h"
#include "stages/item.h"
#include "stages/question.h"
#include "stages/spec.h"

namespace sluice::bench {

// Row number `i` as a JSON object of about 400 bytes; no two alike.
std::string row_json(std::uint64_t i);
core::RowBatch rows(std::size_t count);

// The job of bench/tickets.lua.
stages::PipelineSpec tickets(int rows_a_request);
// `count` rows as prepare leaves them.
stages::Items prepared(const stages::PipelineSpec& spec, const stages::Question& question,
                       std::size_t count);
// Requests of `rows_a_request` rows each, built.
std::vector<stages::RequestPtr> built_requests(const stages::PipelineSpec& spec,
                                               const stages::Question& question, std::size_t count);

// A chat completion of 580 bytes and what a service sends ahead of it.
std::string_view completion_body();
using HeaderLines = std::vector<std::pair<std::string, std::string>>;
const HeaderLines& completion_headers();

// A folder that goes with the measurement, below the working directory: /tmp may be memory, where
// a sync costs nothing.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Takes lines and keeps none.
class NoSink final : public checkpoint::Projection {
 public:
  core::Result<store::Position> open(store::Position, checkpoint::Past&) override { return at_; }
  core::Status append(std::string_view answers, std::string_view rejects) override {
    at_.answers += answers.size();
    at_.rejects += rejects.size();
    return {};
  }
  core::Result<store::Mark> write_out() override { return store::Mark{at_, {}}; }
  core::Status sync() override { return {}; }

 private:
  store::Position at_;
};

}  // namespace sluice::bench
