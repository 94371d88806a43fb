// What the batch APIs' own files share: reading their replies, and writing their calls. For
// runtime/codec alone.
//
// Threads: any; an Element lives until the same thread parses again.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "provider/batch_api.h"
#include "provider/wire_json.h"

namespace sluice::codec {

// Of our files' names, before the nonce.
inline constexpr std::string_view kBatchPrefix = "sluice-";
// The member of a batch's metadata that holds the nonce.
inline constexpr std::string_view kBatchLabel = "sluice";

std::unexpected<core::Error> unreadable_batch(std::string_view why);

// A reply of the batch API; of a line of results without the words that name the API.
core::Result<provider::Element> parse_batch_reply(std::string_view body);
core::Result<provider::Element> parse_batch_line(std::string_view line);

std::string lower_case(std::string_view text);

// A count as a number or, as Google writes 64 bits, as text; 0 where there is none.
std::uint64_t batch_count(const provider::Element& object, std::string_view key);
// An instant as RFC 3339 or as seconds since 1970.
std::optional<core::WallTime> batch_instant(const provider::Element& object, std::string_view key);

// "a b": the parts of BatchJob::results.
std::vector<std::string> words_of(std::string_view text);
void add_word(std::string& words, std::string_view word);

// A page of a list as {"data": […], "has_more", "last_id"}.
core::Result<provider::BatchPage> page_with_last_id(
    const provider::BatchReply& reply,
    provider::BatchStatus (*status_of)(const provider::Element& batch));

// A page whose list of results is this member.
core::Result<provider::BatchResultPage> lines_of(const provider::Element& page,
                                                 std::string_view key);

// POST of JSON.
provider::BatchCall json_call(std::string path, std::string body);

// POST of a multipart form with these fields and then the batch's file, in the member `file`.
provider::BatchCall form_call(
    std::string path, std::string_view nonce,
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

// "https://host:1" of "https://host:1/v1"; empty where it is not a URL of http or https.
std::string_view origin_of(std::string_view url);

// Whether this endpoint's batches can have their files in its bucket, of this scheme ("gs://"). The
// error says what is missing, and where what to write.
core::Status check_bucket(const provider::EndpointSpec& endpoint, std::string_view service,
                          std::string_view scheme);
bool is_bucket(std::string_view bucket, std::string_view scheme);
// "gs://bucket/folder/sluice-NONCE/": what is below it is this batch's alone.
std::string batch_folder(std::string_view bucket, std::string_view nonce);

// `window` in whole hours, no fewer and no more than these.
int hours_of(core::Duration window, int least, int most);

// `{"code": 429, "message": …}` of Google's as a line: a reply with the HTTP status that it means,
// whose body is the error as the online API has it.
void take_google_error(const provider::Element& error, provider::BatchLine& line);

}  // namespace sluice::codec
