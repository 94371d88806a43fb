// The batch API of OpenAI's form, for the rows of services that have it.
//
// Threads: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "provider/batch_api.h"

namespace sluice::codec {

std::unique_ptr<provider::BatchApi> make_openai_batch(const provider::EndpointSpec& endpoint,
                                                      const provider::BatchService& service);

// For batch APIs that have its files and its lines, and another form of batches.
std::string openai_item(std::string_view custom_id, std::string_view url, std::string_view body);
core::Result<std::string> uploaded_file(const provider::BatchReply& reply);
core::Result<provider::BatchLine> read_openai_line(std::string_view text);
// Of the files of BatchJob::results; of these and the uploaded one.
std::vector<provider::BatchCall> file_downloads(std::string_view results);
std::vector<provider::BatchCall> file_deletions(const provider::BatchJob& job);

inline constexpr provider::BatchService kOpenAiBatch = {.make = make_openai_batch};

}  // namespace sluice::codec
