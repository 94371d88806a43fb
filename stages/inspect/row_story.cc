#include "inspect/row_story.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>
#include <utility>

#include "checkpoint/view.h"
#include "core/json.h"
#include "inspect/input_rows.h"
#include "inspect/line_identity.h"
#include "inspect/request_text.h"
#include "stages/question.h"
#include "stages/read_files.h"

namespace sluice::inspect {
namespace {

// Whether all files can be read from the start once more.
bool readable_again(const std::vector<std::string>& paths) {
  return std::ranges::all_of(paths, [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
  });
}

class Teller {
 public:
  Teller(const stages::PipelineSpec& spec, const RowQuery& query)
      : spec_(spec),
        query_(query),
        question_(stages::make_question(spec)),
        lines_(spec, question_.answer_names()) {
    if (!query.line) {
      core::append_json_string(as_text_, query.key);
      names_ = {as_text_, query.key};
    }
  }

  core::Result<RowStory> tell() {
    if (auto read = read_input(); !read) return std::unexpected(read.error());
    std::error_code error;
    story_.run_before =
        std::filesystem::exists(spec_.checkpoint.directory + "/checkpoint.db", error);
    if (story_.run_before) {
      if (auto read = read_checkpoint(); !read) return std::unexpected(read.error());
    }
    if (!story_.found.empty() || !story_.records.empty()) story_.other_keys.clear();
    return std::move(story_);
  }

 private:
  core::Status read_input() {
    const auto paths = source::names_of(spec_.read);
    if (!paths || (!spec_.read.paths.empty() && !readable_again(*paths))) return {};
    story_.input_read = true;
    return each_input_row(spec_, question_, [&](const stages::Item& item) -> core::Status {
      const bool wanted =
          query_.line ? item.row.line == *query_.line : names_.contains(item.row.key_json);
      if (!wanted) {
        if (!item.row.key_json.empty() && story_.other_keys.size() < RowStory::kOtherKeys)
          story_.other_keys.push_back(item.row.key_json);
        return {};
      }
      RowStory::Found found{.name = row_name_of(item.row),
                            .path = (*paths)[item.row.source],
                            .line = item.row.line,
                            .row = item.row.raw,
                            .prompt = item.prompt,
                            .images = {},
                            .reject = {}};
      if (item.files)
        for (const stages::RowFile& file : item.files->list)
          found.images.push_back(stages::description_of(file));
      if (item.reject) found.reject = *item.reject;
      found.accepted = item.row.accepted != nullptr;
      story_.found.push_back(std::move(found));
      identities_.insert(item.identity);
      questions_.push_back(item.question);
      if (!item.row.key_json.empty()) names_.insert(item.row.key_json);
      return {};
    });
  }

  core::Status read_checkpoint() {
    auto view = checkpoint::View::open(spec_.checkpoint.directory);
    if (!view) return std::unexpected(view.error());
    story_.changed = !(*view)->expect_fingerprint(stages::fingerprint(spec_, question_));
    const auto take = [&](const checkpoint::View::Ended& ended, bool earlier) -> core::Status {
      const bool this_row = identities_.contains(ended.row);
      if (!this_row && (spec_.read.key.empty() ||
                        !names_.contains(lines_.identify(ended.line, ended.kind).name)))
        return {};
      RowStory::Record record;
      record.answer = ended.kind == store::Kind::answer;
      record.model = ended.model;
      record.withdrawn = ended.withdrawn;
      record.earlier = earlier;
      record.generation = ended.generation;
      record.of_this_row = this_row;
      if (record.answer) {
        std::string_view members = ended.line.substr(ended.answer_at);
        if (members.ends_with('}')) members.remove_suffix(1);
        record.members = members;
      } else {
        record.reject = read_reject(ended.line);
      }
      story_.records.push_back(std::move(record));
      return {};
    };
    auto read = (*view)->each(
        [&](const checkpoint::View::Ended& ended) { return take(ended, /*earlier=*/false); });
    if (read)
      read = (*view)->each_earlier(
          [&](const checkpoint::View::Ended& ended) { return take(ended, /*earlier=*/true); });
    if (!read || questions_.empty()) return read;
    std::unordered_set<core::Hash128> answered;
    read = (*view)->each_answered(stages::models_of(spec_.dispatch),
                                  [&](const core::Hash128& question) {
                                    if (std::ranges::find(questions_, question) != questions_.end())
                                      answered.insert(question);
                                  });
    for (std::size_t i = 0; i < questions_.size(); ++i)
      story_.found[i].answered = answered.contains(questions_[i]);
    return read;
  }

  const stages::PipelineSpec& spec_;
  const RowQuery& query_;
  const stages::Question question_;
  const LineReader lines_;
  std::string as_text_;
  std::set<std::string, std::less<>> names_;  // JSON of the key
  std::unordered_set<core::Hash128> identities_;
  std::vector<core::Hash128> questions_;  // of story_.found
  RowStory story_;
};

}  // namespace

core::Result<RowStory> row_story(const stages::PipelineSpec& spec, const RowQuery& query) {
  return Teller(spec, query).tell();
}

}  // namespace sluice::inspect
