// Environment variables as OpenTelemetry types them: an empty one is not set; one that cannot be used counts as not set,
// and a note says which and why. No note repeats a value, which may be a secret.
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
//
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "http/proxy_environment.h"

namespace sluice::telemetry {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class Variables {
 public:
  // Of one that is set: its name, and its value without blanks around it.
  struct Found {
    std::string name;
    std::string value;
  };

  explicit Variables(const http::Environment& environment) : environment_(environment) {}

  std::optional<Found> find(const std::string& name) const;
  // The first of them that is set: a signal's own before that of all.
  std::optional<Found> find(const std::string& first, const std::string& second) const;

  bool flag(const std::string& name);  // only "true", in any case, is
  std::optional<std::uint64_t> number(const std::string& name, std::uint64_t least,
                                      std::uint64_t most);
  std::optional<core::Duration> milliseconds(const std::optional<Found>& found,
                                             std::uint64_t least);
  std::optional<double> share(const std::string& name);  // from 0 to 1
  // "a=1,b=2": blanks around names and values do not count, values are percent-decoded. All or
  // nothing.
  std::optional<Pairs> pairs(const std::optional<Found>& found);

  // "NAME …" for a person.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  std::optional<std::uint64_t> whole(const Found& found, std::uint64_t least, std::uint64_t most);

  const http::Environment& environment_;
  std::vector<std::string> notes_;
};

}  // namespace sluice::telemetry
