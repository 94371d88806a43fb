#include "stages/prompt_template.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "format/json_value.h"

namespace sluice::stages {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::vector<std::string> split_path(std::string_view name) {
  std::vector<std::string> path;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = name.find('.', start);
    path.emplace_back(name.substr(start, dot - start));
    if (dot == name.npos) return path;
    start = dot + 1;
  }
}

// Where the value at `path`, which is there, stands in the text of `row`.
std::string_view text_at(const std::vector<std::string>& path, simdjson::dom::object row,
                         std::string_view text) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    text = format::member_text(row, text, path[i]);
    if (i + 1 < path.size() && row[path[i]].get(row)) return {};
  }
  return text;
}

}  // namespace

core::Result<PromptTemplate> PromptTemplate::parse(std::string_view text) {
  PromptTemplate made;
  while (true) {
    const std::size_t open = text.find("{{");
    Piece piece{std::string(text.substr(0, open)), {}};
    if (open == text.npos) {
      made.pieces_.push_back(std::move(piece));
      return made;
    }
    const std::size_t close = text.find("}}", open);
    if (close == text.npos) {
      return core::fail(
          core::ErrorCode::pipeline,
          fmt::format("'{{{{' without '}}}}' in the template, before: {}", text.substr(open, 40)));
    }
    piece.path = split_path(trimmed(text.substr(open + 2, close - open - 2)));
    for (const std::string& part : piece.path) {
      if (part.empty()) {
        return core::fail(
            core::ErrorCode::pipeline,
            fmt::format("no field name in '{}'", text.substr(open, close + 2 - open)));
      }
    }
    made.pieces_.push_back(std::move(piece));
    if (made.pieces_.size() > kMostPlaces)
      return core::fail(core::ErrorCode::pipeline,
                        fmt::format("the template has more than {} places", kMostPlaces));
    text.remove_prefix(close + 2);
  }
}

std::optional<simdjson::dom::element> PromptTemplate::value_at(const Piece& piece,
                                                               const simdjson::dom::object& row) {
  simdjson::dom::object object = row;
  simdjson::dom::element value;
  for (std::size_t i = 0; i < piece.path.size(); ++i) {
    const bool found = (i == 0 || value.get(object) == simdjson::SUCCESS) &&
                       object[piece.path[i]].get(value) == simdjson::SUCCESS && !value.is_null();
    if (!found) return std::nullopt;
  }
  return value;
}

std::expected<std::string, std::string> PromptTemplate::render(const simdjson::dom::object& row,
                                                               std::string_view text) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    out += piece.literal;
    if (out.size() > kMaxPromptBytes) return out;
    if (piece.path.empty()) continue;
    const auto value = value_at(piece, row);
    if (!value) return std::unexpected(fmt::format("{}", fmt::join(piece.path, ".")));
    std::string_view string;
    if (value->get(string) == simdjson::SUCCESS) {
      out += string;
    } else if (text.empty() || !format::has_own_form(*value)) {
      format::append_json(out, *value);
    } else {
      format::append_as_written(out, *value, text_at(piece.path, row, text));
    }
  }
  return out;
}

std::expected<std::vector<std::string>, std::string> PromptTemplate::render_each(
    const simdjson::dom::object& row, std::string_view text) const {
  const bool one_place = pieces_.size() == 2 && pieces_[0].literal.empty() &&
                         pieces_[1].literal.empty() && !pieces_[0].path.empty();
  std::vector<std::string> texts;
  for (const Piece& piece : pieces_) {
    if (piece.path.empty()) continue;
    const auto value = value_at(piece, row);
    std::string_view string;
    if (value && value->get(string) == simdjson::SUCCESS && string.empty()) return texts;
    simdjson::dom::array list;
    if (!one_place || !value || value->get(list) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element element : list) {
      std::string one;
      if (element.get(string) == simdjson::SUCCESS) {
        one = string;
      } else {
        format::append_json(one, element);
      }
      if (!one.empty()) texts.push_back(std::move(one));
    }
    return texts;
  }
  auto one = render(row, text);
  if (!one) return std::unexpected(std::move(one.error()));
  texts.push_back(std::move(*one));
  return texts;
}

}  // namespace sluice::stages
