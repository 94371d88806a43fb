// sluice ask: a job in one command. It makes the pipeline file that it stands for, and runs exactly
// that.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "ask/pipeline_text.h"
#include "cli/commands.h"
#include "cli/run_command.h"
#include "core/printable.h"
#include "shell/help_text.h"
#include "shell/number_range.h"
#include "shell/standard_streams.h"

namespace sluice::cli {
namespace {

struct AskFlags {
  ask::AskOptions options;
  std::string answer;
  ask::ModelRequest model;
  std::string save;
  RunFlags run;
};

bool is_set(std::string_view variable) {
  const char* value = std::getenv(std::string(variable).c_str());
  return value != nullptr && *value != '\0';
}

// `note`: of the endpoint, for people.
core::Result<std::string> text_of(const AskFlags& flags, std::string& note) {
  ask::AskOptions options = flags.options;
  options.file = flags.run.file.path;
  if (!flags.answer.empty()) {
    auto fields = ask::read_answer(flags.answer);
    if (!fields) return std::unexpected(fields.error());
    options.answer = std::move(*fields);
  }
  auto model = ask::choose_endpoint(flags.model);
  if (!model) return std::unexpected(model.error());
  options.model = std::move(*model);
  note = ask::unsent_key(options.model, is_set);
  return ask::pipeline_text(options);
}

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Never over a file that says something else.
core::Status save(const std::string& path, const std::string& text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EEXIST) {
    if (read_whole(path) == text) return {};
    return core::fail(core::ErrorCode::usage,
                      "this file is there, and says something else: give --save another name, or "
                      "run it as it is: sluice run " +
                          path,
                      path);
  }
  if (descriptor < 0) return core::fail_errno("cannot write it", errno, path);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(descriptor);
      ::unlink(path.c_str());
      return core::fail_errno("cannot write it", error, path);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(descriptor);
  return {};
}

// A person's next step.
void say_next(const AskFlags& flags) {
  const std::string& path = flags.run.file.path;
  if (!flags.save.empty()) {
    shell::say(fmt::format("the job is in {0}: edit it, then: sluice run {0}\n", path));
  } else {
    shell::say(
        fmt::format("to edit the job, or see its status and rejects: the same command with --save "
                    "{} writes its file, and asks nothing again\n",
                    path));
  }
}

int ask_rows(AskFlags flags) {
  if (flags.save.find('/') != flags.save.npos)
    return report({core::ErrorCode::usage,
                   "--save takes a name in this folder, since the job's paths begin here; to "
                   "write it elsewhere, run the command there",
                   {}});
  flags.run.file.path = flags.save.empty() ? ask::job_name(flags.options.out) + ".lua" : flags.save;
  std::string note;
  auto text = text_of(flags, note);
  if (!text) return report(text.error());
  flags.run.file.text = std::move(*text);
  if (const auto job = flags.run.file.load(Secrets::unread); !job) return report(job.error());
  if (!flags.save.empty()) {
    if (const auto saved = save(flags.save, *flags.run.file.text); !saved)
      return report(saved.error());
  }
  if (!note.empty()) flags.run.log.note(note);
  const int exit_status = run_job(flags.run);
  if (flags.run.log == Log::text && (exit_status == 0 || exit_status == 1 || exit_status == 4))
    say_next(flags);
  return exit_status;
}

void add_options(CLI::App& command, AskFlags& flags) {
  ask::AskOptions& options = flags.options;
  command.add_option("INPUT", options.inputs, "Files of rows, or globs; - is standard input")
      ->type_name("FILE")
      ->required();
  const auto text = [&](const char* name, std::string& value, const char* type,
                        const char* meaning) {
    return command.add_option(name, value, meaning)->type_name(type);
  };
  text("--user", options.user, "PROMPT", "What is asked about a row: \"{{subject}}: {{body}}\"")
      ->required();
  command
      .add_option(
          "--image", options.images,
          "An image or PDF to show with it: \"photos/{{photo}}\"; may be given more than once")
      ->type_name("PATH")
      ->allow_extra_args(false)
      ->take_all();
  text("--answer", flags.answer, "COLUMNS",
       "The answer's columns: \"queue=billing|bug, urgency=int 1..5, note?=text\"; without it, "
       "free text in the column answer")
      ->check(CLI::Validator(
          [](const std::string& value) {
            return value.empty() ? "it declares nothing; for example \"queue=billing|bug\"" : "";
          },
          ""));
  text("--model", flags.model.model, "NAME",
       "gpt-5.4-mini, claude-haiku-4-5, groq/llama-3.3-70b-versatile, …")
      ->required();
  text("--out", options.out, "FILE", "The output: the rows with their answers")->required();
  text("--system", options.system, "PROMPT", "The system prompt");
  text("--key", options.key, "FIELD", "The field that names a row");
  command.add_option("--rows", flags.run.limit, "Read at most so many rows")
      ->type_name("N")
      ->check(shell::whole_number(1));
  command.add_option("--pack", options.rows_a_request, "Rows in one request, at most (default 1)")
      ->type_name("N")
      ->check(shell::whole_number(1, 1000));
  text("--budget", options.budget, "AMOUNT", "What the job may cost: \"$5\"");
  text("--deadline", options.deadline, "TIME", "When a run ends: \"30m\"");
  command
      .add_option("--max-output-tokens", options.max_output_tokens,
                  "Of one reply, at most; a budget wants it")
      ->type_name("N")
      ->check(shell::whole_number(1, 1e9));
  text("--price", options.price, "IN/OUT",
       "Dollars per million tokens, where no list price is known");
  text("--endpoint", flags.model.endpoint, "SERVICE",
       "By its constructor's name: openai, groq, vllm, …");
  text("--base-url", flags.model.base_url, "URL",
       "Of a server that speaks OpenAI's chat completions");
  text("--key-env", flags.model.key_variable, "NAME",
       "The environment variable with the service's key, where it is not the usual one");
  text("--save", flags.save, "FILE", "Write the pipeline file that this stands for");
  add_run_flags(command, flags.run);
  add_log_options(command, flags.run.log);
}

}  // namespace

void add_ask_command(CLI::App& app, int& exit_status) {
  auto flags = std::make_shared<AskFlags>();
  CLI::App* command =
      app.add_subcommand("ask", "Ask one question about each row: a job in one command");
  add_options(*command, *flags);
  command->footer(shell::help_footer(
      "The same command again resumes the job; another question asks again what it changes. "
      "COLUMNS are NAME=TYPE with commas between, and NAME?=TYPE for one that may be null. TYPE is "
      "text, int, number, bool, list of TYPE, or choices as a|b|c; bounds as in int 1..5 or text "
      "..200; then, in quotes, what the column means.",
      {{"sluice ask tickets.csv --user \"{{subject}}: {{body}}\" \\\n"
        "    --answer \"queue=billing|bug|access\" --model gpt-5.4-mini \\\n"
        "    --out sorted.csv --rows 10",
        ""}}));
  command->callback([flags, &exit_status] { exit_status = ask_rows(*flags); });
}

}  // namespace sluice::cli
