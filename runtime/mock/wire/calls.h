// The calls, each in its own file; the list of them is in wires.cc.
#pragma once

#include "wire/wire.h"

namespace sluice::wire {

extern const Wire kAnthropicMessages;
extern const Wire kOpenAiChat;
extern const Wire kOpenAiEmbeddings;
extern const Wire kOpenAiResponses;

}  // namespace sluice::wire
