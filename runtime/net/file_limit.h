// How many files, and so sockets, this process may open.
//
// Threads: any; raise_file_limit() before there are others.
#pragma once

#include <cstddef>

namespace sluice::net {

// Raises the soft limit to the hard one, for programs that may hold thousands of connections, and
// returns the limit that holds then. Left as it is where the system refuses.
std::size_t raise_file_limit();
std::size_t file_limit();

}  // namespace sluice::net
