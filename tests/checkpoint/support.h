// What the checkpoint's tests share: a scratch directory, a projection to files, and short ways to
// wait for commits.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "tests/store/make_records.h"

namespace sluice::checkpoint {

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = testing::TempDir() + "/sluice-checkpoint-XXXXXX";
    path_ = std::filesystem::canonical(::mkdtemp(pattern.data()));
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string job() const { return path_ + "/job"; }
  std::string database() const { return job() + "/checkpoint.db"; }

 private:
  std::string path_;
};

inline std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Two plain files, unbuffered, which it trusts once the job has a past. Keeps what it was told, and
// fails when asked to.
class FileProjection final : public Projection {
 public:
  explicit FileProjection(const std::string& directory)
      : answers_(directory + "/answers.jsonl"), rejects_(directory + "/rejects.jsonl") {}

  core::Result<store::Position> open(store::Position recorded, Past& past) override {
    recorded_ = recorded;
    past_.clear();
    for (std::size_t i = 0; i < past.generations(); ++i) past_.push_back(past.mark(i));
    if (past_.empty() && size(answers_) + size(rejects_) > 0)
      return core::fail(core::ErrorCode::usage, "the output already exists", answers_);
    if (size(answers_) < recorded.answers || size(rejects_) < recorded.rejects) recorded = {};
    for (const auto& [path, at] :
         {std::pair(&answers_, recorded.answers), std::pair(&rejects_, recorded.rejects)}) {
      std::ofstream(*path, std::ios::app);  // made when missing
      std::filesystem::resize_file(*path, at);
    }
    position_ = recorded;
    return recorded;
  }
  core::Status append(std::string_view answers, std::string_view rejects) override {
    if (fail_appends_) return core::fail(core::ErrorCode::io, "cannot append", answers_);
    write(answers_, answers);
    write(rejects_, rejects);
    position_.answers += answers.size();
    position_.rejects += rejects.size();
    return {};
  }
  core::Result<store::Mark> write_out() override {
    return store::Mark{position_,
                       {"answers:" + std::to_string(position_.answers),
                        "rejects:" + std::to_string(position_.rejects)}};
  }
  core::Status sync() override { return {}; }

  std::string answers() const { return read_file(answers_); }
  std::string rejects() const { return read_file(rejects_); }
  const std::string& answers_path() const { return answers_; }
  store::Position recorded() const { return recorded_; }          // as given to open()
  const std::vector<store::Mark>& past() const { return past_; }  // the latest first
  void fail_appends() { fail_appends_ = true; }

 private:
  static std::uintmax_t size(const std::string& path) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    return error ? 0 : bytes;
  }
  static void write(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::app)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::string answers_;
  std::string rejects_;
  store::Position position_;
  store::Position recorded_;
  std::vector<store::Mark> past_;
  bool fail_appends_ = false;
};

using store::answer;
using store::dollars;
using store::hash_of;
using store::reject;
using store::settled;

inline Options options_for(const ScratchDirectory& scratch, const std::string& fingerprint = "f1") {
  return {.directory = scratch.job(),
          .job = "classify",
          .fingerprint = hash_of(fingerprint),
          .endpoints = {"east", "west"},
          .models = {"m1", "m2"},
          .durability = store::Durability::process};
}

// An open checkpoint that is expected to open; failures of it are test failures.
inline std::unique_ptr<Checkpoint> open_checkpoint(const Options& options, Projection& projection) {
  auto checkpoint = Checkpoint::open(options, projection);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().text();
  return checkpoint ? std::move(*checkpoint) : nullptr;
}

inline void commit_now(Checkpoint& checkpoint, std::vector<store::Entry> entries,
                       std::vector<store::Settlement> settlements = {}) {
  std::promise<void> done;
  checkpoint.commit({std::move(settlements), std::move(entries)}, [&] { done.set_value(); });
  done.get_future().wait();
}

// `durable` runs in either way.
inline void intend(Checkpoint& checkpoint, std::vector<store::Intent> intents,
                   const std::function<void()>& durable) {
  if (checkpoint.intend(std::move(intents), durable)) durable();
}

inline void intend_now(Checkpoint& checkpoint, std::vector<store::Intent> intents) {
  std::promise<void> done;
  intend(checkpoint, std::move(intents), [&] { done.set_value(); });
  done.get_future().wait();
}

}  // namespace sluice::checkpoint
