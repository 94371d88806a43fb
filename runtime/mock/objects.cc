#include "mock/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "provider/url_text.h"
#include "wire/batch.h"
#include "wire/date.h"
#include "wire/objects.h"
#include "wire/wires.h"

namespace sluice::mock {
namespace {

constexpr std::size_t kPage = 1000;

http::ServerResponse xml(std::string body) {
  http::ServerResponse response;
  response.content_type = "application/xml";
  response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + body;
  return response;
}

http::ServerResponse object_error(int status, std::string_view code, std::string_view message) {
  http::ServerResponse response =
      xml(fmt::format("<Error><Code>{}</Code><Message>{}</Message></Error>", code, message));
  response.status = status;
  return response;
}

http::ServerResponse no_disk(const core::Error& error) {
  return object_error(500, "InternalError", wire::xml_text(error.text()));
}

std::optional<std::string> parameter(const http::ServerRequest& request, std::string_view name) {
  const auto value = wire::query_value(request.target, name);
  return value ? std::optional(wire::decoded(*value)) : std::nullopt;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::string tag_of(const BatchFiles::File& file) {
  return fmt::format("\"{:016x}-{:x}\"", file.number, file.blob->size());
}

std::string object_name(std::string_view target) {
  return wire::decoded(target.substr(1, target.find('?') - 1));
}

// The first and last byte that are asked for, of an object that is not empty; nullopt = no such bytes.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};
std::optional<Range> range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kBytes = "bytes=";
  if (!header.starts_with(kBytes)) return std::nullopt;
  header.remove_prefix(kBytes.size());
  const std::size_t dash = header.find('-');
  if (dash == header.npos) return std::nullopt;
  const auto first = number_in<std::uint64_t>(header.substr(0, dash));
  const auto last = number_in<std::uint64_t>(header.substr(dash + 1));
  if (!first) {  // so many of the end
    if (!last || *last == 0) return std::nullopt;
    return Range{size - std::min(*last, size), size - 1};
  }
  if (*first >= size || (last && *last < *first)) return std::nullopt;
  return Range{*first, std::min(last.value_or(size - 1), size - 1)};
}

std::string iso_milliseconds(core::WallTime at) {
  std::string text = wire::rfc3339(at);
  text.insert(text.size() - 1, ".000");
  return text;
}

}  // namespace

bool Objects::serves(std::string_view target) const {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view bucket = path.empty() ? path : path.substr(1, path.substr(1).find('/'));
  return std::find(options_.batch.buckets.begin(), options_.batch.buckets.end(), bucket) !=
         options_.batch.buckets.end();
}

http::ServerResponse Objects::handle(const http::ServerRequest& request, core::WallTime wall_now) {
  const std::string name = object_name(request.target);
  const std::size_t slash = std::min(name.find('/'), name.size());
  const bool whole_bucket = name.size() <= slash + 1;
  if (whole_bucket) {
    if (request.method == "GET") return list(name.substr(0, slash), request);
    if (request.method == "PUT" || request.method == "HEAD") return xml("");  // it is there
    return object_error(405, "MethodNotAllowed", "Buckets are made by --bucket and stay.");
  }
  if (parameter(request, "uploads") || parameter(request, "uploadId"))
    return upload(request, name, wall_now);
  if (request.method == "GET" || request.method == "HEAD") return read(request, name);
  if (request.method == "PUT") return write(request, name, wall_now);
  if (request.method == "DELETE") {
    files_.remove(name);
    http::ServerResponse response;
    response.status = 204;
    return response;
  }
  return object_error(405, "MethodNotAllowed", "The method is not one of objects'.");
}

http::ServerResponse Objects::read(const http::ServerRequest& request,
                                   const std::string& name) const {
  const BatchFiles::File* file = files_.find(name);
  if (!file) return object_error(404, "NoSuchKey", "The specified key does not exist.");
  const std::string tag = tag_of(*file);
  if (const auto match = request.headers.find("if-match"); match && *match != tag)
    return object_error(412, "PreconditionFailed", "The object is another by now.");
  const std::uint64_t size = file->blob->size();
  http::ServerResponse response;
  response.content_type = file->facts.media.empty() ? "binary/octet-stream" : file->facts.media;
  response.headers = {{"etag", tag},
                      {"accept-ranges", "bytes"},
                      {"x-goog-generation", std::to_string(file->number)}};
  std::uint64_t first = 0;
  std::uint64_t count = size;
  if (const auto asked = request.headers.find("range"); asked && asked->starts_with("bytes=")) {
    const auto range = size > 0 ? range_of(*asked, size) : std::nullopt;
    if (!range)
      return object_error(416, "InvalidRange", "The requested range cannot be satisfied.");
    first = range->first;
    count = range->last - range->first + 1;
    response.status = 206;
    response.headers.emplace_back("content-range",
                                  fmt::format("bytes {}-{}/{}", range->first, range->last, size));
  }
  auto bytes = file->blob->read(first, count);
  if (!bytes) return no_disk(bytes.error());
  response.body = std::move(*bytes);
  return response;
}

http::ServerResponse Objects::keep(const std::string& name, Blob blob, core::WallTime wall_now) {
  const auto kept = files_.add({.id = name, .name = name, .created = wall_now}, std::move(blob));
  if (!kept) return object_error(507, "InsufficientStorage", wire::xml_text(kept.error().message));
  http::ServerResponse response;
  response.headers = {{"etag", tag_of(**kept)},
                      {"x-goog-generation", std::to_string((*kept)->number)}};
  return response;
}

http::ServerResponse Objects::write(const http::ServerRequest& request, const std::string& name,
                                    core::WallTime wall_now) {
  const bool only_new = request.headers.find("if-none-match") == "*" ||
                        request.headers.find("x-goog-if-generation-match") == "0";
  if (only_new && files_.find(name))
    return object_error(412, "PreconditionFailed", "The object is there already.");
  Blob blob;
  if (auto put = blob.append(request.body); !put) return no_disk(put.error());
  return keep(name, std::move(blob), wall_now);
}

http::ServerResponse Objects::upload(const http::ServerRequest& request, const std::string& name,
                                     core::WallTime wall_now) {
  if (request.method == "POST" && parameter(request, "uploads")) {
    if (uploads_.size() >= kMostUploads) uploads_.erase(uploads_.begin());
    uploads_[++uploads_made_].name = name;
    return xml(
        fmt::format("<InitiateMultipartUploadResult><Key>{}</Key><UploadId>{}</UploadId>"
                    "</InitiateMultipartUploadResult>",
                    wire::xml_text(name.substr(name.find('/') + 1)), uploads_made_));
  }
  const auto id = number_in<std::uint64_t>(parameter(request, "uploadId").value_or(""));
  const auto found = uploads_.find(id.value_or(0));
  if (found == uploads_.end() || found->second.name != name)
    return object_error(404, "NoSuchUpload", "The specified upload does not exist.");
  if (request.method == "DELETE") {
    uploads_.erase(found);
    http::ServerResponse response;
    response.status = 204;
    return response;
  }
  if (request.method == "POST") return put_together(request, found->first, wall_now);
  const auto part = number_in<int>(parameter(request, "partNumber").value_or(""));
  if (request.method != "PUT" || !part || *part < 1 || *part > 10'000)
    return object_error(400, "InvalidArgument", "Part number must be 1 to 10000.");
  Blob blob;
  if (auto put = blob.append(request.body); !put) return no_disk(put.error());
  found->second.parts.insert_or_assign(*part, std::move(blob));
  http::ServerResponse response;
  response.headers = {{"etag", fmt::format("\"part-{}-{}\"", found->first, *part)}};
  return response;
}

http::ServerResponse Objects::put_together(const http::ServerRequest& request, std::uint64_t id,
                                           core::WallTime wall_now) {
  const Upload& upload = uploads_.at(id);
  constexpr std::string_view kNumber = "<PartNumber>";
  constexpr std::uint64_t kStep = 1 << 20;
  Blob whole;
  std::string_view list = request.body;
  for (std::size_t at = list.find(kNumber); at != list.npos; at = list.find(kNumber)) {
    list.remove_prefix(at + kNumber.size());
    const auto number = number_in<int>(list.substr(0, list.find('<')));
    const auto part = upload.parts.find(number.value_or(0));
    if (part == upload.parts.end())
      return object_error(400, "InvalidPart", "One of the parts has not come.");
    for (std::uint64_t from = 0; from < part->second.size(); from += kStep) {
      const auto bytes = part->second.read(from, kStep);
      if (!bytes) return no_disk(bytes.error());
      if (auto put = whole.append(*bytes); !put) return no_disk(put.error());
    }
  }
  const std::string name = upload.name;
  uploads_.erase(id);
  http::ServerResponse kept = keep(name, std::move(whole), wall_now);
  if (kept.status != 200) return kept;
  http::ServerResponse response = xml(fmt::format(
      "<CompleteMultipartUploadResult><Key>{}</Key><ETag>{}</ETag></CompleteMultipartUploadResult>",
      wire::xml_text(name.substr(name.find('/') + 1)), kept.headers.front().second));
  response.headers = std::move(kept.headers);
  return response;
}

http::ServerResponse Objects::list(const std::string& bucket,
                                   const http::ServerRequest& request) const {
  const std::string prefix = parameter(request, "prefix").value_or("");
  const std::string delimiter = parameter(request, "delimiter").value_or("");
  const bool encodes = parameter(request, "encoding-type") == "url";
  const std::size_t most = wire::query_count(request, "max-keys", kPage, kPage);
  // A token is the last name before it.
  const std::string after = parameter(request, "continuation-token")
                                .value_or(parameter(request, "start-after").value_or(""));
  const auto shown = [&](std::string_view key) {
    return encodes ? provider::path_text(key) : wire::xml_text(key);
  };
  const std::string begins = bucket + "/" + prefix;
  std::string contents;
  std::string folders;
  std::string last_folder;
  std::string last;
  std::size_t count = 0;
  bool more = false;
  const auto& all = files_.all();
  for (auto file = all.lower_bound(begins); file != all.end() && file->first.starts_with(begins);
       ++file) {
    const std::string_view key = std::string_view(file->first).substr(bucket.size() + 1);
    if (!after.empty() && key <= after) continue;
    const std::size_t cut = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
    const std::string_view folder =
        cut == key.npos ? std::string_view() : key.substr(0, cut + delimiter.size());
    // A folder that the last page has ended with is passed whole.
    if (!folder.empty() && (folder == last_folder || folder == after)) continue;
    if (count == most) {
      more = true;
      break;
    }
    ++count;
    if (!folder.empty()) {
      last_folder = last = folder;
      folders += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(folder));
      continue;
    }
    last = key;
    contents += fmt::format(
        "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>",
        shown(key), iso_milliseconds(file->second.facts.created), tag_of(file->second),
        file->second.blob->size());
  }
  std::string body = fmt::format(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name>"
      "<Prefix>{}</Prefix><MaxKeys>{}</MaxKeys><KeyCount>{}</KeyCount><IsTruncated>{}</"
      "IsTruncated>",
      bucket, shown(prefix), most, count, more);
  if (encodes) body += "<EncodingType>url</EncodingType>";
  if (more)
    body += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", wire::xml_text(last));
  return xml(body + contents + folders + "</ListBucketResult>");
}

}  // namespace sluice::mock
