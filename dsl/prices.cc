#include "dsl/prices.h"

#include <fmt/format.h>

#include "codec/price_file.h"
#include "core/printable.h"
#include "dsl/arguments.h"

namespace sluice::dsl {
namespace {

// Beside the pipeline file, where the path is not absolute.
std::string beside(const std::string& file, const std::string& path) {
  const std::size_t slash = file.rfind('/');
  return path.starts_with('/') || slash == file.npos ? path : file.substr(0, slash + 1) + path;
}

}  // namespace

void take_prices(lua_State* lua, stages::JobSpec& job, std::span<const std::vector<Mark>> marks) {
  script::Project& project = loader_of(lua).project;
  for (std::size_t k = 0; k < job.questions.size(); ++k) {
    stages::DispatchSpec& dispatch = job.questions[k].dispatch;
    const bool named = !dispatch.prices.empty();
    const std::string path =
        named ? beside(project.file(), dispatch.prices) : project.default_data();
    if (path.empty()) continue;
    const Mark mark = named ? marks[k][dispatch.endpoints.size()] : Mark{};
    const std::string_view from = named ? "" : "SLUICE_PRICES: ";
    const auto text = project.data(path);
    if (!text) {
      raise_at(lua, mark.source, mark.span, fmt::format("{}{}", from, text.error().message),
               "a file of prices is CSV: docs/reference.md, Prices");
    }
    const auto prices = codec::PriceFile::parse(*text, path);
    if (!prices) {
      raise_at(lua, mark.source, mark.span,
               fmt::format("{}{}", from, core::printable(prices.error().text())),
               "a file of prices is CSV: docs/reference.md, Prices");
    }
    for (provider::EndpointSpec& endpoint : dispatch.endpoints)
      if (!endpoint.price) endpoint.price = prices->price_of(endpoint);
  }
}

}  // namespace sluice::dsl
