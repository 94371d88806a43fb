#include "stages/endpoint_options.h"

#include <fmt/format.h>

#include "core/hash.h"
#include "provider/profile.h"

namespace sluice::stages {
namespace {

template <class T>
std::string text_of(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string("-");
}
std::string text_of(core::Duration time) {
  return fmt::format("{}", time.count());
}

}  // namespace

std::string options_of(const provider::EndpointSpec& endpoint) {
  std::string limits = text_of(endpoint.limits.max_concurrency);
  for (const std::optional<double>& limit : endpoint.limits.per_window)
    limits += ' ' + text_of(limit);
  const std::string_view service =
      endpoint.provider.profile == nullptr ? "" : endpoint.provider.profile->name;
  const std::string first_byte =
      endpoint.first_byte_timeout ? text_of(*endpoint.first_byte_timeout) : "-";
  return core::name128(
             "endpoint options",
             {service, endpoint.base_url, endpoint.model, text_of(endpoint.max_output_tokens),
              text_of(endpoint.temperature), endpoint.service_tier,
              fmt::format("{}", static_cast<int>(endpoint.structured)),
              endpoint.structured_fixed ? "fixed" : "", text_of(endpoint.timeout),
              text_of(endpoint.connect_timeout), first_byte, endpoint.ca_file, limits})
      .hex();
}

}  // namespace sluice::stages
