// The parts of a body of multipart/form-data (RFC 7578).
//
// Threads: a plain function, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::wire {

struct FormPart {
  std::string name;
  std::string file;        // the name that it was given; empty = not a file
  std::string media;       // its content-type
  std::string_view bytes;  // borrowed from the body
};

// nullopt when the content type is another, or the body is not cut by its boundary.
std::optional<std::vector<FormPart>> form_parts(std::string_view content_type,
                                                std::string_view body);

}  // namespace sluice::wire
