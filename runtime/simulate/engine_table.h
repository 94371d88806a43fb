// Engines that are known by name: fits (engine_fit.h) of published measurements. A server of one's own differs; these are to
// begin with, and to practise on.
//
// Source: silicon_sample.csv of the repository ai-dynamo/aiconfigurator, commit 095f58a (results of InferenceX and of NVIDIA).
// The test holds each row against its points.
//
// Threads: constant data; any.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "simulate/engine.h"

namespace sluice::simulate {

struct KnownEngine {
  std::string_view name;     // "h100-llama8b"
  std::string_view title;    // model, GPUs, server
  std::string_view numbers;  // of parse_engine()
};
std::span<const KnownEngine> known_engines();

// A name of the table, or numbers. On error it says which names there are.
EngineText find_engine(const std::string& text);

}  // namespace sluice::simulate
