-- Drives a real Neovim through open → diagnostics → code action → undo.
-- nvim --headless -u NONE -i NONE -n -l drive.lua WORKSPACE SAMOKODER_PYTHON SCRIPT
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

local progress = {}
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event)
    progress[#progress + 1] = event.data.params.value.kind
  end,
})
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

vim.cmd.edit(workspace .. "/test_calc.py")
vim.cmd.edit(workspace .. "/calc.py")
local buffer = vim.api.nvim_get_current_buf()
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
end
wait("attached", 10000, function()
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

command("samokoder.trust")
local checked = command("samokoder.check")
check("the check fails", not checked.ok)
vim.cmd.edit(workspace .. "/test_calc.py")
local test = vim.api.nvim_get_current_buf()
wait("diagnostic on line 7 of the test", 5000, function()
  local found = vim.diagnostic.get(test)
  return #found == 1 and found[1].lnum == 6
end)
vim.api.nvim_win_set_cursor(0, { 7, 8 })
vim.lsp.buf.code_action({
  filter = function(action)
    return action.title == "Fix with Samokoder"
  end,
  apply = true,
})
wait("the buffer holds the fix", 60000, function()
  return text():find("x %* 2", 1) ~= nil
end)
check("nothing is saved behind the editor's back", vim.fn.readfile(workspace .. "/calc.py")[3] == "    y = x ** 3")
vim.cmd("silent wall")
check("the disk holds the fix", vim.fn.readfile(workspace .. "/calc.py")[3] == "    y = x * 2")
check("progress was shown", vim.tbl_contains(progress, "begin"))
wait("the progress ended", 5000, function()
  return vim.tbl_contains(progress, "end")
end)

local runs = command("samokoder.run.list")
local fixed
for _, run in ipairs(runs) do
  if run.kind == "fix" then
    fixed = fixed or run
  end
end
wait("the run succeeded", 10000, function()
  return command("samokoder.run.show", { run = fixed.id }).summary.state == "succeeded"
end)
vim.cmd.edit(workspace .. "/calc.py")
local undone = command("samokoder.run.undo", { run = fixed.id })
check("the run is undone", undone.run.state == "undone")
wait("the buffer is as before", 5000, function()
  return text():find("x %*%* 3", 1) ~= nil
end)
vim.cmd("silent wall")
check("the disk is as before", vim.fn.readfile(workspace .. "/calc.py")[3] == "    y = x ** 3")
client:stop()
wait("the server let go", 5000, function()
  return client:is_stopped()
end)
say("DONE")
os.exit(0)
