// The command `sluice`: wiring and words, nothing else.
#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/job_file.h"
#include "cli/version.h"
#include "core/memory_reserve.h"
#include "net/file_limit.h"
#include "shell/help_text.h"
#include "shell/standard_streams.h"
#include "shell/usage.h"

// jemalloc's settings. It makes an arena the first time that a thread needs one, and where there is
// no memory for that it crashes instead of refusing; the one that it begins with is enough, since
// each thread keeps a stock of small blocks of its own.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,oversize_threshold:0";

int main(int argc, char** argv) {
  sluice::shell::occupy_standard_streams();
  sluice::core::keep_memory_reserve();
  sluice::net::raise_file_limit();  // a socket for each request in flight

  // A limit on file sizes is then an error like a full disk, told by the write that met it.
  ::signal(SIGXFSZ, SIG_IGN);

  CLI::App app{
      "sluice runs a language model over millions of rows: as fast as your quotas\n"
      "allow, inside your budget and your deadline, and it never pays twice for the\n"
      "same row."};
  app.name("sluice");
  sluice::shell::use_help_text(app);
  app.set_help_flag("-h,--help", "This text");
  app.set_version_flag("-V,--version", std::string("sluice ") + sluice::cli::kVersion,
                       "The version");
  app.require_subcommand(1);
  app.footer(sluice::shell::help_footer(
      "FILE is a pipeline file, in Lua. Exit status: 0 every row answered, 1 some rejected, 2 "
      "wrong "
      "usage, 3 the pipeline file does not check, 4 stopped before the end (run again to resume), "
      "5 I/O or internal error, 130 aborted.",
      {{"sluice check tickets.lua", "is the file right? Sends nothing"},
       {"sluice run tickets.lua", "run it, or resume it"},
       {"sluice help run", "what a command takes, and examples"}}));
  int exit_status = 0;
  for (sluice::cli::AddCommand* add : sluice::cli::commands()) add(app, exit_status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return sluice::shell::close_output(app.exit(error));
    if (argc < 2) {
      sluice::shell::say(app.help());
    } else {
      sluice::shell::say(sluice::shell::explain_usage(app, error, {argv + 1, argv + argc}));
    }
    return 2;
  } catch (...) {
    return sluice::cli::report(sluice::core::caught());
  }
  return sluice::shell::close_output(exit_status);
}
