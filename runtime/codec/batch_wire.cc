#include "codec/batch_wire.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "core/json.h"
#include "provider/retry_after.h"

namespace sluice::codec {

using namespace provider;

namespace {

std::optional<Element> parsed(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  Element found;
  if (core::not_starved(parser.parse(text.data(), text.size())).get(found) != simdjson::SUCCESS)
    return std::nullopt;
  return found;
}

// google.rpc.Code, as HTTP has it.
int status_of_google_code(std::uint64_t code) {
  constexpr int kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 501, 500, 503, 500, 401};
  if (code < std::size(kStatuses)) return kStatuses[code];
  return code >= 300 && code <= 599 ? static_cast<int>(code) : 500;
}

}  // namespace

std::unexpected<core::Error> unreadable_batch(std::string_view why) {
  return core::fail(core::ErrorCode::io,
                    fmt::format("the batch API's reply cannot be read: {}", why));
}

core::Result<Element> parse_batch_reply(std::string_view body) {
  if (const auto found = parsed(body)) return *found;
  return unreadable_batch("it is not JSON");
}

core::Result<Element> parse_batch_line(std::string_view line) {
  if (const auto found = parsed(line)) return *found;
  return core::fail(core::ErrorCode::io, "it is not JSON");
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::uint64_t batch_count(const Element& object, std::string_view key) {
  std::uint64_t count = 0;
  if (object[key].get(count) == simdjson::SUCCESS) return count;
  const std::string_view text = text_at(object, key);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? count : 0;
}

std::optional<core::WallTime> batch_instant(const Element& object, std::string_view key) {
  if (const std::string_view text = text_at(object, key); !text.empty())
    return read_rfc3339_instant(text);
  constexpr std::uint64_t kLatest = 9'000'000'000;  // what a WallTime can hold
  const std::uint64_t seconds = batch_count(object, key);
  if (seconds == 0 || seconds > kLatest) return std::nullopt;
  return core::WallTime(std::chrono::seconds(seconds));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

void add_word(std::string& words, std::string_view word) {
  if (word.empty()) return;
  if (!words.empty()) words += ' ';
  words += word;
}

core::Result<BatchPage> page_with_last_id(const BatchReply& reply,
                                          BatchStatus (*status_of)(const Element& batch)) {
  const auto list = parse_batch_reply(reply.body);
  if (!list) return std::unexpected(list.error());
  simdjson::dom::array batches;
  if ((*list)["data"].get(batches) != simdjson::SUCCESS)
    return unreadable_batch("it is not a list of batches");
  BatchPage page;
  for (const Element batch : batches) page.batches.push_back(status_of(batch));
  bool more = false;
  std::ignore = (*list)["has_more"].get(more);
  if (!more || page.batches.empty()) return page;
  page.next = text_at(*list, "last_id");
  if (page.next.empty()) page.next = page.batches.back().id;
  return page;
}

core::Result<BatchResultPage> lines_of(const Element& page, std::string_view key) {
  simdjson::dom::array results;
  if (page[key].get(results) != simdjson::SUCCESS)
    return unreadable_batch("it is not a page of results");
  BatchResultPage out;
  for (const Element result : results) out.lines.push_back(simdjson::minify(result));
  return out;
}

BatchCall json_call(std::string path, std::string body) {
  return {.method = "POST",
          .path = std::move(path),
          .headers = {{"Content-Type", "application/json"}},
          .body = {.before = std::move(body)}};
}

BatchCall form_call(std::string path, std::string_view nonce,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  const std::string boundary = fmt::format("sluice{}", nonce);
  std::string before;
  for (const auto& [name, value] : fields)
    before += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n"
        "{}\r\n",
        boundary, name, value);
  before += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}{}.jsonl\"\r\n"
      "Content-Type: application/jsonl\r\n\r\n",
      boundary, kBatchPrefix, nonce);
  return {.method = "POST",
          .path = std::move(path),
          .headers = {{"Content-Type", "multipart/form-data; boundary=" + boundary}},
          .body = {.before = std::move(before),
                   .file = true,
                   .after = fmt::format("\r\n--{}--\r\n", boundary)}};
}

std::string_view origin_of(std::string_view url) {
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return {};
  return url.substr(0, std::min(url.find_first_of("/?#\\", scheme), url.size()));
}

bool is_bucket(std::string_view bucket, std::string_view scheme) {
  return bucket.starts_with(scheme) && bucket.size() > scheme.size() &&
         bucket[scheme.size()] != '/' &&
         std::ranges::none_of(bucket, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

core::Status check_bucket(const EndpointSpec& endpoint, std::string_view service,
                          std::string_view scheme) {
  const std::string example = fmt::format("batch_bucket = \"{}my-bucket/folder\"", scheme);
  if (endpoint.batch_bucket.empty())
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("missing option 'batch_bucket' for batches at {}", service),
                      fmt::format("add {}: its batches are files in a bucket", example));
  if (!is_bucket(endpoint.batch_bucket, scheme))
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("batch_bucket of {} is not the name of a bucket", service),
                      fmt::format("for example {}", example));
  return {};
}

std::string batch_folder(std::string_view bucket, std::string_view nonce) {
  while (bucket.ends_with('/')) bucket.remove_suffix(1);
  return fmt::format("{}/{}{}/", bucket, kBatchPrefix, nonce);
}

int hours_of(core::Duration window, int least, int most) {
  return static_cast<int>(
      std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::hours>(window).count(), least, most));
}

void take_google_error(const Element& error, BatchLine& line) {
  std::string_view message = text_at(error, "message");
  line.kind = BatchLine::Kind::reply;
  line.status = status_of_google_code(batch_count(error, "code"));
  line.body = fmt::format(R"({{"error":{}}})", std::string(simdjson::minify(error)));
  line.problem = message;
  if (line.status != 499) return;  // CANCELLED: before its turn
  line.kind = BatchLine::Kind::not_run;
  line.body.clear();
}

}  // namespace sluice::codec
