#include "dsl/images.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/registry.h"
#include "stages/prompt_template.h"
#include "stages/read_files.h"

namespace sluice::dsl {

void read_images(const Arguments& arguments, stages::PackSpec& spec) {
  stages::ImagesSpec& images = spec.images;
  images.templates = arguments.columns("images");
  for (const std::string_view option : {"image_bytes", "image_tokens"}) {
    if (images.templates.empty() && arguments.has(option))
      arguments.fail_key(option, fmt::format("{} has no meaning without images", option),
                         "add images = { \"{{photo}}\" }, or leave it out");
  }
  if (images.templates.empty()) return;
  for (const std::string& text : images.templates) {
    if (text.empty())
      arguments.fail_value("images", "an image's template is empty",
                           "for example images = { \"photos/{{photo}}\" }");
    if (const auto parsed = stages::PromptTemplate::parse(text); !parsed)
      arguments.fail_value("images", parsed.error().message,
                           "write a row's field as {{field}} or {{a.b}}");
  }
  if (images.templates.size() > stages::kMostFiles)
    arguments.fail_value("images",
                         fmt::format("images has {} templates, and a row at most {} files",
                                     images.templates.size(), stages::kMostFiles),
                         "leave some out");
  if (spec.rows > 1)
    arguments.fail_key("rows", "with images a request has one row",
                       "leave rows out: which image belongs to which row of a pack, no provider's "
                       "format can say");
  images.bytes = static_cast<std::size_t>(arguments.whole("image_bytes").value_or(0));
  images.tokens = arguments.whole("image_tokens").value_or(images.tokens);
}

void check_images(lua_State* lua, const stages::JobSpec& job,
                  std::span<const std::vector<Mark>> marks) {
  for (std::size_t q = 0; q < job.questions.size(); ++q) {
    const stages::PipelineSpec& question = job.questions[q];
    const bool addresses =
        std::ranges::any_of(question.pack.images.templates, [](const std::string& text) {
          return text.starts_with("https://") || text.starts_with("http://");
        });
    if (!addresses) continue;
    for (std::size_t e = 0; e < question.dispatch.endpoints.size(); ++e) {
      const provider::EndpointSpec& endpoint = question.dispatch.endpoints[e];
      if (codec::make_codec(endpoint)->files_taken().image_urls) continue;
      raise_at(lua, marks[q][e].source, marks[q][e].span,
               fmt::format("images gives an address, and {} fetches none",
                           codec::provider_of(endpoint).profile->title),
               "fetch the files first and give their paths, or ask another provider");
    }
  }
}

}  // namespace sluice::dsl
