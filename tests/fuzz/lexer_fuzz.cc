// Any bytes: the lexer's tokens stand in order, do not overlap, and each is the same token when it
// is read alone; what Lua compiles has no bad token; finding tables in it ends.
#include <cstdint>
#include <cstdlib>
#include <lua.hpp>

#include "script/lexer.h"
#include "script/source.h"

namespace {

using sluice::script::Token;
using sluice::script::TokenKind;

void require(bool holds) {
  if (!holds) std::abort();
}

bool compiles(std::string_view text) {
  lua_State* lua = luaL_newstate();
  const bool fine = luaL_loadbufferx(lua, text.data(), text.size(), "=fuzz", "t") == LUA_OK;
  lua_close(lua);
  return fine;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const sluice::script::Source source("fuzz.lua", text);
  bool bad = false;
  std::size_t at = 0;
  int line = 1;
  for (const Token& token : source.tokens()) {
    require(token.offset >= at && token.line >= line);
    require((token.length == 0) == (token.kind == TokenKind::end));
    at = token.offset + token.length;
    line = token.line;
    bad = bad || token.kind == TokenKind::bad;
    if (token.kind == TokenKind::end || token.kind == TokenKind::bad) continue;
    const auto alone = sluice::script::lex(source.token_text(token));
    require(alone.size() == 2 && alone[0].kind == token.kind && alone[0].length == token.length);
  }
  require(at == text.size());
  if (bad) require(!compiles(text));
  for (std::size_t i = 0; i < source.tokens().size() && i < 64; ++i) {
    if (source.token_text(source.tokens()[i]) == "{") source.entries(i);
  }
  return 0;
}
