// Any bytes as AWS's shared credentials file: its keys are single lines without blanks around them,
// and a file that is written of what was read says the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/aws_profile.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

bool is_plain(std::string_view value) {
  constexpr std::string_view kBlanks = " \t\r";
  return value.find('\n') == value.npos &&
         (value.empty() || (kBlanks.find(value.front()) == kBlanks.npos &&
                            kBlanks.find(value.back()) == kBlanks.npos));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"default", "p", ""}) {
    const auto profile = sluice::auth::read_aws_profile(text, name);
    if (!profile) continue;
    demand(text.find('[') != text.npos);
    const std::string& secret = profile->secret.reveal();
    const std::string& session = profile->session.reveal();
    for (const std::string& value : {profile->key_id, secret, session}) demand(is_plain(value));
    const std::string written =
        std::string("[") + name + "]\naws_access_key_id=" + profile->key_id +
        "\naws_secret_access_key=" + secret + "\naws_session_token=" + session + "\n";
    const auto again = sluice::auth::read_aws_profile(written, name);
    demand(again && again->key_id == profile->key_id && again->secret.reveal() == secret &&
           again->session.reveal() == session && again->elsewhere.empty());
  }
  return 0;
}
