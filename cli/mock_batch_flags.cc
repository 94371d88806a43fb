#include "cli/mock_batch_flags.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "shell/number_range.h"

namespace sluice::cli {

core::Result<core::Duration> mock_duration(const std::string& text) {
  using Unit = std::pair<std::string_view, double>;  // and its seconds
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string_view unit = end;
  for (const auto& [name, seconds] : {Unit("", 1), Unit("s", 1), Unit("ms", 0.001), Unit("m", 60),
                                      Unit("h", 3600), Unit("d", 86'400)}) {
    if (unit != name || end == text.c_str() || !(number >= 0 && number <= 1e9)) continue;
    return std::chrono::duration_cast<core::Duration>(
        std::chrono::duration<double>(number * seconds));
  }
  return core::fail(core::ErrorCode::usage,
                    fmt::format("'{}' is not a duration: 500ms, 4s or 2m is wanted", text));
}

void add_batch_flags(CLI::App& command, MockBatchFlags& flags, mock::BatchOptions& options) {
  const auto share = shell::number(0, 1);
  const std::string batches = "Batch APIs, whose times are batch time (--batch-speed)";
  command.add_option("--batch-speed", options.speed, "3600: an hour of batch time in a second")
      ->check(shell::number(1e-3, 1e9))
      ->capture_default_str()
      ->group(batches);
  command
      .add_option("--batch-turnaround", flags.turnaround,
                  "How long a batch takes; else drawn: minutes, now and then hours")
      ->type_name("TIME")
      ->group(batches);
  command
      .add_option(
          "--batch-regime", flags.regime,
          "Of the drawn ones: normal, slow (twelve times as long), or mixed: a model is slow "
          "for six hours at a time")
      ->check(CLI::IsMember({"normal", "slow", "mixed"}))
      ->type_name("REGIME")
      ->group(batches);
  command
      .add_option("--batch-window", flags.window,
                  "After which a batch expires, in place of each provider's (24h, 48h)")
      ->type_name("TIME")
      ->group(batches);
  command
      .add_option("--batch-price", options.price_share,
                  "Share of the price of a call that a line costs")
      ->check(share)
      ->capture_default_str()
      ->group(batches);
  command
      .add_option("--batch-queue-tokens", options.queue_tokens,
                  "Input tokens of all unfinished batches of a model, at most")
      ->check(shell::whole_number(1))
      ->group(batches);
  command
      .add_option("--batch-hidden", options.hidden_polls,
                  "So many times a batch that was just made is not found")
      ->check(shell::whole_number(0, 1e6))
      ->group(batches);
  command
      .add_option("--batch-unlisted", flags.unlisted,
                  "So long lists leave a new batch out (the clock's time)")
      ->type_name("TIME")
      ->group(batches);
  command
      .add_option("--batch-file-delay", flags.file_delay,
                  "So long after its upload no batch finds a file (the clock's time)")
      ->type_name("TIME")
      ->group(batches);
  command
      .add_option("--batch-store-bytes", options.store_bytes,
                  "Of files and objects that are kept, in temporary files where they are large")
      ->check(shell::whole_number(1))
      ->group(batches);
  command
      .add_option(
          "--bucket", options.buckets,
          "Serve objects at /NAME/…, as S3 and Google's storage do: for Vertex AI's and Bedrock's "
          "batches. May be given more than once")
      ->type_name("NAME")
      ->group(batches);
  const std::string faults = "Faults of batches: a share of the batches, 0 to 1";
  const std::string lines = "Faults of batches: a share of the lines, 0 to 1";
  const auto fault = [&](const std::string& group, const char* name, double& portion,
                         const char* meaning) {
    command.add_option(name, portion, meaning)->check(share)->group(group);
  };
  mock::BatchFaults& f = options.faults;
  fault(faults, "--batch-call-error", f.call_error,
        "Of the calls about files and batches: 429, 500 or 503, and nothing is done");
  fault(faults, "--batch-lose-upload", f.lose_upload,
        "Of the uploads: kept, and the connection reset, no answer");
  fault(faults, "--batch-cut-results", f.cut_results,
        "Of the calls for results and files' bytes: broken off half way");
  fault(faults, "--batch-lose-create", f.lose_create, "Made, and the connection reset, no answer");
  fault(faults, "--batch-queue-full", f.queue_full, "No room, as over --batch-queue-tokens");
  fault(faults, "--batch-stuck", f.stuck, "Runs for ever, beyond its window");
  fault(faults, "--batch-expire", f.expire, "Expires with a part done");
  fault(faults, "--batch-late-cancel", f.late_cancel, "Completes although it is being cancelled");
  fault(faults, "--batch-cancel-empty", f.cancel_empty, "Keeps nothing when it is cancelled");
  fault(faults, "--batch-all-fail", f.all_fail, "Completes with errors alone");
  fault(faults, "--batch-flat-counts", f.flat_counts, "Counters stay zero until it is over");
  fault(faults, "--batch-shuffle", f.shuffle, "Results in another order than the lines");
  fault(faults, "--batch-body-text", f.body_text, "Replies as JSON in a string");
  fault(lines, "--batch-line-error", f.line_error, "The server's error, not billed");
  fault(lines, "--batch-drop-line", f.drop_line, "Missing");
  fault(lines, "--batch-double-line", f.double_line, "Twice");
  fault(lines, "--batch-foreign-line", f.foreign_line, "Under an unknown id");
  fault(lines, "--batch-null-response", f.null_response, "Neither a response nor an error");
}

core::Status fill_in_batch(const MockBatchFlags& flags, mock::BatchOptions& options) {
  if (flags.regime == "slow") options.regime = mock::BatchRegime::slow;
  if (flags.regime == "mixed") options.regime = mock::BatchRegime::mixed;
  const auto read = [](const char* name, const std::string& text, auto& into) -> core::Status {
    if (text.empty()) return {};
    const auto duration = mock_duration(text);
    if (!duration) {
      return core::fail(core::ErrorCode::usage,
                        fmt::format("{}: {}", name, duration.error().message));
    }
    into = *duration;
    return {};
  };
  core::Status done = read("--batch-turnaround", flags.turnaround, options.turnaround);
  if (done) done = read("--batch-window", flags.window, options.window);
  if (done) done = read("--batch-file-delay", flags.file_delay, options.file_delay);
  if (done) done = read("--batch-unlisted", flags.unlisted, options.unlisted);
  return done;
}

}  // namespace sluice::cli
