-- Orders a fix in Neovim and leaves at once: the run goes on in the daemon.
-- nvim --headless -u NONE -i NONE -n -l order.lua WORKSPACE SAMOKODER
local workspace, samokoder = arg[1], arg[2]
vim.lsp.config("samokoder", { cmd = { samokoder, "lsp" }, filetypes = { "python" }, root_dir = workspace })
vim.lsp.enable("samokoder")
vim.cmd("filetype on")
vim.cmd.edit(workspace .. "/calc.py")
local buffer = vim.api.nvim_get_current_buf()
local ready = vim.wait(20000, function()
  local client = vim.lsp.get_clients({ bufnr = buffer })[1]
  return client and client.initialized
end, 20)
if not ready then
  io.stderr:write("no server\n")
  os.exit(1)
end
local client = vim.lsp.get_clients({ bufnr = buffer })[1]
local args = { uri = vim.uri_from_bufnr(buffer), wait = false }
local answer = client:request_sync("workspace/executeCommand", { command = "samokoder.fix", arguments = { args } }, 30000, buffer)
if answer == nil or answer.err then
  io.stderr:write(vim.inspect(answer) .. "\n")
  os.exit(1)
end
client:stop()
vim.wait(5000, function()
  return client:is_stopped()
end)
os.exit(0)
