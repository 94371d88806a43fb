// What the calls of Google's two APIs, Gemini's and Vertex AI's, have in common.
//
// Threads: plain functions, any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "wire/wire.h"

namespace sluice::wire {

// The first of a message's members by its JSON name or its protobuf one, as Google takes both.
std::optional<Element> google_member(const Element& object, std::string_view camel);
std::string_view google_text(const Element& object, std::string_view camel);

// A responseSchema, OpenAPI's kind with upper-case types, as a JSON Schema. Refuses keywords that
// it does not have. `path` is where it stands in the request.
std::expected<std::string, Refusal> json_schema_of(const Element& schema, const std::string& path);

// The texts of a Content's parts.
std::string google_content(const Element& content);
// What they show beside text, added to `asked`.
std::expected<void, Refusal> google_media(const Element& content, Asked& asked);
extern const Fields kGoogleContent;

}  // namespace sluice::wire
