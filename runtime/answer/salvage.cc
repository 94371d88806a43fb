#include "answer/salvage.h"

#include <algorithm>

#include "answer/salvage_entries.h"
#include "answer/salvage_scan.h"
#include "core/json.h"

namespace sluice::answer {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

// A text of the reply that stands where an entry may stand.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::string_view> key;
};

bool parse(simdjson::dom::parser& parser, std::string_view text, element& document) {
  return core::not_starved(parser.parse(text.data(), text.size())).get(document) ==
         simdjson::SUCCESS;
}

// The list of a document that is one, or an object with one and nothing else.
bool only_list(const element& document, array& list) {
  if (document.get(list) == simdjson::SUCCESS) return true;
  object outer;
  if (document.get(outer) != simdjson::SUCCESS || outer.size() != 1) return false;
  const auto member = *outer.begin();
  return member.key != "id" && member.value.get(list) == simdjson::SUCCESS;
}

// The reply as nearly all are: JSON throughout, one list of objects that have ids.
std::optional<Salvaged> read_clean(std::string_view reply, std::span<const std::string> ids,
                                   simdjson::dom::parser& parser) {
  element document;
  array list;
  if (!parse(parser, reply, document) || !only_list(document, list)) return std::nullopt;
  EntryCollector collector(ids);
  for (const element item : list) {
    object entry;
    if (item.get(entry) != simdjson::SUCCESS || !collector.add(entry, std::nullopt))
      return std::nullopt;
  }
  return collector.finish();
}

// Which of a scan's nodes are entries. A node counts only where an entry may stand: outermost, in a
// list, or in an object that does nothing but hold entries. What is inside an entry never does.
class EntryPlaces {
 public:
  EntryPlaces(const Scan& scan, std::span<const std::string> ids)
      : scan_(scan), places_(scan.nodes.size()) {
    RowIds asked(ids);
    for (std::size_t i = 0; i < scan.nodes.size(); ++i) {
      const ScanNode& node = scan.nodes[i];
      if (node.parent == ScanNode::kNone) continue;
      Place& parent = places_[node.parent];
      parent.holds_any = true;
      if (!scan.nodes[node.parent].object) continue;
      parent.holds_answers = parent.holds_answers || node.key == "answers";
      parent.holds_asked =
          parent.holds_asked || (node.object && asked.find(node.key) != RowIds::kNone);
    }
    for (std::size_t i = 0; i < scan.nodes.size(); ++i) look_at(i);
  }

  const std::vector<Piece>& pieces() const { return pieces_; }
  std::size_t missing_id() const { return missing_id_; }
  std::size_t unusable() const { return unusable_; }

 private:
  enum class Role : std::uint8_t { none, list, wrapper, answers, keyed };
  struct Place {
    Role role = Role::none;
    bool holds_any = false;  // an object or list
    bool holds_answers = false;
    bool holds_asked = false;
  };

  void look_at(std::size_t i) {
    const ScanNode& node = scan_.nodes[i];
    Place& place = places_[i];
    if (node.parent != ScanNode::kNone) {
      const Role around = places_[node.parent].role;
      if (around == Role::none || (around == Role::answers && node.key != "answers")) return;
      if (around == Role::keyed) {
        if (node.object) add(node, node.key);
        return;
      }
    }
    if (!node.object) {
      place.role = Role::list;
    } else if (node.ids > 0) {
      add(node, std::nullopt);
    } else if (place.holds_answers) {
      place.role = Role::answers;
    } else if (place.holds_asked) {
      place.role = Role::keyed;
    } else if (node.end != 0 && node.parts == 1 && place.holds_any) {
      // Only when it is whole: a cut one may have had an id of its own.
      place.role = Role::wrapper;
    } else if (node.end != 0) {
      ++missing_id_;
    }
  }

  void add(const ScanNode& node, std::optional<std::string_view> key) {
    if (node.closed()) {
      pieces_.push_back({node.begin, node.end, key});
    } else if (node.end != 0) {
      ++unusable_;
    }
  }

  const Scan& scan_;
  std::vector<Place> places_;
  std::vector<Piece> pieces_;
  std::size_t missing_id_ = 0;
  std::size_t unusable_ = 0;
};

std::string joined(std::string_view reply, const Scan& scan, std::span<const Piece> pieces) {
  std::string text = "[";
  for (const Piece& piece : pieces) {
    if (text.size() > 1) text += ',';
    append_clean(text, reply, scan, piece.begin, piece.end);
  }
  return text + ']';
}

bool parse_pieces(simdjson::dom::parser& parser, std::string_view reply, const Scan& scan,
                  std::span<const Piece> pieces, array& list) {
  element document;
  return parse(parser, joined(reply, scan, pieces), document) &&
         document.get(list) == simdjson::SUCCESS && list.size() == pieces.size();
}

// Parses all pieces as one list; those that are no JSON leave `pieces` first. False when that
// leaves none.
bool parse_valid_pieces(simdjson::dom::parser& parser, std::string_view reply, const Scan& scan,
                        std::vector<Piece>& pieces, array& list) {
  if (parse_pieces(parser, reply, scan, pieces, list)) return true;
  std::erase_if(pieces, [&](const Piece& piece) {
    return !parse_pieces(parser, reply, scan, {&piece, 1}, list);
  });
  return !pieces.empty() && parse_pieces(parser, reply, scan, pieces, list);
}

}  // namespace

Salvaged salvage(std::string_view reply, std::span<const std::string> ids,
                 simdjson::dom::parser& parser) {
  if (auto clean = read_clean(reply, ids, parser)) return std::move(*clean);
  const Scan found = scan(reply);
  const EntryPlaces places(found, ids);
  std::vector<Piece> pieces = places.pieces();
  EntryCollector collector(ids);
  array list;
  const bool parsed = parse_valid_pieces(parser, reply, found, pieces, list);
  if (parsed) {
    std::size_t i = 0;
    for (const element entry : list) collector.add(entry.get_object(), pieces[i++].key);
  }
  Salvaged out = collector.finish();
  out.missing_id += places.missing_id();
  out.unusable += places.unusable() + places.pieces().size() - (parsed ? pieces.size() : 0);
  out.truncated = found.truncated;
  out.extra_text = found.extra_text;
  return out;
}

std::optional<object> salvage_object(std::string_view reply, simdjson::dom::parser& parser) {
  element document;
  object whole;
  if (parse(parser, reply, document) && document.get(whole) == simdjson::SUCCESS) {
    if (whole.size() == 0 || repeats_a_member(whole)) return std::nullopt;
    return whole;
  }
  const Scan found = scan(reply);
  if (found.truncated || found.damaged) return std::nullopt;
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < found.nodes.size(); ++i) {
    const ScanNode& node = found.nodes[i];
    if (!node.object || node.end == 0) continue;
    if (node.parent != ScanNode::kNone) {
      const ScanNode& around = found.nodes[node.parent];
      if (around.object || around.parent != ScanNode::kNone) continue;
      // Several objects are no one answer, and of a broken list nobody knows how many it had.
      if (around.end == 0 || around.parts != 1) return std::nullopt;
    }
    if (node.doubtful) return std::nullopt;
    if (node.parts > 0) pieces.push_back({node.begin, node.end, std::nullopt});
  }
  array list;
  if (pieces.empty() || !parse_pieces(parser, reply, found, pieces, list)) return std::nullopt;
  const element first = list.at(0);
  const std::string text = simdjson::minify(first);
  for (const element other : list) {
    if (simdjson::minify(other) != text) return std::nullopt;
  }
  const object only = first.get_object();
  if (repeats_a_member(only)) return std::nullopt;
  return only;
}

}  // namespace sluice::answer
