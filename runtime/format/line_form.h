// How the sink's lines stand in its file. The checkpoint has each line as a JSON object; in the file it
// stands as it is, or as a record of CSV. What a file holds is a pure function of the checkpoint, so
// that what is there can be proven, cut back and written again as with JSON lines:
//
//   1. The columns are those of the first line, in its order, then the answer's columns that it has not.
//   2. The header stands before the first line, and is written with it.
//   3. A line with another member is an error, not a loss: the user names the columns by `keep`.
//
// Threads: one.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice::format {

class LineForm {
 public:
  // By the ending of `path`: ".csv", ".tsv"; JSON lines otherwise. `answer_names`: the answer's columns.
  LineForm(std::string path, std::vector<std::string> answer_names);

  bool as_is() const { return delimiter_ == '\0'; }  // nothing below is then called
  char delimiter() const { return delimiter_; }
  // None before the first line.
  const std::vector<std::string>& columns() const { return columns_; }

  // A file that begins again.
  void restart() { columns_.clear(); }
  // The first line of the file, where it was written before.
  core::Status begin(std::string_view line);
  // Appends whole lines as they stand in the file, the header before the first. An error
  // (ErrorCode::pipeline) names what is to be done; the lines before it have been appended.
  core::Status append(std::string_view lines, std::string& out);
  // The columns' record, without its end.
  std::string header() const;
  // Sets `out` to one line's record, without its end.
  core::Status record(std::string_view line, std::string& out);

 private:
  core::Status append_record(std::string_view line, std::string& out);
  std::size_t column_of(std::string_view name, std::size_t likely) const;

  const std::string path_;
  const std::vector<std::string> answer_names_;
  char delimiter_ = '\0';
  std::vector<std::string> columns_;
  std::vector<simdjson::dom::element> cells_;
  std::vector<bool> there_;
  simdjson::dom::parser parser_;
};

}  // namespace sluice::format
