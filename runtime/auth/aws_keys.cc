#include "auth/aws_keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "auth/aws_metadata.h"
#include "auth/aws_profile.h"
#include "http/url.h"

namespace sluice::auth {
namespace {

constexpr std::size_t kMostFileBytes = std::size_t{1} << 20;
constexpr std::string_view kOptionForm =
    "write \"ID:SECRET\", \"ID:SECRET:SESSION\", or the path of a credentials file, beginning with "
    "/ or ~/, with \"#PROFILE\" behind it";

// Nothing of the option's text is shown: it may be a secret in the wrong form.
constexpr std::string_view kNamedFile = "the file that credentials names";

// Keys that are at hand: no request is made for them.
class KeysAtHand final : public TokenSource {
 public:
  explicit KeysAtHand(std::function<TokenStep()> read) : read_(std::move(read)) {}
  TokenStep begin(core::WallTime) override { return read_(); }
  TokenStep answered(int, std::string_view, std::string_view, core::WallTime) override {
    return TokenFailure{true, "no AWS keys"};  // begin() makes no call
  }

 private:
  std::function<TokenStep()> read_;
};

core::Result<std::unique_ptr<TokenSource>> at_hand(std::function<TokenStep()> read) {
  const TokenStep now = read();
  if (const auto* failure = std::get_if<TokenFailure>(&now))
    return core::fail(core::ErrorCode::pipeline, failure->message);
  return std::make_unique<KeysAtHand>(std::move(read));
}

std::string variable(const AwsSurroundings& surroundings, const char* name) {
  return surroundings.environment(name).value_or("");
}

std::expected<std::string, int> read_small_file(const std::string& path) {
  // Not to wait at a pipe without a writer.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return std::unexpected(errno);
  struct Close {
    int file;
    ~Close() { ::close(file); }
  } close{file};
  struct stat about{};
  if (::fstat(file, &about) != 0) return std::unexpected(errno);
  if (!S_ISREG(about.st_mode)) return std::unexpected(EINVAL);
  std::string text;
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t count = ::read(file, bytes.data(), bytes.size());
    if (count < 0) return std::unexpected(errno);
    if (count == 0) return text;
    text.append(bytes.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostFileBytes) return std::unexpected(EFBIG);
  }
}

struct SharedFile {
  std::string path;
  std::string name;  // for people
};

// Of a profile that has none here: what to do instead.
TokenFailure keys_elsewhere(std::string_view profile, std::string_view setting,
                            std::string_view file) {
  return {true, fmt::format("no AWS keys: the profile '{0}' in {1} gets its keys by {2}, which is "
                            "not supported here; have AWS's tool fetch them before the run: eval "
                            "\"$(aws configure export-credentials --profile {0} --format env)\"",
                            profile, file, setting)};
}

// Of the first of the files that has keys for the profile; nullopt where none has.
std::optional<TokenStep> keys_in_files(const AwsSurroundings& surroundings,
                                       const std::vector<SharedFile>& files,
                                       const std::string& profile_name) {
  std::optional<TokenStep> found;
  for (const SharedFile& file : files) {
    const auto text = surroundings.read_file(file.path);
    if (!text && (text.error() == ENOENT || text.error() == ENOTDIR)) continue;
    if (!text)
      return TokenFailure{true, fmt::format("no AWS keys: {} cannot be read: {}", file.name,
                                            std::generic_category().message(text.error()))};
    auto profile = read_aws_profile(*text, profile_name);
    if (!profile) continue;
    if (profile->has_keys()) {
      Token keys{.value = std::move(profile->secret),
                 .key_id = std::move(profile->key_id),
                 .session = std::move(profile->session)};
      return checked_aws_keys(std::move(keys),
                              fmt::format("the profile '{}' of {}", profile_name, file.name));
    }
    if (profile->key_id.empty() != profile->secret.empty())
      return TokenFailure{
          true,
          fmt::format("no AWS keys: the profile '{}' in {} has no {}", profile_name, file.name,
                      profile->key_id.empty() ? "aws_access_key_id" : "aws_secret_access_key")};
    if (!profile->elsewhere.empty() && !found)
      found = keys_elsewhere(profile_name, profile->elsewhere, file.name);
  }
  return found;
}

std::vector<SharedFile> shared_files(const AwsSurroundings& surroundings) {
  std::vector<SharedFile> files;
  const auto add = [&](const char* name, const char* below_home) {
    if (std::string path = variable(surroundings, name); !path.empty()) {
      files.push_back({path, path});
    } else if (const std::string home = variable(surroundings, "HOME"); !home.empty()) {
      files.push_back({home + below_home, std::string("~") + below_home});
    }
  };
  add("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  add("AWS_CONFIG_FILE", "/.aws/config");
  return files;
}

// "~/.aws/credentials or ~/.aws/config"
std::string names_of(const std::vector<SharedFile>& files) {
  std::string names;
  for (const SharedFile& file : files) names += (names.empty() ? "" : " or ") + file.name;
  return names.empty() ? "~/.aws (HOME is not set)" : names;
}

// "ID:SECRET" and "ID:SECRET:SESSION"; nullopt for a path.
std::optional<Token> keys_in_option(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto in_an_id = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (colon == text.npos || colon == 0 || !std::ranges::all_of(text.substr(0, colon), in_an_id))
    return std::nullopt;
  Token keys;
  keys.key_id = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  const std::string_view secret = text.substr(0, text.find(':'));
  keys.value = core::Secret(std::string(secret));
  if (secret.size() < text.size())
    keys.session = core::Secret(std::string(text.substr(secret.size() + 1)));
  return keys;
}

// AWS takes plain http only where nothing leaves the machine or its host.
bool may_have_keys(const std::string& url) {
  if (url.starts_with("https://")) return true;
  const std::size_t host = std::string_view("http://").size();
  if (!url.starts_with("http://")) return false;
  const auto parsed = http::parse_url(url.substr(0, url.find_first_of("/?#", host)));
  if (!parsed) return false;
  return http::is_this_machine(*parsed) || parsed->host == "169.254.170.2" ||
         parsed->host == "169.254.170.23" || parsed->host == "fd00:ec2::23";
}

core::Result<std::unique_ptr<TokenSource>> container_keys(std::string url,
                                                          AwsSurroundings surroundings) {
  if (!may_have_keys(url))
    return core::fail(core::ErrorCode::pipeline,
                      "AWS_CONTAINER_CREDENTIALS_FULL_URI must begin with https://, or name this "
                      "machine or the address of ECS's or EKS's own endpoint");
  return container_aws_keys(std::move(url), [surroundings = std::move(surroundings)] {
    const std::string file = variable(surroundings, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (file.empty())
      return core::Secret(variable(surroundings, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    std::string text = surroundings.read_file(file).value_or("");
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    return core::Secret(std::move(text));
  });
}

std::string ec2_address(const AwsSurroundings& surroundings) {
  std::string address = variable(surroundings, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  while (address.ends_with('/')) address.pop_back();
  if (!address.empty()) return address;
  const std::string mode = variable(surroundings, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  return mode == "IPv6" || mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

std::string lower_text(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return text;
}

}  // namespace

AwsSurroundings process_surroundings() {
  return {.environment = http::process_environment, .read_file = read_small_file};
}

core::Result<std::unique_ptr<TokenSource>> named_aws_keys(const core::Secret& credentials,
                                                          AwsSurroundings surroundings) {
  const std::string& text = credentials.reveal();
  if (const auto keys = keys_in_option(text))
    return at_hand([keys = *keys] { return checked_aws_keys(keys, "credentials"); });
  const std::size_t mark = text.rfind('#');
  std::string path = text.substr(0, mark);
  std::string profile = mark == text.npos ? "default" : text.substr(mark + 1);
  if (path.starts_with("~/")) path.replace(0, 1, variable(surroundings, "HOME"));
  if (!path.starts_with('/') || profile.empty())
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("credentials is not a form of AWS keys: {}", kOptionForm));
  return at_hand([surroundings = std::move(surroundings), path, profile]() -> TokenStep {
    const auto step = keys_in_files(surroundings, {{path, std::string(kNamedFile)}}, profile);
    if (step) return *step;
    return TokenFailure{true,
                        fmt::format("no AWS keys: {} is not there, or has no keys for the "
                                    "profile that stands behind '#' (\"default\" if none does)",
                                    kNamedFile)};
  });
}

core::Result<std::unique_ptr<TokenSource>> machine_aws_keys(AwsSurroundings surroundings) {
  const auto environment_keys = [surroundings] {
    return Token{.value = core::Secret(variable(surroundings, "AWS_SECRET_ACCESS_KEY")),
                 .key_id = variable(surroundings, "AWS_ACCESS_KEY_ID"),
                 .session = core::Secret(variable(surroundings, "AWS_SESSION_TOKEN"))};
  };
  if (const Token keys = environment_keys(); !keys.key_id.empty()) {
    if (keys.value.empty())
      return core::fail(core::ErrorCode::pipeline,
                        "no AWS keys: AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
    return at_hand([environment_keys] {
      return checked_aws_keys(environment_keys(), "the environment (AWS_ACCESS_KEY_ID, …)");
    });
  }

  const std::string named = variable(surroundings, "AWS_PROFILE");
  const std::string profile = named.empty() ? "default" : named;
  const std::vector<SharedFile> files = shared_files(surroundings);
  const std::string nothing_in_files =
      fmt::format("the profile '{}' has no keys in {}", profile, names_of(files));
  if (keys_in_files(surroundings, files, profile)) {
    return at_hand([=]() -> TokenStep {
      const auto step = keys_in_files(surroundings, files, profile);
      return step ? *step : TokenFailure{true, "no AWS keys: " + nothing_in_files + " any more"};
    });
  }
  if (!named.empty())
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("no AWS keys: AWS_PROFILE is set, and {}", nothing_in_files));

  if (const auto path = variable(surroundings, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
      path.starts_with('/'))
    return container_keys("http://169.254.170.2" + path, std::move(surroundings));
  if (auto url = variable(surroundings, "AWS_CONTAINER_CREDENTIALS_FULL_URI"); !url.empty())
    return container_keys(std::move(url), std::move(surroundings));

  std::string looked_for = fmt::format("AWS_ACCESS_KEY_ID is not set, {}", nothing_in_files);
  if (lower_text(variable(surroundings, "AWS_EC2_METADATA_DISABLED")) == "true")
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("no AWS keys: {}, and AWS_EC2_METADATA_DISABLED is true; run aws "
                                  "configure, or give key or credentials",
                                  looked_for));
  return ec2_aws_keys(ec2_address(surroundings), std::move(looked_for));
}

}  // namespace sluice::auth
