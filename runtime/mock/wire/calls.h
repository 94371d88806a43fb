// The calls, each in its own file; the list of them is in wires.cc.
#pragma once

#include "wire/wire.h"

namespace sluice::wire {

extern const Wire kAnthropicMessages;
extern const Wire kAnthropicModels;
extern const Wire kAzureChat;
extern const Wire kAzureDeploymentChat;
extern const Wire kAzureDeploymentEmbeddings;
extern const Wire kAzureEmbeddings;
extern const Wire kBedrockConverse;
extern const Wire kGeminiBatchEmbed;
extern const Wire kGeminiEmbed;
extern const Wire kGeminiGenerate;
extern const Wire kGeminiModels;
extern const Wire kGeminiStream;
extern const Wire kGroqChat;
extern const Wire kMistralChat;
extern const Wire kMistralEmbeddings;
extern const Wire kOpenAiChat;
extern const Wire kOpenAiEmbeddings;
extern const Wire kOpenAiModels;
extern const Wire kOpenAiResponses;
extern const Wire kVertexGenerate;
extern const Wire kVertexRawPredict;
extern const Wire kVertexPredict;
extern const Wire kVertexStream;

}  // namespace sluice::wire
