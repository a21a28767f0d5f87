-- Plays the scenario in a real Neovim, through the plugin in docs/editors/neovim.
-- nvim --headless -u NONE -i NONE -n -l scenario.lua PLUGIN WORKSPACE PYTHON BRIEF
local plugin, workspace, python, brief = arg[1], arg[2], arg[3], arg[4]
local marker = vim.fs.dirname(workspace)

local function say(...)
  io.stdout:write(table.concat(vim.tbl_map(tostring, { ... }), " ") .. "\n")
end

local notified = {}
vim.notify = function(text)
  table.insert(notified, text)
end

local function check(what, ok, more)
  say(ok and "ok" or "FAIL", what, ok and "" or vim.inspect({ more, notified }))
  if not ok then
    os.exit(1)
  end
end

local function wait(what, f)
  check(what, vim.wait(30000, f, 20))
end

local chosen = {}
vim.ui.select = function(items, options, choose)
  table.insert(chosen, options.prompt)
  choose(items[1], 1)
end

vim.o.hidden = true
vim.opt.runtimepath:append(plugin)
vim.cmd("runtime plugin/samokoder.lua")
vim.cmd("filetype on")

local samokoder = require("samokoder")
local function start()
  samokoder.setup({
    cmd = { python, "-m", "samokoder.server.main", "lsp" },
    filetypes = { "python" },
    root_dir = workspace,
  })
end
start()

local function open(name)
  vim.cmd.edit(workspace .. "/" .. name)
  return vim.api.nvim_get_current_buf()
end

local function attached(buffer)
  local client = vim.lsp.get_clients({ name = "samokoder", bufnr = buffer })[1]
  return client and client.initialized and client
end

-- a command through the plugin, waited for
local function command(name, arguments)
  local answer
  samokoder.execute(name, arguments, function(error, result)
    answer = { error = error, result = result }
  end)
  wait(name, function()
    return answer ~= nil
  end)
  check(name .. " works", answer.error == nil, answer.error)
  return answer.result
end

local function unit(name)
  return python .. " -m unittest -q test_" .. name
end

local function line(buffer, number)
  return vim.api.nvim_buf_get_lines(buffer, number - 1, number, false)[1]
end

local function newest()
  return command("samokoder.run.list", { limit = 1 })[1]
end

local calc = open("calc.py")
for _, name in ipairs({ "slow.py", "mixed.py", "web.py", "test_calc.py" }) do
  open(name)
end
local test = vim.api.nvim_get_current_buf()
wait("attached", function()
  return attached(calc) and attached(test)
end)
say("neovim", tostring(vim.version()), "encoding", attached(calc).offset_encoding)
wait("a command for everything the server offers", function()
  return vim.fn.exists(":SamokoderFix") == 2 and vim.fn.exists(":SamokoderRunUndo") == 2
end)

command("samokoder.trust")
local found = command("samokoder.check", { check = unit("calc") })
check("the check fails", not found.ok, found)
wait("the failing test is marked", function()
  local marks = vim.diagnostic.get(test)
  return #marks == 1 and marks[1].lnum == 6
end)
say("PLAYED check")

local progress = {}
vim.api.nvim_create_autocmd("User", {
  pattern = "SamokoderProgress",
  callback = function()
    table.insert(progress, samokoder.status())
  end,
})
vim.api.nvim_set_current_buf(calc)
vim.cmd("SamokoderFix check=" .. vim.fn.escape(unit("calc"), " "))
wait("the buffer holds the fix", function()
  return line(calc, 3) == "    y = x * 2  # 🎉 é, so"
end)
wait("progress was shown and is over", function()
  return #progress > 2 and progress[2] ~= "" and samokoder.status() == ""
end)
check("the page break is still there", line(calc, 2):byte(1) == 12)
check("nothing is saved behind the editor's back", vim.bo[calc].modified)
vim.cmd("silent wall")
wait("the diff is shown", function()
  return vim.bo.filetype == "diff"
end)
vim.cmd("close")
local fixed = newest()
check("the fix succeeded", fixed.kind == "fix" and fixed.state == "succeeded", fixed)
say("PLAYED fix")

local client = attached(calc)
local offered = client.server_capabilities.executeCommandProvider.commands

if vim.tbl_contains(offered, "samokoder.review") then
  local web = vim.fn.bufnr(workspace .. "/web.py")
  vim.api.nvim_set_current_buf(web)
  local result = command("samokoder.review", { uri = vim.uri_from_bufnr(web), no_model = true })
  check("a finding", #result.findings == 1, result)
  wait("the finding is marked", function()
    local marks = vim.diagnostic.get(web)
    return #marks >= 1 and marks[1].lnum == result.findings[1].line - 1
  end)
  say("PLAYED review")
end

if vim.tbl_contains(offered, "samokoder.generate") then
  local made = command("samokoder.generate", { brief = brief, check = unit("quarter") })
  check("the plan is done", made.complete, made)
  check("the plan was approved here", #chosen == 1, chosen)
  say("PLAYED generate")
end

vim.api.nvim_set_current_buf(vim.fn.bufnr(workspace .. "/slow.py"))
vim.cmd("SamokoderFix check=" .. vim.fn.escape(unit("slow"), " "))
wait("the model is being asked", function()
  local name = marker .. "/calls.jsonl"
  local calls = vim.fn.filereadable(name) == 1 and vim.fn.readfile(name) or {}
  return #calls > 0 and calls[#calls]:find('"event":"asked"', 1, true) ~= nil
end)
check("there is something to cancel", samokoder.cancel())
wait("the run is cancelled", function()
  return newest().state == "cancelled"
end)
check("nothing has changed", not vim.bo.modified)
say("PLAYED cancel")

vim.cmd("SamokoderRunUndo run=" .. fixed.id)
wait("the buffer is as before", function()
  return line(calc, 3) == "    y = x ** 3  # 🎉 é, so"
end)
vim.cmd("silent wall")
wait("the undo is told", function()
  return vim.tbl_contains(notified, "Undone in 1 file.")
end)
say("PLAYED undo")

local mixed = vim.fn.bufnr(workspace .. "/mixed.py")
vim.api.nvim_set_current_buf(mixed)
check("line ends of Windows", vim.bo[mixed].fileformat == "dos")
local run = command("samokoder.fix", {
  uri = vim.uri_from_bufnr(mixed),
  check = unit("mixed"),
  wait = false,
}).run.id
if vim.lsp.enable then
  vim.lsp.enable("samokoder", false)
end
for _, one in ipairs(vim.lsp.get_clients({ name = "samokoder" })) do
  if vim.fn.has("nvim-0.11") == 1 then
    one:stop()
  else
    one.stop()
  end
end
wait("detached", function()
  return #vim.lsp.get_clients({ name = "samokoder" }) == 0
end)
wait("the run waits for an editor", function()
  local shown = vim.fn.system({ python, "-m", "samokoder.server.main", "run", "show", run, "--json" })
  return vim.json.decode(shown).summary.state == "waiting"
end)
start()
vim.api.nvim_set_current_buf(mixed)
vim.cmd.edit()
wait("attached again", function()
  return attached(mixed)
end)
wait("the fix arrives", function()
  return line(mixed, 5) == "    return x / 3  # 🎉"
end)
vim.cmd("silent wall")
wait("the run is over", function()
  return command("samokoder.run.show", { run = run }).summary.state == "succeeded"
end)
say("PLAYED reattach")

for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
  check("nothing is left unsaved", not vim.bo[buffer].modified, vim.api.nvim_buf_get_name(buffer))
end
for _, one in ipairs(vim.lsp.get_clients({ name = "samokoder" })) do
  check("every request was answered", vim.tbl_isempty(vim.tbl_filter(function(request)
    return request.type == "pending"
  end, one.requests)), one.requests)
  if vim.fn.has("nvim-0.11") == 1 then
    one:stop()
  else
    one.stop()
  end
end
wait("the server let go", function()
  return #vim.lsp.get_clients({ name = "samokoder" }) == 0
end)
say("DONE")
os.exit(0)
