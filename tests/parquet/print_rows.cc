// Prints the rows of a file as JSON lines, and what is no row as {"reject": why}; the error, and 1, where
// the file is refused.
#include <fmt/format.h>

#include "source/sources.h"

int main(int, char** arguments) {
  using namespace sluice;
  using State = format::RecordSource::State;
  const std::string path = arguments[1];
  auto source = source::open({.paths = {path}, .format = {}}, path);
  core::Result<State> state = State::more;
  if (!source) state = std::unexpected(source.error());
  while (state && *state == State::more)
    state = (*source)->read([](const format::Record& record) {
      if (record.reject != nullptr) {
        fmt::print("{{\"reject\":\"{}\"}}\n", record.reject->reason);
      } else {
        fmt::print("{}\n", record.text);
      }
      return true;
    });
  if (state) return 0;
  fmt::print(stderr, "{}\n", state.error().text());
  return 1;
}
