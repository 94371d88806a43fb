// What several stage tests need.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "stages/item.h"
#include "stages/question.h"
#include "stages/spec.h"
#include "tests/answer/support.h"
#include "tests/scratch.h"

namespace sluice::stages {

// A pipeline that asks "{{q}}" of rows keyed by "id" and wants {"a": text}.
inline PipelineSpec simple_spec(int rows_a_request) {
  PipelineSpec spec;
  spec.name = "simple";
  spec.read.key = "id";
  spec.pack.rows = rows_a_request;
  spec.pack.user_template = "{{q}}";
  spec.pack.answer = {answer::field("a", answer::FieldType::text)};
  spec.sink.path = "out.jsonl";
  spec.sink.rejects = "out.rejects.jsonl";
  provider::EndpointSpec endpoint;
  endpoint.name = "m";
  endpoint.model = "m";
  spec.dispatch.endpoints = {endpoint};
  return spec;
}

// The item that prepare makes of row `id` asking `prompt`.
inline Item item_of(const Question& question, const std::string& id, const std::string& prompt) {
  Item item;
  item.row.raw = R"({"id":")" + id + R"(","q":")" + prompt + "\"}";
  item.row.key_json = '"' + id + '"';
  item.prompt = prompt;
  item.question = question.of(prompt);
  item.identity = row_name(item.row, item.question);
  return item;
}

// A checkpoint in memory that commits at once, on the caller's thread, and keeps all that it is
// given.
//
// Threads: as a checkpoint's; its public members while nobody uses it, or on the one thread that
// does.
class MemoryCheckpoint final : public checkpoint::Checkpoint {
 public:
  std::multiset<core::Hash128> done;
  std::map<core::Hash128, checkpoint::StoredAnswer> answers;

  std::vector<store::Intent> intents;
  std::vector<store::Settlement> settlements;
  std::vector<store::Entry> entries;
  bool durable_at_once = true;         // else intents wait for make_durable()
  std::optional<int> fails_at_commit;  // that one and all after it

  // What waits is durable now: runs the callbacks.
  void make_durable() {
    for (const auto& durable : std::exchange(waiting_, {})) durable();
  }

  const Opened& opened() const override { return opened_; }
  core::Result<bool> consume_done(const core::Hash128& row) override {
    const auto at = done.find(row);
    if (at == done.end()) return false;
    done.erase(at);
    return true;
  }
  std::uint64_t unmatched() const override { return done.size(); }
  core::Result<std::optional<checkpoint::StoredAnswer>> find_answer(
      const core::Hash128& question) override {
    const auto at = answers.find(question);
    if (at == answers.end()) return std::nullopt;
    return at->second;
  }
  bool intend(std::vector<store::Intent> more, std::function<void()> durable) override {
    std::lock_guard lock(mutex_);
    if (failed_) return false;
    intents.insert(intents.end(), more.begin(), more.end());
    if (!durable_at_once) waiting_.push_back(std::move(durable));
    return durable_at_once;
  }
  void commit(store::Results results, std::function<void()> durable) override {
    bool fails_now = false;
    {
      std::lock_guard lock(mutex_);
      if (failed_) return;
      ++commits_;
      fails_now = failed_ = fails_at_commit && commits_ >= *fails_at_commit;
      if (!failed_) {
        std::ranges::move(results.settlements, std::back_inserter(settlements));
        std::ranges::move(results.entries, std::back_inserter(entries));
      }
    }
    if (!fails_now) return durable();
    if (on_failure_) on_failure_({core::ErrorCode::io, "no space left on device", {}});
  }
  void set_rows_read(std::uint64_t, bool) override {}
  void set_day_use(std::uint32_t, const store::DayUse&) override {}
  store::Account account() const override { return {}; }
  void on_failure(std::function<void(core::Error)> failed) override {
    on_failure_ = std::move(failed);
  }
  core::Status close() override { return {}; }

 private:
  Opened opened_;
  std::mutex mutex_;  // guards what follows, and what is kept
  std::vector<std::function<void()>> waiting_;
  std::function<void(core::Error)> on_failure_;
  int commits_ = 0;
  bool failed_ = false;
};

}  // namespace sluice::stages
