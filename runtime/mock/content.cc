#include "mock/content.h"

#include "mock/answerer.h"

namespace sluice::mock {

std::vector<provider::FramedRow> rows_of(const ChatRequest& request) {
  if (request.plan && request.plan->is_pack()) return provider::read_framed(request.user);
  return {{"", request.user}};
}

std::string content_for(const ChatRequest& request, const std::vector<provider::FramedRow>& rows,
                        std::uint64_t seed, PackFault fault, std::uint64_t draw) {
  if (!request.plan) return free_text_for(request.user, seed);
  std::string out;
  if (!request.plan->is_pack()) {
    request.plan->fill(out, request.user, seed);
    return out;
  }
  const std::size_t spoilt = rows.empty() ? 0 : draw % rows.size();
  out = R"({"answers":[)";
  bool first = true;
  const auto add = [&](std::string_view id, std::string_view text) {
    if (!first) out += ',';
    first = false;
    request.plan->fill_entry(out, id, text, seed);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PackFault here = i == spoilt ? fault : PackFault::none;
    if (here == PackFault::drop_row) continue;
    if (here == PackFault::foreign_id) {
      add("foreign-" + std::string(rows[i].id), rows[i].text);
      continue;
    }
    add(rows[i].id, rows[i].text);
    if (here == PackFault::double_row) add(rows[i].id, rows[i].text);
  }
  return out + "]}";
}

void cut_text(std::string& content, std::size_t bytes) {
  if (bytes >= content.size()) return;
  while (bytes > 0 && (static_cast<unsigned char>(content[bytes]) & 0xC0) == 0x80) --bytes;
  content.resize(bytes);
}

std::string garbled(std::string_view content) {
  return "Certainly! This is what I make of it: " + std::string(content.substr(0, 20)) + " …";
}

}  // namespace sluice::mock
