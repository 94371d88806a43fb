// What this job has delivered to its sinks that are written whole, kept beside its checkpoint: a file of
// that name which is not what was left there is somebody else's, and is never written over.
//
// Threads: one; the job's lock is held by who changes it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "format/record_target.h"

namespace sluice::deliver {

struct Entry {
  std::string to;       // as the pipeline file has it
  format::Stand stand;  // what of the file of lines is in it
  std::string form;     // format and columns that it was written with
  std::string
      tag;  // of the file as it was left (place::Places::tag_of); empty: it was about to be put in place
  std::uint64_t rows = 0;
};

// An upload in parts that was begun and is not known to have ended: its parts are at the server, unseen.
struct Upload {
  std::string path;  // of the object
  std::string id;    // the server's
};

class Record {
 public:
  // One that is not there is empty. ErrorCode::corrupt for what is no such record.
  static core::Result<Record> load(const std::string& directory);
  const Entry* find(const std::string& to) const;
  core::Status put(Entry entry);  // durable when it returns
  const std::vector<Upload>& uploads() const { return uploads_; }
  core::Status begin_upload(Upload upload);      // durable when it returns
  void forget_uploads(const std::string& path);  // all of this object; durable with the next save()
  core::Status save() const;

 private:
  explicit Record(std::string path) : path_(std::move(path)) {}
  std::string path_;
  std::vector<Entry> entries_;
  std::vector<Upload> uploads_;
};

}  // namespace sluice::deliver
