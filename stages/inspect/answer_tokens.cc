#include "inspect/answer_tokens.h"

#include <algorithm>
#include <cmath>

#include "schedule/estimate.h"

namespace sluice::inspect {
namespace {

constexpr double kUsualText = 20;   // tokens of a text, where nothing bounds it
constexpr double kUsualCount = 3;   // elements of a list
constexpr double kPunctuation = 3;  // tokens around a name and a value: quotes, colon, comma

double value_tokens(const answer::Field& field);

double member_tokens(const answer::Field& field) {
  return std::max(1.0, static_cast<double>(field.name.size()) / schedule::kDefaultBytesPerToken) +
         kPunctuation + value_tokens(field);
}

double value_tokens(const answer::Field& field) {
  switch (field.type) {
    case answer::FieldType::text: {
      const double most = field.max ? *field.max / schedule::kDefaultBytesPerToken : 2 * kUsualText;
      const double least = field.min ? *field.min / schedule::kDefaultBytesPerToken : 0;
      return std::max(least, std::min(kUsualText, most / 2));
    }
    case answer::FieldType::integer:
    case answer::FieldType::boolean:
      return 1;
    case answer::FieldType::number:
      return 3;
    case answer::FieldType::one_of: {
      double bytes = 0;
      for (const std::string& choice : field.choices) bytes += static_cast<double>(choice.size());
      return std::max(1.0, bytes / schedule::kDefaultBytesPerToken /
                               std::max<double>(1, static_cast<double>(field.choices.size())));
    }
    case answer::FieldType::list: {
      const double count = std::clamp(kUsualCount, field.min.value_or(0),
                                      std::max(field.min.value_or(0), field.max.value_or(100)));
      return 2 + count * (1 + (field.members.empty() ? kUsualText
                                                     : value_tokens(field.members.front())));
    }
    case answer::FieldType::object: {
      double sum = 2;
      for (const answer::Field& member : field.members) sum += member_tokens(member);
      return sum;
    }
  }
  return kUsualText;
}

}  // namespace

double answer_tokens(const stages::PackSpec& pack) {
  if (pack.embed) return 0;
  if (pack.answer.empty()) return schedule::kDefaultOutputTokensPerRow;
  double tokens = 2;
  for (const answer::Field& field : pack.answer) tokens += member_tokens(field);
  // Rows of a pack are named by an id.
  return tokens + (pack.rows > 1 ? 6 : 0);
}

}  // namespace sluice::inspect
