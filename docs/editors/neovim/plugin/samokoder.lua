-- Loaded by Neovim at its start; everything else is loaded when it is needed.
if vim.g.loaded_samokoder then
  return
end
vim.g.loaded_samokoder = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.notify("Samokoder's plugin needs Neovim 0.10 or newer", vim.log.levels.WARN)
  return
end

local group = vim.api.nvim_create_augroup("samokoder", {})

vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  desc = "Commands for everything the server offers",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "samokoder" then
      require("samokoder.commands").define(client)
    end
  end,
})

vim.api.nvim_create_autocmd("LspProgress", {
  group = group,
  desc = "What the server is doing, for status lines",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "samokoder" then
      require("samokoder.progress").note(event.data.params)
    end
  end,
})
