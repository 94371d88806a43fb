// Any prompt with any files is read back from its neutral form as it was, and every format makes valid
// JSON of it that holds the prompt. The input is cut at zero bytes: the first part is the prompt, the
// others are files, data (as base64) or, where they can be that, addresses.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "codec/registry.h"
#include "core/base64.h"
#include "core/json.h"
#include "core/media_type.h"
#include "provider/user_content.h"

namespace {

using namespace sluice::provider;

constexpr std::string_view kMedia[] = {"image/png", "image/jpeg", "image/webp", "image/gif",
                                       sluice::core::kPdf};

void check_formats(const std::string& content, std::string_view text) {
  simdjson::dom::parser parser;
  for (const Provider& provider : sluice::codec::providers()) {
    EndpointSpec spec;
    spec.provider = provider;
    spec.model = "m";
    const auto codec = sluice::codec::make_codec(spec);
    PromptFrame frame;
    frame.files = true;
    const BodyFrame around = codec->frame(frame);
    const std::string body = around.prefix +
                             *codec->content(std::make_shared<const std::string>(content)) +
                             around.suffix;
    if (parser.parse(body).error() != simdjson::SUCCESS) std::abort();
    if (!body.contains(text)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == 0) {
      parts.emplace_back();
    } else {
      parts.back() += static_cast<char>(data[i]);
    }
  }
  std::vector<std::string> encoded(parts.size());
  std::vector<ContentFile> files;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    ContentFile& file = files.emplace_back();
    file.media = kMedia[i % std::size(kMedia)];
    std::string valid;  // what is UTF-8 of it, as a row's fields are
    sluice::core::append_json_escaped(valid, parts[i]);
    if (i % 3 == 0 && valid == parts[i] && !valid.empty() && can_be_url(valid)) {
      file.url = parts[i];
    } else {
      sluice::core::append_base64(encoded[i], parts[i]);
      if (sluice::core::read_base64(encoded[i]) != parts[i]) std::abort();
      file.data = encoded[i];
    }
  }
  const std::string content = write_user_content(files, parts[0]);
  const UserContent back = read_user_content(content);
  std::string text;
  sluice::core::append_json_string(text, parts[0]);
  if (back.text != text || back.files.size() != files.size()) std::abort();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (back.files[i].media != files[i].media || back.files[i].data != files[i].data ||
        back.files[i].url != files[i].url)
      std::abort();
  }
  simdjson::dom::parser parser;
  if (parser.parse(shortened(content)).error() != simdjson::SUCCESS) std::abort();
  check_formats(content, text);
  return 0;
}
