#include "cli/commands.h"

namespace sluice::cli {

AddCommand add_run_command, add_check_command, add_status_command, add_audit_command,
    add_rejects_command, add_redo_command, add_export_command, add_mock_command, add_help_command,
    add_version_command, add_completions_command;

std::span<AddCommand* const> commands() {
  static constexpr AddCommand* kCommands[] = {
      add_run_command,         add_check_command, add_status_command,  add_audit_command,
      add_rejects_command,     add_redo_command,  add_export_command,  add_mock_command,
      add_completions_command, add_help_command,  add_version_command,
  };
  return kCommands;
}

}  // namespace sluice::cli
