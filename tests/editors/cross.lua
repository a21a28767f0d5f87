-- A Neovim that starts a fix and leaves every decision to somebody else.
-- nvim --headless -u NONE -i NONE -n -l cross.lua PLUGIN WORKSPACE PYTHON
local plugin, workspace, python = arg[1], arg[2], arg[3]

local function say(what)
  io.stdout:write(what .. "\n")
  io.stdout:flush()
end

local function wait(what, f)
  if not vim.wait(45000, f, 20) then
    say("FAIL " .. what)
    os.exit(1)
  end
  say(what)
end

vim.o.hidden = true
vim.opt.runtimepath:append(plugin)
vim.cmd("runtime plugin/samokoder.lua")
vim.cmd("filetype on")
vim.ui.select = function() end -- the person looks at another screen
local samokoder = require("samokoder")
samokoder.setup({
  cmd = { python, "-m", "samokoder.server.main", "lsp" },
  filetypes = { "python" },
  root_dir = workspace,
})
vim.cmd.edit(workspace .. "/calc.py")
local buffer = vim.api.nvim_get_current_buf()
wait("attached", function()
  local client = vim.lsp.get_clients({ name = "samokoder", bufnr = buffer })[1]
  return client and client.initialized
end)
local function third()
  return vim.api.nvim_buf_get_lines(buffer, 2, 3, false)[1]
end
local answered
samokoder.execute("samokoder.fix", { uri = vim.uri_from_bufnr(buffer) }, function(error, result)
  answered = error and error.message or result.run.state
end)
wait("fixed", function()
  return third() == "    y = x * 2"
end)
wait("answered", function()
  return answered == "succeeded"
end)
vim.cmd("silent wall")
wait("undone", function()
  return third() == "    y = x ** 3"
end)
vim.cmd("silent wall")
for _, client in ipairs(vim.lsp.get_clients()) do
  local stop = client.stop
  if vim.fn.has("nvim-0.11") == 1 then
    client:stop()
  else
    stop()
  end
end
wait("gone", function()
  return #vim.lsp.get_clients() == 0
end)
say("DONE")
os.exit(0)
