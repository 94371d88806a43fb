// The images and documents of a row (s.pack { images = … }): found, measured and named before anything
// is spent on the row, and read again when its request is built.
//
// What is wrong with one is a Reject of its row; it never ends a run.
//
// Threads: immutable after make(); any. Both calls may wait for the disk.
//
// Invariants:
//   1. A file is named by its bytes, so that a row whose file changed is another question, and one
//      whose file only moved is the same. A URL is named by its text: what stands behind it is the
//      provider's to fetch.
//   2. What is sent are the bytes that were named: a file that changed in between rejects its row,
//      which the next run asks again as what it is then.
//   3. Sizes are checked before a file is read, and kinds (by the first bytes, never by the ending)
//      before anything is encoded.
#pragma once

#include <simdjson.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/reject.h"
#include "provider/codec.h"
#include "stages/prompt_template.h"
#include "stages/row_files.h"
#include "stages/spec.h"

namespace sluice::stages {

// Where the pipeline does not say (docs/providers.md, Images and documents): the least of what the
// providers take of one file.
constexpr std::size_t kMostImageBytes = 3'750'000;
constexpr std::size_t kMostDocumentBytes = 4'500'000;
constexpr std::size_t kMostFiles = 20;  // of a row
// Of all files of a row, as base64.
constexpr std::size_t kMostEncodedBytes = 20'000'000;

// The reason of the rejects of rows whose file is not there, or cannot be read.
constexpr std::string_view kImageMissing = "image_missing";

class FileReader {
 public:
  // ErrorCode::pipeline when a template is malformed.
  static core::Result<FileReader> make(const PipelineSpec& spec);

  // Null where the row has none. `text`: the row's bytes.
  std::expected<std::shared_ptr<const RowFiles>, core::Reject> read(
      const simdjson::dom::object& row, std::string_view text) const;

 private:
  // The row's reject, or nothing and the file is added.
  std::optional<core::Reject> add(std::string&& value, RowFiles& files) const;
  std::optional<core::Reject> add_url(std::string&& url, RowFiles& files) const;
  std::optional<core::Reject> add_bytes(std::string&& source, std::string_view bytes,
                                        std::string_view shown, RowFiles& files) const;
  std::optional<core::Reject> not_taken(const RowFile& file, std::string_view shown) const;

  struct Taken {
    std::string endpoint;
    provider::FilesTaken files;
  };
  ImagesSpec spec_;
  std::vector<PromptTemplate> templates_;
  std::vector<Taken> taken_;  // by each endpoint
};

// What a row's files may hold (RowFiles::held), where each template gives one: 0 without any.
std::size_t most_file_bytes(const ImagesSpec& spec);

// The user content of a row that may have files (provider/user_content.h); `files` may be null.
std::expected<std::string, core::Reject> content_with_files(const RowFiles* files,
                                                            std::string_view prompt);

// "photos/1.png (image/png, 48123 bytes)"; of "data:…" its kind and size alone.
std::string description_of(const RowFile& file);

}  // namespace sluice::stages
