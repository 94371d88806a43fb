#include "script/bytecode.h"

#include "script/dump_reader.h"

namespace sluice::script {
namespace {

// Each function below takes one thing.
class CodeReader {
 public:
  explicit CodeReader(std::string_view dump) : in_(dump) {}

  std::optional<Code> run() {
    in_.header();
    function(true);
    if (in_.failed() || !in_.at_end()) return std::nullopt;
    return std::move(code_);
  }

 private:
  void keep(std::size_t count) { code_.bytes += in_.take(count); }

  std::size_t kept_number() {
    const std::size_t value = in_.number();
    code_.bytes += std::to_string(value) + ";";
    return value;
  }
  void constant() {
    const std::string_view tag = in_.take(1);
    if (tag.empty()) return;
    code_.bytes += tag;
    switch (static_cast<unsigned char>(tag[0])) {
      case DumpReader::kNil:
      case DumpReader::kFalse:
      case DumpReader::kTrue:
        return;
      case DumpReader::kInteger:
        return keep(sizeof(lua_Integer));
      case DumpReader::kFloat:
        return keep(sizeof(lua_Number));
      case DumpReader::kShortString:
      case DumpReader::kLongString: {
        const std::string_view value = in_.text().value_or("");
        code_.bytes += std::to_string(value.size()) + ":";
        code_.bytes += value;
        code_.strings.emplace_back(value);
        return;
      }
      default:
        in_.fail();
    }
  }

  void function(bool outermost) {
    constexpr std::size_t kInstruction = 4;  // bytes
    if (in_.text()) in_.fail();              // its source: not there when stripped
    in_.number();                            // the line where it begins
    in_.number();                            // and ends
    keep(3);                                 // parameters, whether more may come, stack size
    keep(kept_number() * kInstruction);
    for (std::size_t left = kept_number(); left > 0 && !in_.failed(); --left) constant();
    // Upvalues, and where each comes from: of the outermost function a place among the local
    // variables around it, which others there move. What it holds is its caller's to say.
    const std::size_t upvalues = 3 * kept_number();
    outermost ? void(in_.take(upvalues)) : keep(upvalues);
    for (std::size_t left = kept_number(); left > 0 && !in_.failed(); --left) function(false);
    // Lines, lines again, local variables' names and upvalues' names: none when stripped.
    for (int i = 0; i < 4; ++i)
      if (in_.number() != 0) in_.fail();
  }

  DumpReader in_;
  Code code_;
};

}  // namespace

std::optional<Code> read_code(std::string_view dump) {
  return CodeReader(dump).run();
}

}  // namespace sluice::script
