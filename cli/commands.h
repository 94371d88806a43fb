// The subcommands. Each adds itself to the parser; when it was chosen, its callback leaves the exit
// status (docs/reference.md, The command) in `exit_status`.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

void add_run_command(CLI::App& app, int& exit_status);
void add_check_command(CLI::App& app, int& exit_status);
void add_status_command(CLI::App& app, int& exit_status);
void add_audit_command(CLI::App& app, int& exit_status);
void add_rejects_command(CLI::App& app, int& exit_status);
void add_redo_command(CLI::App& app, int& exit_status);
void add_export_command(CLI::App& app, int& exit_status);
void add_mock_command(CLI::App& app, int& exit_status);

}  // namespace sluice::cli
