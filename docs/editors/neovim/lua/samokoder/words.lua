-- Results in plain words.
local M = {}

---Tell why something failed. A cancelled command is no failure.
function M.failed(error)
  if error.code ~= -32800 then
    vim.notify(error.message or vim.inspect(error), vim.log.levels.ERROR)
  end
end

local function line(run)
  local reason = run.reason ~= nil and run.reason ~= "" and (": " .. run.reason) or ""
  return ("%s  %-9s  %s%s"):format(run.id, run.state, run.title, reason)
end

---Open text beside what you are working on; `q` closes it.
function M.open(title, text, filetype)
  vim.cmd("botright new")
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].swapfile = "nofile", "wipe", false
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, "\n", { plain = true }))
  vim.bo[buffer].filetype, vim.bo[buffer].modifiable = filetype or "", false
  pcall(vim.api.nvim_buf_set_name, buffer, "samokoder://" .. title)
  vim.keymap.set("n", "q", "<cmd>close<cr>", { buffer = buffer })
end

---Show what a command brought.
function M.show(name, result)
  if type(result) ~= "table" then
    return
  end
  if name == "samokoder.run.list" then
    M.open("runs", table.concat(vim.tbl_map(line, result), "\n"))
  elseif type(result.diff) == "string" and result.diff ~= "" then
    M.open("diff", result.diff, "diff")
  elseif type(result.run) == "table" then
    vim.notify(result.message or line(result.run))
  elseif type(result.message) == "string" then
    vim.notify(result.message)
  else
    M.open(name, vim.inspect(result), "lua")
  end
end

return M
