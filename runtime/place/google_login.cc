#include "place/google_login.h"

#include <fmt/format.h>

#include <utility>

#include "auth/google_credentials.h"
#include "auth/refreshed.h"
#include "place/settings.h"

namespace sluice::place {

core::Result<std::unique_ptr<auth::Credentials>> google_login(const provider::EndpointSpec& spec,
                                                              const std::string& project,
                                                              net::Loop& loop,
                                                              const core::Clock& clock) {
  if (spec.credentials.reveal() == kUnreadSecret)
    return core::fail(core::ErrorCode::pipeline,
                      fmt::format("the variable of the credentials of {} is not set, or not read "
                                  "by this command",
                                  spec.name));
  auto found = auth::find_google_credentials(spec, http::process_environment);
  if (!found) return std::unexpected(found.error());
  const std::string charged = project.empty() ? found->quota_project : project;
  const std::string line = charged.empty() ? "" : "x-goog-user-project: " + charged + "\r\n";
  return auth::make_refreshed(
      {.loop = loop,
       .clock = clock,
       .source = std::move(found->source),
       .signer = [line](
                     const auth::Token& token, const auth::RequestView& request,
                     core::WallTime now) { return auth::bearer_lines(token, request, now) + line; },
       .head = {},
       .ca_file = {}});
}

}  // namespace sluice::place
