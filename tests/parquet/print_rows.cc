// Prints the rows of a Parquet file as JSON lines; the error, and 1, where it is refused.
#include <fmt/format.h>

#include "format/formats.h"

int main(int, char** arguments) {
  using namespace sluice;
  auto source = format::format_named("parquet")->open({}, arguments[1], {});
  core::Result<format::RecordSource::State> state = format::RecordSource::State::more;
  if (!source) state = std::unexpected(source.error());
  while (state && *state == format::RecordSource::State::more)
    state = (*source)->read([](const format::Record& record) {
      fmt::print("{}\n", record.text);
      return true;
    });
  if (state) return 0;
  fmt::print(stderr, "{}\n", state.error().text());
  return 1;
}
