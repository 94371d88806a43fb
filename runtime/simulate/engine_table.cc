#include "simulate/engine_table.h"

#include <algorithm>

namespace sluice::simulate {
namespace {

// clang-format off
constexpr KnownEngine kKnownEngines[] = {
    {"h100-llama8b", "Llama 3.1 8B on one H100, TensorRT-LLM 1.0",
     "a=6.346,d=4.694e-05,e=0.01987,s=0.03869,t=62.28,p=0.07844,q=0.001139"},
    {"h200-llama8b", "Llama 3.1 8B in FP8 on one H200, SGLang 0.5.6",
     "a=3.897,b=0.03063,d=3.02e-05,e=0.01472,t=0,p=0.02054,q=0.001429,r=4.626"},
    {"h100x4-llama70b", "Llama 3.1 70B in FP8 on four H100, vLLM",
     "a=10.89,b=0.05197,d=2.723e-05,e=0.04446,s=0.06265,t=0,p=0.0427,q=0.002452,r=2.704"},
    {"h200-llama70b", "Llama 3.1 70B in FP8 on one H200, TensorRT-LLM",
     "a=19.57,b=0.03884,d=3.399e-05,e=0.1082,t=0,p=0.07267,q=0.009744,r=4.265,kv=462120"},
    {"b200-llama70b", "Llama 3.1 70B in FP8 on one B200, TensorRT-LLM",
     "a=14.06,b=0.02307,d=2.673e-05,e=0.05496,t=62.35,p=0.04556,q=0.004043,kv=722370"},
    {"h100x4-qwen32b", "Qwen3 32B in FP8 on four H100, TensorRT-LLM 1.0",
     "a=4.651,d=5.405e-06,e=0.0245,s=0.7315,t=22.14,p=0.0847,q=0.001495,r=1.503"},
    {"h100x2-gptoss120b", "gpt-oss 120B in FP4 on two H100, vLLM 0.18",
     "a=2.363,b=0.01992,d=2.656e-06,e=0.02192,s=1.224,t=12.29,p=0.02291,q=0.001226,r=3.901"},
    {"b200-gptoss120b", "gpt-oss 120B in FP4 on one B200, vLLM 0.15",
     "a=1.498,e=0.008776,s=1.001,t=22.41,p=0.008389,q=0.0004539,r=3.854"},
    {"b300x4-minimax", "MiniMax M2.5 in FP8 on four B300, vLLM 0.19",
     "a=5.992,d=3.016e-06,e=0.01357,s=0.9198,t=0,p=0.01277,q=0.0007122,r=4.91"},
    {"h200x8-deepseek-r1", "DeepSeek R1 in FP8 on eight H200, TensorRT-LLM",
     "a=7.613,d=1.058e-06,e=0.03558,s=3.022,t=0,p=0.01248,q=0.001589,r=17.81"},
};
// clang-format on

}  // namespace

std::span<const KnownEngine> known_engines() {
  return kKnownEngines;
}

EngineText find_engine(const std::string& text) {
  const auto* const known = std::ranges::find(kKnownEngines, text, &KnownEngine::name);
  if (known != std::end(kKnownEngines)) return parse_engine(std::string(known->numbers));
  EngineText read = parse_engine(text);
  if (!read.engine && text.find('=') == text.npos) {
    read.error = "'" + text + "' is not a known engine: there are";
    for (const KnownEngine& one : kKnownEngines)
      read.error += (&one == kKnownEngines ? " " : ", ") + std::string(one.name);
    read.error += "; or numbers, as in a=6.4,b=0.06,d=6e-6,e=0.024,kv=480000";
  }
  return read;
}

}  // namespace sluice::simulate
