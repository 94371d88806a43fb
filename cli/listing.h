// What a job reads, writes and reaches, in lines for a person who does not know its file.
//
// Threads: any. No secret stands in it: of variables only names.
#pragma once

#include <string>

#include "stages/spec.h"

namespace sluice::cli {

// Lines of "  reads     in.jsonl", each with its end. Names from the file are made printable.
std::string listing(const stages::JobSpec& job);

}  // namespace sluice::cli
