#include "auth/aws_profile.h"

#include <algorithm>
#include <array>

namespace sluice::auth {
namespace {

// Each in place of keys, so that a section which has them needs no more.
constexpr std::array<std::string_view, 6> kElsewhere = {
    "sso_session", "sso_start_url",           "credential_process",
    "role_arn",    "web_identity_token_file", "login_session"};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i)
    if ((text[i] == '#' || text[i] == ';') && is_space(text[i - 1])) return text.substr(0, i);
  return text;
}

// "name" of "[name]" and "[profile name]"; nullopt for a line that begins no section.
std::optional<std::string_view> section_name(std::string_view line) {
  line = without_blanks(without_comment(line));
  if (!line.starts_with('[') || !line.ends_with(']')) return std::nullopt;
  line = without_blanks(line.substr(1, line.size() - 2));
  constexpr std::string_view kProfile = "profile";
  if (line.starts_with(kProfile) && line.size() > kProfile.size() &&
      is_space(line[kProfile.size()]))
    line = without_blanks(line.substr(kProfile.size()));
  return line;
}

bool same_setting(std::string_view name, std::string_view setting) {
  return std::ranges::equal(name, setting, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

void read_setting(std::string_view line, AwsProfile& profile) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos) return;
  const std::string_view name = without_blanks(line.substr(0, equals));
  const std::string value(without_blanks(without_comment(line.substr(equals + 1))));
  if (same_setting(name, "aws_access_key_id")) profile.key_id = value;
  if (same_setting(name, "aws_secret_access_key")) profile.secret = core::Secret(value);
  if (same_setting(name, "aws_session_token")) profile.session = core::Secret(value);
  for (const std::string_view setting : kElsewhere)
    if (same_setting(name, setting) && !value.empty() && profile.elsewhere.empty())
      profile.elsewhere = setting;
}

}  // namespace

std::optional<AwsProfile> read_aws_profile(std::string_view text, std::string_view name) {
  std::optional<AwsProfile> profile;
  bool within = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || is_space(line.front()) || line.front() == '#' || line.front() == ';')
      continue;
    if (const auto section = section_name(line)) {
      within = *section == name;
      if (within && !profile) profile.emplace();
    } else if (within) {
      read_setting(line, *profile);
    }
  }
  return profile;
}

}  // namespace sluice::auth
