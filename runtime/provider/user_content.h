// The user content of a request whose row may have files, images or documents, beside its text, as
// it is before an endpoint is chosen. Every format writes such a message in a form of its own: its
// codec makes that of this one when the request is sent (Codec::content). All that write and read it
// are here.
//
//   {"files":[{"media":"image/png","data":"iVBORw0…"},{"media":"","url":"https://…"}],"text":"…"}
//
// Files stand before the text: two providers say that their models then read them better, and no
// other minds (docs/providers.md, Images and documents).
//
// Threads: plain functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::provider {

// Borrows from what it was read from, or is written of.
struct ContentFile {
  std::string_view media = {};  // "image/png", "application/pdf"; of a URL "" where it is not known
  std::string_view data = {};   // base64; empty: `url` is set
  std::string_view url = {};    // can_be_url()

  bool is_document() const { return media == "application/pdf"; }
};

struct UserContent {
  std::vector<ContentFile> files;
  std::string_view text;  // a JSON string, with its quotes
};

// Whether it can stand in JSON, and in a header, as it is: no quotes, backslashes, blanks or control characters.
bool can_be_url(std::string_view url);

// `text` is plain text, not JSON.
std::string write_user_content(const std::vector<ContentFile>& files, std::string_view text);

// Whether `content` is of this kind: others are a JSON string, or a list of texts to embed.
bool has_files(std::string_view content);
// Of a content that has_files().
UserContent read_user_content(std::string_view content);

// "data:image/png;base64,iVBORw0…", or the URL: what may stand between quotes where a format takes either.
void append_as_url(std::string& out, const ContentFile& file);

// For people: the same content with each file's data cut to its beginning and its size.
std::string shortened(std::string_view content);

}  // namespace sluice::provider
