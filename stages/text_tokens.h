// How many bytes of text fill a request that embeds texts. Services bound the tokens of a request
// and of each text; what a text's tokens are is only known once a reply has counted them. So the
// bytes of a token are learned from replies, and how far single texts stray from their mean.
//
// Of n texts, each of which strays by a share s of its tokens, the sum strays by s/√n. A pack is
// filled up to kDeviations of that below the limit; a single text that may pass its own limit goes
// alone (Packer), so that it takes no other text with it when it is refused.
//
// Until the first reply, a token is taken to have kFirstBytes, which is little for English prose: a
// first pack too small costs less than one that is refused. The run makes no second pack until then
// (Packer).
//
// Threads: any; a mutex guards the state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace sluice::stages {

class TextTokens {
 public:
  static constexpr double kFirstBytes = 3;  // Chinese, code; English has more than 4
  static constexpr double kFirstStray = 0.15;
  static constexpr double kDeviations = 3;  // of packs; of single texts 2
  static constexpr double kLeastMargin = 0.01;
  static constexpr double kMostMargin = 0.25;
  static constexpr std::uint64_t kMemory = 32;  // replies that the means look back on

  // `tokens`: of a request at most; `input_tokens`: of one text, 0 = unknown. `first_bytes`: of a
  // token, before any reply.
  TextTokens(std::size_t tokens, std::size_t input_tokens, double first_bytes = kFirstBytes);

  // Of all texts of a request, at most.
  std::size_t pack_bytes() const;
  // Of a text that surely does not pass its limit.
  std::size_t safe_bytes() const;
  bool known() const;

  // A request with `texts` texts of so many bytes had so many tokens.
  void counted(std::size_t texts, std::size_t bytes, std::uint64_t tokens);
  // One of so many bytes was refused as too large, and not for one of its texts.
  void refused(std::size_t bytes);

 private:
  double margin() const;  // with mutex_ held

  const double tokens_;
  const double input_tokens_;
  mutable std::mutex mutex_;  // guards what follows
  double bytes_per_token_;
  double mean_bytes_ = 0;   // of a pack
  double mean_tokens_ = 0;  // of a pack
  double text_bytes_ = 0;   // of a text
  double stray2_ = kFirstStray * kFirstStray;
  std::uint64_t replies_ = 0;
};

}  // namespace sluice::stages
