// Names of remote files, and the XML of their servers: a text comes back as it was written into an element, and what is taken
// from any bytes lies inside of them; an object's name is its bucket and its key again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "place/uri.h"
#include "place/xml.h"

namespace sluice::place {
namespace {

void hold(bool agrees) {
  if (!agrees) std::abort();
}

void read_xml(std::string_view bytes) {
  hold(text_of("<Key>" + escaped(bytes) + "</Key>", "Key") == bytes);
  std::string_view rest = bytes;
  while (const auto inside = take_element(rest, "Key")) {
    hold(inside->empty() || (inside->data() >= bytes.data() &&
                             inside->data() + inside->size() <= bytes.data() + bytes.size()));
    hold(bytes.ends_with(rest) && rest.size() < bytes.size());
    bytes = rest;
  }
}

void read_name(std::string_view name) {
  const auto uri = parse_uri(name);
  if (!uri) return;
  hold(is_remote(name));
  if (uri->scheme == Scheme::web) {
    hold(uri->key.starts_with('/') && !uri->base.ends_with('/'));
    for (const char c : uri->key) hold(static_cast<unsigned char>(c) > ' ' && c != '\x7f');
    return;
  }
  hold(!uri->bucket.contains('/'));
  const std::string whole = std::string(name.substr(0, 5)) + uri->bucket + "/" + uri->key;
  hold(name == whole || std::string(name) + "/" == whole);
}

}  // namespace
}  // namespace sluice::place

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  sluice::place::read_xml(bytes);
  sluice::place::read_name(bytes);
  for (const char* scheme : {"s3://", "https://", "hf://datasets/"})
    sluice::place::read_name(scheme + std::string(bytes));
  return 0;
}
