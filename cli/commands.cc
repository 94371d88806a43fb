#include "cli/commands.h"

namespace sluice::cli {

// Two lines a command: one here, one below, in the order of --help.
// clang-format off
AddCommand add_init_command;
AddCommand add_run_command;
AddCommand add_check_command;
AddCommand add_plan_command;
AddCommand add_simulate_command;
AddCommand add_probe_command;
AddCommand add_try_command;
AddCommand add_test_command;
AddCommand add_graph_command;
AddCommand add_ask_command;
AddCommand add_status_command;
AddCommand add_batches_command;
AddCommand add_report_command;
AddCommand add_audit_command;
AddCommand add_show_command;
AddCommand add_rejects_command;
AddCommand add_redo_command;
AddCommand add_export_command;
AddCommand add_prices_command;
AddCommand add_completions_command;
AddCommand add_mock_command;
AddCommand add_help_command;
AddCommand add_version_command;

std::span<AddCommand* const> commands() {
  static constexpr AddCommand* kCommands[] = {
      add_init_command,
      add_run_command,
      add_check_command,
      add_plan_command,
      add_simulate_command,
      add_probe_command,
      add_try_command,
      add_test_command,
      add_graph_command,
      add_ask_command,
      add_status_command,
      add_batches_command,
      add_report_command,
      add_audit_command,
      add_show_command,
      add_rejects_command,
      add_redo_command,
      add_export_command,
      add_prices_command,
      add_completions_command,
      add_mock_command,
      add_help_command,
      add_version_command,
  };
  return kCommands;
}
// clang-format on

}  // namespace sluice::cli
