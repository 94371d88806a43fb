#include "cli/run_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include "cli/job_file.h"
#include "core/json.h"
#include "core/random.h"
#include "notify/deliver.h"
#include "observe/events.h"
#include "shell/child_command.h"
#include "shell/signals.h"
#include "storage/atomic_file.h"

namespace sluice::cli {
namespace {

// 128 random bits: no two messages share a name.
std::string new_message_id() {
  return "msg_" + core::random_name(32);
}

core::Status write_whole(const std::string& path, const std::string& text) {
  auto file = storage::AtomicFile::create(path);
  if (!file) return std::unexpected(file.error());
  if (auto wrote = (*file)->write(text); !wrote) return wrote;
  return (*file)->finish();
}

core::Error about(std::string_view option, const core::Error& error) {
  return {error.code, fmt::format("{} of on_end {}", option, error.message), error.where};
}

// Interrupted by the first signal.
core::Status post(const notify::Webhook& webhook, const notify::Message& message,
                  shell::StopSignal& signal) {
  std::atomic<bool> done = false;
  core::Status result;
  std::jthread sender([&](const std::stop_token& stop) {
    try {
      result = notify::deliver(webhook, message, {}, stop);
    } catch (...) {
      result = std::unexpected(core::caught());
    }
    done = true;
    signal.release();
  });
  while (!done) {
    signal.wait(std::chrono::seconds(1));
    if (signal.seen()) sender.request_stop();
  }
  sender.join();
  return result;
}

}  // namespace

RunEnd::RunEnd(const RunFlags& flags) : flags_(flags), path_(flags.summary) {
  // The pipeline file may not load, and begin() not be called.
  if (path_ == flags.log.path || !apart_from_job(path_, "the summary", flags.file.path, nullptr))
    path_.clear();
}

core::Status RunEnd::begin(const stages::JobSpec& job) {
  job_ = job.name;
  if (!flags_.summary.empty()) {
    path_.clear();
    if (flags_.summary == flags_.log.path)
      return core::fail(core::ErrorCode::usage, "the summary and the log need two names",
                        flags_.summary);
    if (auto apart = apart_from_job(flags_.summary, "the summary", flags_.file.path, &job); !apart)
      return apart;
    path_ = flags_.summary;
  }
  if (job.on_end.webhook.empty()) return {};
  auto address = notify::parse_address(job.on_end.webhook.reveal());
  if (!address) return std::unexpected(about("webhook", address.error()));
  auto key = notify::signing_key(job.on_end.secret);
  if (!key) return std::unexpected(about("secret", key.error()));
  webhook_ = notify::Webhook{std::move(*address), std::move(*key)};
  return {};
}

void RunEnd::ended(std::string summary, bool finished) {
  summary_ = std::move(summary);
  finished_ = finished;
}

std::string_view RunEnd::end() const {
  if (error_ || summary_.empty()) return "failed";
  return finished_ ? "finished" : "stopped";
}

std::string RunEnd::object(int exit_status) const {
  std::string out = summary_;
  if (out.empty()) {
    core::JsonWriter w(out);
    observe::open_event(w, end(), core::SystemClock().wall_now(), observe::Level::error);
    if (!job_.empty()) w.field("job", job_);
    w.field("file", flags_.file.path);
    w.close('}');
  }
  std::string tail;
  core::JsonWriter w(tail);
  w.open('{');
  w.field("end", end());
  w.field("exit", exit_status);
  if (error_) {
    w.key("error");
    observe::write_error(w, *error_);
  }
  w.close('}');
  out.back() = ',';
  return out + tail.substr(1);
}

int RunEnd::tell(int exit_status) {
  if (!wants_summary()) return exit_status;
  const std::string object = this->object(exit_status);
  if (!path_.empty()) {
    if (const auto wrote = write_whole(path_, object + "\n"); !wrote) {
      flags_.log.note("the summary is not written: " + wrote.error().text());
      exit_status = std::max(exit_status, core::exit_code(core::ErrorCode::io));
    }
  }
  if (flags_.notify.empty() && !webhook_) return exit_status;
  shell::StopSignal signal;
  if (!flags_.notify.empty()) {
    const auto told =
        shell::run_command({.command = flags_.notify,
                            .input = object + "\n",
                            .variables = {{"SLUICE_JOB", job_},
                                          {"SLUICE_END", std::string(end())},
                                          {"SLUICE_EXIT", std::to_string(exit_status)}}},
                           signal);
    if (!told) flags_.log.note("the command of --notify " + told.error().message);
  }
  if (webhook_ && !signal.seen()) {
    const notify::Message message{new_message_id(),
                                  notify::payload(fmt::format("sluice.run.{}", end()),
                                                  core::SystemClock().wall_now(), object)};
    if (const auto sent = post(*webhook_, message, signal); !sent)
      flags_.log.note("the webhook of on_end was not told: " + sent.error().message);
  } else if (webhook_) {
    flags_.log.note(fmt::format("the webhook of on_end was not told: {}: interrupted",
                                webhook_->address.origin));
  }
  return exit_status;
}

void add_end_options(CLI::App& command, RunFlags& flags) {
  command
      .add_option("--notify", flags.notify,
                  "A shell command to run at the end, with the summary as JSON on its standard "
                  "input and SLUICE_JOB, SLUICE_END and SLUICE_EXIT in its environment")
      ->type_name("COMMAND");
  command
      .add_option("--summary", flags.summary,
                  "Write the summary to this file at the end, as JSON, also of a run that fails")
      ->type_name("FILE")
      ->check(CLI::Validator(
          [](const std::string& path) -> std::string {
            if (path.empty() || path == "-") return "--summary needs the name of a file";
            const auto folder = std::filesystem::path(path).parent_path();
            std::error_code error;
            if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
            return fmt::format("there is no folder {}", folder.string());
          },
          ""));
}

std::string webhook_server(const stages::JobSpec& job) {
  const std::string& text = job.on_end.webhook.reveal();
  if (text.empty()) return {};
  const auto address = notify::parse_address(text);
  return (address ? address->origin : "the webhook that a variable names") + " (the run's end)";
}

std::vector<inspect::Remark> end_remarks(const stages::JobSpec& job) {
  const auto address = notify::parse_address(job.on_end.webhook.reveal());
  if (!address || !address->in_clear) return {};
  inspect::Remark remark;
  remark.file = job.files.empty() ? std::string() : job.files.front();
  remark.message = fmt::format("the run's end is told to {} in clear text", address->origin);
  remark.hint = "give webhook of on_end an address with https://";
  return {remark};
}

}  // namespace sluice::cli
