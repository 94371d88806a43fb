// From an error response, in whatever shape it comes, to an Outcome. For the codecs.
//
// Shapes in use (docs/providers.md, Error bodies): {"error":{…}}, {"error":"text"},
// {"code","error":"text"}, flat {"message","type","code"}, {"type":"error","error":{…}},
// {"detail":…}, {"__type","message"} and {"Message"} (AWS), each of them also as the one element of an array; plain text, HTML, nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/secret.h"
#include "provider/codec.h"
#include "provider/error_table.h"
#include "provider/wire_json.h"

namespace sluice::provider {

// What a body says of its error; views into the parser's document or the body.
struct ErrorBody {
  std::string code;  // numbers too, as text
  std::string_view type;
  std::string_view detail;
  std::string_view message;
  std::optional<core::Duration> retry_after;  // google.rpc.RetryInfo
};

// nullopt when `reply` has no mark of an error.
std::optional<ErrorBody> error_in(const Element& reply);

// Fills `outcome` for a response whose status is not 2xx. `reply` is the parsed body, if it parsed.
// outcome.status and outcome.hints are set already.
void fill_failure(Outcome& outcome, const Profile& profile, const std::vector<HeaderView>& headers,
                  const std::optional<Element>& reply, std::string_view body,
                  const core::Secret& key);

// Fills `outcome` for an error that came with status 200 (docs/providers.md, Errors inside status 200): another endpoint may do
// better now, unless the error names something that no repeating helps. outcome.usage is set
// already. `meant`: the HTTP status that the error stands for, where its name says so; what the
// table says of that status then holds as it stands. 0: not known.
void fill_failure_inside_ok(Outcome& outcome, const Profile& profile, const ErrorBody& error,
                            const core::Secret& key, int meant = 0);

// `text` for people: one line, at most 300 bytes, without the key or anything that looks like one.
// A key of fewer than 8 characters is no secret that could be kept (providers' have 30 and more;
// local servers take "none" or "x"), and is left alone: its letters stand in every text.
std::string safe_message(std::string_view text, const core::Secret& key);

}  // namespace sluice::provider
