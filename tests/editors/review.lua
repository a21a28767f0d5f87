-- Drives a real Neovim through a review: findings appear, move, vanish, are dismissed and fixed.
-- nvim --headless -u NONE -i NONE -n -l review.lua WORKSPACE SAMOKODER_PYTHON SCRIPT
local workspace, python, script = arg[1], arg[2], arg[3]

local function say(...)
  io.stdout:write(table.concat(vim.tbl_map(tostring, { ... }), " ") .. "\n")
end

local function wait(what, ms, f)
  local ok = vim.wait(ms, f, 10)
  say(ok and "ok" or "FAIL", what)
  if not ok then
    os.exit(1)
  end
end

local function check(what, ok)
  say(ok and "ok" or "FAIL", what)
  if not ok then
    os.exit(1)
  end
end

vim.ui.select = function(items, _, choose)
  choose(items[1], 1)
end
vim.o.hidden = true
vim.lsp.config("samokoder", {
  cmd = { python, "-m", "samokoder.server.main", "lsp" },
  filetypes = { "python" },
  root_dir = workspace,
  init_options = {
    settings = {
      model = { coder = "scripted:" .. script },
      fix = { rungs = { "L0", "L2" } },
      sandbox = { unconfined = true },
    },
  },
})
vim.lsp.enable("samokoder")
vim.cmd("filetype on")
vim.cmd.edit(workspace .. "/web.py")
local buffer = vim.api.nvim_get_current_buf()
wait("attached", 15000, function()
  local client = vim.lsp.get_clients({ bufnr = buffer })[1]
  return client and client.initialized
end)
local client = vim.lsp.get_clients({ bufnr = buffer })[1]
local function command(name, args)
  local answer = client:request_sync(
    "workspace/executeCommand",
    { command = name, arguments = { args or vim.empty_dict() } },
    60000,
    buffer
  )
  if answer == nil or answer.err then
    say("FAIL", name, vim.inspect(answer))
    os.exit(1)
  end
  return answer.result
end
local function shown()
  return vim.diagnostic.get(buffer)
end
local function line(number)
  return vim.api.nvim_buf_get_lines(buffer, number, number + 1, false)[1]
end
local function act(title)
  vim.lsp.buf.code_action({
    filter = function(action)
      return action.title == title
    end,
    apply = true,
  })
end

command("samokoder.trust")
local result = command("samokoder.review", { no_model = true })
local count = #result.findings
check("one finding", count == 1)
wait("it is a red diagnostic on line 12", 10000, function()
  local found = shown()
  return #found == 1 and found[1].lnum == 11 and found[1].severity == vim.diagnostic.severity.ERROR
end)
local harm = line(11)

vim.api.nvim_buf_set_lines(buffer, 0, 0, false, { "# above", "" })
wait("it moved with its line", 5000, function()
  local found = shown()
  return #found == 1 and found[1].lnum == 13
end)

vim.api.nvim_buf_set_lines(buffer, 13, 14, false, { "    return ''" })
wait("it vanished with its code", 5000, function()
  return #shown() == 0
end)
vim.api.nvim_buf_set_lines(buffer, 13, 14, false, { harm })
wait("it is back with its code", 5000, function()
  local found = shown()
  return #found == 1 and found[1].lnum == 13
end)

vim.api.nvim_win_set_cursor(0, { 14, 12 })
act("Dismiss")
wait("it is dismissed", 10000, function()
  return #shown() == 0
end)
local again = command("samokoder.review", { no_model = true })
check("and stays so in the next review", #again.findings == 0 and again.dismissed == 1)
command("samokoder.finding.dismiss", { finding = result.findings[1].fingerprint, revoke = true })
wait("the dismissal is taken back", 10000, function()
  return #shown() == 1
end)

vim.api.nvim_win_set_cursor(0, { 14, 12 })
act("Apply fix")
wait("the buffer holds the fix", 60000, function()
  return line(13):find("n = ?", 1, true) ~= nil
end)
wait("nothing is left to show", 5000, function()
  return #shown() == 0
end)
client:stop()
wait("the server let go", 5000, function()
  return client:is_stopped()
end)
say("DONE")
os.exit(0)
