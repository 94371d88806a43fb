#include "ask/pipeline_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "ask/argument_error.h"
#include "ask/lua_text.h"
#include "core/printable.h"

namespace sluice::ask {
namespace {

constexpr std::size_t kNameBytes = 100;  // it is a folder's name as well

bool is_price(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  return read.ec == std::errc() && read.ptr == end && value >= 0;
}

core::Result<std::string> price_text(const std::string& price) {
  const std::size_t slash = price.find('/');
  if (slash != price.npos && is_price(std::string_view(price).substr(0, slash)) &&
      is_price(std::string_view(price).substr(slash + 1)))
    return fmt::format("price = {{ input = {}, output = {} }}", price.substr(0, slash),
                       price.substr(slash + 1));
  return argument_error("--price", price, 0, price.size(),
                        "a price is IN/OUT, dollars per million tokens", "for example 0.25/2");
}

std::string read_text(const AskOptions& options) {
  std::vector<std::string> items;
  for (const std::string& input : options.inputs) items.push_back(lua_string(input));
  if (!options.key.empty()) items.push_back("key = " + lua_string(options.key));
  const std::string_view comment =
      options.key.empty()
          ? "  -- key = \"id\" would name rows by that field; without one their content does\n"
          : "";
  return fmt::format("{}  s.read {{ {} }},\n", comment, fmt::join(items, ", "));
}

std::string pack_text(const AskOptions& options) {
  std::string text = "  s.pack {\n";
  if (options.rows_a_request > 1) text += fmt::format("    rows   = {},\n", options.rows_a_request);
  if (!options.system.empty())
    text += fmt::format("    system = {},\n", lua_string(options.system));
  text += fmt::format("    user   = {},\n", lua_string(options.user));
  std::vector<std::string> images;
  for (const std::string& image : options.images) images.push_back(lua_string(image));
  if (!images.empty()) text += fmt::format("    images = {{ {} }},\n", fmt::join(images, ", "));
  if (!options.answer.empty()) {
    text += "    answer = {\n";
    std::size_t width = 0;
    for (const DeclaredField& field : options.answer)
      width = std::max(width, lua_key(field.name).size());
    for (const DeclaredField& field : options.answer)
      text += fmt::format("      {:<{}} = {},\n", lua_key(field.name), width, field.lua);
    text += "    },\n";
  }
  return text + "  },\n";
}

core::Result<std::string> dispatch_text(const AskOptions& options) {
  const ModelChoice& model = options.model;
  std::vector<std::string> items = {"model = " + lua_string(model.model)};
  if (!model.base_url.empty()) items.push_back("base_url = " + lua_string(model.base_url));
  if (!model.key_variable.empty())
    items.push_back(fmt::format("key = s.secret {}", lua_string(model.key_variable)));
  if (options.max_output_tokens)
    items.push_back(fmt::format("max_output_tokens = {}", *options.max_output_tokens));
  if (!options.price.empty()) {
    auto price = price_text(options.price);
    if (!price) return price;
    items.push_back(std::move(*price));
  }
  std::string text = fmt::format("  s.dispatch {{\n    s.{} {{ {} }},\n", model.constructor,
                                 fmt::join(items, ", "));
  if (!options.budget.empty())
    text += fmt::format("    budget = {},\n", lua_string(options.budget));
  if (!options.deadline.empty())
    text += fmt::format("    deadline = {},\n", lua_string(options.deadline));
  return text + "  },\n";
}

}  // namespace

std::string job_name(std::string_view out) {
  const std::filesystem::path path = std::filesystem::path(out).lexically_normal();
  std::string name = path.parent_path().string();
  if (!name.empty()) name += '-';
  const std::string file = path.filename().string();
  name += file.substr(0, file.find('.', 1));
  for (char& c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!fine) c = '-';
  }
  const std::size_t begin = name.find_first_not_of(".-");
  name = begin == name.npos ? "ask" : name.substr(begin);
  // Names that differ at their ends stay apart.
  return name.size() <= kNameBytes ? name : name.substr(name.size() - kNameBytes);
}

core::Result<std::string> pipeline_text(const AskOptions& options) {
  auto dispatch = dispatch_text(options);
  if (!dispatch) return dispatch;
  std::vector<std::string> inputs;
  for (const std::string& input : options.inputs)
    inputs.push_back(input == "-" ? "standard input" : core::printable(input));
  const std::string file = core::printable(options.file);
  return fmt::format(
      "-- {}: a question about each row of {}.\n"
      "--   sluice check {}   what it reads, writes and reaches; sends nothing\n"
      "--   sluice run {}     run it, or resume it\n"
      "local s = require \"sluice\"\n"
      "\n"
      "return s.pipeline {{\n"
      "  name = {},\n"
      "\n"
      "{}\n"
      "{}\n"
      "{}\n"
      "  -- keep: all of the row's fields, then the answer's\n"
      "  s.sink {{ {}, keep = \"row\" }},\n"
      "}}\n",
      file, fmt::join(inputs, ", "), file, file, lua_string(job_name(options.out)),
      read_text(options), pack_text(options), *dispatch, lua_string(options.out));
}

}  // namespace sluice::ask
