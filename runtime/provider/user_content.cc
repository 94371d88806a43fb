#include "provider/user_content.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"

namespace sluice::provider {
namespace {

constexpr std::string_view kFiles = R"({"files":[)";
constexpr std::string_view kMedia = R"({"media":")";
constexpr std::string_view kData = R"(","data":")";
constexpr std::string_view kUrl = R"(","url":")";
constexpr std::string_view kFileEnd = R"("})";
constexpr std::string_view kText = R"(],"text":)";

// Of data that is cut, for people: enough to see the kind of file by.
constexpr std::size_t kShown = 24;

// What stands before the next quotation mark of `rest`, which is behind that then.
std::string_view up_to_quote(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('"'), rest.size());
  const std::string_view found = rest.substr(0, end);
  rest.remove_prefix(end);
  return found;
}

std::string size_text(std::size_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

void append(std::string& out, const std::vector<ContentFile>& files) {
  out += kFiles;
  for (const ContentFile& file : files) {
    if (out.back() == '}') out += ',';
    out.append(kMedia).append(file.media);
    if (file.url.empty()) {
      out.append(kData).append(file.data);
    } else {
      out.append(kUrl).append(file.url);
    }
    out += kFileEnd;
  }
  out += kText;
}

}  // namespace

bool can_be_url(std::string_view url) {
  return std::ranges::none_of(url, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || c == '"' || c == '\\' || byte == 0x7F;
  });
}

std::string write_user_content(const std::vector<ContentFile>& files, std::string_view text) {
  std::size_t bytes = kFiles.size() + kText.size() + core::json_string_bytes(text) + 1;
  for (const ContentFile& file : files) bytes += file.data.size() + file.url.size() + 64;
  std::string out;
  out.reserve(bytes);
  append(out, files);
  core::append_json_string(out, text);
  out += '}';
  return out;
}

bool has_files(std::string_view content) {
  return content.starts_with('{');
}

UserContent read_user_content(std::string_view content) {
  UserContent found;
  std::string_view rest = content.substr(kFiles.size());
  while (rest.starts_with(kMedia)) {
    rest.remove_prefix(kMedia.size());
    ContentFile& file = found.files.emplace_back();
    file.media = up_to_quote(rest);
    const bool inside = rest.starts_with(kData);
    rest.remove_prefix(inside ? kData.size() : kUrl.size());
    (inside ? file.data : file.url) = up_to_quote(rest);
    rest.remove_prefix(kFileEnd.size());
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  rest.remove_prefix(kText.size());
  rest.remove_suffix(1);
  found.text = rest;
  return found;
}

void append_as_url(std::string& out, const ContentFile& file) {
  if (!file.url.empty()) {
    out += file.url;
    return;
  }
  out.append("data:").append(file.media).append(";base64,").append(file.data);
}

std::string shortened(std::string_view content) {
  if (!has_files(content)) return std::string(content);
  UserContent read = read_user_content(content);
  std::vector<std::string> cut(read.files.size());
  for (std::size_t i = 0; i < read.files.size(); ++i) {
    ContentFile& file = read.files[i];
    if (file.data.size() <= 2 * kShown) continue;
    cut[i] =
        fmt::format("{}… ({})", file.data.substr(0, kShown), size_text(file.data.size() / 4 * 3));
    file.data = cut[i];
  }
  std::string out;
  append(out, read.files);
  out.append(read.text) += '}';
  return out;
}

}  // namespace sluice::provider
