#include "auth/google_credentials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "auth/google_key.h"
#include "auth/google_tokens.h"
#include "auth/trusted_address.h"

namespace sluice::auth {
namespace {

constexpr std::string_view kGoogleDomains[] = {"googleapis.com"};

// Closes what open() gave.
struct GoogleFile {
  int fd;
  ~GoogleFile() {
    if (fd >= 0) ::close(fd);
  }
};

// A small regular file: one that never ends, or waits for a writer, would hold up the run. `source` says whose name it
// is: the name may be what was meant to be inside the file, so a message does not show it.
core::Result<std::string> read_google_file(const std::string& path, const std::string& source) {
  const auto fail = [&](std::string_view what) {
    return core::fail(core::ErrorCode::pipeline, fmt::format("Google credentials: {}", what),
                      source);
  };
  const GoogleFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    return fail(errno == ENOENT   ? "there is no file of this name"
                : errno == EACCES ? "the file may not be read"
                                  : "the file cannot be opened");
  struct stat info{};
  if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode)) return fail("this is not a file");
  std::string text(kLongestGoogleKey + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail("the file cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

core::Result<GoogleCredentials> from_key(std::string_view json, const std::string& source) {
  auto key = read_google_key(json, source);
  if (!key) return std::unexpected(key.error());
  std::string quota_project = key->quota_project;
  return GoogleCredentials{make_google_key_source(std::move(*key)), std::move(quota_project)};
}

core::Result<GoogleCredentials> from_file(const std::string& path, const std::string& source) {
  const auto text = read_google_file(path, source);
  if (!text) return std::unexpected(text.error());
  return from_key(*text, source);
}

std::string own_file(const http::Environment& environment) {
  constexpr std::string_view kName = "/application_default_credentials.json";
  if (const auto folder = environment("CLOUDSDK_CONFIG"); folder && !folder->empty())
    return fmt::format("{}{}", *folder, kName);
  const auto home = environment("HOME");
  return home && !home->empty() ? fmt::format("{}/.config/gcloud{}", *home, kName) : std::string();
}

}  // namespace

core::Result<GoogleCredentials> find_google_credentials(const provider::EndpointSpec& spec,
                                                        const http::Environment& environment) {
  if (const std::string& given = spec.credentials.reveal(); !given.empty()) {
    const std::string source = fmt::format("credentials of {}", spec.name);
    return given.starts_with('{') ? from_key(given, source) : from_file(given, source);
  }
  if (!is_trusted_address(spec, kGoogleDomains)) return GoogleCredentials{};
  if (const auto path = environment("GOOGLE_APPLICATION_CREDENTIALS"); path && !path->empty())
    return from_file(*path, "GOOGLE_APPLICATION_CREDENTIALS");
  if (const std::string path = own_file(environment);
      !path.empty() && ::access(path.c_str(), F_OK) == 0)
    return from_file(path, path);
  const auto host = environment("GCE_METADATA_HOST");
  return GoogleCredentials{
      make_google_metadata_source(fmt::format(
          "http://{}", host && !host->empty() ? *host : std::string("metadata.google.internal"))),
      {}};
}

bool has_google_credentials(const provider::EndpointSpec& spec) {
  return !spec.credentials.empty() || is_trusted_address(spec, kGoogleDomains);
}

}  // namespace sluice::auth
