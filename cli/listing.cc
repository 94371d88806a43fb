#include "cli/listing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "cli/job_file.h"
#include "cli/run_end.h"
#include "core/printable.h"
#include "core/secret.h"
#include "http/proxy.h"
#include "place/places.h"
#include "provider/profile.h"
#include "words/cost_notes.h"

namespace sluice::cli {
namespace {

using Names = std::vector<std::string>;

void add(Names& names, std::string_view name) {
  std::string shown = core::printable(name);
  if (std::ranges::find(names, shown) == names.end()) names.push_back(std::move(shown));
}

std::string line(std::string_view what, const Names& names) {
  return names.empty() ? std::string() : fmt::format("  {:<11}{}\n", what, fmt::join(names, ", "));
}

// Where requests go: the endpoint's address, and the proxy on the way where the file names one.
std::string address(const provider::EndpointSpec& endpoint) {
  const std::string& proxy = endpoint.proxy.reveal();
  if (proxy.empty()) return endpoint.base_url;
  if (proxy == "none") return endpoint.base_url + " (through no proxy)";
  // What stands in for a variable's value is no address: check reads none.
  const auto parsed =
      proxy == kUnreadSecret ? core::fail(core::ErrorCode::pipeline, "") : http::parse_proxy(proxy);
  return fmt::format("{} (through the proxy {})", endpoint.base_url,
                     parsed ? parsed->name() : "that a variable names");
}

// Not shown where it is no file: then it may be what should stand in one.
std::string credentials_file(const provider::EndpointSpec& endpoint) {
  const std::string& path = endpoint.credentials.reveal();
  const bool is_there = path != kUnreadSecret && std::filesystem::exists(path);
  return is_there ? path : "the file that credentials name";
}

// A value that may be a secret by its parameter's name is not shown.
std::string shown_value(const stages::Parameter& parameter) {
  std::string name = parameter.name;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view word : {"key", "token", "secret", "password"})
    if (name.contains(word) && !parameter.value.empty()) return "***";
  return parameter.value;
}

// A line each: "  takes      rows = 20  rows a request (whole)".
std::string parameters(const stages::JobSpec& job) {
  std::string text;
  for (const stages::Parameter& parameter : job.parameters) {
    std::string shown = fmt::format("{} = {}", parameter.name, shown_value(parameter));
    if (!parameter.help.empty()) shown += ": " + parameter.help;
    if (!parameter.choices.empty())
      shown += fmt::format(" (one of {})", fmt::join(parameter.choices, ", "));
    else if (parameter.type != "text")
      shown += fmt::format(" ({})", parameter.type == "whole"    ? "a whole number"
                                    : parameter.type == "number" ? "a number"
                                                                 : "true or false");
    if (parameter.given) shown += ", set";
    text += fmt::format("  {:<11}{}\n", text.empty() ? "takes" : "", core::printable(shown));
  }
  return text;
}

}  // namespace

std::string listing(const stages::JobSpec& job) {
  Names files, reads, writes, hosts, unpriced, variables;
  for (const std::string& file : job.files) add(files, file);
  const stages::ReadSpec& read = job.questions.front().read;
  for (const std::string& path : source::shown_names(read)) {
    const auto server =
        place::is_remote(path) && read.places ? read.places->server_of(path) : std::nullopt;
    add(reads, path == "-" ? "standard input" : server ? path + " at " + *server : path);
  }
  for (const stages::PipelineSpec& spec : job.questions) {
    if (!spec.dispatch.prices.empty()) add(reads, spec.dispatch.prices);
    if (!spec.checkpoint.share.empty()) add(reads, spec.checkpoint.share + "/*/");
    for (const provider::EndpointSpec& endpoint : spec.dispatch.endpoints) {
      if (!endpoint.ca_file.empty()) add(reads, endpoint.ca_file);
      if (provider::names_credentials_file(endpoint)) add(reads, credentials_file(endpoint));
      add(hosts, address(endpoint));
      if (words::price_unknown(endpoint)) add(unpriced, endpoint.name);
    }
  }
  if (const std::string server = webhook_server(job); !server.empty()) add(hosts, server);
  for (const std::string& path : job.questions.back().sink.outputs()) add(writes, path);
  for (const stages::PipelineSpec& spec : job.questions)
    if (!spec.sink.for_next_level) add(writes, spec.sink.rejects);
  add(writes, job.directory + "/");
  for (const std::string& name : job.variables) {
    const char* value = std::getenv(name.c_str());  // the file itself is not given it
    const auto wrong = value == nullptr ? std::nullopt : core::wrong_with_variable(value);
    add(variables, value == nullptr || *value == '\0' ? name + " (not set)"
                   : wrong                            ? fmt::format("{} ({})", name, *wrong)
                                                      : name);
  }
  return line("is made of", files) + line("reads", reads) + line("writes", writes) +
         line("sends to", hosts) +
         line("costs", unpriced.empty()
                           ? unpriced
                           : Names{fmt::format("not known for {}: no price (`sluice prices`); "
                                               "price = 0 where it costs nothing",
                                               fmt::join(unpriced, ", "))}) +
         line("variables", variables) + parameters(job);
}

}  // namespace sluice::cli
