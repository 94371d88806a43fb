#include "checkpoint/shared_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "checkpoint/answer_reader.h"
#include "storage/directory.h"
#include "store/sqlite_file_check.h"

namespace sluice::checkpoint {
namespace {

namespace fs = std::filesystem;

// Of each job's index: at first, and up to where it is written to the disk.
constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kMostSlots = std::size_t{1} << 17;

// The directories of the checkpoints in `folder` and in its subfolders, those of jobs with several
// questions being one deeper.
std::vector<std::string> checkpoints_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= 2) at.disable_recursion_pending();
    if (at->path().filename() == "checkpoint.db") found.push_back(at->path().parent_path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

struct SharedAnswers::Job {
  Job(std::string where, std::unique_ptr<store::SqliteStore> store, const std::string& own)
      : directory(std::move(where)),
        index(own, kMostSlots, kFirstSlots),
        reader(std::move(store), index) {}

  const std::string directory;
  index::HashIndex index;
  AnswerReader reader;
  std::optional<Models> models;
  std::int64_t last_block = 0;
};

SharedAnswers::SharedAnswers(std::string folder, std::string own, std::vector<std::string> models)
    : folder_(std::move(folder)), own_(std::move(own)), models_(std::move(models)) {}
SharedAnswers::~SharedAnswers() = default;

core::Result<std::unique_ptr<SharedAnswers>> SharedAnswers::open(const std::string& folder,
                                                                 const std::string& own,
                                                                 std::vector<std::string> models) {
  if (auto made = storage::make_directory(folder); !made) return std::unexpected(made.error());
  std::unique_ptr<SharedAnswers> shared(new SharedAnswers(folder, own, std::move(models)));
  if (auto looked = shared->look(); !looked) return std::unexpected(looked.error());
  return shared;
}

core::Status SharedAnswers::look() {
  looked_ = std::chrono::steady_clock::now();
  for (const std::string& directory : checkpoints_in(folder_)) {
    std::error_code error;
    if (fs::equivalent(directory, own_, error)) continue;
    auto job = std::ranges::find(jobs_, directory, [](const auto& j) { return j->directory; });
    if (job == jobs_.end()) {
      auto store = store::SqliteStore::open_reader(directory);
      if (!store) return std::unexpected(store.error());
      job = jobs_.insert(job, std::make_unique<Job>(directory, std::move(*store), own_));
    }
    if (auto read = read_new(**job); !read) return read;
  }
  return {};
}

core::Status SharedAnswers::read_new(Job& job) {
  store::SqliteStore& store = job.reader.store();
  // One moment of the file: blocks together with the models that they name.
  if (auto begun = store.begin_read(); !begun) return begun;
  core::Status status = index_new(job);
  store.rollback();
  return status;
}

core::Status SharedAnswers::index_new(Job& job) {
  store::SqliteStore& store = job.reader.store();
  const auto models = store.models();
  if (!models) return std::unexpected(models.error());
  job.models.emplace(*models, models_);
  std::vector<core::Hash128> questions;
  return store.scan_keys(
      job.last_block, [&](std::int64_t block, std::int64_t, std::string bytes) -> core::Status {
        const auto keys = BlockKeys::decode(std::move(bytes));
        if (!keys)
          return store::corrupt(
              store.path(), fmt::format("the checkpoint is damaged: the keys of block {}", block));
        questions.clear();
        for (std::size_t i = 0; i < keys->size(); ++i) {
          const KeyRecord record = keys->at(i);
          if (is_indexed(record, *job.models)) questions.push_back(record.question);
        }
        if (auto added = job.index.add(questions, block); !added) return added;
        job.last_block = block;
        return {};
      });
}

core::Result<std::optional<StoredAnswer>> SharedAnswers::find(const core::Hash128& question) {
  if (std::chrono::steady_clock::now() - looked_ >= kLookAgain) {
    if (auto looked = look(); !looked) return std::unexpected(looked.error());
  }
  for (const auto& job : jobs_) {
    auto answer = job->reader.find(question, *job->models);
    if (!answer || *answer) return answer;
  }
  return std::nullopt;
}

}  // namespace sluice::checkpoint
