-- User commands, made from what the server says it can do: `samokoder.run.undo` is
-- `:SamokoderRunUndo`. Arguments are `name=value`, a bare name means true, a list is repeated.
local execute = require("samokoder.execute")
local words = require("samokoder.words")

local M = {}

-- These are about the file at hand unless they are called with `!` or told otherwise.
local about_the_file = {
  ["samokoder.fix"] = true,
  ["samokoder.check"] = true,
  ["samokoder.review"] = true,
}

---`samokoder.run.undo` → `SamokoderRunUndo`
function M.title(name)
  return (name:gsub("[._](%l)", string.upper):gsub("^%l", string.upper):gsub("[._]", ""))
end

local function value(text)
  local ok, decoded = pcall(vim.json.decode, text)
  if ok and decoded ~= vim.NIL and type(decoded) ~= "table" then
    return decoded
  end
  return ok and type(decoded) == "table" and decoded or text
end

---`{ "path=src", "all", "rungs=L0", "rungs=L2" }` → `{ path = "src", all = true, rungs = { "L0", "L2" } }`
function M.arguments(given)
  local found = {}
  for _, item in ipairs(given) do
    local key, text = item:match("^([%w_]+)=(.*)$")
    key, text = key or item, key and value(text) or true
    if found[key] == nil then
      found[key] = text
    elseif type(found[key]) == "table" then
      table.insert(found[key], text)
    else
      found[key] = { found[key], text }
    end
  end
  return found
end

local function run(name, call)
  local arguments = M.arguments(call.fargs)
  local named = false
  for _, key in ipairs({ "uri", "path", "text", "all", "diff", "commit", "finding" }) do
    named = named or arguments[key] ~= nil
  end
  if about_the_file[name] and not call.bang and not named and vim.bo.buftype == "" then
    arguments.uri = vim.uri_from_bufnr(0)
    if call.range > 0 and name == "samokoder.review" then
      arguments.line, arguments.end_line = call.line1, call.line2
    elseif call.range > 0 and name == "samokoder.fix" then
      arguments.line = call.line1
    end
  end
  execute.command(name, arguments, function(error, result)
    if error then
      words.failed(error)
    else
      words.show(name, result)
    end
  end)
end

---Define a user command for every command the server offers.
function M.define(client)
  local offered = vim.tbl_get(client.server_capabilities, "executeCommandProvider", "commands") or {}
  for _, name in ipairs(offered) do
    vim.api.nvim_create_user_command(M.title(name), function(call)
      run(name, call)
    end, {
      nargs = "*",
      bang = true,
      range = true,
      desc = name,
      complete = "file",
      force = true,
    })
  end
  vim.api.nvim_create_user_command("SamokoderCancel", function()
    if not execute.cancel() then
      vim.notify("Nothing is under way")
    end
  end, { desc = "Cancel the newest command and its run", force = true })
end

return M
