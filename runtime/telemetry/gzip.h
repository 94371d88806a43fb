// Content-Encoding: gzip of a body that is sent.
//
// Threads: plain function, any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::telemetry {

// At zlib's fastest level: these bodies repeat themselves a lot, and the machine has other work.
std::string gzip(std::string_view text);

}  // namespace sluice::telemetry
