-- Samokoder in Neovim: a language server with commands. `require("samokoder").setup({})` is all
-- that is needed; with a configuration of your own for `vim.lsp` leave it out, the commands and the
-- progress hook work with every client that is named "samokoder".
local M = {}

M.defaults = {
  cmd = { "samokoder", "lsp" },
  filetypes = nil, -- nil: every file
  root_markers = { "samokoder.toml", "pyproject.toml", "package.json", "Cargo.toml", "go.mod", ".git" },
  settings = {},
}

---The configuration for `vim.lsp`, questions and events included.
function M.config(options)
  local given = vim.tbl_deep_extend("force", M.defaults, options or {})
  local handlers = require("samokoder.questions").handlers()
  return {
    name = "samokoder",
    cmd = given.cmd,
    filetypes = given.filetypes,
    root_markers = given.root_markers,
    root_dir = given.root_dir,
    settings = { samokoder = given.settings },
    init_options = { events = true, settings = given.settings },
    handlers = handlers,
  }
end

---Start the server for the files you open. See `M.defaults` for the options.
function M.setup(options)
  local config = M.config(options)
  if vim.lsp.config and vim.lsp.enable then
    vim.lsp.config("samokoder", config)
    vim.lsp.enable("samokoder")
    return
  end
  local markers = config.root_markers
  config.root_markers = nil
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("samokoder.start", {}),
    pattern = config.filetypes or "*",
    callback = function(event)
      if vim.bo[event.buf].buftype ~= "" or vim.api.nvim_buf_get_name(event.buf) == "" then
        return
      end
      local root = config.root_dir or vim.fs.root(event.buf, markers)
      vim.lsp.start(vim.tbl_extend("force", config, { root_dir = root }), { bufnr = event.buf })
    end,
  })
end

---What the server is doing, in a few words; "" when nothing. For status lines.
function M.status()
  return require("samokoder.progress").text()
end

---Run a command of the server: `execute("samokoder.fix", { path = "src" }, function(error, result) end)`.
function M.execute(name, arguments, done)
  return require("samokoder.execute").command(name, arguments, done)
end

---End what the newest command is doing.
function M.cancel()
  return require("samokoder.execute").cancel()
end

return M
