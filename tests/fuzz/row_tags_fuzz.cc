// Rows of any text come back as they were, and reading any message ends well. The input's rows are
// parted by zero bytes; rows that hold zero bytes themselves are made by doubling the parting.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "provider/row_tags.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::provider;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(read_framed(input));

  std::vector<std::string> texts(1);
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (input[i] != '\0') {
      texts.back() += input[i];
    } else if (i + 1 < input.size() && input[i + 1] == '\0') {
      texts.back() += input[++i];
    } else {
      texts.emplace_back();
    }
  }
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < texts.size(); ++i) ids.push_back("a" + std::to_string(i + 1));
  std::vector<FramedRow> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) rows.push_back({ids[i], texts[i]});

  std::string message;
  append_framed(message, rows);
  const std::vector<FramedRow> back = read_framed(message);
  if (back.size() != rows.size()) std::abort();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (back[i].id != rows[i].id || back[i].text != rows[i].text) std::abort();
  }
  return 0;
}
