#include "dsl/job_paths.h"

#include <string_view>

#include "place/settings.h"
#include "place/uri.h"
#include "provider/profile.h"

namespace sluice::dsl {

std::string as_pattern(const std::string& path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view("*?[\\").contains(c)) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

void put_beside(stages::JobSpec& job, const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == file.npos) return;
  const std::string folder = file.substr(0, slash + 1);
  if (folder == "./") return;
  const auto put = [](const std::string& before, std::string& path) {
    if (!path.empty() && path != "-" && path[0] != '/' && !place::is_remote(path))
      path.insert(0, before);
  };
  const auto put_queue = [&](queue::Spec& queue) {
    if (auto* stream = std::get_if<queue::RedisStream>(&queue.at)) put(folder, stream->ca_file);
    const auto put_secret = [&](core::Secret& secret) {
      std::string path = secret.reveal();
      if (path == place::kUnreadSecret || path.starts_with('{')) return;
      put(folder, path);
      secret = core::Secret(std::move(path));
    };
    if (auto* pubsub = std::get_if<queue::Pubsub>(&queue.at)) put_secret(pubsub->credentials);
    if (auto* kafka = std::get_if<queue::KafkaTopic>(&queue.at))
      for (auto& [name, value] : kafka->config)
        if (name.ends_with(".location")) put_secret(value);
  };
  job.folder = folder;
  put(folder, job.directory);
  for (stages::PipelineSpec& question : job.questions) {
    for (std::string& path : question.read.paths) put(as_pattern(folder), path);
    if (question.read.table && question.read.table->database == table::Database::sqlite)
      put(folder, question.read.table->file);
    if (question.read.queue) put_queue(*question.read.queue);
    if (question.sink.written_path.empty()) question.sink.written_path = question.sink.path;
    question.sink.written_rejects = question.sink.rejects;
    put(folder, question.sink.path);
    put(folder, question.sink.rejects);
    for (stages::DeliverySpec& to : question.sink.deliveries) {
      to.written_path = to.path;
      if (!to.in_pieces()) put(folder, to.path);
      if (to.queue) put_queue(*to.queue);
      if (to.table && to.table->database == table::Database::sqlite) put(folder, to.table->file);
    }
    put(folder, question.checkpoint.directory);
    put(folder, question.checkpoint.share);
    put(folder, question.dispatch.prices);
    question.pack.images.folder = folder;
    for (provider::EndpointSpec& endpoint : question.dispatch.endpoints) {
      put(folder, endpoint.ca_file);
      if (!provider::names_credentials_file(endpoint)) continue;
      std::string path = endpoint.credentials.reveal();
      put(folder, path);
      endpoint.credentials = core::Secret(std::move(path));
    }
  }
}

}  // namespace sluice::dsl
