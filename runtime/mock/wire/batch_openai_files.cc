// OpenAI's files, and how Mistral's differ (docs/providers.md, Batch APIs).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/batch.h"
#include "wire/batch_lists.h"
#include "wire/multipart.h"

namespace sluice::wire {

std::string openai_file_id(std::uint64_t draw) {
  return fmt::format("file-{:016x}", draw);
}

void close_list(core::JsonWriter& w, std::string_view first, std::string_view last, bool more) {
  w.close(']');
  for (const auto& [name, id] : {std::pair("first_id", first), std::pair("last_id", last)}) {
    w.key(name);
    if (id.empty()) {
      w.null();
    } else {
      w.value(id);
    }
  }
  w.field("has_more", more);
  w.close('}');
}

void open_list(core::JsonWriter& w) {
  w.open('{');
  w.field("object", "list");
  w.key("data");
  w.open('[');
}

namespace {

constexpr std::uint64_t kMostOpenAiBytes = 200'000'000;
constexpr std::uint64_t kMostMistralBytes = 512'000'000;

std::expected<Upload, Refusal> openai_read_upload(const http::ServerRequest& request) {
  const auto parts = form_parts(request.headers.find("content-type").value_or(""), request.body);
  if (!parts)
    return bad_request("The request must be multipart/form-data, with a part for each field.");
  Upload upload;
  const FormPart* file = nullptr;
  for (const FormPart& part : *parts) {
    if (part.name == "purpose") upload.purpose = part.bytes;
    if (part.name == "file") file = &part;
  }
  if (!file)
    return bad_request("Missing required parameter: 'file'.", "file", "missing_required_parameter");
  if (upload.purpose.empty()) {
    return bad_request("Missing required parameter: 'purpose'.", "purpose",
                       "missing_required_parameter");
  }
  upload.name = file->file;
  upload.media = file->media;
  upload.bytes = file->bytes;
  constexpr std::array<std::string_view, 7> kPurposes = {
      "assistants", "batch", "fine-tune", "vision", "user_data", "evals", "ocr"};
  if (std::find(kPurposes.begin(), kPurposes.end(), upload.purpose) == kPurposes.end()) {
    return bad_request(
        fmt::format("'{}' is not one of the purposes of files: 'batch' is for batches.",
                    upload.purpose),
        "purpose", "invalid_value");
  }
  if (upload.bytes.empty()) return bad_request("The file is empty.", "file", "empty_file");
  if (upload.purpose == "batch" && !upload.name.ends_with(".jsonl")) {
    return bad_request(
        fmt::format("Invalid file format for Batch API: '{}' must end with .jsonl.", upload.name),
        "file", "invalid_file_format");
  }
  return upload;
}

void openai_write_file(core::JsonWriter& w, const StoredFile& file, std::string_view) {
  w.open('{');
  w.field("id", file.id);
  w.field("object", "file");
  w.field("bytes", file.bytes);
  w.field("created_at", unix_seconds(file.created));
  w.field("expires_at", unix_seconds(file.created + std::chrono::days(30)));
  w.field("filename", file.name);
  w.field("purpose", file.purpose);
  w.field("status", "processed");
  w.close('}');
}

void openai_write_files(core::JsonWriter& w, std::span<const StoredFile> files,
                        const ListEnds& ends, std::string_view base) {
  open_list(w);
  for (const StoredFile& file : files) openai_write_file(w, file, base);
  close_list(w, files.empty() ? "" : files.front().id, files.empty() ? "" : files.back().id,
             ends.more);
}

void openai_write_removed(core::JsonWriter& w, const StoredFile& file) {
  w.open('{');
  w.field("id", file.id);
  w.field("object", "file");
  w.field("deleted", true);
  w.close('}');
}

// --- Mistral

std::string mistral_file_id(std::uint64_t draw) {
  return uuid_of(draw);
}

void mistral_write_file(core::JsonWriter& w, const StoredFile& file, std::string_view) {
  const bool result = file.purpose == "batch_output";
  w.open('{');
  w.field("id", file.id);
  w.field("object", "file");
  w.field("bytes", file.bytes);
  w.field("created_at", unix_seconds(file.created));
  w.field("filename", file.name);
  w.field("purpose", result ? std::string_view("batch") : std::string_view(file.purpose));
  w.field("sample_type", result ? "batch_result" : "batch_request");
  w.field("source", result ? "mistral" : "upload");
  w.field("mimetype", file.media);
  w.close('}');
}

void mistral_write_files(core::JsonWriter& w, std::span<const StoredFile> files,
                         const ListEnds& ends, std::string_view base) {
  w.open('{');
  w.field("object", "list");
  w.key("data");
  w.open('[');
  for (const StoredFile& file : files) mistral_write_file(w, file, base);
  w.close(']');
  w.field("total", ends.total);
  w.close('}');
}

}  // namespace

std::string uuid_of(std::uint64_t draw) {
  const std::string digits = fmt::format("{:016x}", draw);
  const std::string_view d = digits;
  return fmt::format("{}-{}-4{}-8{}-0000{}", d.substr(0, 8), d.substr(8, 4), d.substr(12, 3),
                     d.substr(0, 3), d.substr(8));
}

const BatchFilesApi kOpenAiFiles = {.id = openai_file_id,
                                    .most_bytes = kMostOpenAiBytes,
                                    .read = openai_read_upload,
                                    .write = openai_write_file,
                                    .write_list = openai_write_files,
                                    .write_removed = openai_write_removed};

const BatchFilesApi kMistralFiles = {.id = mistral_file_id,
                                     .most_bytes = kMostMistralBytes,
                                     .read = openai_read_upload,
                                     .write = mistral_write_file,
                                     .write_list = mistral_write_files,
                                     .write_removed = openai_write_removed};

}  // namespace sluice::wire
