-- The options of a recipe, declared and checked; for recipes of your own as well.
--
--   local options = require "sluice.recipes.options"
--
--   return function(given)
--     local o = options("shorten", given, {
--       { "words", "whole", default = 20, min = 1, help = "words at most" },
--       { "tone", "text", one_of = { "plain", "formal" }, default = "plain" },
--     })
--     return s.pack { user = o[1], system = "…" .. o.words .. " words …", … }
--   end
--
-- Types: text, whole, number, boolean, list (of texts), map (text → text), fields (name → field type
-- or a description), table, any. A recipe's first value without a name is the prompt of a row, a
-- template or a function; each recipe takes `rows`, `tokens`, `examples` and `instructions` too.
-- A mistake is shown where the recipe is called.
local suggest = ...

local kinds = {
  text    = { "text", function(v) return type(v) == "string" and v ~= "" end },
  whole   = { "a whole number", function(v) return math.type(v) == "integer" end },
  number  = { "a number", function(v) return type(v) == "number" end },
  boolean = { "true or false", function(v) return type(v) == "boolean" end },
  table   = { "a table", function(v) return type(v) == "table" end },
  any     = { "a value", function(v) return v ~= nil end },
  list    = { "a list of texts", function(v)
    if type(v) ~= "table" or #v == 0 then return false end
    for _, each in pairs(v) do
      if type(each) ~= "string" then return false end
    end
    return true
  end },
  map     = { "a table of texts by name", function(v)
    if type(v) ~= "table" or next(v) == nil then return false end
    for name, each in pairs(v) do
      if type(name) ~= "string" or type(each) ~= "string" then return false end
    end
    return true
  end },
  fields  = { "a table of fields, { name = s.text, … }", function(v)
    if type(v) ~= "table" or next(v) == nil then return false end
    for name, each in pairs(v) do
      if type(name) ~= "string" or (type(each) ~= "string" and type(each) ~= "userdata") then return false end
    end
    return true
  end },
}

local common = {
  { "rows", "whole", default = 1, min = 1 },
  { "tokens", "whole", min = 1 },
  { "examples", "table" },
  { "instructions", "text" },
}

return function(recipe, given, declared)
  local level = 3  -- where the recipe is called
  local function fail(what, hint) error(what .. "\n" .. (hint or ""), level + 1) end

  if type(given) == "string" or type(given) == "function" then given = { given } end
  if type(given) ~= "table" then
    fail("'" .. recipe .. "' takes one table", 'write ' .. recipe .. ' { "{{body}}", … }')
  end
  local all, names = {}, {}
  for _, set in ipairs { declared, common } do
    for _, option in ipairs(set) do
      if not all[option[1]] then names[#names + 1] = option[1] end
      all[option[1]] = all[option[1]] or option
    end
  end
  if type(given[1]) ~= "string" and type(given[1]) ~= "function" then
    fail("'" .. recipe .. "' needs the prompt of a row as its first value",
         'for example ' .. recipe .. ' { "{{subject}}\\n{{body}}", … }')
  end

  local out = { given[1] }
  for name, value in pairs(given) do
    local option = all[name]
    if name == 1 then
      -- the prompt
    elseif not option then
      local near = type(name) == "string" and suggest(name, names)
      fail("unknown option '" .. tostring(name) .. "' for " .. recipe,
           near and near ~= "" and "did you mean '" .. near .. "'?"
             or recipe .. " takes: " .. table.concat(names, ", "))
    else
      local kind = kinds[option[2]]
      if option[2] == "list_or_map" then
        kind = { "a list of texts, or texts by name", function(v) return kinds.list[2](v) or kinds.map[2](v) end }
      end
      if not kind[2](value) then
        fail("'" .. name .. "' of " .. recipe .. " must be " .. kind[1], option.help)
      end
      if option.min and value < option.min then
        fail("'" .. name .. "' of " .. recipe .. " must be at least " .. option.min, option.help)
      end
      if option.one_of then
        local found = false
        for _, choice in ipairs(option.one_of) do found = found or choice == value end
        if not found then
          local near = suggest(value, option.one_of)
          fail("'" .. name .. "' of " .. recipe .. " cannot be '" .. value .. "'",
               near ~= "" and "did you mean '" .. near .. "'?" or "one of: " .. table.concat(option.one_of, ", "))
        end
      end
      out[name] = value
    end
  end
  for _, name in ipairs(names) do
    local option = all[name]
    if out[name] == nil then out[name] = option.default end
    if out[name] == nil and option.required then
      fail("'" .. recipe .. "' needs '" .. name .. "'", option.help)
    end
  end
  return out
end
