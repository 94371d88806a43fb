#include "script/global_names.h"

#include <cstring>

#include "script/dump_reader.h"

namespace sluice::script {
namespace {

// lopcodes.h: R[A] := UpValue[B][K[C]], and UpValue[A][K[B]] := …
constexpr std::uint32_t kGetTabUp = 11;
constexpr std::uint32_t kSetTabUp = 15;
// ldebug.h: the line of such an instruction is in a list of its own.
constexpr signed char kAbsoluteLine = -0x80;

class NameReader {
 public:
  explicit NameReader(std::string_view dump) : in_(dump) {}

  GlobalNames run() {
    in_.header();
    function(0);
    return in_.failed() ? GlobalNames() : std::move(names_);
  }

 private:
  struct Function {
    std::string_view code;
    std::vector<std::string_view> constants;  // empty where they are not text
    int first_line = 0;
  };

  std::string_view constant() {
    const std::string_view tag = in_.take(1);
    if (tag.empty()) return {};
    switch (static_cast<unsigned char>(tag[0])) {
      case DumpReader::kNil:
      case DumpReader::kFalse:
      case DumpReader::kTrue:
        return {};
      case DumpReader::kInteger:
        in_.take(sizeof(lua_Integer));
        return {};
      case DumpReader::kFloat:
        in_.take(sizeof(lua_Number));
        return {};
      case DumpReader::kShortString:
      case DumpReader::kLongString:
        return in_.text().value_or("");
      default:
        in_.fail();
        return {};
    }
  }

  void function(int depth) {
    constexpr int kDeepest = 250;  // Lua's own limit is 200 levels of C
    if (depth > kDeepest) return in_.fail();
    Function now;
    in_.text();  // its source
    now.first_line = static_cast<int>(in_.number());
    in_.number();  // the line where it ends
    in_.take(3);   // parameters, whether more may come, stack size
    now.code = in_.take(in_.number() * sizeof(std::uint32_t));
    for (std::size_t left = in_.number(); left > 0 && !in_.failed(); --left)
      now.constants.push_back(constant());
    in_.take(3 * in_.number());  // upvalues: where each comes from
    for (std::size_t left = in_.number(); left > 0 && !in_.failed(); --left) function(depth + 1);
    const std::string_view steps = in_.take(in_.number());
    std::vector<int> absolute;
    for (std::size_t left = in_.number(); left > 0 && !in_.failed(); --left) {
      in_.number();  // the instruction
      absolute.push_back(static_cast<int>(in_.number()));
    }
    for (std::size_t left = in_.number(); left > 0 && !in_.failed(); --left) {
      in_.text();  // a local variable, and where it begins and ends
      in_.number();
      in_.number();
    }
    std::vector<std::string_view> upvalues;
    for (std::size_t left = in_.number(); left > 0 && !in_.failed(); --left)
      upvalues.push_back(in_.text().value_or(""));
    if (!in_.failed()) note(now, steps, absolute, upvalues, depth > 0);
  }

  void note(const Function& now, std::string_view steps, const std::vector<int>& absolute,
            const std::vector<std::string_view>& upvalues, bool inside) {
    int line = now.first_line;
    std::size_t next_absolute = 0;
    const auto name = [&](std::uint32_t upvalue, std::uint32_t constant) {
      const bool global = upvalue < upvalues.size() && upvalues[upvalue] == "_ENV" &&
                          constant < now.constants.size();
      return global ? now.constants[constant] : std::string_view();
    };
    for (std::size_t pc = 0; pc * sizeof(std::uint32_t) < now.code.size(); ++pc) {
      if (pc < steps.size()) {
        const auto step = static_cast<signed char>(steps[pc]);
        if (step != kAbsoluteLine) {
          line += step;
        } else if (next_absolute < absolute.size()) {
          line = absolute[next_absolute++];
        }
      }
      std::uint32_t instruction = 0;
      std::memcpy(&instruction, now.code.data() + pc * sizeof instruction, sizeof instruction);
      const std::uint32_t operation = instruction & 0x7F;
      const std::uint32_t a = instruction >> 7 & 0xFF;
      const std::uint32_t b = instruction >> 16 & 0xFF;
      const std::uint32_t c = instruction >> 24 & 0xFF;
      if (operation == kSetTabUp) {
        if (const auto assigned = name(a, b); !assigned.empty()) names_.assigned.emplace(assigned);
      } else if (operation == kGetTabUp && inside) {
        if (const auto read = name(b, c); !read.empty())
          names_.read_in_functions.push_back({std::string(read), line});
      }
    }
  }

  DumpReader in_;
  GlobalNames names_;
};

}  // namespace

GlobalNames global_names(std::string_view dump) {
  return NameReader(dump).run();
}

}  // namespace sluice::script
