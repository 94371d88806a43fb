#include "stages/vector_text.h"

#include <charconv>

namespace sluice::stages {

void append_vector(std::string& out, std::span<const float> numbers) {
  out.reserve(out.size() + numbers.size() * (kUsualNumberBytes + 2) + 2);
  out += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) out += ',';
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, numbers[i]).ptr;
    out.append(digits, end);
  }
  out += ']';
}

}  // namespace sluice::stages
