#include "stages/read_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/registry.h"
#include "core/base64.h"
#include "core/media_type.h"
#include "core/printable.h"
#include "provider/user_content.h"
#include "stages/names.h"
#include "storage/whole_file.h"

namespace sluice::stages {
namespace {

constexpr std::string_view kData = "data:";
constexpr std::string_view kBase64 = ";base64,";
constexpr std::string_view kKinds = "a PNG, JPEG, GIF or WebP image or a PDF";
constexpr std::size_t kShownBytes = 200;  // of a path or a URL, in a message
// Of a page of a document, beside the image of it: its text is sent as well.
constexpr std::size_t kPageTextTokens = 3'000;

core::Reject reject(std::string_view reason, std::string detail) {
  return {core::Stage::pack, std::string(reason), std::move(detail), {}};
}

std::string shown_of(std::string_view source) {
  if (source.size() <= kShownBytes) return core::printable(source);
  return core::printable(source.substr(0, kShownBytes)) + "…";
}

bool is_url(std::string_view value) {
  return value.starts_with("https://") || value.starts_with("http://");
}

// The base64 of "data:image/png;base64,…"; nullopt where there is none.
std::optional<std::string_view> data_of(std::string_view source) {
  const std::size_t at = source.find(',');
  if (at == source.npos || !source.substr(0, at + 1).ends_with(kBase64)) return std::nullopt;
  return source.substr(at + 1);
}

core::Reject too_large(std::string_view shown, std::uint64_t bytes, std::size_t most) {
  return reject("image_too_large",
                fmt::format("{} has {} bytes, more than the {} that one file may have: make it "
                            "smaller, or raise image_bytes where the provider takes more",
                            shown, bytes, most));
}

core::Reject unusable(const storage::FileProblem& problem, std::string_view shown,
                      std::size_t most) {
  using What = storage::FileProblem::What;
  switch (problem.what) {
    case What::missing:
      return reject(kImageMissing,
                    fmt::format("{} is not there: relative paths begin at the pipeline file's "
                                "folder",
                                shown));
    case What::not_a_file:
      return reject("bad_image", fmt::format("{} is not a file", shown));
    case What::too_large:
      return too_large(shown, problem.bytes, most);
    case What::unreadable:
      break;
  }
  return reject(kImageMissing, fmt::format("{} cannot be read: {}", shown, problem.reason));
}

// Page objects that can be seen; 0 where they are inside of compressed streams.
std::size_t visible_pages(std::string_view pdf) {
  constexpr std::string_view kType = "/Type";
  constexpr std::string_view kPage = "/Page";
  std::size_t pages = 0;
  for (std::size_t at = 0; (at = pdf.find(kType, at)) != pdf.npos;) {
    at += kType.size();
    while (at < pdf.size() && (pdf[at] == ' ' || pdf[at] == '\r' || pdf[at] == '\n')) ++at;
    if (!pdf.substr(at).starts_with(kPage)) continue;
    at += kPage.size();
    const char next = at < pdf.size() ? pdf[at] : ' ';
    const bool longer = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
    if (!longer) ++pages;
  }
  return pages;
}

// Where no pages can be seen, a token a byte of the file: text is compressed about so well.
std::size_t tokens_of(std::string_view media, std::string_view bytes, std::size_t image_tokens) {
  if (media != core::kPdf) return image_tokens;
  const std::size_t pages = visible_pages(bytes);
  return pages > 0 ? pages * (image_tokens + kPageTextTokens) : image_tokens + bytes.size();
}

}  // namespace

core::Result<FileReader> FileReader::make(const PipelineSpec& spec) {
  FileReader made;
  made.spec_ = spec.pack.images;
  for (const std::string& text : made.spec_.templates) {
    auto parsed = PromptTemplate::parse(text);
    if (!parsed) return std::unexpected(parsed.error());
    made.templates_.push_back(std::move(*parsed));
  }
  if (made.templates_.empty()) return made;
  for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints)
    made.taken_.push_back({endpoint.name, codec::make_codec(endpoint)->files_taken()});
  return made;
}

std::expected<std::shared_ptr<const RowFiles>, core::Reject> FileReader::read(
    const simdjson::dom::object& row, std::string_view text) const {
  if (templates_.empty()) return nullptr;
  auto files = std::make_shared<RowFiles>();
  for (const PromptTemplate& one : templates_) {
    auto values = one.render_each(row, text);
    if (!values)
      return std::unexpected(
          reject("missing_field",
                 fmt::format("images needs the field '{}', which this row lacks; an empty text "
                             "says that it has no image there",
                             values.error())));
    for (std::string& value : *values) {
      if (files->list.size() == kMostFiles)
        return std::unexpected(
            reject("image_too_large",
                   fmt::format("the row has more than {} images, the most that a request takes",
                               kMostFiles)));
      if (auto why = add(std::move(value), *files)) return std::unexpected(std::move(*why));
    }
  }
  if (files->list.empty()) return nullptr;
  return files;
}

std::optional<core::Reject> FileReader::add(std::string&& value, RowFiles& files) const {
  if (is_url(value)) return add_url(std::move(value), files);
  if (value.starts_with(kData)) {
    const auto data = data_of(value);
    const std::string shown = shown_of(std::string_view(value).substr(0, value.find(',')));
    const auto bytes = data ? core::read_base64(*data) : std::nullopt;
    if (!bytes)
      return reject("bad_image", fmt::format("'{}' is not followed by base64: it should read "
                                             "data:image/png;base64,iVBORw0…",
                                             shown));
    return add_bytes(std::move(value), *bytes, shown, files);
  }
  if (value.find("://") < value.find('/'))
    return reject("bad_image", fmt::format("{} is neither a path nor an https:// address: copy it "
                                           "to a file first",
                                           shown_of(value)));
  if (value.front() != '/') value.insert(0, spec_.folder);
  const std::string shown = shown_of(value);
  const std::size_t most =
      spec_.bytes > 0 ? spec_.bytes : std::max(kMostImageBytes, kMostDocumentBytes);
  const auto bytes = storage::read_whole(value, most);
  if (!bytes) return unusable(bytes.error(), shown, most);
  return add_bytes(std::move(value), *bytes, shown, files);
}

std::optional<core::Reject> FileReader::add_url(std::string&& url, RowFiles& files) const {
  if (!provider::can_be_url(url))
    return reject("bad_image", fmt::format("'{}' is not an address: blanks, quotes and backslashes "
                                           "must be written as %20, %22 and %5C",
                                           shown_of(url)));
  RowFile file{.source = std::move(url), .media = {}, .name = {}, .url = true};
  file.media = core::media_type_by_ending(file.source);
  file.name = url_name(file.source);
  // Nothing is known of its size: of a document, ten pages.
  const auto tokens = static_cast<std::size_t>(spec_.tokens);
  file.tokens = file.media == core::kPdf ? 10 * (tokens + kPageTextTokens) : tokens;
  if (auto why = not_taken(file, shown_of(file.source))) return why;
  files.tokens += file.tokens;
  files.list.push_back(std::move(file));
  return std::nullopt;
}

std::optional<core::Reject> FileReader::add_bytes(std::string&& source, std::string_view bytes,
                                                  std::string_view shown, RowFiles& files) const {
  if (bytes.empty()) return reject("bad_image", fmt::format("{} is empty", shown));
  RowFile file{.source = std::move(source), .media = core::media_type_of(bytes), .name = {}};
  if (file.media.empty()) {
    const std::string_view other = core::other_kind_of(bytes);
    return reject("bad_image", fmt::format("{} is {}, not {}", shown,
                                           other.empty() ? "of an unknown kind" : other, kKinds));
  }
  const std::size_t by_kind = file.media == core::kPdf ? kMostDocumentBytes : kMostImageBytes;
  const std::size_t most = spec_.bytes > 0 ? spec_.bytes : by_kind;
  if (bytes.size() > most) return too_large(shown, bytes.size(), most);
  if (auto why = not_taken(file, shown)) return why;
  file.bytes = bytes.size();
  files.encoded += core::base64_bytes(bytes.size());
  if (files.encoded > kMostEncodedBytes)
    return reject("image_too_large",
                  fmt::format("with {} the row's images have {} bytes as base64, more than the {} "
                              "that a request takes",
                              shown, files.encoded, kMostEncodedBytes));
  file.name = file_name(bytes);
  file.tokens = tokens_of(file.media, bytes, static_cast<std::size_t>(spec_.tokens));
  files.tokens += file.tokens;
  files.list.push_back(std::move(file));
  return std::nullopt;
}

std::optional<core::Reject> FileReader::not_taken(const RowFile& file,
                                                  std::string_view shown) const {
  for (const auto& [endpoint, takes] : taken_) {
    const bool document = file.media == core::kPdf;
    std::string_view why;
    if (file.url && !(document ? takes.document_urls : takes.image_urls)) {
      why = document ? "fetches no documents: give the file itself"
                     : "fetches no images: give the file itself";
    } else if (file.url && file.media.empty() && !takes.untyped_urls) {
      why =
          "must be told what an address leads to: let it end with .png, .jpg, .webp or .pdf, or "
          "give the file itself";
    } else if (file.media == "image/gif" && !takes.gif) {
      why = "takes no GIF: make it a PNG";
    } else {
      continue;
    }
    return reject("bad_image", fmt::format("{}: {} {}", shown, endpoint, why));
  }
  return std::nullopt;
}

std::size_t most_file_bytes(const ImagesSpec& spec) {
  const std::size_t one = core::base64_bytes(spec.bytes > 0 ? spec.bytes : kMostImageBytes);
  return 2 * std::min(spec.templates.size() * one, kMostEncodedBytes);
}

std::expected<std::string, core::Reject> content_with_files(const RowFiles* files,
                                                            std::string_view prompt) {
  std::vector<provider::ContentFile> parts;
  if (files == nullptr) return provider::write_user_content(parts, prompt);
  std::vector<std::string> encoded(files->list.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const RowFile& file = files->list[i];
    provider::ContentFile& part = parts.emplace_back();
    part.media = file.media;
    if (file.url) {
      part.url = file.source;
      continue;
    }
    if (file.source.starts_with(kData)) {
      part.data = data_of(file.source).value_or("");
      continue;
    }
    // As large as it was, or it changed.
    const auto bytes = storage::read_whole(file.source, file.bytes);
    if (!bytes || bytes->size() != file.bytes || file_name(*bytes) != file.name)
      return std::unexpected(
          reject("image_changed", fmt::format("{} changed while the run read it; the next run "
                                              "takes it as it is then",
                                              shown_of(file.source))));
    core::append_base64(encoded[i], *bytes);
    part.data = encoded[i];
  }
  return provider::write_user_content(parts, prompt);
}

std::string description_of(const RowFile& file) {
  if (file.url) return shown_of(file.source);
  const bool inside = file.source.starts_with(kData);
  return fmt::format("{}{}{}, {} bytes{}", inside ? "" : shown_of(file.source), inside ? "" : " (",
                     file.media, file.bytes, inside ? "" : ")");
}

}  // namespace sluice::stages
