// sluice probe --fit: the numbers of a server from measured points, and what they predict.
//
// Threads: one.
#pragma once

#include <optional>
#include <string>

namespace sluice::cli {

struct EngineFlags {
  std::string fit;      // file of points; empty: none
  std::string predict;  // file of what is to be predicted; empty: none
  bool json = false;
};
// The exit status. Needs no pipeline file.
int probe_engine(const EngineFlags& flags);

}  // namespace sluice::cli
