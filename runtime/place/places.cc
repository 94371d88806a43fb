#include "place/places.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>

#include "place/failure_text.h"
#include "place/listing.h"
#include "place/object_file.h"
#include "place/upload.h"

namespace sluice::place {
namespace {

constexpr int kMostSizesAsked = 16;
constexpr std::size_t kMostExpected = 8;
constexpr std::size_t kExpectedBytes = std::size_t{1} << 20;

std::string_view scheme_of(const Uri& uri) {
  return uri.scheme == Scheme::s3 ? "s3" : "gs";
}

}  // namespace

Places::Places(Settings settings, http::Environment environment)
    : settings_(std::move(settings)),
      environment_(std::move(environment)),
      web_(std::make_shared<Web>(settings_.patience)) {}

std::shared_ptr<Places> Places::hasty() {
  const std::lock_guard lock(mutex_);
  if (hasty_) return hasty_;
  Settings settings = settings_;
  settings.patience = {.tries = 1,
                       .connect = std::chrono::seconds(3),
                       .idle = std::chrono::seconds(3),
                       .total = std::chrono::seconds(3)};
  settings.first_page_only = true;
  settings.range_bytes = std::size_t{256} << 10;
  hasty_ = std::make_shared<Places>(std::move(settings), environment_);
  hasty_->full_ = full_;
  return hasty_;
}

void Places::give_up(const core::Error& why) {
  const std::lock_guard lock(mutex_);
  given_up_ = why;
}

std::optional<std::string> Places::server_of(const std::string& name) {
  const auto found = find(name);
  if (!found || name.starts_with(found->service.server->base_url)) return std::nullopt;
  return found->service.server->base_url;
}

core::Result<std::string> Places::name(const std::string& written) {
  if (auto uri = parse_uri(written); !uri) return std::unexpected(uri.error());
  std::string name = without_query(written);
  if (name == written) return name;
  const std::lock_guard lock(mutex_);
  // Two files that differ in their query alone have two names.
  const std::string first = name;
  for (int i = 2; full_.contains(name) && full_[name] != written; ++i)
    name = fmt::format("{}#{}", first, i);
  full_[name] = written;
  return name;
}

core::Result<Places::Found> Places::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (given_up_) return core::fail(given_up_->code, given_up_->message, name);
  const auto full = full_.find(name);
  auto uri = parse_uri(full == full_.end() ? name : full->second);
  if (!uri) return std::unexpected(uri.error());
  if (full != full_.end()) uri->shown = name;
  const std::string key =
      uri->scheme == Scheme::web ? uri->base : fmt::format("{}://{}", scheme_of(*uri), uri->bucket);
  auto known = services_.find(key);
  if (known == services_.end()) {
    auto made = service_of(*uri, settings_, environment_);
    if (!made) return std::unexpected(made.error());
    known = services_.emplace(key, std::move(*made)).first;
  }
  return Found{std::move(*uri), known->second};
}

core::Result<std::vector<std::string>> Places::expand(const std::string& pattern) {
  if (!is_remote(pattern)) return storage::expand_paths({pattern});
  auto names = objects(pattern);
  if (names && names->empty())
    return core::fail(core::ErrorCode::io, "no object fits this pattern", pattern);
  return names;
}

core::Result<std::vector<std::string>> Places::objects(const std::string& pattern) {
  auto found = find(pattern);
  if (!found) return std::unexpected(found.error());
  Uri& uri = found->uri;
  if (uri.scheme == Scheme::web) return std::vector{pattern};
  const std::string root = fmt::format("{}://{}/", scheme_of(uri), uri.bucket);
  if (!is_pattern(uri.key)) return std::vector{root + unescaped(uri.key)};
  auto listing = list_objects(*web_, uri, found->service, settings_.first_page_only);
  if (!listing) return std::unexpected(listing.error());
  if (!listing->keys.empty()) {
    const std::lock_guard lock(mutex_);
    sizes_[pattern] = listing->bytes;
  }
  for (std::string& key : listing->keys) key.insert(0, root);
  return std::move(listing->keys);
}

std::optional<std::uint64_t> Places::total_bytes(const std::vector<std::string>& patterns) {
  std::uint64_t sum = 0;
  int asked = 0;
  for (const std::string& pattern : patterns) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto known = sizes_.find(pattern); known != sizes_.end()) {
        sum += known->second;
        continue;
      }
    }
    const auto found = find(pattern);
    if (!found || ++asked > kMostSizesAsked) return std::nullopt;
    Uri uri = found->uri;
    if (uri.scheme != Scheme::web) {
      if (is_pattern(uri.key)) return std::nullopt;
      uri.key = unescaped(uri.key);
    }
    const auto size = size_of({.web = web_, .service = found->service, .uri = std::move(uri)});
    if (!size) return std::nullopt;
    const std::lock_guard lock(mutex_);
    sizes_[pattern] = *size;
    sum += *size;
  }
  return sum;
}

core::Result<std::unique_ptr<storage::InputFile>> Places::open_plain(
    const std::string& name, std::atomic<std::uint64_t>& consumed) {
  auto found = find(name);
  if (!found) return std::unexpected(found.error());
  ObjectRead from{.web = web_,
                  .service = std::move(found->service),
                  .uri = std::move(found->uri),
                  .range_bytes = settings_.range_bytes};
  const std::lock_guard lock(mutex_);
  if (auto expected = expected_.extract(name)) from.first = std::move(expected.mapped());
  return open_object(std::move(from), consumed);
}

void Places::expect(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (!is_remote(name)) continue;
    {
      const std::lock_guard lock(mutex_);
      if (expected_.size() >= kMostExpected) return;
      if (expected_.contains(name)) continue;
    }
    auto found = find(name);
    if (!found) return;
    auto first = ask_first({.web = web_,
                            .service = std::move(found->service),
                            .uri = std::move(found->uri),
                            .range_bytes = std::min(settings_.range_bytes, kExpectedBytes)});
    const std::lock_guard lock(mutex_);
    expected_.emplace(name, std::move(first));
  }
}

core::Result<std::unique_ptr<storage::InputFile>> Places::open(
    const std::string& name, std::atomic<std::uint64_t>& consumed) {
  if (!is_remote(name)) return storage::InputFile::open(name, consumed);
  auto plain = open_plain(name, consumed);
  if (!plain) return std::unexpected(plain.error());
  return storage::inflated(std::move(*plain), name);
}

core::Result<LocalCopy> Places::local_copy(const std::string& name) {
  std::atomic<std::uint64_t> consumed = 0;
  const auto file = open_plain(name, consumed);
  if (!file) return std::unexpected(file.error());
  return LocalCopy::make(**file, name);
}

core::Result<Places::Found> Places::find_writable(const std::string& name) {
  auto found = find(name);
  if (!found) return found;
  if (found->uri.scheme == Scheme::web)
    return core::fail(core::ErrorCode::pipeline,
                      "a web server's files are read only: write to this machine, s3:// or gs://",
                      name);
  if (found->uri.key.empty() || found->uri.key.ends_with('/'))
    return core::fail(core::ErrorCode::pipeline,
                      "names no object: add the file's name, as in s3://bucket/out/answers.jsonl",
                      name);
  return found;
}

core::Result<std::optional<std::string>> Places::tag_of(const std::string& name) {
  if (!is_remote(name)) {
    struct stat info{};
    if (::stat(name.c_str(), &info) != 0) return std::nullopt;
    return fmt::format("{} {}.{:09}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  }
  auto found = find(name);
  if (!found) return std::unexpected(found.error());
  return version_of(
      {.web = web_, .service = std::move(found->service), .uri = std::move(found->uri)});
}

core::Result<std::unique_ptr<storage::AtomicFile>> Places::create(const std::string& name,
                                                                  UploadBegun begun) {
  if (!is_remote(name)) return storage::AtomicFile::create(name);
  auto found = find_writable(name);
  if (!found) return std::unexpected(found.error());
  return storage::compressed(create_object({.web = web_,
                                            .service = std::move(found->service),
                                            .uri = std::move(found->uri),
                                            .part_bytes = settings_.part_bytes,
                                            .begun = std::move(begun)}),
                             name);
}

core::Status Places::take_back(const std::string& name, const std::string& upload) {
  auto found = find_writable(name);
  if (!found) return std::unexpected(found.error());
  return place::take_back({.web = web_,
                           .service = std::move(found->service),
                           .uri = std::move(found->uri),
                           .part_bytes = settings_.part_bytes},
                          upload);
}

core::Status Places::may_create(const std::string& name) {
  if (!is_remote(name)) return {};
  auto found = find_writable(name);
  if (!found) return std::unexpected(found.error());
  return try_write({.web = web_,
                    .service = std::move(found->service),
                    .uri = std::move(found->uri),
                    .part_bytes = settings_.part_bytes});
}

}  // namespace sluice::place
